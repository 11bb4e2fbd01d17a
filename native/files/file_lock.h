// Prevents two processes from writing the same file.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace reluscope {

// FILE.lock names the process that writes FILE: "PID START HOST", where START is the start of the
// process in the system's ticks (0 if unknown). A lock is stale, and is taken over, when its
// process has ended; a lock of another machine, when it has not been touched for two minutes.
// Kernel locks would be simpler, but Node has none, and both programs must see each other's locks.
class FileLock {
 public:
  // Throws Error naming the flag if another process holds the lock.
  FileLock(std::filesystem::path file, const char* flag);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // Shows other machines that this process is alive. Call it often: most calls do nothing.
  void touch();

 private:
  std::filesystem::path lock_;
  std::string mine_;
  std::chrono::steady_clock::time_point touched_ = std::chrono::steady_clock::now();
};

}  // namespace reluscope
