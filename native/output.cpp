#include "output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <utility>

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

namespace {

// Throws with the system's reason unless `done`.
void require(bool done, const std::string& path, const char* flag) {
  if (done) return;
  const std::string reason = std::strerror(errno);
  throw Error(std::string(flag) + ": " + in_quotes(path) + " cannot be written: " + reason);
}

// A file descriptor that is closed in any case.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool write(std::span<const std::uint8_t> bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool sync() const { return fsync(fd_) == 0; }
  bool close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

}  // namespace

void write_file(const std::string& path, const char* flag, std::span<const std::uint8_t> bytes) {
  struct stat known;
  if (stat(path.c_str(), &known) == 0 && !S_ISREG(known.st_mode)) {  // such as /dev/null
    Descriptor file(path, O_WRONLY);
    require(file.is_open() && file.write(bytes) && file.close(), path, flag);
    return;
  }
  const std::string part = path + ".part";
  try {
    Descriptor file(part, O_WRONLY | O_CREAT | O_TRUNC);
    require(file.is_open() && file.write(bytes) && file.sync() && file.close(), path, flag);
    require(std::rename(part.c_str(), path.c_str()) == 0, path, flag);
  } catch (const Error&) {
    std::remove(part.c_str());
    throw;
  }
  // The new name itself must outlive a loss of power; some file systems cannot be asked for that.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Descriptor parent(folder.empty() ? "." : folder, O_RDONLY);
  const bool synced = parent.is_open() && (parent.sync() || errno == EINVAL || errno == EROFS);
  require(synced, path, flag);
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
