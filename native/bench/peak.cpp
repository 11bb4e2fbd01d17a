// Compiled once for each SIMD target, like the kernels (backend/cpu/kernels.cpp).
#define RELUSCOPE_PER_TARGET
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "bench/peak.h"
#include "core/tensor.h"
#include "core/vec-inl.h"

#ifndef RELUSCOPE_BENCH_PEAK_TABLE_
#define RELUSCOPE_BENCH_PEAK_TABLE_
namespace reluscope::bench {

struct PeakKernels {
  int chain_floats;  // in all chains
  void (*separate)(float* values, long rounds);
  void (*fused)(float* values, long rounds);  // or null
  void (*division)(float* values, long rounds);
  void (*streams[4])(float* const* parts, std::size_t floats);  // by Stream
};

}  // namespace reluscope::bench
#endif

RELUSCOPE_TARGET_BEGIN

// As many chains as fit the registers beside one constant (WebAssembly engines reserve one of
// sixteen registers). Fewer chains do not hide latency: 12 were 5% slower.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
inline constexpr int kChains = 28;
#elif HWY_TARGET == HWY_SCALAR
inline constexpr int kChains = 48;  // compilers may vectorise scalar code by four
#else
inline constexpr int kChains = 14;
#endif

#if defined(__clang__)
#define RELUSCOPE_UNROLL_CHAINS _Pragma("clang loop unroll(full)")
#else
#define RELUSCOPE_UNROLL_CHAINS _Pragma("GCC unroll 48")
#endif

// values: the constant, and from kPad on the initial values of the chains. These differ, or the
// compiler could merge chains.
template <class V, class Step>
HWY_INLINE void run_chains(float* values, long rounds, const Step& step) {
  const V constant = V::broadcast(values);
  float* const at = values + kPad;
  V x[kChains];
  RELUSCOPE_UNROLL_CHAINS
  for (int c = 0; c < kChains; ++c) x[c] = V::load(at + c * lanes());
  for (long i = 0; i < rounds; ++i) {
    RELUSCOPE_UNROLL_CHAINS
    for (int c = 0; c < kChains; ++c) x[c] = step(x[c], constant);
  }
  RELUSCOPE_UNROLL_CHAINS
  for (int c = 0; c < kChains; ++c) x[c].store(at + c * lanes());
}

template <class V>
HWY_NOINLINE void multiply_add_chains(float* values, long rounds) {
  run_chains<V>(values, rounds,
                [](V x, V constant) HWY_ATTR { return mad(x, constant, constant); });
}

template <class V>
HWY_NOINLINE void division_chains(float* values, long rounds) {
  run_chains<V>(values, rounds, [](V x, V constant) HWY_ATTR { return sqrt(x) / constant; });
}

// Streams advance pointers by several vectors. floats: a multiple of kUnit below. The factor is 1
// at run time, unknown to the compiler.
inline constexpr int kAtOnce = HWY_TARGET == HWY_SCALAR ? 16 : 8;

template <class V>
HWY_NOINLINE void read_stream(float* const* parts, std::size_t floats) {
  const float* x = parts[0];
  float* const to = parts[3];
  const float* const end = x + floats;
  V sum[kAtOnce];
  RELUSCOPE_UNROLL
  for (int v = 0; v < kAtOnce; ++v) sum[v] = V::zero();
  for (; x != end; x += kAtOnce * lanes()) {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kAtOnce; ++v) sum[v] = sum[v] + V::load(x + v * lanes());
  }
  RELUSCOPE_UNROLL
  for (int v = 0; v < kAtOnce; ++v) sum[v].store(to + v * lanes());
}

template <class V>
HWY_NOINLINE void copy_stream(float* const* parts, std::size_t floats) {
  const V factor = V::broadcast(parts[3]);
  const float* HWY_RESTRICT x = parts[0];
  float* HWY_RESTRICT y = parts[1];
  const float* const end = x + floats;
  for (; x != end; x += kAtOnce * lanes(), y += kAtOnce * lanes()) {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kAtOnce; ++v) {
      (factor * V::load(x + v * lanes())).store(y + v * lanes());
    }
  }
}

