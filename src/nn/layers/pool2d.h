// Pooling over images: torch.nn.MaxPool2d, AvgPool2d, and AdaptiveAvgPool2d(1), the mean of each
// channel.
#pragma once

#include "nn/layer.h"

namespace reluscope {

class Pool2d final : public Layer {
 public:
  // in: (C, H, W), with the kernel no larger than the image. What does not fill a window at the
  // right and lower edges is left out, as in PyTorch.
  Pool2d(const Shape& in, Pooling kind, int kernel, int stride);
  static std::unique_ptr<Pool2d> global_average(const Shape& in);

  std::string kind() const override { return "pool"; }
  std::string stem() const override { return "pool"; }
  std::string text() const override;
  Shape out_shape() const override {
    return {channels_, window_.out_height(), window_.out_width()};
  }
  bool needs_image() const override { return true; }
  void accept(LayerVisitor& visitor) const override { visitor.pool(kind_, window_, global_); }

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 private:
  Pooling kind_;
  int channels_;
  Window window_;
  bool global_ = false;
};

}  // namespace reluscope
