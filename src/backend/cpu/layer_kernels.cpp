// Compiles the kernels of layer_kernels.h once for each SIMD target.
#define RELUSCOPE_PER_TARGET
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/layer_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/convolve-inl.h"
#include "backend/cpu/layer_kernels.h"
#include "backend/cpu/normalise-inl.h"
#include "backend/cpu/pool-inl.h"

RELUSCOPE_TARGET_BEGIN

template <class V>
void run_operation(const Operation& operation, cpu::Rows parts) {
  std::visit([parts](const auto& op) { run_parts<V>(op, parts); }, operation);
}

// For kernels.cpp, whose tables point here.
template <class Policy>
const cpu::LayerKernels* layer_kernels() {
  using V = VecOf<Policy>;
  static constexpr cpu::LayerKernels kTable = {
      &copy_patches<V>,
      &add_gradient<V>,
      &turn_taps,
      {&max_pool<V>, &average_pool<V>},
      {&max_pool_backward<V>, &average_pool_backward<V>},
      &flatten,
      &unflatten,
      &block_sums<V>,
      &block_moments<V>,
      &block_products<V>,
      &normalise<V>,
      &normalise_backward<V>,
      &run_operation<V>,
      &dropout<V>,
  };
  return &kTable;
}

template const cpu::LayerKernels* layer_kernels<Separate>();
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_NEON
template const cpu::LayerKernels* layer_kernels<Fused>();
#endif

RELUSCOPE_TARGET_END
