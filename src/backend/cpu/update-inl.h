// What becomes of a finished gradient while it is still in registers: it is stored, or the
// optimizer is applied to it at once. The same arithmetic either way, so the same bits.
// apply(at, gradient) handles the elements from `at` on and gives the weights after it.
#if defined(RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#undef RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#endif

#include "backend/cpu/kernels.h"
#include "backend/cpu/vec-inl.h"
#include "core/math.h"

RELUSCOPE_TARGET_BEGIN

// Moments so small that their squares or products would be denormal become zero.
template <class V>
HWY_INLINE V without_tiny(V x) {
  const V magnitude = select(x < V(0.0), V(0.0) - x, x);
  return select(magnitude < V(1e-30), V(0.0), x);
}

template <class V>
struct StoreUpdate {
  float* gradient;
  HWY_INLINE explicit StoreUpdate(const ParameterUpdate& u) : gradient(u.gradient) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    slope.store(gradient + at);
    return slope;
  }
};

// Kingma and Ba, "Adam" (2015), algorithm 1, in PyTorch's order of operations.
template <class V>
struct AdamUpdate {
  V beta1, rest1, beta2, rest2, step_size, inverse_root, epsilon;
  float *w, *m, *v;
  HWY_INLINE explicit AdamUpdate(const ParameterUpdate& u)
      : beta1(u.adam.beta1), rest1(u.adam.one_minus_beta1), beta2(u.adam.beta2),
        rest2(u.adam.one_minus_beta2), step_size(u.adam.step_size),
        inverse_root(u.adam.inverse_root_second), epsilon(u.adam.epsilon), w(u.weights),
        m(u.moment1), v(u.moment2) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    const V mean = without_tiny(mad(beta1, V::load(m + at), rest1 * slope));
    const V square = without_tiny(mad(beta2, V::load(v + at), rest2 * slope * slope));
    mean.store(m + at);
    square.store(v + at);
    const V denominator = mad(sqrt(square), inverse_root, epsilon);
    const V weight = V::load(w + at) - step_size * mean / denominator;
    weight.store(w + at);
    return weight;
  }
};

// Sutskever, Martens, Dahl, Hinton (2013), in PyTorch's form: the buffer is mu * buffer + g.
template <class V>
struct SgdUpdate {
  V lr, mu;
  bool nesterov;
  float *w, *momentum;
  HWY_INLINE explicit SgdUpdate(const ParameterUpdate& u)
      : lr(u.sgd.lr), mu(u.sgd.momentum), nesterov(u.sgd.nesterov), w(u.weights),
        momentum(u.moment1) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    if (momentum != nullptr) {
      const V buffer = without_tiny(mad(mu, V::load(momentum + at), slope));
      buffer.store(momentum + at);
      slope = nesterov ? mad(mu, buffer, slope) : buffer;
    }
    const V weight = V::load(w + at) - lr * slope;
    weight.store(w + at);
    return weight;
  }
};

RELUSCOPE_TARGET_END

#endif
