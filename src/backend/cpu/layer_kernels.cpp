// Compiles the LayerKernels of kernels.h once for each SIMD target. Apart from the others only
// because compiling all at once takes long.
#define RELUSCOPE_PER_TARGET
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/layer_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/convolve-inl.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/normalise-inl.h"
#include "backend/cpu/pool-inl.h"

RELUSCOPE_TARGET_BEGIN

template <class V>
void run_operation(const Operation& operation, cpu::Rows parts) {
  std::visit([parts](const auto& op) { run_parts<V>(op, parts); }, operation);
}

// For the tables of kernels.cpp.
template <class Policy>
cpu::LayerKernels layer_kernels() {
  using V = VecOf<Policy>;
  return {
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
}

template cpu::LayerKernels layer_kernels<Separate>();
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_NEON
template cpu::LayerKernels layer_kernels<Fused>();
#endif

RELUSCOPE_TARGET_END
