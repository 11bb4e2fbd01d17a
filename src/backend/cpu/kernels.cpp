// Compiles the kernels once for each SIMD target and lists the tables.
#define RELUSCOPE_PER_TARGET
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/kernels.h"
#include "backend/cpu/matmul-inl.h"
#include "backend/cpu/sparse-inl.h"
#include "backend/cpu/elementwise-inl.h"

#if HWY_TARGET == HWY_AVX3
#define RELUSCOPE_TARGET_TEXT "avx512"
#elif HWY_TARGET == HWY_AVX2
#define RELUSCOPE_TARGET_TEXT "avx2"
#elif HWY_TARGET == HWY_SSE4
#define RELUSCOPE_TARGET_TEXT "sse4"
#elif HWY_TARGET == HWY_NEON
#define RELUSCOPE_TARGET_TEXT "neon"
#elif HWY_TARGET == HWY_WASM
#define RELUSCOPE_TARGET_TEXT "simd128"
#elif HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
#define RELUSCOPE_TARGET_TEXT "scalar"
#else
#error "a SIMD target without a name here: add it, or disable it in CMakeLists.txt"
#endif

RELUSCOPE_TARGET_BEGIN

using cpu::Kernels;

template <class V, class List>
struct ActivationTables;
template <class V, class... A>
struct ActivationTables<V, ActivationList<A...>> {
  static constexpr decltype(&activation_forward<V, Relu>) kForward[] = {
      &activation_forward<V, A>...};
  static constexpr decltype(&activation_backward<V, Relu>) kBackward[] = {
      &activation_backward<V, A>...};
  static constexpr decltype(&activation_parameter<V, Relu>) kParameter[] = {
      &activation_parameter<V, A>...};
};

template <class Policy>
const Kernels* kernel_table() {
  using V = VecOf<Policy>;
  using Tables = ActivationTables<V, Activations>;
  static constexpr Kernels kTable = {
      RELUSCOPE_TARGET_TEXT,
      &matmul<V>,
      &sparse_matmul<V>,
      &weight_gradient<V>,
      &sparse_weight_gradient<V>,
      &transpose,
      &column_sums<V>,
      Tables::kForward,
      Tables::kBackward,
      Tables::kParameter,
      &softmax_cross_entropy<V>,
      &softmax<V>,
      &update<V>,
  };
  return &kTable;
}

const Kernels* separate_kernels() { return kernel_table<Separate>(); }

RELUSCOPE_TARGET_END

#undef RELUSCOPE_TARGET_TEXT

#if HWY_ONCE

namespace reluscope::cpu {
namespace {

std::int64_t supported_targets() {
#if HWY_ARCH_WASM
  return HWY_STATIC_TARGET;  // a module with SIMD does not load where it is missing
#else
  return hwy::SupportedTargets();
#endif
}

std::vector<const Kernels*> list_kernels() {
  const std::int64_t supported = supported_targets();
  std::vector<const Kernels*> found;
#if HWY_TARGETS & HWY_AVX3
  if (supported & HWY_AVX3) found.push_back(N_AVX3::separate_kernels());
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported & HWY_AVX2) found.push_back(N_AVX2::separate_kernels());
#endif
#if HWY_TARGETS & HWY_SSE4
  if (supported & HWY_SSE4) found.push_back(N_SSE4::separate_kernels());
#endif
#if HWY_TARGETS & HWY_NEON
  if (supported & HWY_NEON) found.push_back(N_NEON::separate_kernels());
#endif
#if HWY_TARGETS & HWY_WASM
  if (supported & HWY_WASM) found.push_back(N_WASM::separate_kernels());
#endif
#if HWY_TARGETS & HWY_EMU128
  found.push_back(N_EMU128::separate_kernels());
#elif HWY_TARGETS & HWY_SCALAR
  found.push_back(N_SCALAR::separate_kernels());
#endif
  return found;
}

}  // namespace

const std::vector<const Kernels*>& available_kernels() {
  static const std::vector<const Kernels*> kernels = list_kernels();
  return kernels;
}

}  // namespace reluscope::cpu

#endif  // HWY_ONCE
