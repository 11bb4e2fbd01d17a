// Layer normalisation (Ba, Kiros, Hinton, 2016), torch.nn.LayerNorm over all features of a sample:
// y = (x - mean) / sqrt(variance + 1e-5) * weight + bias, weight and bias of the sample's shape.
#pragma once

#include "nn/layer.h"

namespace reluscope {

class LayerNorm final : public Layer {
 public:
  // image: whether its input comes as images; else as rows of features.
  LayerNorm(const Shape& in, bool image);

  std::string kind() const override { return "ln"; }
  std::string stem() const override { return "ln"; }
  std::string text() const override { return "ln"; }
  Shape out_shape() const override { return shape_; }
  void accept(LayerVisitor& visitor) const override;
  std::vector<ParameterSpec> parameters() const override;
  std::size_t scratch_floats(int rows) const override;

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 private:
  LayerNormalisation arguments(const LayerSlices& slices) const;

  Shape shape_;
  Layout layout_;  // of one sample, and of the parameters
};

}  // namespace reluscope
