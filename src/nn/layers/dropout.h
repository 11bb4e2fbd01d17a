// Dropout (Srivastava et al., 2014), torch.nn.Dropout: in training each element becomes 0 with
// probability P and is multiplied by 1 / (1 - P) otherwise; afterwards nothing happens. Which ones,
// follows from seed, step, layer and element alone, so nothing is kept for the way back.
#pragma once

#include "nn/layer.h"

namespace reluscope {

class Dropout final : public Layer {
 public:
  // 0 <= probability < 1
  Dropout(const Shape& in, double probability) : shape_(in), probability_(probability) {}

  std::string kind() const override { return "dropout"; }
  std::string stem() const override { return "drop"; }
  std::string text() const override;
  Shape out_shape() const override { return shape_; }
  void accept(LayerVisitor& visitor) const override { visitor.dropout(probability_); }

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 private:
  void apply(Backend& backend, const StepContext& context, ConstMatrixView x, MatrixView y) const;

  Shape shape_;
  double probability_;
};

}  // namespace reluscope
