// Runs kernels on the CPU, with what a device would punish made visible: threads are fibers
// (ucontext) that give way at barriers only, in one of several orders; blocks come in that order
// too; shared memory begins as NaN; a block may have 1,024 threads and 48 KB; a barrier that some
// threads of a block do not reach, or at which they meet others at another barrier, is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "cuda/device.h"

namespace reluscope::cuda::emulated {

// In which threads run between two barriers, and blocks after one another.
enum class Order { kAscending, kDescending, kOddFirst, kStrided, kRandom, kOtherRandom };
inline constexpr Order kOrders[] = {Order::kAscending, Order::kDescending, Order::kOddFirst,
                                    Order::kStrided,   Order::kRandom,     Order::kOtherRandom};

struct Conditions {
  Order order = Order::kAscending;
  int left_out =
      0;  // the line of a barrier that is passed over, as if it had been forgotten; 0: none
};

// What was seen: launches of each kernel, and the lines of its barriers.
struct Record {
  std::map<std::string, int> launches;
  std::map<std::string, std::set<int>> barriers;
};

// Throws Error for what the device would refuse or leave undefined.
void launch(const KernelInfo& kernel, const Grid& grid, const void* arguments,
            const Conditions& conditions, Record& record);

// For kernels, while they run:
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
