#include "core/thread_pool.h"

#include <algorithm>
#include <system_error>

namespace reluscope {
namespace {

// About 50 microseconds: longer than the gaps within a training step. WebAssembly has no pause
// instruction, so its iterations are far shorter.
#if defined(__wasm__)
constexpr int kSpins = 200000;
#else
constexpr int kSpins = 4000;
#endif

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads, int cores) {
  if (cores == 0) cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  threads = threads == 0 ? cores : std::min(threads, cores);
  parts_ = std::make_unique<Part[]>(threads - 1);
  try {
    for (int part = 1; part < threads; ++part) {
      workers_.emplace_back([this, part] { work_loop(part); });
    }
  } catch (const std::system_error&) {
    // The platform refuses more threads (WebAssembly built without them): use those created so far.
  }
}

ThreadPool::~ThreadPool() {
  if (workers_.empty()) return;
  stop_ = true;
  begin_job();
  for (std::thread& worker : workers_) worker.join();
}

// Either a worker that is about to sleep sees the new number, or this function sees the sleeper:
// both write before they read, in one total order.
void ThreadPool::begin_job() {
  job_.fetch_add(1, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst) > 0) {
    const std::lock_guard<std::mutex> lock(mutex_);
    wake_.notify_all();
  }
}

// The thread whose claim succeeds runs the part. A late worker finds its part claimed for that job
// or a later one. There is no later job until a worker has finished the part it claimed.
bool ThreadPool::claim(int part, std::uint64_t job) {
  std::atomic<std::uint64_t>& claimed = parts_[part - 1].claimed;
  std::uint64_t last = claimed.load(std::memory_order_relaxed);
  return last < job && claimed.compare_exchange_strong(last, job, std::memory_order_acq_rel);
}

// Closes the old offer before it writes the new one. A worker that has read a mixture of both
// finds, when it tries to take a piece, that next_piece_ has changed.
void ThreadPool::offer(const Chores& chores) {
  constexpr std::uint64_t kClosed = 0x7FFFFFFF;  // no piece has this number
  const std::uint64_t offer = ((next_piece_.load(std::memory_order_relaxed) >> 32) + 1) << 32;
  next_piece_.exchange(offer | kClosed, std::memory_order_acq_rel);
  chore_.store(chores.call, std::memory_order_release);
  chore_context_.store(chores.context, std::memory_order_release);
  pieces_.store(chores.pieces, std::memory_order_release);
  second_.store(chores.second, std::memory_order_release);
  pieces_done_.store(0, std::memory_order_release);
  next_piece_.store(offer, std::memory_order_release);
}

bool ThreadPool::do_chore() {
  std::uint64_t next = next_piece_.load(std::memory_order_acquire);
  const int piece = static_cast<int>(next & 0xFFFFFFFFu);
  if (piece >= pieces_.load(std::memory_order_acquire)) return false;
  const int second = second_.load(std::memory_order_acquire);
  if (piece >= second && pieces_done_.load(std::memory_order_acquire) < second) return false;
  const auto chore = chore_.load(std::memory_order_acquire);
  void* const context = chore_context_.load(std::memory_order_acquire);
  if (next_piece_.compare_exchange_strong(next, next + 1, std::memory_order_acq_rel)) {
    chore(context, piece);
    pieces_done_.fetch_add(1, std::memory_order_acq_rel);
  }
  return true;
}

void ThreadPool::finish_chores() {
  const int pieces = pieces_.load(std::memory_order_relaxed);
  while (pieces_done_.load(std::memory_order_acquire) < pieces) {
    if (!do_chore()) relax();
  }
}

void ThreadPool::run_all(Call call, const void* context) {
  call_ = call;
  context_ = context;
  begin_job();
  const std::uint64_t job = job_.load(std::memory_order_relaxed);
  call(context, 0);
  for (int part = 1; part < size(); ++part) {
    if (claim(part, job)) {
      call(context, part);
      continue;
    }
    const std::atomic<std::uint64_t>& done = parts_[part - 1].done;
    for (int spin = 0; done.load(std::memory_order_acquire) != job; ++spin) {
      if (do_chore()) {
        spin = 0;
      } else if (spin < kSpins) {
        relax();
      } else {
        std::this_thread::yield();  // the worker lost its core: it can use this one
      }
    }
  }
}

void ThreadPool::work_loop(int part) {
  std::uint64_t seen = 0;
  const auto begun = [&] { return job_.load(std::memory_order_seq_cst) != seen; };
  for (;;) {
    for (int spin = 0; spin < kSpins && !begun(); ++spin) {
      if (do_chore()) {
        spin = 0;
      } else {
        relax();
      }
    }
    if (!begun()) {
      sleeping_.fetch_add(1, std::memory_order_seq_cst);
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, begun);
      }
      sleeping_.fetch_sub(1, std::memory_order_relaxed);
    }
    seen = job_.load(std::memory_order_acquire);
    if (claim(part, seen)) {
      // The claim synchronises call_, context_ and stop_ with this job.
      if (stop_) return;
      call_(context_, part);
      parts_[part - 1].done.store(seen, std::memory_order_release);
    }
  }
}

}  // namespace reluscope
