// An activation whose parameter is random in training, drawn anew for every element in every step,
// and the middle of its range when a network is scored: torch.nn.RReLU(lower, upper).
#pragma once

#include "nn/layers/activation_layer.h"

namespace reluscope {

class RandomActivation final : public ActivationLayer {
 public:
  // range: its two ends, ascending. The entry must be random: see ActivationInfo.
  RandomActivation(const Shape& in, ActivationId id, std::vector<double> range)
      : ActivationLayer(in, id, std::move(range)) {}

  std::size_t scratch_floats(int rows) const override;  // the draws
  bool may_be_taken() const override { return false; }

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter& after) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore& before) const override;

 private:
  VariedParameter draws(Backend& backend, const StepContext& context, LayerSlices& slices,
                        const Layout& layout) const;
};

}  // namespace reluscope
