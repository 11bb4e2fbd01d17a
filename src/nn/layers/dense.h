// Fully connected layer, torch.nn.Linear: y = x W^T + b with weight (O, I) and bias (O).
#pragma once

#include "nn/layer.h"

namespace reluscope {

class Dense final : public Layer {
 public:
  Dense(const Shape& in, int width);

  std::string kind() const override { return "dense"; }
  std::string stem() const override { return "fc"; }
  std::string text() const override { return "dense " + std::to_string(out_); }
  Shape out_shape() const override { return {out_}; }
  void accept(LayerVisitor& visitor) const override { visitor.dense(in_, out_); }
  std::vector<ParameterSpec> parameters() const override;
  bool takes_offset() const override { return true; }
  bool takes_activations() const override { return true; }
  std::int64_t multiply_adds() const override { return std::int64_t{in_} * out_; }
  std::size_t scratch_floats(int rows) const override;
  std::size_t cache_floats() const override;  // the weights' column sums

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter& after) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore& before) const override;

 private:
  Layout weight_layout() const { return {in_, out_}; }

  int in_, out_;
};

}  // namespace reluscope
