// A fork-join pool: run(work) calls work(part) for every part 0 .. size() - 1 and returns when all
// are done. Each part has a thread of its own, always the same, so that a thread keeps finding
// its slice of the weights in its own cache; but a part whose thread has not begun (it sleeps, or
// the system gave its core away) is done by the caller instead of waited for.
//
// Workers spin for a moment after a job, because the next one usually follows within
// microseconds, and then sleep: a pool that waits costs nothing. Nothing is ever added up between
// threads, so results depend neither on their number nor on who did what.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace reluscope {

// Small pieces of work that may wait: work(piece) for 0 .. pieces - 1, in any order but that those
// from `second` on begin when all before it are done. The callable is borrowed, and nothing is
// allocated.
struct Chores {
  void (*call)(void* context, int piece) = nullptr;
  void* context = nullptr;
  int pieces = 0;
  int second = 0;
};

class ThreadPool {
 public:
  // threads: including the calling one; 0: as many as the machine has cores. Never more than
  // that, because spinning threads that share a core are far slower than one. cores: how many to
  // count on; 0: as many as the system says.
  explicit ThreadPool(int threads, int cores = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // work must not throw and not call run().
  template <class Work>
  void run(const Work& work) {
    if (workers_.empty()) {
      work(0);
      return;
    }
    run_all([](const void* context, int part) { (*static_cast<const Work*>(context))(part); },
            &work);
  }

  // Chores for workers that wait for the next job, and for a caller that waits for its workers: one
  // piece at a time, so a piece should be a few microseconds. Only after finish_chores().
  void offer(const Chores& chores);
  // Does what is left of them and returns when all are done.
  void finish_chores();

  // The share of `count` items that `part` of `parts` does begins here and ends where the next
  // one begins; all are whole multiples of `unit`, but for the end of the last.
  static int share_begin(int count, int part, int parts, int unit) {
    const int units = (count + unit - 1) / unit;
    const auto begin = static_cast<std::int64_t>(units) * part / parts * unit;
    return begin < count ? static_cast<int>(begin) : count;
  }

 private:
  using Call = void (*)(const void* context, int part);

  // One a worker, on cache lines of its own: sharing one costs more than the pool gains. Both
  // hold the number of the last job for which it happened.
  struct alignas(128) Part {
    std::atomic<std::uint64_t> claimed{0};
    alignas(128) std::atomic<std::uint64_t> done{0};
  };

  void run_all(Call call, const void* context);
  void begin_job();
  bool claim(int part, std::uint64_t job);
  bool do_chore();  // false: there is none that can be begun now
  void work_loop(int part);

  alignas(128) std::atomic<std::uint64_t> job_{0};  // number of the present one
  alignas(128) std::atomic<int> sleeping_{0};
  // Number of the offer << 32 | the next piece. Whoever moves it on does that piece, and has then
  // seen the offer that the number names.
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
  std::unique_ptr<Part[]> parts_;  // of part 1, 2, ...
  std::vector<std::thread> workers_;
};

}  // namespace reluscope
