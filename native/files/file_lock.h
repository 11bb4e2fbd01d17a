// Keeps two processes from writing one file.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace reluscope {

// While it exists, FILE.lock says which process writes FILE: "PID START HOST", where START is when
// the process began, in the system's ticks (0 where that is not known). A lock is stale, and is
// taken over, when its process has ended; one of another machine, when nobody has touched it for
// two minutes. Locks of the kernel would do with less, but Node has none, and both programs must
// see one another's.
class FileLock {
 public:
  // Throws Error naming the flag while another process has the file.
  FileLock(std::filesystem::path file, const char* flag);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // Shows other machines that this process is alive. To be called now and then; costs nothing in
  // between.
  void touch();

 private:
  std::filesystem::path lock_;
  std::string mine_;
  std::chrono::steady_clock::time_point touched_ = std::chrono::steady_clock::now();
};

}  // namespace reluscope
