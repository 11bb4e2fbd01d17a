// Output files: lines written one by one, whole files that are replaced atomically, saved networks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "files/file_lock.h"
#include "run/session.h"

namespace reluscope {

// The exit code of a program that did its work but could not write all its output.
inline constexpr int kOutputFailed = 3;
bool output_failed();

// Reports a failed output on standard error and makes output_failed() true.
void warn_output(const std::string& sentence);

class Descriptor;

// Writes lines to a file, to standard output ("-"), or nowhere (""), each whole and at once. A
// failed write is reported once, the file is cut after its last whole line, and nothing more is
// written.
class LineFile {
 public:
  // Given a file's text, the number of leading bytes to keep; new lines follow them.
  using Keep = std::function<std::size_t(const std::string& text)>;
  // Throws Error naming the flag if the file cannot be written or another process writes it.
  // Without keep the file is emptied. The file changes only at the first write().
  LineFile(const char* flag, const std::string& path, const Keep& keep = {});
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  bool goes_on() const { return size_ > 0; }  // the file has lines already
  // The stream for text output.
  std::FILE* people() const { return to_stdout_ ? stderr : stdout; }
  void write(const std::vector<std::string>& lines);
  void sync();  // to the disk, before a checkpoint that relies on the lines

 private:
  void give_up();

  const char* flag_;
  std::string path_;
  bool to_stdout_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Descriptor> file_;
  bool regular_ = false, begun_ = false;
  off_t size_ = 0;
};

// The file that a path leads to through symbolic links. It need not exist yet.
std::filesystem::path resolve_links(const std::string& path);

// Throws Error naming the flag and the reason if no file can be written at `path`, so that the
// error appears before training. Changes nothing. regular: devices and pipes are errors, too.
void check_writable(const std::string& path, const char* flag, bool regular = false);

// check_writable() for outputs (flag and path), except "" and "-". Throws Error also if two of them
// are the same file.
void check_outputs(const std::vector<std::pair<const char*, std::string>>& outputs);

// Writes a file atomically: under a unique name beside the file, synchronised to the disk, then
// renamed. At any time the name refers to either the old file or the new one. Replaces the target
// of a symbolic link, not the link. Throws Error naming the flag and the system's reason.
void write_file(const std::string& path, const char* flag, std::span<const std::uint8_t> bytes);

// The same at the end of the work, when an Error would lose the other results: reports a failure
// with warn_output().
void write_or_say(const std::string& path, const char* flag, const std::string& text);

// Removes temporary files that write_file() of a killed process left beside `path`. Only the holder
// of the file's lock may call it.
void remove_parts(const std::string& path);

// The bytes of a regular file. Throws Error naming the flag for anything else, such as a folder or
// a pipe, and for more than `most` bytes.
inline constexpr std::uint64_t kMostRead = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMostCheckpoint = std::uint64_t{1} << 36;
Bytes read_bytes(const std::string& path, const char* flag, std::uint64_t most = kMostRead);

// Prints lines of text. A stream that cannot be written is reported once.
void print_lines(std::FILE* to, const std::vector<std::string>& lines);
void flush_lines(std::FILE* to);

// Checks the files to which train and export save a network. Throws Error for an unknown extension,
// a path that cannot be written, and more images than the test set has, so that the error appears
// before training.
void check_saves(const Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images);

// Writes each file and reports it. After a failure, which is reported, writes the other files.
void write_saves(Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images, std::FILE* out);

}  // namespace reluscope
