// Timing of calls. WebAssembly engines switch a function to optimised code only between calls, and
// after many of them, so every measurement makes separate calls after a warm-up.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

namespace reluscope::bench {

using Run = std::function<void()>;

// A function, and the amount of work of one call: operations or bytes.
struct Meter {
  Run run;
  double amount;
};

inline double seconds_of(const Run& run, long times) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  for (long i = 0; i < times; ++i) run();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Runs for `seconds`, and returns the number of runs that take `batch` seconds, which should be
// long enough for a browser's coarse clock.
inline long warm_up(const Run& run, double seconds, double batch) {
  double spent = 0.0, fastest = 1e9;
  for (long times = 1; spent < seconds; times = std::min(2 * times, 1L << 20)) {
    const double took = seconds_of(run, times);
    spent += took;
    if (took > 0.5 * batch) fastest = std::min(fastest, took / static_cast<double>(times));
    if (took > batch) times /= 2;
  }
  return std::max(1L, static_cast<long>(batch / fastest));
}

// The best rate in billions of operations or bytes per second: other load can only slow a kernel.
inline double best_rate(const Meter& meter) {
  constexpr double kWarmUp = 0.02, kBatch = 0.0015;
  constexpr int kBatches = 30;
  const long times = warm_up(meter.run, kWarmUp, kBatch);
  double least = 1e9;
  for (int i = 0; i < kBatches; ++i) least = std::min(least, seconds_of(meter.run, times));
  return meter.amount * static_cast<double>(times) / least * 1e-9;
}

}  // namespace reluscope::bench
