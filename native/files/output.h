// Where results go: lines as they come, and whole files that are never half-written.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "files/file_lock.h"

namespace reluscope {

// The exit code of a program that has done its work but could not write all of it.
inline constexpr int kOutputFailed = 3;
bool output_failed();

// Says on standard error what could not be written, and makes output_failed() true.
void warn_output(const std::string& sentence);

// Lines to a file, to standard output ("-"), or nowhere (""), each as soon as it is known and
// whole. When the file cannot take a line, that is said once, what it has ends with its last whole
// line, and it gets no more.
class LineFile {
 public:
  // Of what a file has, how many bytes from the beginning stay; lines go on behind them.
  using Keep = std::function<std::size_t(const std::string& text)>;
  // Throws Error naming the flag where the file cannot be written or another process writes it.
  // Without keep the file begins anew. It is changed with the first line, not before.
  LineFile(const char* flag, const std::string& path, const Keep& keep = {});
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  bool goes_on() const { return size_ > 0; }  // there are lines already
  // Where lines for people go meanwhile.
  std::FILE* people() const { return to_stdout_ ? stderr : stdout; }
  void write(const std::vector<std::string>& lines);
  void sync();  // to the disk: before a checkpoint that says they are there

 private:
  void give_up();

  const char* flag_;
  std::string path_;
  bool to_stdout_;
  std::unique_ptr<FileLock> lock_;
  int fd_ = -1;
  bool regular_ = false, begun_ = false;
  off_t size_ = 0;
};

// The file that a path leads to through symbolic links; the last of them may lead to nothing yet.
std::filesystem::path resolve_links(const std::string& path);

// Throws Error naming the flag and the reason unless a file could be written at `path`: known
// before training, not after it. Touches nothing.
void check_writable(const std::string& path, const char* flag);

// Throws Error naming the flag where `path` is something else than a regular file or nothing yet.
void check_regular(const std::string& path, const char* flag);

// Throws Error where two of these outputs (flag and path) are one file.
void check_distinct(const std::vector<std::pair<const char*, std::string>>& outputs);

// Writes beside the wanted file, under a name that nobody else has, has it brought to the disk,
// renames it and has that brought to the disk too: whatever happens meanwhile, the name stands for
// the old file or the new one. What a symbolic link leads to is replaced, not the link. Throws
// Error naming the flag and the system's reason.
void write_file(const std::string& path, const char* flag, std::span<const std::uint8_t> bytes);
void write_file(const std::string& path, const char* flag, const std::string& text);

// The same at the end of the work, when an Error would lose the other results: it is said by
// warn_output().
void write_or_say(const std::string& path, const char* flag, const std::string& text);

// Removes what write_file left of `path` when it was killed. Only the holder of the file's lock may
// call it.
void remove_parts(const std::string& path);

// A whole regular file. Throws Error naming the flag: for anything else, such as a folder or a
// pipe, and for more than `most` bytes.
inline constexpr std::uint64_t kMostRead = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMostCheckpoint = std::uint64_t{1} << 36;
std::vector<std::uint8_t> read_bytes(const std::string& path, const char* flag,
                                     std::uint64_t most = kMostRead);

// Says on standard error what is to be said of a checkpoint that can be read.
void note_checkpoint(std::span<const std::uint8_t> file);

// Lines for people. A stream that cannot take them is said once.
void print_lines(std::FILE* to, const std::vector<std::string>& lines);
void flush_lines(std::FILE* to);

}  // namespace reluscope
