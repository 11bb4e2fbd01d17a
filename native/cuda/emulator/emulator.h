// Runs kernels on the CPU and exposes errors that a device may hide. Threads are fibers (ucontext)
// that switch only at barriers, in one of several orders; blocks run in the same order. Shared
// memory is initialised to NaN. A block may have 1,024 threads and 48 KB of shared memory. It is an
// error if not all threads of a block reach the same barrier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "cuda/device.h"

namespace reluscope::cuda::emulated {

// The order of the threads between two barriers, and of the blocks.
enum class Order { kAscending, kDescending, kOddFirst, kStrided, kRandom, kOtherRandom };
inline constexpr Order kOrders[] = {Order::kAscending, Order::kDescending, Order::kOddFirst,
                                    Order::kStrided,   Order::kRandom,     Order::kOtherRandom};

struct Conditions {
  Order order = Order::kAscending;
  int left_out = 0;  // the line of a barrier to ignore; 0: none
};

// Launches of each kernel, and the lines of the barriers it reached.
struct Record {
  std::map<std::string, int> launches;
  std::map<std::string, std::set<int>> barriers;
};

// Throws Error for launches that a device would refuse and for undefined behaviour.
void launch(const KernelInfo& kernel, const Grid& grid, const void* arguments,
            const Conditions& conditions, Record& record);

// Called by running kernels:
unsigned thread_index();
unsigned block_index();
unsigned block_size();
unsigned grid_size();
void barrier(int line);
void* shared_bytes(int line, std::size_t bytes);
template <class T>
T* shared(int line, std::size_t count) {
  return static_cast<T*>(shared_bytes(line, count * sizeof(T)));
}

}  // namespace reluscope::cuda::emulated
