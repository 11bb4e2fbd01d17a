// A library to be preloaded: counts a program's calls that write, sync or rename one file or what
// is made beside it, and lets one of them fail or ends the program there. For tests of saves.
//   RELUSCOPE_FAULT_PATH  the file
//   RELUSCOPE_FAULT       "fail" (EIO) or "kill" at call number RELUSCOPE_FAULT_AT; "full": every
//   write fails
//                         with ENOSPC after half of its bytes
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string>

namespace {

template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

std::string setting(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? "" : value;
}

// The file, its .part-..., and its folder.
bool concerns(const char* path) {
  static const std::string file = setting("RELUSCOPE_FAULT_PATH");
  if (file.empty()) return false;
  return path == file || std::string(path).rfind(file + ".part-", 0) == 0 ||
         path == file.substr(0, file.rfind('/'));
}

bool concerned[1024];  // by descriptor
int calls = 0;

// Whether this call is to fail.
bool fails(const char* name) {
  static const std::string kind = setting("RELUSCOPE_FAULT"), at = setting("RELUSCOPE_FAULT_AT");
  if (kind == "full" || std::to_string(++calls) != at) return false;
  fprintf(stderr, "fault: %s\n", name);
  if (kind == "kill") raise(SIGKILL);
  errno = EIO;
  return true;
}

int open_concerned(const char* path, int flags, mode_t mode) {
  const bool watched = concerns(path);
  if (watched && fails("open")) return -1;
  const int fd = next<int(const char*, int, mode_t)>("open")(path, flags, mode);
  if (fd >= 0 && fd < 1024) concerned[fd] = watched;
  return fd;
}

bool is_concerned(int fd) { return fd >= 0 && fd < 1024 && concerned[fd]; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_concerned(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_concerned(path, flags, mode);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  const auto real = next<ssize_t(int, const void*, size_t)>("write");
  if (!is_concerned(fd)) return real(fd, bytes, size);
  static bool full = setting("RELUSCOPE_FAULT") == "full";
  static int halves = 0;
  if (full && halves++ % 2 == 0 && size > 1) return real(fd, bytes, size / 2);
  if (full) {
    errno = ENOSPC;
    return -1;
  }
  // In two calls, so that a write that is cut short is among the faults.
  if (fails("write")) return -1;
  return real(fd, bytes, size > 1 ? (size + 1) / 2 : size);
}

int fsync(int fd) {
  if (is_concerned(fd) && fails("fsync")) return -1;
  return next<int(int)>("fsync")(fd);
}

int rename(const char* from, const char* to) {
  if (concerns(to) && fails("rename")) return -1;
  return next<int(const char*, const char*)>("rename")(from, to);
}

int close(int fd) {
  const bool watched = is_concerned(fd);
  if (watched) concerned[fd] = false;
  const int result = next<int(int)>("close")(fd);
  return watched && fails("close") ? -1 : result;
}

}  // extern "C"
