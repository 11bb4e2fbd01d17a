// Activations, softmax cross-entropy and stand-alone optimizer updates.
#if defined(RELUSCOPE_BACKEND_CPU_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_ELEMENTWISE_INL_H_
#undef RELUSCOPE_BACKEND_CPU_ELEMENTWISE_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_ELEMENTWISE_INL_H_
#endif

#include <algorithm>

#include "backend/cpu/kernels.h"
#include "backend/cpu/update-inl.h"
#include "backend/cpu/vec-inl.h"
#include "core/math.h"
#include "nn/activations.h"

RELUSCOPE_TARGET_BEGIN

template <class A>
inline constexpr std::size_t kParameters = A::kInfo.parameters.size();

template <class V, class A>
struct ParametersOf {  // broadcast once for a whole call
  V values[kParameters<A> + 1];
  HWY_INLINE explicit ParametersOf(const float* p) {
    for (std::size_t i = 0; i < kParameters<A>; ++i) values[i] = V::broadcast(p + i);
  }
};

template <class V, class A>
void activation_forward(const float* p, const float* x, float* y, std::size_t n) {
  const ParametersOf<V, A> parameters(p);
  for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(lanes())) {
    A::f(V::load(x + i), parameters.values).store(y + i);
  }
}

template <class V, class A>
void activation_backward(const float* p, const float* x, const float* dy, float* dx,
                         std::size_t n) {
  const ParametersOf<V, A> parameters(p);
  for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(lanes())) {
    (V::load(dy + i) * A::df(V::load(x + i), parameters.values)).store(dx + i);
  }
}

template <class V, class A>
void activation_parameter(const float* p, const float* x, const float* dy, float* products,
                          std::size_t n) {
  const ParametersOf<V, A> parameters(p);
  for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(lanes())) {
    (V::load(dy + i) * A::dp(V::load(x + i), parameters.values)).store(products + i);
  }
}

// Softmax works on sixteen samples at a time, turned so that a vector holds one class of several
// samples: maxima and sums over the classes then run down, in order, in every lane.
inline constexpr int kGroup = 16;
inline constexpr int kMostClasses = 256;  // labels are bytes

// turned[c * 16 + s] = logit c of sample first + s; 0 past the last sample.
HWY_INLINE void turn_logits(const ConstMatrixView& logits, int first, int count, float* turned) {
  for (int c = 0; c < logits.cols(); ++c) {
    for (int s = 0; s < count; ++s) turned[c * kGroup + s] = logits.at(first + s, c);
    for (int s = count; s < kGroup; ++s) turned[c * kGroup + s] = 0.0f;
  }
}

// turned: logits -> probabilities. log_sums = log(sum of e^(z - max)); maxima = max.
template <class V>
HWY_NOINLINE void turned_softmax(float* turned, int classes, float* maxima, float* log_sums) {
  for (int s = 0; s < kGroup; s += lanes()) {
    V largest = V::load(turned + s);
    for (int c = 1; c < classes; ++c) {
      const V z = V::load(turned + c * kGroup + s);
      largest = select(z > largest, z, largest);
    }
    V sum = V::zero();
    for (int c = 0; c < classes; ++c) {
      const V e = exp(V::load(turned + c * kGroup + s) - largest);
      e.store(turned + c * kGroup + s);
      sum = sum + e;
    }
    for (int c = 0; c < classes; ++c) {
      (V::load(turned + c * kGroup + s) / sum).store(turned + c * kGroup + s);
    }
    largest.store(maxima + s);
    log(sum).store(log_sums + s);
  }
}

template <class V>
void softmax_cross_entropy(const SoftmaxLoss& args, Rows rows) {
  const ConstMatrixView& z = args.logits;
  const int classes = z.cols();
  HWY_ALIGN float turned[kMostClasses * kGroup];
  HWY_ALIGN float maxima[kGroup];
  HWY_ALIGN float log_sums[kGroup];
  for (int first = rows.first; first < rows.end; first += kGroup) {
    const int count = std::min(rows.end - first, kGroup);
    turn_logits(z, first, count, turned);
    turned_softmax<V>(turned, classes, maxima, log_sums);
    for (int s = 0; s < count; ++s) {
      const int sample = first + s;
      const int label = args.labels[sample];
      args.losses[sample] = log_sums[s] - (z.at(sample, label) - maxima[s]);
      // The first of the largest logits: no earlier one equals the maximum.
      int best = 0;
      while (best < classes - 1 && z.at(sample, best) != maxima[s]) ++best;
      args.correct[sample] = best == label;
      if (args.dlogits == nullptr) continue;
      for (int p = 0; p < z.layout.panels(); ++p) {
        const int width = z.layout.panel_width(p), used = z.layout.panel_cols(p);
        float* const slopes = args.dlogits + z.layout.panel_offset(p) + sample * width;
        const float* const probabilities = turned + p * kPanel * kGroup + s;
        for (int c = 0; c < used; ++c) {
          slopes[c] = probabilities[c * kGroup] * args.gradient_scale;
        }
        for (int c = used; c < width; ++c) slopes[c] = 0.0f;
      }
      args.dlogits[z.layout.index(sample, label)] =
          (turned[label * kGroup + s] - 1.0f) * args.gradient_scale;
    }
  }
}

template <class V>
void softmax(ConstMatrixView logits, MatrixView probabilities) {
  HWY_ALIGN float turned[kMostClasses * kGroup];
  HWY_ALIGN float maxima[kGroup];
  HWY_ALIGN float log_sums[kGroup];
  for (int first = 0; first < logits.rows(); first += kGroup) {
    const int count = std::min(logits.rows() - first, kGroup);
    turn_logits(logits, first, count, turned);
    turned_softmax<V>(turned, logits.cols(), maxima, log_sums);
    for (int s = 0; s < count; ++s) {
      for (int c = 0; c < logits.layout.padded_cols(); ++c) {
        probabilities.at(first + s, c) = c < logits.cols() ? turned[c * kGroup + s] : 0.0f;
      }
    }
  }
}

// Updates from gradients that were stored.
template <class V, class Update>
void apply_update(const ParameterUpdate& args, std::size_t n) {
  const Update update(args);
  for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(lanes())) {
    update.apply(i, V::load(args.gradient + i));
  }
}

template <class V>
void update(const ParameterUpdate& args, std::size_t n) {
  switch (args.kind) {
    case ParameterUpdate::Kind::kStore: return;
    case ParameterUpdate::Kind::kAdam: return apply_update<V, AdamUpdate<V>>(args, n);
    case ParameterUpdate::Kind::kSgd: return apply_update<V, SgdUpdate<V>>(args, n);
    case ParameterUpdate::Kind::kRmsprop: return apply_update<V, RmspropUpdate<V>>(args, n);
    case ParameterUpdate::Kind::kNadam: return apply_update<V, NadamUpdate<V>>(args, n);
    case ParameterUpdate::Kind::kAdagrad: return apply_update<V, AdagradUpdate<V>>(args, n);
  }
}

RELUSCOPE_TARGET_END

#endif
