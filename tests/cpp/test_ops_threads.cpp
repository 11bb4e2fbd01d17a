// The thread pool: every part runs once in any state of the workers; chores run once each and in
// order; shares cover everything; idle workers use no processor time.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <thread>

#include "core/thread_pool.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// Counts the calls of each part in one region.
class Counts {
 public:
  explicit Counts(const ThreadPool& pool) : counts_(static_cast<std::size_t>(pool.size())) {}
  void add(int part) { counts_[static_cast<std::size_t>(part)].fetch_add(1); }
  bool all_are(int times) const {
    return std::all_of(counts_.begin(), counts_.end(),
                       [times](const std::atomic<int>& count) { return count.load() == times; });
  }

 private:
  std::vector<std::atomic<int>> counts_;
};

void pause(int turns) {
  for (volatile int turn = 0; turn < turns;) {
    const int next = turn + 1;
    turn = next;
  }
}

// Chores that record which thread ran them and when. The counters impose no order between threads,
// and each chore writes a plain int: the thread sanitizer reports if the pool does not order these
// writes.
class Watched {
 public:
  static constexpr int kMost = 64;  // pieces

  // Begins a new offer, whose pieces write `mark`.
  Chores of(int pieces, int second, int mark) {
    pieces_ = pieces;
    second_ = second;
    mark_ = mark;
    for (Count* count : {&done_, &early_, &beyond_, &by_others_}) count->set(0);
    for (Count& times : times_) times.set(0);
    return {[](void* self, int piece) { static_cast<Watched*>(self)->run(piece); }, this, pieces,
            second};
  }
  int done() const { return done_.get(); }
  int by_others() const { return by_others_.get(); }  // than the thread that made this
  // "" if each piece ran once, and those from `second` on after the others.
  std::string wrong() const {
    for (int piece = 0; piece < pieces_; ++piece) {
      const std::string name = "piece " + std::to_string(piece);
      const auto at = static_cast<std::size_t>(piece);
      if (plain_[at * kApart] != mark_) return name + " is not seen";
      const int times = times_[at].get();
      if (times != 1) return name + " done " + std::to_string(times) + " times";
    }
    if (beyond_.get() != 0) return "a piece that there is not was done";
    if (early_.get() != 0) return "a later piece saw an earlier one undone";
    return "";
  }

 private:
  static constexpr std::size_t kApart = 16;  // ints: a cache line

  class Count {
   public:
    void set(int value) { value_.store(value, std::memory_order_relaxed); }
    void add(int value) { value_.fetch_add(value, std::memory_order_relaxed); }
    int get() const { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<int> value_{0};
  };

  void run(int piece) {
    if (piece < 0 || piece >= pieces_) {
      beyond_.add(1);
      return;
    }
    if (piece >= second_) {
      for (int before = 0; before < second_; ++before) {
        const auto at = static_cast<std::size_t>(before);
        early_.add(plain_[at * kApart] != mark_ || times_[at].get() != 1);
      }
    }
    pause(20);  // lets another thread begin
    plain_[static_cast<std::size_t>(piece) * kApart] = mark_;
    times_[static_cast<std::size_t>(piece)].add(1);
    by_others_.add(std::this_thread::get_id() != owner_);
    done_.add(1);
  }

