// The fortified longjmp rejects jumps to another stack.
#undef _FORTIFY_SOURCE

#include "cuda/emulator/emulator.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "core/philox.h"

namespace reluscope::cuda::emulated {
namespace {

constexpr std::size_t kStackBytes = 64 * 1024;

// The numbers 0 .. count - 1 in the given order.
std::vector<int> numbers_in(Order order, int count) {
  const auto key = [&](int i) -> std::uint32_t {
    switch (order) {
      case Order::kAscending: break;
      case Order::kDescending: return count - i;
      case Order::kOddFirst: return 1 - i % 2;
      case Order::kStrided: return i % 37;
      case Order::kRandom: return philox_draw(1, 0, 0, static_cast<std::uint64_t>(i))[0];
      case Order::kOtherRandom: return philox_draw(2, 0, 0, static_cast<std::uint64_t>(i))[0];
    }
    return 0;
  };
  std::vector<int> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::stable_sort(numbers.begin(), numbers.end(), [&](int a, int b) { return key(a) < key(b); });
  return numbers;
}

// Runs one block at a time. A fiber that finishes a thread continues with the next unstarted
// thread, so kernels without barriers need only one fiber.
class Block {
 public:
  Block(const KernelInfo& kernel, const Grid& grid, const void* arguments,
        const Conditions& conditions, Record& record)
      : kernel_(kernel),
        grid_(grid),
        arguments_(arguments),
        conditions_(conditions),
        barriers_(record.barriers[kernel.name]),
        order_(numbers_in(conditions.order, grid.threads)),
        shared_(kMostShared / sizeof(double)) {}

  void run(int block);

  int thread() const { return running_->thread; }
  int block() const { return block_; }
  const Grid& grid() const { return grid_; }
  void wait_at(int line);
  void* shared(int line, std::size_t bytes);

 private:
  struct Fiber {
    ucontext_t context;  // of its entry
    jmp_buf place;       // of its last give_way()
    bool begun = false;
    int thread = -1;
    int line = 0;  // of the barrier at which it waits; 0: free
  };

  static void enter(unsigned high, unsigned low);
  void work();
  void resume(Fiber& fiber) {
    running_ = &fiber;
    if (_setjmp(scheduler_)) return;
    // Jumps avoid the two system calls by which swapcontext() saves and sets signal masks.
    if (fiber.begun) _longjmp(fiber.place, 1);
    fiber.begun = true;
    setcontext(&fiber.context);
  }
  void give_way() {
    if (!_setjmp(running_->place)) _longjmp(scheduler_, 1);
  }
  // Reports an error from a fiber, which is not resumed.
  [[noreturn]] void stop(const std::string& text) {
    error_ = text;
    give_way();
    std::terminate();
  }
  Fiber& free_fiber();
  std::string where() const {
    return "kernel " + kernel_.name + ", block " + std::to_string(block_);
  }

