#include <sys/resource.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include "commands/devices.h"

namespace reluscope {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

// The first number after a word in a file of /proc or /sys, or the file's first if the word is "".
double number_in(const std::string& path, const std::string& word) {
  std::ifstream file(path);
  for (std::string text; text != word && file >> text;) {
  }
  double number = 0;
  return file >> number ? number : kUnknown;
}

// Free memory of the process's group: "0::/a/b" in /proc/self/cgroup.
double group_memory() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  double least = kUnknown;
  while (std::getline(file, line)) {
    if (line.rfind("0::", 0) != 0) continue;
    // Parent groups limit it, too.
    for (std::string group = line.substr(3);; group = group.substr(0, group.rfind('/'))) {
      const std::string folder = "/sys/fs/cgroup" + group + "/";
      const double most = number_in(folder + "memory.max", "");
      double used = number_in(folder + "memory.current", "");
      if (most != kUnknown && used != kUnknown) {
        // The system can drop cached files.
        for (const char* const kept : {"inactive_file", "active_file"}) {
          const double bytes = number_in(folder + "memory.stat", kept);
          if (bytes != kUnknown) used -= bytes;
        }
        least = std::min(least, most - std::clamp(used, 0.0, most));
      }
      if (group.empty() || group == "/") break;
    }
  }
  return least;
}

}  // namespace

int available_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

double available_memory() {
  constexpr double kKilobyte = 1024.0;
  double least = std::min(kKilobyte * number_in("/proc/meminfo", "MemAvailable:"), group_memory());
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const double used = kKilobyte * number_in("/proc/self/status", "VmSize:");
    if (used != kUnknown)
      least = std::min(least, std::max(0.0, static_cast<double>(limit.rlim_cur) - used));
  }
  return least;
}

}  // namespace reluscope
