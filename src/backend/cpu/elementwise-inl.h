// Activations, softmax cross-entropy and stand-alone optimizer updates.
// No include guard: kernels.cpp includes it once for each SIMD target.

#include <algorithm>

#include "backend/cpu/kernels.h"
#include "backend/cpu/update-inl.h"
#include "core/math.h"
#include "core/vec-inl.h"
#include "nn/activations.h"

RELUSCOPE_TARGET_BEGIN

template <class A>
inline constexpr std::size_t kParameters = A::kInfo.parameters.size();

// For one vector of elements; p: the parameters.
template <class V, class A, ActivationOp kOp>
HWY_INLINE V activated(const float* x, const float* dy, std::size_t at, const V* p) {
  if constexpr (kOp == ActivationOp::kForward) {
    return A::f(V::load(x + at), p);
  } else if constexpr (kOp == ActivationOp::kBackward) {
    return V::load(dy + at) * A::df(V::load(x + at), p);
  } else {
    return V::load(dy + at) * A::dp(V::load(x + at), p);
  }
}

template <class V, class A, ActivationOp kOp>
void activate(const float* p, const float* x, const float* dy, float* out, std::size_t n) {
  V parameters[kParameters<A> + 1];  // broadcast once for a whole call
  for (std::size_t k = 0; k < kParameters<A>; ++k) parameters[k] = V::broadcast(p + k);
  for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(lanes())) {
    activated<V, A, kOp>(x, dy, i, parameters).store(out + i);
  }
}

// The same with a parameter of its own for every column or element.
template <class V, class A, ActivationOp kOp>
void activate_varied(const cpu::VariedSlice& s) {
  const float* p = s.p;
  std::size_t at = 0;
  for (int row = 0; row < s.rows; ++row, p += s.p_step) {
    for (int c = 0; c < s.width; c += lanes(), at += static_cast<std::size_t>(lanes())) {
      V parameters[kParameters<A> + 1];
      for (std::size_t k = 0; k < kParameters<A>; ++k) parameters[k] = V::load(p + c);
      activated<V, A, kOp>(s.x, s.dy, at, parameters).store(s.out + at);
    }
  }
}

template <class V, class A, ActivationOp kOp>
constexpr cpu::Kernels::ActivateVaried varied_kernel() {
  if constexpr (activation_varies(A::kInfo)) return &activate_varied<V, A, kOp>;
  return nullptr;
}

// Softmax works on sixteen samples at a time, turned so that a vector holds one class of several
// samples: maxima and sums over the classes then run down, in order, in every lane.
inline constexpr int kGroup = 16;
inline constexpr int kMostClasses = 256;  // labels are bytes

// Of samples first .. end - 1, at most kGroup of them; others up to kGroup have logits of 0.
template <class V>
struct SoftmaxGroup {
  HWY_ALIGN float turned[kMostClasses * kGroup];  // probability of class c, sample s: [c * 16 + s]
  HWY_ALIGN float maxima[kGroup];                 // of the logits
  HWY_ALIGN float log_sums[kGroup];               // log(sum of e^(z - max))
  int count;

  SoftmaxGroup(const ConstMatrixView& logits, int first, int end)
      : count(std::min(end - first, kGroup)) {
    for (int c = 0; c < logits.cols(); ++c) {
      for (int s = 0; s < count; ++s) turned[c * kGroup + s] = logits.at(first + s, c);
      for (int s = count; s < kGroup; ++s) turned[c * kGroup + s] = 0.0f;
    }
    normalise(logits.cols());
  }

