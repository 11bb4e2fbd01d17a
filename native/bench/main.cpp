// Benchmarks every kernel on every SIMD target: its speed, and its share of the measured peak of
// the core. Dense products are compared with Eigen.
//
//   build/native/bench/reluscope_bench [--benchmark_filter=...]
//
// The peak of a product is that of separate multiplications and additions, which the kernels use;
// rows named "fused", and Eigen where it fuses, use the fused peak. The peak of kernels limited by
// memory is that of a stream over as many bytes. See peak.h.
#include <benchmark/benchmark.h>

#include <ctime>
#include <map>
#include <memory>
#include <tuple>

#include "backend/cpu/cpu_backend.h"
#include "bench/cases.h"

namespace reluscope::bench {

// "a(), b()" from CMakeLists.txt, one function for each build: declares them here; add_all()
// calls them.
EigenBuild RELUSCOPE_EIGEN_BUILDS;

namespace {

double peak_of(const Case& it, const std::string& simd, bool fused) {
  static std::map<std::tuple<std::string, bool, std::optional<Stream>, std::size_t>, double> known;
  const auto [at, is_new] = known.try_emplace({simd, fused, it.stream, it.floats});
  if (is_new) at->second = best_rate(it.peak(simd, fused));
  return at->second;
}

// peak: its rate; null: this is a peak itself. unit: "GFLOP/s".
void add(const std::string& name, const char* unit, const std::function<double()>& peak,
         const std::function<Meter()>& make) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    const double best = peak ? peak() : 0.0;
    const Meter meter = make();
    meter.run();
    // CPU time, which excludes time spent in other processes.
    const std::clock_t begin = std::clock();
    for (auto _ : state) {
      meter.run();
      benchmark::ClobberMemory();
    }
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (seconds == 0.0) return;  // a short run that only estimates the number of iterations
    const double rate = meter.amount * 1e-9 * static_cast<double>(state.iterations()) / seconds;
    state.counters[unit] = rate;
    if (best > 0.0) state.counters["peak%"] = 100.0 * rate / best;
  });
}

bool fuses(const std::string& simd) { return arithmetic(simd, true).amount > 0.0; }

void add_peaks(const std::string& simd) {
  const auto add_peak = [&](const std::string& name, const char* unit, auto make) {
    add("peak: " + name + "/" + simd, unit, {}, make);
  };
  add_peak("separate multiply, add", "GFLOP/s", [=] { return arithmetic(simd, false); });
  if (fuses(simd)) {
    add_peak("fused multiply-add", "GFLOP/s", [=] { return arithmetic(simd, true); });
  }
  add_peak("division and square root", "Gdiv/s", [=] { return division(simd); });
  constexpr std::pair<Stream, const char*> kStreams[] = {{Stream::kRead, "read"},
                                                         {Stream::kCopy, "copy"},
                                                         {Stream::kCombine, "combine"},
                                                         {Stream::kUpdate, "update"}};
  for (const auto& [kind, name] : kStreams) {
    for (const int kilobytes : {16, 256, 6400}) {
      const std::size_t floats = static_cast<std::size_t>(kilobytes) * 1000 / sizeof(float);
      add_peak(std::string(name) + " " + std::to_string(kilobytes) + " KB", "GB/s",
               [=, kind = kind] { return stream(simd, kind, floats); });
    }
  }
}

void add_case(const Case& it, const std::string& simd, bool fused) {
  add(
      it.name + " " + it.size + "/" + simd + (fused ? " fused" : ""), it.unit(),
      [=] { return peak_of(it, simd, fused); },
      [=]() -> Meter {
        const auto backend = std::make_shared<cpu::CpuBackend>(simd, 1, fused);
        const auto operands = std::make_shared<Operands>();
        return {[backend, operands, run = it.make(*backend, *operands)] { run(); }, it.amount};
      });
}

void add_eigen(const Case& it, const EigenBuild& build) {
  add(
      it.name + " " + it.size + "/" + build.name, it.unit(),
      [=] { return peak_of(it, build.simd, build.fused); },
      [=]() -> Meter {
        return {build.make(*it.product), it.amount};
      });
}

void add_all() {
  const std::vector<std::string> targets = cpu::simd_names();
  // On a machine without wide vectors two builds are the same.
  std::map<std::string, EigenBuild> builds;
  for (const EigenBuild& build : {RELUSCOPE_EIGEN_BUILDS}) builds.try_emplace(build.name, build);
  for (const std::string& simd : targets) add_peaks(simd);
  for (const Case& it : kernel_cases()) {
    for (const std::string& simd : targets) {
      add_case(it, simd, false);
      if (it.product && fuses(simd)) add_case(it, simd, true);
    }
    if (!it.product) continue;
    for (const auto& [name, build] : builds) add_eigen(it, build);
  }
}

}  // namespace

}  // namespace reluscope::bench

int main(int argc, char** argv) {
  reluscope::bench::add_all();
  // A shorter default; a later argument overrides it.
  std::string min_time = "--benchmark_min_time=0.1";
  std::vector<char*> args(argv, argv + argc);
  args.insert(args.begin() + 1, min_time.data());
  argc = static_cast<int>(args.size());
  args.push_back(nullptr);
  argv = args.data();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
