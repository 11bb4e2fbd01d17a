// What becomes of a finished gradient while it is still in registers: it is stored, or the
// optimizer is applied to it at once. The same arithmetic either way, so the same bits.
// apply(at, gradient) handles the elements from `at` on and gives the weights after it.
#if defined(RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#undef RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_UPDATE_INL_H_
#endif

#include <type_traits>

#include "backend/cpu/kernels.h"
#include "core/math.h"
#include "core/vec-inl.h"

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

// Weight decay, in both of its forms. Weights that only decay become zero before they are denormal.
template <class V>
struct WeightDecay {
  V coupled, keep;
  bool on;
  HWY_INLINE explicit WeightDecay(const ParameterUpdate& u)
      : coupled(u.coupled_decay), keep(u.keep), on(u.coupled_decay != 0.0f || u.keep != 1.0f) {}
  HWY_INLINE V slope(V slope, const float* weight) const {
    return on ? mad(coupled, V::load(weight), slope) : slope;
  }
  // weight = keep weight - step
  HWY_INLINE V step(float* weight, V step) const {
    const V old = V::load(weight);
    const V changed = on ? zero_below(old * keep - step, V(kLeastMoment)) : old - step;
    changed.store(weight);
    return changed;
  }
};

// Neither it nor dampening: what the gradient kernels are made for.
template <class V>
struct NoDecay {
  HWY_INLINE explicit NoDecay(const ParameterUpdate&) {}
  HWY_INLINE V slope(V slope, const float*) const { return slope; }
  HWY_INLINE V step(float* weight, V step) const {
    const V changed = V::load(weight) - step;
    changed.store(weight);
    return changed;
  }
};

// decay * moment + term, to memory.
template <class V>
HWY_INLINE V next_moment(float* moment, V decay, V term) {
  const V value = zero_below(mad(decay, V::load(moment), term), V(kLeastMoment));
  value.store(moment);
  return value;
}

// Kingma and Ba, "Adam" (2015), algorithm 1, in PyTorch's order of operations. With decoupled
// decay: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.
template <class V, class Decay = WeightDecay<V>>
struct AdamUpdate {
  V beta1, rest1, beta2, rest2, step_size, inverse_root, epsilon;
  Decay decay;
  float *w, *m, *v;
  HWY_INLINE explicit AdamUpdate(const ParameterUpdate& u)
      : beta1(u.adam.beta1),
        rest1(u.adam.one_minus_beta1),
        beta2(u.adam.beta2),
        rest2(u.adam.one_minus_beta2),
        step_size(u.adam.step_size),
        inverse_root(u.adam.inverse_root_second),
        epsilon(u.adam.epsilon),
        decay(u),
        w(u.weights),
        m(u.moment1),
        v(u.moment2) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    slope = decay.slope(slope, w + at);
    const V mean = next_moment(m + at, beta1, rest1 * slope);
    const V square = next_moment(v + at, beta2, rest2 * slope * slope);
    const V denominator = mad(sqrt(square), inverse_root, epsilon);
    return decay.step(w + at, step_size * mean / denominator);
  }
};

// Sutskever, Martens, Dahl, Hinton (2013), in PyTorch's form: the buffer is mu * buffer + g.
template <class V, class Decay = WeightDecay<V>>
struct SgdUpdate {
  V lr, mu, share;
  bool nesterov;
  Decay decay;
  float *w, *momentum;
  HWY_INLINE explicit SgdUpdate(const ParameterUpdate& u)
      : lr(u.sgd.lr),
        mu(u.sgd.momentum),
        share(u.sgd.gradient_share),
        nesterov(u.sgd.nesterov),
        decay(u),
        w(u.weights),
        momentum(u.moment1) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    slope = decay.slope(slope, w + at);
    if (momentum != nullptr) {
      const V fresh = std::is_same_v<Decay, NoDecay<V>> ? slope : share * slope;
      const V buffer = next_moment(momentum + at, mu, fresh);
      slope = nesterov ? mad(mu, buffer, slope) : buffer;
    }
    return decay.step(w + at, lr * slope);
  }
};

// Tieleman and Hinton, "RMSProp", lecture 6.5 of "Neural networks for machine learning" (2012);
// centred: Graves (2013), equations 38 to 41. In PyTorch's order of operations.
template <class V>
struct RmspropUpdate {
  V lr, alpha, rest, epsilon, mu;
  WeightDecay<V> decay;
  float *w, *v, *momentum, *m;
  HWY_INLINE explicit RmspropUpdate(const ParameterUpdate& u)
      : lr(u.rmsprop.lr),
        alpha(u.rmsprop.alpha),
        rest(u.rmsprop.one_minus_alpha),
        epsilon(u.rmsprop.epsilon),
        mu(u.rmsprop.momentum),
        decay(u),
        w(u.weights),
        v(u.moment1),
        momentum(u.moment2),
        m(u.moment3) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    slope = decay.slope(slope, w + at);
    V square = next_moment(v + at, alpha, rest * slope * slope);
    if (m != nullptr) {
      const V mean = next_moment(m + at, alpha, rest * slope);
      square = square - mean * mean;
      square = select(square < V::zero(), V::zero(), square);  // by rounding: PyTorch has NaN here
    }
    const V denominator = sqrt(square) + epsilon;
    if (momentum == nullptr) return decay.step(w + at, lr * slope / denominator);
    return decay.step(w + at, lr * next_moment(momentum + at, mu, slope / denominator));
  }
};

// Dozat, "Incorporating Nesterov momentum into Adam" (2016), in PyTorch's order of operations.
template <class V>
struct NadamUpdate {
  V beta1, rest1, beta2, rest2, correction2, gradient_rate, mean_rate, epsilon;
  WeightDecay<V> decay;
  float *w, *m, *v;
  HWY_INLINE explicit NadamUpdate(const ParameterUpdate& u)
      : beta1(u.nadam.beta1),
        rest1(u.nadam.one_minus_beta1),
        beta2(u.nadam.beta2),
        rest2(u.nadam.one_minus_beta2),
        correction2(u.nadam.correction2),
        gradient_rate(u.nadam.gradient_rate),
        mean_rate(u.nadam.mean_rate),
        epsilon(u.nadam.epsilon),
        decay(u),
        w(u.weights),
        m(u.moment1),
        v(u.moment2) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    slope = decay.slope(slope, w + at);
    const V mean = next_moment(m + at, beta1, rest1 * slope);
    const V square = next_moment(v + at, beta2, rest2 * slope * slope);
    const V denominator = sqrt(square / correction2) + epsilon;
    decay.step(w + at, gradient_rate * slope / denominator);
    const V weight = V::load(w + at) - mean_rate * mean / denominator;
    weight.store(w + at);
    return weight;
  }
};

// Duchi, Hazan, Singer, "Adaptive subgradient methods" (2011), in PyTorch's form.
template <class V>
struct AdagradUpdate {
  V lr, epsilon;
  WeightDecay<V> decay;
  float *w, *sum;
  HWY_INLINE explicit AdagradUpdate(const ParameterUpdate& u)
      : lr(u.adagrad.lr), epsilon(u.adagrad.epsilon), decay(u), w(u.weights), sum(u.moment1) {}
  HWY_INLINE V apply(std::size_t at, V slope) const {
    slope = decay.slope(slope, w + at);
    const V square = next_moment(sum + at, V(1.0), slope * slope);
    return decay.step(w + at, lr * slope / (sqrt(square) + epsilon));
  }
};

RELUSCOPE_TARGET_END

#endif
