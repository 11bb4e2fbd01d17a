// Prints the rates of a few kernels as JSON lines: natively, in Node and in a browser
// (tests/bench.mjs).
//
//   build/native/bench/kernel_rates [SIMD]
//   {"case":"micro-kernel","size":"60x64 . 64x32","target":"avx512","unit":"GFLOP/s",
//    "best":87.3,"median":85.1,"share":0.954}
//
// share: best divided by the best of the corresponding peak (see main.cpp).
#include <algorithm>
#include <cstdio>
#include <exception>
#include <list>

#include "backend/cpu/cpu_backend.h"
#include "bench/cases.h"

namespace reluscope::bench {
namespace {

constexpr const char* kWanted[] = {
    "micro-kernel",
    "forward 1",
    "weight gradient 1",
    "weight gradient 1, adam",
    "conv 1 forward",
    "conv 1 weight gradient",
    "conv 2 forward",
    "conv 2 input gradient",
    "conv 2 weight gradient",
    "sparse forward 1",
    "sparse weight gradient 1, adam",
    "adam",
    "relu forward",
};

// Every case runs in each round, so that a slow period of the machine affects all of them. Rounds
// are many and short, so that some are uninterrupted on a busy machine.
constexpr int kRounds = 60;
constexpr double kWarmUp = 0.15, kBatchSeconds = 0.0015;

struct Timed {
  std::string name, size, unit;
  Meter meter;
  const Timed* peak;  // null: this is a peak itself
  bool shown;
  long times = 0;
  std::vector<double> rates = {};
};

void print_rates(const std::string& simd) {
  cpu::CpuBackend backend(simd, 1);
  Operands operands;
  std::list<Timed> all;  // a list, because elements point to others
  const Timed* const peak = &all.emplace_back(
      Timed{"peak", "separate multiply, add", "GFLOP/s", arithmetic(simd, false), nullptr, true});
  if (Meter fused = arithmetic(simd, true); fused.amount > 0) {
    all.push_back({"peak", "fused multiply-add", "GFLOP/s", std::move(fused), nullptr, true});
  }
  for (const Case& it : kernel_cases()) {
    if (std::find(std::begin(kWanted), std::end(kWanted), it.name) == std::end(kWanted)) continue;
    const Timed* const own = it.stream
                                 ? &all.emplace_back(Timed{"stream", it.size, it.unit(),
                                                           it.peak(simd, false), nullptr, false})
                                 : peak;
    all.push_back(
        {it.name, it.size, it.unit(), {it.make(backend, operands), it.amount}, own, true});
  }
  for (Timed& each : all) each.times = warm_up(each.meter.run, kWarmUp, kBatchSeconds);
  for (int round = 0; round < kRounds; ++round) {
    for (Timed& each : all) {
      const double seconds = seconds_of(each.meter.run, each.times);
      each.rates.push_back(each.meter.amount * static_cast<double>(each.times) / seconds * 1e-9);
    }
  }
  for (Timed& each : all) std::sort(each.rates.begin(), each.rates.end());
  for (const Timed& each : all) {
    if (!each.shown) continue;
    std::printf("{\"case\":\"%s\",\"size\":\"%s\",\"target\":\"%s\",\"unit\":\"%s\",",
                each.name.c_str(), each.size.c_str(), simd.c_str(), each.unit.c_str());
    const double best = each.rates.back(), median = each.rates[each.rates.size() / 2];
    std::printf("\"best\":%.2f,\"median\":%.2f,\"share\":%.3f}\n", best, median,
                each.peak == nullptr ? 1.0 : best / each.peak->rates.back());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace reluscope::bench

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> targets(argv + 1, argv + argc);
    for (const std::string& simd : targets.empty() ? reluscope::cpu::simd_names() : targets) {
      reluscope::bench::print_rates(simd);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
  }
  return 0;
}