  int pieces_ = 0, second_ = 0, mark_ = 0;
  std::array<int, kMost* kApart> plain_ = {};
  std::array<Count, kMost> times_;
  Count done_, early_, beyond_, by_others_;
  std::thread::id owner_ = std::this_thread::get_id();
};

// Waits at most ten seconds for an event that takes microseconds.
template <class Condition>
bool comes_true(const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

void sleep_for(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

// Longer than workers spin, so that they fall asleep.
constexpr int kUntilAsleep = 30;

// Processor time of the whole process in milliseconds while `work` runs.
template <class Work>
double processor_time(const Work& work) {
  const std::clock_t before = std::clock();
  work();
  return 1000.0 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("a pool has as many threads as asked for, but never more than the machine has cores") {
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
  const int most = 1;
#else
  const int most = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#endif
  for (const int threads : {1, 2, 3, 4, 64}) {
    CAPTURE(threads);
    CHECK(ThreadPool(threads).size() == std::min(threads, most));
  }
  CHECK(ThreadPool(0).size() == most);  // one for each core
}

TEST_CASE("every part of a region runs once and is done when run() returns") {
  for (const int threads : {1, 2, 3, 4}) {
    ThreadPool pool(threads);
    CAPTURE(pool.size());
    Counts counts(pool);
    // Plain ints, written by one thread and read by another without a lock: the pool orders the
    // accesses.
    std::vector<int> plain(static_cast<std::size_t>(pool.size()) * 64, 0);
    for (int region = 1; region <= 5000; ++region) {
      pool.run([&](int part) {
        counts.add(part);
        plain[static_cast<std::size_t>(part) * 64] = region;
      });
      for (std::size_t part = 0; part < plain.size(); part += 64) REQUIRE(plain[part] == region);
      // Each part reads what another part wrote in the previous region.
      std::atomic<int> wrong{0};
      pool.run([&](int part) {
        const int next = (part + 1) % pool.size();
        if (plain[static_cast<std::size_t>(next) * 64] != region) wrong.fetch_add(1);
      });
      REQUIRE(wrong.load() == 0);
    }
    CHECK(counts.all_are(5000));
  }
}

TEST_CASE("a part is done by its own thread, always the same, or by the caller") {
  ThreadPool pool(4);
  const std::thread::id caller = std::this_thread::get_id();
  const auto parts = static_cast<std::size_t>(pool.size());
  std::vector<std::thread::id> ran(parts), owner(parts, caller);
  for (int region = 0; region < 2000; ++region) {
    // Parts are long enough for an awake worker to begin its own.
    pool.run([&](int part) {
      ran[static_cast<std::size_t>(part)] = std::this_thread::get_id();
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(3);
      while (std::chrono::steady_clock::now() < until) {
      }
    });
    REQUIRE(ran[0] == caller);
    for (std::size_t part = 1; part < parts; ++part) {
      if (ran[part] == caller) continue;
      if (owner[part] == caller) owner[part] = ran[part];
      REQUIRE(ran[part] == owner[part]);
    }
  }
  for (std::size_t part = 1; part < parts; ++part) {
    for (std::size_t other = part + 1; other < parts; ++other)
      CHECK((owner[part] == caller || owner[part] != owner[other]));
  }
}

TEST_CASE("a pool whose workers sleep, or are just falling asleep, does its work") {
  const std::uint64_t seed = test_seed() + 50;
  INFO("seed ", seed);
  TestRandom random(seed);
  ThreadPool pool(4);
  Counts counts(pool);
  int regions = 0;
  for (int nap = 0; nap < 6; ++nap) {
    sleep_for(kUntilAsleep);
    for (int i = 0; i < 3; ++i, ++regions) pool.run([&](int part) { counts.add(part); });
  }
  // Gaps from zero to several times the spinning time, so that regions begin at every moment of
  // falling asleep. A lost wake-up would make run() wait forever.
  for (int i = 0; i < 3000; ++i, ++regions) {
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::microseconds(random.below(150));
    while (std::chrono::steady_clock::now() < until) {
    }
    pool.run([&](int part) { counts.add(part); });
  }
  CHECK(counts.all_are(regions));
}

TEST_CASE("parts that take unequally long are all waited for") {
  ThreadPool pool(4);
  for (int late = 0; late < pool.size(); ++late) {
    std::vector<int> done(static_cast<std::size_t>(pool.size()) * 64, 0);
    pool.run([&](int part) {
      if (part == late) sleep_for(kUntilAsleep);
      done[static_cast<std::size_t>(part) * 64] = 1;
    });
    for (std::size_t part = 0; part < done.size(); part += 64) CHECK(done[part] == 1);
  }
}

TEST_CASE("every piece of an offer is done once, in order, and before finish_chores() returns") {
  const std::uint64_t seed = test_seed() + 51;
  INFO("seed ", seed);
  for (const int threads : {1, 2, 3, 4}) {
    TestRandom random(seed);
    ThreadPool pool(threads, threads);  // or more than the machine has cores
    CAPTURE(pool.size());
    Watched chores;
    // Small, large and empty offers in immediate succession: nothing of one may affect the next.
    for (int offer = 1; offer <= 30000; ++offer) {
      const int pieces = offer % 2 == 0 ? Watched::kMost : random.below(8);
      const int second = random.below(3) == 0 ? random.below(pieces + 1) : pieces;
      if (offer % 8 == 0) pool.run([](int) {});  // otherwise the workers sleep during all offers
      pool.offer(chores.of(pieces, second, offer));
      pool.finish_chores();
      CAPTURE(offer);
      CAPTURE(pieces);
      CAPTURE(second);
      REQUIRE(chores.wrong() == "");
    }
    pool.finish_chores();  // again: nothing is left
    CHECK(chores.wrong() == "");
  }
}

TEST_CASE("jobs run while chores are pending, and both are done") {
  const std::uint64_t seed = test_seed() + 52;
  INFO("seed ", seed);
  for (const int threads : {1, 2, 3, 4}) {
    TestRandom random(seed);
    ThreadPool pool(threads, threads);  // or more than the machine has cores
    CAPTURE(pool.size());
    Counts counts(pool);
    Watched chores;
    std::vector<int> plain(static_cast<std::size_t>(pool.size()) * 64, 0);
    int regions = 0;
    for (int offer = 1; offer <= 4000; ++offer) {
      const int pieces = random.below(Watched::kMost + 1);
      pool.offer(chores.of(pieces, random.below(pieces + 1), offer));
      for (int left = random.below(8); left > 0; --left) {
        ++regions;
        pool.run([&](int part) {
          counts.add(part);
          plain[static_cast<std::size_t>(part) * 64] = regions;
        });
        for (std::size_t part = 0; part < plain.size(); part += 64) REQUIRE(plain[part] == regions);
      }
      // Sometimes long enough for workers to finish all of them, or to fall asleep.
      if (random.below(100) == 0) sleep_for(1);
      pool.finish_chores();
      CAPTURE(offer);
      CAPTURE(pieces);
      REQUIRE(chores.wrong() == "");
    }
    CHECK(counts.all_are(regions));
  }
}

TEST_CASE("chores are done by workers that wait for a job") {
  ThreadPool pool(2);
  if (pool.size() == 1) return;
  Watched chores;
  bool helped = false;
  for (int attempt = 1; attempt <= 20000 && !helped; ++attempt) {
    pool.run([](int) {});  // now the worker is awake, unless the system does not schedule it
    pool.offer(chores.of(Watched::kMost, Watched::kMost, attempt));
    pause(1000);
    pool.finish_chores();
    REQUIRE(chores.wrong() == "");
    helped = chores.by_others() > 0;
  }
  CHECK(helped);
}

TEST_CASE("chores are done by a caller that waits for its workers") {
  ThreadPool pool(2);
  if (pool.size() == 1) return;
  Watched chores;
  std::atomic<bool> begun{false}, in_time{true};
  const std::thread::id caller = std::this_thread::get_id();
  for (int offer = 1; offer <= 20; ++offer) {
    begun = false;
    pool.offer(chores.of(40, 30, offer));
    pool.run([&](int part) {
      if (part == 0) {
        // Not before the worker has claimed its part, which otherwise the caller would run too.
        if (!comes_true([&] { return begun.load(); })) in_time = false;
      } else if (std::this_thread::get_id() != caller) {
        begun = true;
        if (!comes_true([&] { return chores.done() == 40; })) in_time = false;
      }
    });
    REQUIRE(in_time.load());
    pool.finish_chores();
    REQUIRE(chores.wrong() == "");
  }
}

TEST_CASE("a pool ends cleanly right after its chores, whoever did them") {
  Watched chores;
  for (int i = 1; i <= 500; ++i) {
    auto pool = std::make_unique<ThreadPool>(3, 3);
    if (i % 2 == 0) pool->run([](int) {});
    pool->offer(chores.of(i % Watched::kMost, i % 3 == 0 ? 1 : 0, i));
    if (i % 5 == 0) pool->run([](int) {});
    pool->finish_chores();
    pool.reset();
    REQUIRE(chores.wrong() == "");
  }
}

TEST_CASE("a pool ends cleanly: never used, right after work, and asleep") {
  for (int i = 0; i < 200; ++i) ThreadPool unused(3);
  for (int i = 0; i < 200; ++i) {
    auto pool = std::make_unique<ThreadPool>(3);
    std::atomic<int> calls{0};
    pool->run([&](int) { calls.fetch_add(1); });
    REQUIRE(calls.load() == pool->size());
    pool.reset();
  }
  for (int i = 0; i < 5; ++i) {
    ThreadPool asleep(3);
    asleep.run([](int) {});
    sleep_for(kUntilAsleep);
  }
}

TEST_CASE("several pools at once do not disturb one another") {
  ThreadPool first(2), second(3);
  Counts in_first(first), in_second(second);
  for (int region = 0; region < 500; ++region) {
    first.run([&](int part) { in_first.add(part); });
    if (region % 2 == 0) second.run([&](int part) { in_second.add(part); });
  }
  CHECK(in_first.all_are(500));
  CHECK(in_second.all_are(250));
}

// Not a benchmark: a worker that spins instead of sleeping would use all of the time.
TEST_CASE("a pool that waits uses next to no processor time") {
  constexpr int kWait = 300;
  ThreadPool pool(4);
  pool.run([](int) {});
  double least = kWait;
  for (int attempt = 0; attempt < 3 && least > 0.1 * kWait; ++attempt) {  // others may interfere
    sleep_for(kUntilAsleep);
    least = std::min(least, processor_time([] { sleep_for(kWait); }));
  }
#if !defined(__EMSCRIPTEN__)  // where sleeping itself spins
  CAPTURE(pool.size());
  CHECK(least < 0.5 * kWait);
#endif
}

TEST_CASE("shares cover a range in order, without overlap, in whole units, and evenly") {
  for (int count = 0; count <= 70; ++count) {
    for (int parts = 1; parts <= 9; ++parts) {
      for (const int unit : {1, 2, 7, 16, 32, 100}) {
        CAPTURE(count);
        CAPTURE(parts);
        CAPTURE(unit);
        REQUIRE(ThreadPool::share_begin(count, 0, parts, unit) == 0);
        REQUIRE(ThreadPool::share_begin(count, parts, parts, unit) == count);
        const int units = (count + unit - 1) / unit;
        for (int part = 0; part < parts; ++part) {
          const int begin = ThreadPool::share_begin(count, part, parts, unit);
          const int end = ThreadPool::share_begin(count, part + 1, parts, unit);
          REQUIRE(begin <= end);
          REQUIRE((begin % unit == 0 || begin == count));
          const int own = (end - begin + unit - 1) / unit;
          REQUIRE(own >= units / parts);
          REQUIRE(own <= (units + parts - 1) / parts);
        }
      }
    }
  }
  // Nothing overflows where count times parts is beyond an int.
  constexpr int kLarge = 2'000'000'000;
  for (const int unit : {1, 16}) {
    int before = 0;
    for (int part = 0; part <= 256; ++part) {
      const int begin = ThreadPool::share_begin(kLarge, part, 256, unit);
      REQUIRE(begin >= before);
      REQUIRE(begin <= kLarge);
      REQUIRE(std::abs(static_cast<double>(begin) - kLarge / 256.0 * part) <= unit);
      before = begin;
    }
    CHECK(before == kLarge);
  }
}

TEST_SUITE_END();
