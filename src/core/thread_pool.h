// A fork-join pool: run(work) calls work(part) for every part 0 .. size() - 1, part 0 on the
// calling thread, and returns when all are done. Workers spin for a moment after a job, because
// the next one usually follows within microseconds, and then sleep, so a pool that waits costs
// nothing. Which thread does which part is fixed, and nothing is ever added up between threads:
// results do not depend on the number of threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace reluscope {

class ThreadPool {
 public:
  // threads: including the calling one; 0: as many as the machine has cores. Never more than
  // that, because spinning threads that share a core are far slower than one.
  explicit ThreadPool(int threads);
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
    start([](const void* context, int part) { (*static_cast<const Work*>(context))(part); },
          &work);
    work(0);
    finish();
  }

  // The share of `count` items that `part` of `parts` does, in whole multiples of `unit`.
  static int share_begin(int count, int part, int parts, int unit) {
    const int units = (count + unit - 1) / unit;
    const auto begin = static_cast<std::int64_t>(units) * part / parts * unit;
    return begin < count ? static_cast<int>(begin) : count;
  }

 private:
  using Call = void (*)(const void* context, int part);

  void start(Call call, const void* context);
  void finish();
  void work_loop(int part);

  // Each on a cache line of its own: sharing one costs more than the pool gains.
  struct alignas(128) {
    std::atomic<std::uint64_t> value{0};
  } generation_;  // of jobs begun
  struct alignas(128) {
    std::atomic<int> value{0};
  } running_;  // workers that have not finished the present job
  struct alignas(128) {
    Call call = nullptr;
    const void* context = nullptr;
    bool stop = false;
  } job_;
  struct alignas(128) {
    std::atomic<int> value{0};
  } sleeping_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

}  // namespace reluscope