template <class V>
HWY_NOINLINE void combine_stream(float* const* parts, std::size_t floats) {
  const float* HWY_RESTRICT x = parts[0];
  const float* HWY_RESTRICT y = parts[1];
  float* HWY_RESTRICT z = parts[2];
  const float* const end = x + floats;
  for (; x != end; x += kAtOnce * lanes(), y += kAtOnce * lanes(), z += kAtOnce * lanes()) {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kAtOnce; ++v) {
      (V::load(x + v * lanes()) * V::load(y + v * lanes())).store(z + v * lanes());
    }
  }
}

template <class V>
HWY_NOINLINE void update_stream(float* const* parts, std::size_t floats) {
  const V factor = V::broadcast(parts[3]);
  float* x = parts[0];
  const float* const end = x + floats;
  for (; x != end; x += kAtOnce * lanes()) {
    V next[kAtOnce];
    RELUSCOPE_UNROLL
    for (int v = 0; v < kAtOnce; ++v) next[v] = factor * V::load(x + v * lanes());
    RELUSCOPE_UNROLL
    for (int v = 0; v < kAtOnce; ++v) next[v].store(x + v * lanes());
  }
}

const bench::PeakKernels* peak_kernels() {
  using V = VecOf<Separate>;
  static const bench::PeakKernels kTable = {
    kChains * lanes(),
    &multiply_add_chains<V>,
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_NEON
    &multiply_add_chains<VecOf<Fused>>,
#else
    nullptr,
#endif
    &division_chains<V>,
    {&read_stream<V>, &copy_stream<V>, &combine_stream<V>, &update_stream<V>},
  };
  return &kTable;
}

RELUSCOPE_TARGET_END

#if HWY_ONCE

#include <memory>

namespace reluscope::bench {
namespace {

const PeakKernels& kernels_of(std::string_view simd) {
#if HWY_TARGETS & HWY_AVX3
  if (simd == "avx512") return *N_AVX3::peak_kernels();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (simd == "avx2") return *N_AVX2::peak_kernels();
#endif
#if HWY_TARGETS & HWY_SSE4
  if (simd == "sse4") return *N_SSE4::peak_kernels();
#endif
  static_cast<void>(simd);  // the remaining target is the baseline of the compiler flags
  return *HWY_STATIC_DISPATCH(peak_kernels)();
}

Meter chains(int floats, void (*run)(float*, long)) {
  constexpr long kRounds = 2000;  // some ten microseconds
  const auto values = std::make_shared<Buffer>(kPad + floats);
  values->data()[0] = 0.5f;
  for (int i = 0; i < floats; ++i) values->data()[kPad + i] = 1.0f + static_cast<float>(i) / 1024;
  return {[=] { run(values->data(), kRounds); }, static_cast<double>(floats) * kRounds};
}

}  // namespace

Meter arithmetic(std::string_view simd, bool fused) {
  const PeakKernels& kernels = kernels_of(simd);
  const auto run = fused ? kernels.fused : kernels.separate;
  if (run == nullptr) return {[] {}, 0.0};
  Meter meter = chains(kernels.chain_floats, run);
  meter.amount *= 2;
  return meter;
}

Meter division(std::string_view simd) {
  const PeakKernels& kernels = kernels_of(simd);
  return chains(kernels.chain_floats, kernels.division);
}

Meter stream(std::string_view simd, Stream kind, std::size_t floats) {
  constexpr std::size_t kUnit = 8 * 16;    // one iteration with the widest vectors
  constexpr std::size_t kApart = 33 * 16;  // parts begin at different offsets in a page
  const std::size_t parts = kind == Stream::kCopy ? 2 : kind == Stream::kCombine ? 3 : 1;
  const std::size_t length = std::max(floats / parts / kUnit, std::size_t{1}) * kUnit;
  const auto memory = std::make_shared<Buffer>(parts * (length + kApart) + kUnit);
  std::fill_n(memory->data(), memory->size(), 1.0f);
  const auto run = kernels_of(simd).streams[static_cast<int>(kind)];
  const auto pass = [=] {
    float* const data = memory->data();
    const std::size_t step = length + kApart;
    // The last part holds the factor, or receives the sums.
    float* const at[4] = {data, data + step, data + 2 * step, data + parts * step};
    run(at, length);
  };
  const double moved = kind == Stream::kUpdate ? 2.0 : static_cast<double>(parts);
  return {pass, moved * static_cast<double>(length * sizeof(float))};
}

}  // namespace reluscope::bench

#endif  // HWY_ONCE