  const KernelInfo& kernel_;
  const Grid& grid_;
  const void* arguments_;
  const Conditions& conditions_;
  std::set<int>& barriers_;
  const std::vector<int> order_;
  std::vector<double> shared_;
  std::map<int, std::pair<std::size_t, std::size_t>> arrays_;  // line -> offset and bytes
  std::size_t shared_bytes_ = 0;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  jmp_buf scheduler_;
  Fiber* running_ = nullptr;
  std::size_t begun_ = 0;  // number of started threads, in order_
  int block_ = 0, ended_ = 0;
  std::string error_;
};

thread_local Block* current = nullptr;

// The stack of the i-th fiber; reused by later launches.
char* stack_of(std::size_t i) {
  thread_local std::vector<std::unique_ptr<char[]>> stacks;
  while (stacks.size() <= i) stacks.emplace_back(new char[kStackBytes]);
  return stacks[i].get();
}

void Block::enter(unsigned high, unsigned low) {
  const auto at = (std::uintptr_t{high} << 32) | low;
  reinterpret_cast<Block*>(at)->work();
}

void Block::work() {
  for (;;) {
    while (begun_ < order_.size()) {
      running_->thread = order_[begun_++];
      kernel_.body(arguments_);
      ++ended_;
    }
    running_->line = 0;
    give_way();
  }
}

Block::Fiber& Block::free_fiber() {
  for (const auto& fiber : fibers_) {
    if (fiber->line == 0) return *fiber;
  }
  Fiber& fiber = *fibers_.emplace_back(std::make_unique<Fiber>());
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = stack_of(fibers_.size() - 1);
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&fiber.context, reinterpret_cast<void (*)()>(&enter), 2,
              static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
  return fiber;
}

void Block::run(int block) {
  block_ = block;
  begun_ = 0;
  ended_ = 0;
  arrays_.clear();
  shared_bytes_ = 0;
  std::memset(shared_.data(), 0xFF, kMostShared);  // NaN as float as well
  std::vector<Fiber*> waiting(grid_.threads);
  const auto note = [&] {
    if (!error_.empty()) throw Error(where() + ": " + error_);
    if (running_->line != 0) waiting[running_->thread] = running_;
  };
  while (begun_ < order_.size()) {
    resume(free_fiber());
    note();
  }
  for (;;) {
    const auto first =
        std::find_if(waiting.begin(), waiting.end(), [](Fiber* f) { return f != nullptr; });
    if (first == waiting.end()) return;
    if (ended_ > 0) {
      throw Error(where() + ": " + std::to_string(ended_) + " of " + std::to_string(grid_.threads) +
                  " threads ended while others wait at the barrier in line " +
                  std::to_string((*first)->line));
    }
    for (const Fiber* fiber : waiting) {
      if (fiber->line != (*first)->line) {
        throw Error(where() + ": threads wait at different barriers, in lines " +
                    std::to_string((*first)->line) + " and " + std::to_string(fiber->line));
      }
    }
    const std::vector<Fiber*> ready = waiting;
    std::fill(waiting.begin(), waiting.end(), nullptr);
    for (const int thread : order_) {
      resume(*ready[thread]);
      note();
    }
  }
}

void Block::wait_at(int line) {
  barriers_.insert(line);
  if (line == conditions_.left_out) return;
  running_->line = line;
  give_way();
}

void* Block::shared(int line, std::size_t bytes) {
  const auto [array, is_new] = arrays_.try_emplace(line, shared_bytes_, bytes);
  if (is_new) shared_bytes_ += (bytes + 15) / 16 * 16;
  if (shared_bytes_ > kMostShared) {
    stop(std::to_string(shared_bytes_) + " bytes of shared memory, but a block has " +
         std::to_string(kMostShared));
  }
  return reinterpret_cast<std::byte*>(shared_.data()) + array->second.first;
}

}  // namespace

void launch(const KernelInfo& kernel, const Grid& grid, const void* arguments,
            const Conditions& conditions, Record& record) {
  if (grid.threads < 1 || grid.threads > kMostThreads || grid.blocks < 1) {
    throw Error("kernel " + kernel.name + ": " + std::to_string(grid.blocks) + " blocks of " +
                std::to_string(grid.threads) + " threads, but 1 to 1024 threads are allowed");
  }
  ++record.launches[kernel.name];
  Block block(kernel, grid, arguments, conditions, record);
  current = &block;
  for (const int at : numbers_in(conditions.order, grid.blocks)) block.run(at);
  current = nullptr;
}

unsigned thread_index() { return static_cast<unsigned>(current->thread()); }
unsigned block_index() { return static_cast<unsigned>(current->block()); }
unsigned block_size() { return static_cast<unsigned>(current->grid().threads); }
unsigned grid_size() { return static_cast<unsigned>(current->grid().blocks); }
void barrier(int line) { current->wait_at(line); }
void* shared_bytes(int line, std::size_t bytes) { return current->shared(line, bytes); }

}  // namespace reluscope::cuda::emulated
