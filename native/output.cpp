#include "output.h"

#include <filesystem>
#include <iterator>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {

JsonLines::JsonLines(const std::string& path, bool append) : to_stdout_(path == "-") {
  if (path.empty() || to_stdout_) return;
  file_.open(path, append ? std::ios::app : std::ios::trunc);
  if (!file_) throw Error("jsonl: " + in_quotes(path) + " cannot be written");
}

void JsonLines::write(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (to_stdout_) {
      std::puts(line.c_str());
      std::fflush(stdout);
    } else if (file_.is_open()) {
      file_ << line << std::endl;
    }
  }
}

void check_writable(const std::string& path, const char* flag) {
  const auto refuse = [&] {
    throw Error(std::string(flag) + ": " + in_quotes(path) + " cannot be written");
  };
  if (std::filesystem::is_directory(path)) refuse();
  const bool existed = std::filesystem::exists(path);
  if (!std::ofstream(path, std::ios::binary | std::ios::app)) refuse();
  std::error_code ignored;
  if (!existed) std::filesystem::remove(path, ignored);
}

void write_file(const std::string& path, const char* flag, std::span<const std::uint8_t> bytes) {
  const std::string part = path + ".part";
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code failure;
  if (file) std::filesystem::rename(part, path, failure);
  if (file && !failure) return;
  std::filesystem::remove(part, failure);
  throw Error(std::string(flag) + ": " + in_quotes(path) +
              " cannot be written; is the disk full?");
}

void write_file(const std::string& path, const char* flag, const std::string& text) {
  write_file(path, flag,
             std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::vector<std::uint8_t> read_bytes(const std::string& path, const char* flag) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    throw Error(std::string(flag) + ": " + in_quotes(path) + " cannot be read");
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void print_lines(std::FILE* to, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::fprintf(to, "%s\n", line.c_str());
  if (!lines.empty()) std::fflush(to);
}

}  // namespace reluscope
