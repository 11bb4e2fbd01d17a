// Batch normalisation (Ioffe and Szegedy, 2015), torch.nn.BatchNorm1d after dense layers and
// BatchNorm2d on images: y = (x - mean) / sqrt(variance + 1e-5) * weight + bias for each feature or
// channel. Mean and variance are the batch's in training, and running averages afterwards.
#pragma once

#include "nn/layer.h"

namespace reluscope {

class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(const Shape& in) : shape_(in) {}

  std::string kind() const override { return "bn"; }
  std::string stem() const override { return "bn"; }
  std::string text() const override { return "bn"; }
  Shape out_shape() const override { return shape_; }
  void accept(LayerVisitor& visitor) const override;
  std::vector<ParameterSpec> parameters() const override;
  std::vector<ParameterSpec> state() const override;
  bool needs_image() const override { return shape_.size() == 3; }
  bool takes_activations() const override { return true; }
  int least_samples() const override;
  std::size_t scratch_floats(int rows) const override;
  std::size_t cache_floats() const override;  // mean and 1 / deviation of the last forward

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter& after) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore& before) const override;

 private:
  int columns() const { return static_cast<int>(shape_[0]); }
  BatchNormalisation arguments(const StepContext& context, const LayerSlices& slices) const;

  Shape shape_;
};

}  // namespace reluscope
