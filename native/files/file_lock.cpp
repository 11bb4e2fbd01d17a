#include "files/file_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kTouchEvery = 30s;
constexpr double kStaleAfter = 120.0;  // seconds without a touch, on another machine

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "unknown";
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Start of a process in ticks since the machine's start; 0 if the system does not report it. It
// distinguishes a new process from an old one with the same number.
std::string start_of(pid_t pid) {
  const std::string text = text_of("/proc/" + std::to_string(pid) + "/stat");
  // The 22nd field, counted from the process's number. Its name, in brackets, may hold anything.
  const std::vector<std::string> fields = words(text.substr(text.rfind(')') + 1));
  return fields.size() > 19 ? fields[19] : "0";
}

// Creates a file with this text. False if that fails or the file exists; errno gives the reason.
bool make_file(const fs::path& path, const std::string& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wxe");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

// Seconds since a file was last touched, by the clock of the machine that stores it.
double age_of(const fs::path& path, const fs::path& just_made) {
  struct stat lock, now;
  if (stat(path.c_str(), &lock) != 0 || stat(just_made.c_str(), &now) != 0) return 0.0;
  return std::difftime(now.st_mtime, lock.st_mtime);
}

// owner: PID, START and HOST in the lock.
bool is_stale(const std::vector<std::string>& owner, const fs::path& lock,
              const fs::path& just_made) {
  const pid_t pid = std::atoi(owner[0].c_str());
  if (pid <= 0 || owner[2] != host_name()) return age_of(lock, just_made) > kStaleAfter;
  if (kill(pid, 0) != 0 && errno == ESRCH) return true;
  const std::string now = start_of(pid);
  return owner[1] != "0" && now != "0" && owner[1] != now;
}

}  // namespace

FileLock::FileLock(fs::path file, const char* flag)
    : lock_(file.string() + ".lock"),
      mine_(std::to_string(getpid()) + " " + start_of(getpid()) + " " + host_name() + "\n") {
  const fs::path own = lock_.string() + "-" + std::to_string(getpid());
  const auto refuse = [&](const std::string& reason) {
    std::remove(own.c_str());
    throw Error(std::string(flag) + ": " + in_quotes(file.string()) +
                " cannot be written: " + reason);
  };
  for (int attempt = 0;; ++attempt) {
    std::remove(own.c_str());
    if (!make_file(own, mine_)) refuse(std::strerror(errno));
    // A link appears with its content at once; a new file would be empty for a moment.
    if (link(own.c_str(), lock_.c_str()) == 0) break;
    if (errno != EEXIST) {
      // On a file system without links, creating the name decides.
      if (make_file(lock_, mine_)) break;
      if (errno != EEXIST) refuse(std::strerror(errno));
    }
    const std::string text = text_of(lock_);
    std::vector<std::string> owner = words(text);
    owner.resize(3);
    if (attempt == 10 || !is_stale(owner, lock_, own)) {
      refuse(text.empty()
                 ? "another process begins to write it"
                 : "process " + owner[0] + " on " + owner[2] +
                       " writes it; if there is none, delete " + in_quotes(lock_.string()));
    }
    // Renames the stale lock to a name of this process. If two processes find it stale, one of them
    // takes the other's new lock, detects that and puts it back.
    if (std::rename(lock_.c_str(), own.c_str()) == 0 && text_of(own) != text) {
      if (link(own.c_str(), lock_.c_str()) != 0) continue;
    }
  }
  std::remove(own.c_str());
}

FileLock::~FileLock() {
  if (text_of(lock_) == mine_) std::remove(lock_.c_str());
}

void FileLock::touch() {
  const auto now = std::chrono::steady_clock::now();
  if (now - touched_ < kTouchEvery) return;
  touched_ = now;
  utimensat(AT_FDCWD, lock_.c_str(), nullptr, 0);
}

}  // namespace reluscope
