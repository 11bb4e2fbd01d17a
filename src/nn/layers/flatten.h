// torch.nn.Flatten: images (C, H, W) become rows of features in PyTorch's order.
#pragma once

#include "nn/layer.h"

namespace reluscope {

class Flatten final : public Layer {
 public:
  // image: whether its input comes as images; else it is rows of features already.
  Flatten(const Shape& in, bool image);

  std::string kind() const override { return "flatten"; }
  std::string stem() const override { return "flatten"; }
  std::string text() const override { return "flatten"; }
  Shape out_shape() const override { return {features_}; }
  void accept(LayerVisitor& visitor) const override { visitor.flatten(); }
  bool needs_image() const override { return image_; }

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 private:
  int features_, pixels_;
  bool image_;
};

}  // namespace reluscope
