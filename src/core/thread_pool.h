// A fork-join pool: run(work) calls work(part) for every part 0 .. size() - 1 and returns when all
// are done. A part runs on the same thread each time, whose cache keeps that slice of the weights;
// if that thread has not begun (it sleeps, or lost its core), the caller runs the part.
//
// Workers spin briefly after a job, because the next one usually follows within microseconds, and
// then sleep. Nothing is summed across threads, so results do not depend on them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace reluscope {

// Small pieces of deferred work: call(context, piece) for 0 .. pieces - 1 in any order, except that
// pieces from `second` on begin only when all earlier pieces are done. `context` is borrowed.
struct Chores {
  void (*call)(void* context, int piece) = nullptr;
  void* context = nullptr;
  int pieces = 0;
  int second = 0;
};

class ThreadPool {
 public:
  // threads: including the calling one; 0: one for each core. Never more than there are cores,
  // because threads that spin on one core slow each other. cores: 0: ask the system.
  explicit ThreadPool(int threads, int cores = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // work must not throw and must not call run().
  template <class Work>
  void run(const Work& work) {
    if (workers_.empty()) return work(0);
    run_all([](const void* context, int part) { (*static_cast<const Work*>(context))(part); },
            &work);
  }

  // Offers chores to workers that wait for the next job and to a caller that waits for its workers,
  // piece by piece: a piece should take a few microseconds. Call only after finish_chores().
  void offer(const Chores& chores);
  // Runs the remaining pieces and returns when all are done.
  void finish_chores();

  // The first of `count` items that belongs to `part` of `parts`; the share ends where the next one
  // begins. Shares begin at multiples of `unit`.
  static int share_begin(int count, int part, int parts, int unit) {
    const int units = (count + unit - 1) / unit;
    const auto begin = static_cast<std::int64_t>(units) * part / parts * unit;
    return begin < count ? static_cast<int>(begin) : count;
  }

 private:
  using Call = void (*)(const void* context, int part);

  // One for each worker, on separate cache lines: false sharing costs more than the pool gains.
  // Both members hold the number of the last job that was claimed or done.
  struct alignas(128) Part {
    std::atomic<std::uint64_t> claimed{0};
    alignas(128) std::atomic<std::uint64_t> done{0};
  };

  void run_all(Call call, const void* context);
  void begin_job();
  bool claim(int part, std::uint64_t job);
  bool do_chore();  // false: no piece can begin now
  void work_loop(int part);

  alignas(128) std::atomic<std::uint64_t> job_{0};  // number of the current job
  alignas(128) std::atomic<int> sleeping_{0};
  // Number of the offer << 32 | the next piece. The thread that increments it runs that piece, and
  // has read the offer that the number names.
  alignas(128) std::atomic<std::uint64_t> next_piece_{0};
  alignas(128) std::atomic<int> pieces_done_{0};
  std::atomic<int> pieces_{0}, second_{0};
  std::atomic<void (*)(void*, int)> chore_{nullptr};
  std::atomic<void*> chore_context_{nullptr};
  alignas(128) Call call_ = nullptr;
  const void* context_ = nullptr;
  bool stop_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unique_ptr<Part[]> parts_;  // parts 1, 2, ...: part 0 is the caller's
  std::vector<std::thread> workers_;
};

}  // namespace reluscope
