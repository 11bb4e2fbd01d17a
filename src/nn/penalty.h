// Penalties for large weights in the training loss: l1 (sum of abs(w)) + l2 (sum of w^2) over all
// weights of the network, without biases and the parameters of activations. In PyTorch:
// loss + l1 * w.abs().sum() + l2 * w.pow(2).sum(), so l2 is half of a weight decay.
#pragma once

#include <algorithm>

#include "nn/model.h"

namespace reluscope {

class Penalty {
 public:
  Penalty(double l1, double l2, const Model& model, Memory* memory = nullptr)
      : l1_(static_cast<float>(l1)), l2_(static_cast<float>(l2)) {
    int cols = 0;
    for (const auto& [name, spec, offset] : model.parameter_list()) {
      cols = std::max(cols, spec.layout.padded_cols());
    }
    if (any()) values_ = Buffer(static_cast<std::size_t>(cols), memory);
  }

  bool any() const { return l1_ > 0.0f || l2_ > 0.0f; }
  // Adds the gradient of the penalty to model.gradients(), which Model::backward() has filled, and
  // returns the penalty: sums down each column first, then along the columns in double.
  double add_gradient(Model& model, Backend& backend) {
    double sum = 0.0;
    for (const auto& [name, spec, offset] : model.parameter_list()) {
      if (spec.role != ParameterRole::kWeight) continue;
      backend.add_penalty({{model.parameters().data() + offset, spec.layout},
                           {model.gradients().data() + offset, spec.layout},
                           l1_,
                           l2_,
                           values_.data()});
      backend.finish();
      for (int c = 0; c < spec.layout.cols; ++c) sum += static_cast<double>(values_.data()[c]);
    }
    return sum;
  }

 private:
  float l1_, l2_;
  Buffer values_;  // of the columns of one parameter
};

}  // namespace reluscope
