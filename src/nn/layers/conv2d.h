// Convolution, torch.nn.Conv2d: y = x * W + b with weight (O, C, K, K) and bias (O).
#pragma once

#include "nn/layer.h"

namespace reluscope {

class Conv2d final : public Layer {
 public:
  // in: (C, H, W), with the kernel no larger than the padded image.
  Conv2d(const Shape& in, int channels, int kernel, int stride, int padding);

  std::string kind() const override { return "conv"; }
  std::string stem() const override { return "conv"; }
  std::string text() const override;
  Shape out_shape() const override { return {out_, window_.out_height(), window_.out_width()}; }
  std::vector<ParameterSpec> parameters() const override;
  bool needs_image() const override { return true; }
  void accept(LayerVisitor& visitor) const override { visitor.conv(window_, in_, out_); }
  bool takes_activations() const override { return true; }
  std::int64_t multiply_adds() const override;
  std::size_t scratch_floats(int rows) const override;
  std::size_t workspace_floats() const override;

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter& after) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore& before) const override;

 private:
  Layout weight_layout() const { return {window_.taps() * in_, out_}; }

  Window window_;
  int in_, out_;
};

}  // namespace reluscope
