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

RELUSCOPE_TARGET_BEGIN

using cpu::Kernels;

constexpr const char* target_name(std::int64_t target) {
  switch (target) {
    case HWY_AVX3: return "avx512";
    case HWY_AVX2: return "avx2";
    case HWY_SSE4: return "sse4";
    case HWY_NEON: return "neon";
    case HWY_WASM: return "simd128";
    case HWY_EMU128:
    case HWY_SCALAR: return "scalar";
    default: return nullptr;
  }
}
static_assert(target_name(HWY_TARGET) != nullptr,
              "a SIMD target without a name here: add it, or disable it in CMakeLists.txt");

template <class V, ActivationOp kOp, class List = Activations<V>>
struct ActivationTable;
template <class V, ActivationOp kOp, class... A>
struct ActivationTable<V, kOp, ActivationList<A...>> {
  // Where nothing is learnt the derivative is 0: one function does for all of those.
  template <class Entry>
  using Used =
      std::conditional_t<kOp != ActivationOp::kParameter || activation_learns(Entry::kInfo), Entry,
                         Relu<V>>;
  static constexpr Kernels::Activate kSame[] = {&activate<V, Used<A>, kOp>...};
  static constexpr Kernels::ActivateVaried kVaried[] = {varied_kernel<V, A, kOp>()...};
};

// In layer_kernels.cpp.
template <class Policy>
cpu::LayerKernels layer_kernels();

template <class Policy>
const Kernels* kernel_table() {
  using V = VecOf<Policy>;
  using Forward = ActivationTable<V, ActivationOp::kForward>;
  using Backward = ActivationTable<V, ActivationOp::kBackward>;
  using Parameter = ActivationTable<V, ActivationOp::kParameter>;
  static const Kernels kTable = {
      layer_kernels<Policy>(),
      target_name(HWY_TARGET),
      &matmul<V>,
      &sparse_matmul<V>,
      &weight_gradient<V>,
      &sparse_weight_gradient<V>,
      &transpose,
      &column_sums<V>,
      {Forward::kSame, Backward::kSame, Parameter::kSame},
      {Forward::kVaried, Backward::kVaried, Parameter::kVaried},
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

#if HWY_ONCE

namespace reluscope::cpu {
namespace {

std::vector<Target> list_targets() {
#if HWY_ARCH_WASM
  const std::int64_t supported = HWY_STATIC_TARGET;  // else the module would not have loaded
#else
  const std::int64_t supported = hwy::SupportedTargets();
#endif
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