 private:
  HWY_NOINLINE void normalise(int classes) {
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
};

// Loss and gradient of one sample with weights or smoothing: dL/dz_c = p_c t - t_c, where t_c
// multiplies -log p_c in the loss and t is their sum. probabilities: kGroup apart.
HWY_INLINE void weighted_sample(const SoftmaxLoss& args, int sample, const float* probabilities,
                                float largest, float log_sum) {
  const ConstMatrixView& z = args.logits;
  const int classes = z.cols(), label = args.labels[sample];
  const auto weight = [&args](int c) {
    return args.class_weights == nullptr ? 1.0f : args.class_weights[c];
  };
  const auto minus_log = [&](int c) { return log_sum - (z.at(sample, c) - largest); };
  const float share = args.label_smoothing / static_cast<float>(classes);
  const float hit = (1.0f - args.label_smoothing) * weight(label);
  float total = hit, loss = hit * minus_log(label);
  for (int c = 0; c < classes && share > 0.0f; ++c) {
    const float part = share * weight(c);
    total = total + part;
    loss = loss + part * minus_log(c);
  }
  args.losses[sample] = loss;
  if (args.dlogits == nullptr) return;
  const auto slope = [&](int c) {
    const float target = share * weight(c) + (c == label ? hit : 0.0f);
    return (probabilities[c * kGroup] * total - target) * args.gradient_scale;
  };
  for (int c = 0; c < z.layout.padded_cols(); ++c) {
    args.dlogits[z.layout.index(sample, c)] = c < classes ? slope(c) : 0.0f;
  }
}

template <class V>
void softmax_cross_entropy(const SoftmaxLoss& args, Rows rows) {
  const bool plain = args.label_smoothing == 0.0f && args.class_weights == nullptr;
  const ConstMatrixView& z = args.logits;
  const int classes = z.cols();
  for (int first = rows.first; first < rows.end; first += kGroup) {
    const SoftmaxGroup<V> group(z, first, rows.end);
    for (int s = 0; s < group.count; ++s) {
      const int sample = first + s;
      const int label = args.labels[sample];
      args.losses[sample] = group.log_sums[s] - (z.at(sample, label) - group.maxima[s]);
      // The first of the largest logits: no earlier one equals the maximum.
      int best = 0;
      while (best < classes - 1 && z.at(sample, best) != group.maxima[s]) ++best;
      args.correct[sample] = best == label;
      if (!plain) {
        weighted_sample(args, sample, group.turned + s, group.maxima[s], group.log_sums[s]);
        continue;
      }
      if (args.dlogits == nullptr) continue;
      for (int p = 0; p < z.layout.panels(); ++p) {
        const int width = z.layout.panel_width(p), used = z.layout.panel_cols(p);
        float* const slopes = args.dlogits + z.layout.panel_offset(p) + sample * width;
        const float* const probabilities = group.turned + p * kPanel * kGroup + s;
        for (int c = 0; c < used; ++c) {
          slopes[c] = probabilities[c * kGroup] * args.gradient_scale;
        }
        for (int c = used; c < width; ++c) slopes[c] = 0.0f;
      }
      args.dlogits[z.layout.index(sample, label)] =
          (group.turned[label * kGroup + s] - 1.0f) * args.gradient_scale;
    }
  }
}

// Weights below this count as zero, so that nothing made of them is denormal.
inline constexpr double kLeastPenalised = 1e-18;

template <class V>
void add_penalty(const PenaltyGradient& args, Rows panels) {
  const V l1(args.l1), l2(args.l2), twice_l2(2.0f * args.l2), least(kLeastPenalised);
  const Layout& layout = args.weights.layout;
  for (int p = panels.first; p < panels.end; ++p) {
    const int width = layout.panel_width(p);
    for (int c = 0; c < width; c += lanes()) {
      const float* from = args.weights.panel(p) + c;
      float* to = args.gradient.panel(p) + c;
      V sum = V::zero();
      for (int row = 0; row < layout.rows; ++row, from += width, to += width) {
        const V w = zero_below(V::load(from), least);
        const V size = magnitude(w);
        const V sign = select(w > V::zero(), V(1.0), select(w < V::zero(), V(-1.0), w));
        sum = mad(mad(l2, size, l1), size, sum);
        (V::load(to) + mad(twice_l2, w, l1 * sign)).store(to);
      }
      sum.store(args.values + p * kPanel + c);
    }
  }
}

template <class V>
void softmax(ConstMatrixView logits, MatrixView probabilities) {
  for (int first = 0; first < logits.rows(); first += kGroup) {
    const SoftmaxGroup<V> group(logits, first, logits.rows());
    for (int s = 0; s < group.count; ++s) {
      for (int c = 0; c < logits.layout.padded_cols(); ++c) {
        probabilities.at(first + s, c) = c < logits.cols() ? group.turned[c * kGroup + s] : 0.0f;
      }
    }
  }
}

// Updates from gradients that were stored.
template <class Update>
struct StoredGradient {
  static void run(const ParameterUpdate& args, std::size_t n) {
    const Update update(args);
    for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(lanes())) {
      update.apply(i, load<typename Update::Number>(args.gradient + i));
    }
  }
};

template <class V>
void update(const ParameterUpdate& args, std::size_t n) {
  if (args.stores()) return;
  RuleKernels<V, StoredGradient, UpdateRules>::kOfStored[args.rule](args, n);
}

RELUSCOPE_TARGET_END
