#include "files/output.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

namespace fs = std::filesystem;

// Whether any output of this process failed, for its exit code.
std::atomic<bool> failed{false};

std::string sentence(const char* flag, const std::string& path, const std::string& reason) {
  return std::string(flag) + ": " + in_quotes(path) + " cannot be written: " + reason;
}

// Throws with the system's reason unless `done`.
void require(bool done, const std::string& path, const char* flag) {
  if (!done) throw Error(sentence(flag, path, std::strerror(errno)));
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

constexpr std::size_t kLongestEnd = 24;  // of a suffix: ".part-" and two numbers

}  // namespace

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }
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

bool output_failed() { return failed; }

void warn_output(const std::string& sentence) {
  failed = true;
  std::fprintf(stderr, "warning: %s\n", printable(sentence).c_str());
}

LineFile::LineFile(const char* flag, const std::string& path, const Keep& keep)
    : flag_(flag), path_(path), to_stdout_(path == "-") {
  if (path.empty() || to_stdout_) return;
  const fs::path file = resolve_links(path);
  struct stat known;
  regular_ = stat(file.c_str(), &known) != 0 || S_ISREG(known.st_mode);
  if (regular_) lock_ = std::make_unique<FileLock>(file, flag);
  file_ = std::make_unique<Descriptor>(file, O_WRONLY | O_CREAT | O_APPEND);
  require(file_->is_open(), path, flag);
  if (!regular_ || !keep) return;
  const Bytes bytes = read_bytes(path, flag);
  size_ = static_cast<off_t>(keep({bytes.begin(), bytes.end()}));
}

LineFile::~LineFile() {
  if (file_ && !file_->close()) give_up();
}

void LineFile::give_up() {
  warn_output(sentence(flag_, path_, std::strerror(errno)) + "; it gets no more lines");
  // Cuts off an incomplete last line. Shortening a file needs no space.
  if (regular_ && begun_ && ftruncate(file_->get(), size_) != 0) {
  }
  file_.reset();
}

void LineFile::write(const std::vector<std::string>& lines) {
  if (to_stdout_) {
    for (const std::string& line : lines) std::puts(line.c_str());
    return flush_lines(stdout);
  }
  // A finished run that is resumed writes no more lines, but what follows those kept is cut off.
  if (file_ && regular_ && (goes_on() || !lines.empty()) && !std::exchange(begun_, true) &&
      ftruncate(file_->get(), size_) != 0) {
    return give_up();
  }
  for (const std::string& line : lines) {
    if (!file_) return;
    const std::string whole = line + "\n";
    if (!file_->write(bytes_of(whole))) return give_up();
    size_ += static_cast<off_t>(whole.size());
  }
  if (lock_) lock_->touch();
}

void LineFile::sync() {
  if (file_ && regular_ && !file_->sync()) give_up();
}

fs::path resolve_links(const std::string& path) {
  constexpr int kMostLinks = 40;  // Linux's limit; with more, opening the path reports the error
  fs::path at = path;
  std::error_code none;
  for (int k = 0; k < kMostLinks; ++k) {
    const fs::path target = fs::read_symlink(at, none);
    if (none) break;
    at = at.parent_path() / target;  // the target alone if it is absolute
  }
  return at;
}

void check_writable(const std::string& path, const char* flag, bool regular) {
  const fs::path file = resolve_links(path);
  struct stat known;
  if (stat(file.c_str(), &known) == 0) {
    if (S_ISDIR(known.st_mode)) throw Error(sentence(flag, path, "it is a folder"));
    if (regular && !S_ISREG(known.st_mode)) {
      throw Error(sentence(flag, path, "it is not a regular file"));
    }
    require(access(file.c_str(), W_OK) == 0, path, flag);
    if (!S_ISREG(known.st_mode)) return;
  } else {
    require(errno == ENOENT, path, flag);
  }
  if (file.filename().string().size() + kLongestEnd > NAME_MAX) {
    throw Error(sentence(flag, path, "its name is too long"));
  }
  require(access(folder_of(file).c_str(), W_OK | X_OK) == 0, path, flag);
}

void check_outputs(const std::vector<std::pair<const char*, std::string>>& outputs) {
  std::map<fs::path, const char*> flags;
  for (const auto& [flag, path] : outputs) {
    if (path.empty() || path == "-") continue;
    check_writable(path, flag);
    std::error_code none;
    const fs::path file = fs::weakly_canonical(resolve_links(path), none);
    if (!none && fs::exists(file, none) && !fs::is_regular_file(file, none))
      continue;  // such as /dev/null
    const auto [other, added] = flags.emplace(file, flag);
    if (!added) {
      throw Error(std::string(flag) + ": " + in_quotes(path) + " is the file of --" +
                  other->second + " too; give each a file of its own");
    }
  }
}

