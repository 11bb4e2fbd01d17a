// Output files: lines as they come, and whole files that are never partly written.
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

// Reports on standard error what could not be written, and makes output_failed() true.
void warn_output(const std::string& sentence);

// Lines to a file, to standard output ("-"), or nowhere (""), each written whole, as soon as
// it is known. When a write fails, that is reported once, the file is cut after its last whole
// line, and no more is written.
class LineFile {
 public:
  // Given a file's text, how many bytes from the beginning stay; new lines follow them.
  using Keep = std::function<std::size_t(const std::string& text)>;
  // Throws Error naming the flag where the file cannot be written or another process writes it.
  // Without keep the file is emptied. It is first changed when the first line is written.
  LineFile(const char* flag, const std::string& path, const Keep& keep = {});
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  bool goes_on() const { return size_ > 0; }  // the file has lines already
  // Where lines for people go.
  std::FILE* people() const { return to_stdout_ ? stderr : stdout; }
  void write(const std::vector<std::string>& lines);
  void sync();  // to the disk, before a checkpoint that counts on them

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

// The file that a path leads to through symbolic links; which need not exist yet.
std::filesystem::path resolve_links(const std::string& path);

// Throws Error naming the flag and the reason unless a file could be written at `path`, so that
// it is known before training. Touches nothing.
void check_writable(const std::string& path, const char* flag);

// Throws Error naming the flag where `path` exists and is not a regular file.
void check_regular(const std::string& path, const char* flag);

// Throws Error where two of these outputs (flag and path) are one file.
void check_distinct(const std::vector<std::pair<const char*, std::string>>& outputs);

// Writes a file atomically: beside the wanted file, under a unique name, synchronised to the disk,
// then renamed. Whatever happens meanwhile, the name refers to the old file or the new one. The
// target of a symbolic link is replaced, not the link. Throws
// Error naming the flag and the system's reason.
void write_file(const std::string& path, const char* flag, std::span<const std::uint8_t> bytes);
void write_file(const std::string& path, const char* flag, const std::string& text);

// The same at the end of the work, when an Error would lose the other results: a failure goes to
// warn_output().
void write_or_say(const std::string& path, const char* flag, const std::string& text);

// Removes temporary files that write_file() of a killed process left beside `path`. Only the holder
// of the file's lock may call it.
void remove_parts(const std::string& path);

// The bytes of a regular file. Throws Error naming the flag for anything else, such as a folder or
// a pipe, and for more than `most` bytes.
inline constexpr std::uint64_t kMostRead = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMostCheckpoint = std::uint64_t{1} << 36;
std::vector<std::uint8_t> read_bytes(const std::string& path, const char* flag,
                                     std::uint64_t most = kMostRead);

// Prints the notice of a checkpoint, if it has one, on standard error.
void note_checkpoint(std::span<const std::uint8_t> file);

// Lines for people. A stream that cannot be written is reported once.
void print_lines(std::FILE* to, const std::vector<std::string>& lines);
void flush_lines(std::FILE* to);

}  // namespace reluscope
