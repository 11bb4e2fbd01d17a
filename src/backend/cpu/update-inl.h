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

using cpu::Rows;

// Moments so small that their squares or products would be denormal become zero.
inline constexpr double kLeastMoment = 1e-30;

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
    const V mean = zero_below(mad(beta1, V::load(m + at), rest1 * slope), V(kLeastMoment));
    const V square = zero_below(
        mad(beta2, V::load(v + at), rest2 * slope * slope), V(kLeastMoment));
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
      const V buffer = zero_below(mad(mu, V::load(momentum + at), slope), V(kLeastMoment));
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
