#include "core/thread_pool.h"

#include <algorithm>
#include <system_error>

namespace reluscope {
namespace {

// About 50 microseconds: longer than the gaps within a training step.
constexpr int kSpins = 4000;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  threads = threads == 0 ? cores : std::min(threads, cores);
  try {
    for (int part = 1; part < threads; ++part) {
      workers_.emplace_back([this, part] { work_loop(part); });
    }
  } catch (const std::system_error&) {
    // No more threads to be had here, as in WebAssembly built without them: go on with these.
  }
}

ThreadPool::~ThreadPool() {
  if (workers_.empty()) return;
  job_.stop = true;
  start(nullptr, nullptr);
  for (std::thread& worker : workers_) worker.join();
}

// Either a worker that goes to sleep sees the new generation, or this sees that it sleeps: both
// write first and read then, in one total order.
void ThreadPool::start(Call call, const void* context) {
  job_.call = call;
  job_.context = context;
  running_.value.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  generation_.value.fetch_add(1, std::memory_order_seq_cst);
  if (sleeping_.value.load(std::memory_order_seq_cst) > 0) {
    const std::lock_guard<std::mutex> lock(mutex_);
    wake_.notify_all();
  }
}

void ThreadPool::finish() {
  for (int spin = 0; running_.value.load(std::memory_order_acquire) > 0; ++spin) {
    if (spin < kSpins) {
      relax();
    } else {
      std::this_thread::yield();  // a worker has lost its core: let it have this one
    }
  }
}

void ThreadPool::work_loop(int part) {
  std::uint64_t seen = 0;
  const auto begun = [&] { return generation_.value.load(std::memory_order_seq_cst) != seen; };
  for (;;) {
    for (int spin = 0; spin < kSpins && !begun(); ++spin) relax();
    if (!begun()) {
      sleeping_.value.fetch_add(1, std::memory_order_seq_cst);
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, begun);
      }
      sleeping_.value.fetch_sub(1, std::memory_order_relaxed);
    }
    ++seen;
    if (job_.stop) return;
    job_.call(job_.context, part);
    running_.value.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace reluscope
