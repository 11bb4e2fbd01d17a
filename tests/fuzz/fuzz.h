// Shared by the fuzz targets. An Error is a correct answer to an invalid input; any other exception
// or crash is a finding. The memory that one input holds at any time is counted and must not exceed
// kMostBytes.
#pragma once

#include <sanitizer/allocator_interface.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>

#include "core/error.h"

namespace reluscope::fuzz {

inline constexpr std::int64_t kMostBytes = std::int64_t{64} << 20;

struct Memory {
  std::int64_t live = 0, before = 0;
  bool counting = false;
};
inline thread_local Memory memory;  // assumes that threads free only their own allocations

inline void count_allocation(const volatile void*, std::size_t size) {
  memory.live += static_cast<std::int64_t>(size);
  if (!memory.counting || memory.live - memory.before <= kMostBytes) return;
  memory.counting = false;
  std::fprintf(stderr, "one input took more than %lld bytes at a time\n",
               static_cast<long long>(kMostBytes));
  __builtin_trap();
}
inline void count_release(const volatile void* at) {
  if (at != nullptr) memory.live -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(at));
}

// Runs `work` on one input.
template <class Work>
int feed(const Work& work) {
  static const int installed =
      __sanitizer_install_malloc_and_free_hooks(&count_allocation, &count_release);
  (void)installed;
  memory.before = memory.live;
  memory.counting = true;
  try {
    work();
  } catch (const Error&) {
  }
  memory.counting = false;
  return 0;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace reluscope::fuzz
