// An activation whose learnable parameter is one number a channel, as torch.nn.PReLU(C) has it: a
// unit after a dense layer, a plane of (C, H, W) after others.
#pragma once

#include "nn/layers/activation_layer.h"

namespace reluscope {

class ChannelActivation final : public ActivationLayer {
 public:
  // Every channel begins with `initial`. The entry must learn: see activation_learns().
  ChannelActivation(const Shape& in, ActivationId id, double initial)
      : ActivationLayer(in, id, {initial}) {}

  std::string text() const override;
  std::vector<ParameterSpec> parameters() const override;
  std::size_t scratch_floats(int rows) const override;
  std::size_t cache_floats() const override;  // the parameter of every column
  bool may_be_taken() const override { return false; }

  void forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 private:
  int channels() const { return static_cast<int>(shape_.front()); }
  // cols: of what comes in, the channels' planes or, of images, the channels.
  VariedParameter by_column(Backend& backend, LayerSlices& slices, int cols) const;
};

}  // namespace reluscope
