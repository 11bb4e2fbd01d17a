// Softmax and cross-entropy, in the same order as on the CPU: equal logits give equal bits.
#include "cuda/kernels/kernel.h"  // first

#include "core/math.h"

namespace reluscope::cuda {
namespace {

struct Row {  // of logits
  ConstMatrixView matrix;
  int row;
  RELUSCOPE_DEVICE float operator[](int c) const { return matrix.at(row, c); }
};

RELUSCOPE_DEVICE float largest_of(const Row& z) {
  float most = z[0];
  for (int c = 1; c < z.matrix.layout.cols; ++c) most = z[c] > most ? z[c] : most;
  return most;
}
RELUSCOPE_DEVICE float sum_of(const Row& z, float largest) {
  float sum = 0.0f;
  for (int c = 0; c < z.matrix.layout.cols; ++c) sum += scalar::exp(z[c] - largest);
  return sum;
}

}  // namespace

// See weighted_sample() in backend/cpu/elementwise-inl.h. Without weights and smoothing all weights
// and targets are exactly 1 or 0, so the bits are those of the plain loss.
RELUSCOPE_KERNEL(SoftmaxCrossEntropy, "softmax_cross_entropy") {
  const SoftmaxLoss& loss = k.loss;
  const Layout& layout = loss.logits.layout;
  const float share = loss.label_smoothing / static_cast<float>(layout.cols);
  const auto weight = [&](int c) {
    return loss.class_weights == nullptr ? 1.0f : loss.class_weights[c];
  };
  for_each(static_cast<unsigned>(layout.rows), [&](unsigned i) {
    const Row z{loss.logits, static_cast<int>(i)};
    const int label = loss.labels[i];
    const float largest = largest_of(z), sum = sum_of(z, largest), log_sum = scalar::log(sum);
    int best = 0;  // the first maximum
    while (best < layout.cols - 1 && z[best] != largest) ++best;
    loss.correct[i] = best == label;
    const float hit = (1.0f - loss.label_smoothing) * weight(label);
    float total = hit, value = hit * (log_sum - (z[label] - largest));
    for (int c = 0; c < layout.cols && share > 0.0f; ++c) {
      const float part = share * weight(c);
      total = total + part;
      value = value + part * (log_sum - (z[c] - largest));
    }
    loss.losses[i] = value;
    if (loss.dlogits == nullptr) return;
    for (int c = 0; c < layout.padded_cols(); ++c) {
      float slope = 0.0f;
      if (c < layout.cols) {
        const float target = share * weight(c) + (c == label ? hit : 0.0f);
        slope = (scalar::exp(z[c] - largest) / sum * total - target) * loss.gradient_scale;
      }
      loss.dlogits[layout.index(z.row, c)] = slope;
    }
  });
}

RELUSCOPE_KERNEL(Softmax, "softmax") {
  for_each(static_cast<unsigned>(k.logits.rows()), [&](unsigned i) {
    const auto row = static_cast<int>(i);
    const Row z{k.logits, row};
    const float largest = largest_of(z), sum = sum_of(z, largest);
    for (int c = 0; c < k.logits.layout.padded_cols(); ++c) {
      k.probabilities.at(row, c) = c < k.logits.cols() ? scalar::exp(z[c] - largest) / sum : 0.0f;
    }
  });
}

}  // namespace reluscope::cuda
