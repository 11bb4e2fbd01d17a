// Compiles the kernels once for each SIMD target and lists the tables.
#define RELUSCOPE_PER_TARGET
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/elementwise-inl.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/matmul-inl.h"
#include "backend/cpu/sparse-inl.h"

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
  // Where nothing is learnt the derivative is 0: one function does for all of those.
  static constexpr decltype(&activation_parameter<V, Relu>) kParameter[] = {
      &activation_parameter<V, std::conditional_t<activation_learns(A::kInfo), A, Relu>>...};
  using Varied = void (*)(const cpu::VariedSlice&);
  static constexpr Varied kVariedForward[] = {varied_kernel<V, A, ForwardOf>()...};
  static constexpr Varied kVariedBackward[] = {varied_kernel<V, A, BackwardOf>()...};
  static constexpr Varied kVariedParameter[] = {varied_kernel<V, A, ParameterOf>()...};
};

// In layer_kernels.cpp.
template <class Policy>
const cpu::LayerKernels* layer_kernels();

template <class Policy>
const Kernels* kernel_table() {
  using V = VecOf<Policy>;
  using Tables = ActivationTables<V, Activations>;
  static const Kernels kTable = {
      RELUSCOPE_TARGET_TEXT,
      &matmul<V>,
      &sparse_matmul<V>,
      &weight_gradient<V>,
      &sparse_weight_gradient<V>,
      &transpose,
      &column_sums<V>,
      layer_kernels<Policy>(),
      Tables::kForward,
      Tables::kBackward,
      Tables::kParameter,
      Tables::kVariedForward,
      Tables::kVariedBackward,
      Tables::kVariedParameter,
      &softmax_cross_entropy<V>,
      &add_penalty<V>,
      &softmax<V>,
      &update<V>,
  };
  return &kTable;
}

const Kernels* separate_kernels() { return kernel_table<Separate>(); }

// Null where the instruction set has no fused multiply-add.
const Kernels* fused_kernels() {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_NEON
  return kernel_table<Fused>();
#else
  return nullptr;
#endif
}

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

std::vector<Target> list_targets() {
  const std::int64_t supported = supported_targets();
  std::vector<Target> found;
#define RELUSCOPE_ADD_TARGET(bit, space) \
  if (supported & bit) found.push_back({space::separate_kernels(), space::fused_kernels()})
#if HWY_TARGETS & HWY_AVX3
  RELUSCOPE_ADD_TARGET(HWY_AVX3, N_AVX3);
#endif
#if HWY_TARGETS & HWY_AVX2
  RELUSCOPE_ADD_TARGET(HWY_AVX2, N_AVX2);
#endif
#if HWY_TARGETS & HWY_SSE4
  RELUSCOPE_ADD_TARGET(HWY_SSE4, N_SSE4);
#endif
#if HWY_TARGETS & HWY_NEON
  RELUSCOPE_ADD_TARGET(HWY_NEON, N_NEON);
#endif
#if HWY_TARGETS & HWY_WASM
  RELUSCOPE_ADD_TARGET(HWY_WASM, N_WASM);
#endif
#if HWY_TARGETS & HWY_EMU128
  RELUSCOPE_ADD_TARGET(~std::int64_t{0}, N_EMU128);
#elif HWY_TARGETS & HWY_SCALAR
  RELUSCOPE_ADD_TARGET(~std::int64_t{0}, N_SCALAR);
#endif
#undef RELUSCOPE_ADD_TARGET
  return found;
}

}  // namespace

const std::vector<Target>& available_targets() {
  static const std::vector<Target> targets = list_targets();
  return targets;
}

}  // namespace reluscope::cpu

#endif  // HWY_ONCE
