// Where results go: JSON lines, and whole files that are never half-written.
#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

// JSON lines to a file, to standard output ("-"), or nowhere ("").
class JsonLines {
 public:
  explicit JsonLines(const std::string& path, bool append = false);
  bool to_stdout() const { return to_stdout_; }
  // Where lines for people go meanwhile.
  std::FILE* people() const { return to_stdout_ ? stderr : stdout; }
  void write(const std::vector<std::string>& lines);  // and flushes

 private:
  bool to_stdout_;
  std::ofstream file_;
};

// Throws unless a file could be written at `path`: known before training, not after it. Leaves
// what stands there as it is.
void check_writable(const std::string& path, const char* flag);

// Writes beside the wanted file, has it brought to the disk, renames it and has that brought to the
// disk too: whatever happens meanwhile, the name stands for the old file or the new one. Throws naming
// the flag and the system's reason.
void write_file(const std::string& path, const char* flag, std::span<const std::uint8_t> bytes);
void write_file(const std::string& path, const char* flag, const std::string& text);

// A whole file. Throws naming the flag.
std::vector<std::uint8_t> read_bytes(const std::string& path, const char* flag);

void print_lines(std::FILE* to, const std::vector<std::string>& lines);

}  // namespace reluscope
