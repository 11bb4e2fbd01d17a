// Measured peak rates of one core, to which the rates of kernels are compared. The measurement may
// be a few percent low, so a share can slightly exceed 1.
//
//   arithmetic   independent chains of multiplications and additions in registers, enough to hide
//                latency; fused: one instruction for both
//   stream       load, one cheap operation, store, over as many bytes as the operands of the
//                kernel, so that they are in the same cache
//   division     alternating divisions and square roots, which limit Adam
//
// WebAssembly engines switch a function to optimised code only between calls, and after many of
// them, so every measurement makes separate calls after a warm-up.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

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

enum class Stream {
  kRead,     // a sum
  kCopy,     // y = f(x)
  kCombine,  // z = f(x, y)
  kUpdate,   // x = f(x)
};

// simd: one of cpu::simd_names().

// The amount is operations; 0 if fused and the instruction set cannot fuse.
Meter arithmetic(std::string_view simd, bool fused);
// The amount is bytes read and written. floats: the total size of the arrays.
Meter stream(std::string_view simd, Stream kind, std::size_t floats);
// The amount is divisions; there are as many square roots.
Meter division(std::string_view simd);

}  // namespace reluscope::bench
