// What becomes of a finished gradient while it is still in registers: it is stored, or a rule
// (RuleUpdate of optim/rules.h) is applied to it at once. The same arithmetic either way, so the
// same bits. apply(at, gradient) handles the elements from `at` on and gives the weights after it.
#if defined(RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#undef RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#endif

#include "backend/cpu/kernels.h"
#include "core/vec-inl.h"
#include "optim/rules.h"

RELUSCOPE_TARGET_BEGIN

using cpu::Rows;

template <class V>
struct StoreUpdate {
  using Number = V;
  float* gradient;
  HWY_INLINE explicit StoreUpdate(const ParameterUpdate& u) : gradient(u.gradient) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    slope.store(gradient + at);
    return slope;
  }
};

// The gradient is added to what is there.
template <class V>
struct AddUpdate : StoreUpdate<V> {
  HWY_INLINE explicit AddUpdate(float* y) : StoreUpdate<V>({.gradient = y}) {}
};

// Kernels by rule. Kernel<Update>::run is the function; rules that share their arithmetic share it.
template <class V, template <class> class Kernel, class List>
struct RuleKernels;
template <class V, template <class> class Kernel, class... R>
struct RuleKernels<V, Kernel, RuleList<R...>> {
  using Function = decltype(&Kernel<StoreUpdate<V>>::run);

  // Behind what stores: those of cpu::in_gradient_kernels().
  template <class Rule>
  static constexpr Function in_gradient() {
    if constexpr (Rule::kRow.in_gradient_kernels) {
      return &Kernel<RuleUpdate<V, typename Rule::Arithmetic, NoDecay<V>>>::run;
    } else {
      return nullptr;
    }
  }
  static constexpr Function kInGradient[] = {&Kernel<StoreUpdate<V>>::run, in_gradient<R>()...};
  static Function in_gradient(RuleId rule) { return kInGradient[rule - kStoreGradient]; }

  // Of gradients that were stored.
  static constexpr Function kOfStored[] = {&Kernel<RuleUpdate<V, typename R::Arithmetic>>::run...};
};

RELUSCOPE_TARGET_END

#endif
