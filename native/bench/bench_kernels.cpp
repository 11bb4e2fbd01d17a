// Kernels at the sizes training uses, each matrix product beside Eigen's own on the same sizes.
//
//   build/native/bench/reluscope_bench [--benchmark_filter=...]
#include <benchmark/benchmark.h>

#include <Eigen/Core>

#include "backend/cpu/cpu_backend.h"

namespace reluscope {
namespace {

// Sizes as (N, I, O): the reference network's two layers, and a wide hidden one.
void sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({64, 784, 512})->Args({64, 512, 10})->Args({64, 1024, 1024});
}

void count_flops(benchmark::State& state) {
  const double flops = 2.0 * static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["GFLOP/s"] = benchmark::Counter(
      flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

struct Operands {
  Layout x, w, y;
  Buffer x_data, w_data, y_data;

  explicit Operands(const benchmark::State& state)
      : x{static_cast<int>(state.range(0)), static_cast<int>(state.range(1))},
        w{static_cast<int>(state.range(1)), static_cast<int>(state.range(2))},
        y{x.rows, w.cols},
        x_data(x.size()),
        w_data(w.size()),
        y_data(y.size()) {
    for (std::size_t i = 0; i < x_data.size(); ++i) x_data.data()[i] = static_cast<float>(i % 7);
    for (std::size_t i = 0; i < w_data.size(); ++i) w_data.data()[i] = static_cast<float>(i % 5);
  }
};

void BM_Matmul(benchmark::State& state, const std::string& simd) {
  cpu::CpuBackend backend(simd);
  Operands o(state);
  for (auto _ : state) {
    backend.matmul({o.x_data.data(), o.x}, {o.w_data.data(), o.w}, nullptr,
                   {o.y_data.data(), o.y});
    benchmark::ClobberMemory();
  }
  count_flops(state);
}

void BM_MatmulTransposed(benchmark::State& state, const std::string& simd) {
  cpu::CpuBackend backend(simd);
  Operands o(state);
  for (auto _ : state) {
    backend.matmul_transposed({o.x_data.data(), o.x}, {o.y_data.data(), o.y}, nullptr,
                              {o.w_data.data(), o.w});
    benchmark::ClobberMemory();
  }
  count_flops(state);
}

void BM_EigenMatmul(benchmark::State& state) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const RowMajor x = RowMajor::Random(state.range(0), state.range(1));
  const RowMajor w = RowMajor::Random(state.range(1), state.range(2));
  RowMajor y(state.range(0), state.range(2));
  for (auto _ : state) {
    y.noalias() = x * w;
    benchmark::ClobberMemory();
  }
  count_flops(state);
}
BENCHMARK(BM_EigenMatmul)->Apply(sizes);

void BM_Adam(benchmark::State& state, const std::string& simd) {
  cpu::CpuBackend backend(simd);
  const auto n = static_cast<std::size_t>(state.range(0));
  Buffer w(n), g(n), m(n), v(n);
  for (auto _ : state) {
    backend.adam({0.9f, 0.1f, 0.999f, 0.001f, 0.001f, 1.0f, 1e-8f}, w.data(), g.data(), m.data(),
                 v.data(), n);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0) * 28);
}

}  // namespace
}  // namespace reluscope

int main(int argc, char** argv) {
  for (const std::string& simd : reluscope::cpu::simd_names()) {
    benchmark::RegisterBenchmark(("BM_Matmul/" + simd).c_str(), reluscope::BM_Matmul, simd)
        ->Apply(reluscope::sizes);
    benchmark::RegisterBenchmark(("BM_MatmulTransposed/" + simd).c_str(),
                                 reluscope::BM_MatmulTransposed, simd)
        ->Apply(reluscope::sizes);
    benchmark::RegisterBenchmark(("BM_Adam/" + simd).c_str(), reluscope::BM_Adam, simd)
        ->Arg(407552);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