void write_file(const std::string& path, const char* flag, std::span<const std::uint8_t> bytes) {
  const fs::path file = resolve_links(path);
  struct stat known;
  const bool exists = stat(file.c_str(), &known) == 0;
  if (exists && !S_ISREG(known.st_mode)) {  // such as /dev/null
    Descriptor there(file, O_WRONLY);
    require(there.is_open() && there.write(bytes) && there.close(), path, flag);
    return;
  }
  static std::atomic<unsigned> number{0};
  fs::path name;
  std::unique_ptr<Descriptor> part;
  do {
    name = file.string() + ".part-" + std::to_string(getpid()) + "-" + std::to_string(number++);
    part = std::make_unique<Descriptor>(name, O_WRONLY | O_CREAT | O_EXCL);
  } while (!part->is_open() && errno == EEXIST);
  require(part->is_open(), path, flag);
  try {
    if (exists && fchmod(part->get(), known.st_mode & 07777) != 0) {
    }  // as far as the system allows
    require(part->write(bytes) && part->sync() && part->close(), path, flag);
    require(std::rename(name.c_str(), file.c_str()) == 0, path, flag);
  } catch (const Error&) {
    std::remove(name.c_str());
    throw;
  }
  // The rename itself must survive a power failure; some file systems cannot synchronise folders.
  const Descriptor folder(folder_of(file), O_RDONLY);
  const bool synced = folder.is_open() && (folder.sync() || errno == EINVAL || errno == EROFS);
  require(synced, path, flag);
}

void write_or_say(const std::string& path, const char* flag, const std::string& text) {
  try {
    write_file(path, flag, bytes_of(text));
  } catch (const Error& error) {
    warn_output(error.what());
  }
}

void remove_parts(const std::string& path) {
  const fs::path file = resolve_links(path);
  const std::string begin = file.filename().string() + ".part-";
  std::error_code none;
  std::vector<fs::path> parts;
  for (fs::directory_iterator at(folder_of(file), none), end; !none && at != end;
       at.increment(none)) {
    if (at->path().filename().string().rfind(begin, 0) == 0) parts.push_back(at->path());
  }
  for (const fs::path& part : parts) fs::remove(part, none);
}

Bytes read_bytes(const std::string& path, const char* flag, std::uint64_t most) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(std::string(flag) + ": " + in_quotes(path) + " cannot be read: " + reason);
  };
  // Checked before it is opened: opening a pipe would block until another process writes to it.
  struct stat known;
  if (stat(path.c_str(), &known) != 0) refuse(std::strerror(errno));
  if (S_ISDIR(known.st_mode)) refuse("it is a folder");
  if (!S_ISREG(known.st_mode)) refuse("it is not a regular file");
  if (static_cast<std::uint64_t>(known.st_size) > most) {
    refuse("it has " + std::to_string(known.st_size) + " bytes; at most " + std::to_string(most) +
           " are allowed");
  }
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  if (!file.is_open()) refuse(std::strerror(errno));
  // Files of /proc report no size. The extra byte detects the end without growing the buffer.
  Bytes bytes(static_cast<std::size_t>(known.st_size) + 1);
  std::size_t have = 0;
  for (;;) {
    if (have == bytes.size()) bytes.resize(have + std::max<std::size_t>(have / 2, 4096));
    const ssize_t count = read(file.get(), bytes.data() + have, bytes.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(std::strerror(errno));
    have += static_cast<std::size_t>(count);
    if (have > most) refuse("it has more than " + std::to_string(most) + " bytes");
    if (count == 0) break;
  }
  bytes.resize(have);
  return bytes;
}

void print_lines(std::FILE* to, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::fprintf(to, "%s\n", printable(line).c_str());
  if (!lines.empty()) flush_lines(to);
}

void flush_lines(std::FILE* to) {
  const bool whole = std::fflush(to) == 0 && std::ferror(to) == 0;
  static bool told = false;
  if (!whole && !std::exchange(told, true)) {
    warn_output(std::string(to == stdout ? "standard output" : "standard error") +
                " cannot be written: " + std::strerror(errno) +
                "; what is printed from here on may be lost");
  }
}

void check_saves(const Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images) {
  for (const std::string& path : paths) {
    check_save(session.trainer(), save_format_of(path), npz_images);
  }
  for (const std::string& path : paths) check_writable(path, "save");
}

void write_saves(Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images, std::FILE* out) {
  for (const std::string& path : paths) {
    try {
      write_file(path, "save", session.save(save_format_of(path), npz_images));
      print_lines(out, {"Saved " + path});
    } catch (const Error& error) {
      warn_output(error.what());
    }
  }
}

}  // namespace reluscope
