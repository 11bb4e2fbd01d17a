// An activation of the registry as a layer: y = f(x), element by element. A learnable parameter
// is one number for the layer, as torch.nn.PReLU(1) has it; ChannelActivation has one a channel.
#pragma once

#include "nn/layer.h"

namespace reluscope {

class ActivationLayer : public Layer {
 public:
  // parameters: as many as the registry's entry has, in its order.
  ActivationLayer(const Shape& in, ActivationId id, std::vector<double> parameters);

  std::string kind() const override { return "activation"; }
  std::string stem() const override { return "act"; }
  std::string text() const override;
  Shape out_shape() const override { return shape_; }
  void accept(LayerVisitor& visitor) const override;
  std::vector<ParameterSpec> parameters() const override;
  std::size_t scratch_floats(int rows) const override;
  ActivationId activation() const override { return id_; }
  double gain() const override;
  bool may_be_taken() const override { return true; }

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 protected:
  std::string values_text() const;  // " 0.2", or "" where all are the initial ones

  Shape shape_;
  ActivationId id_;
  std::vector<double> initial_;

 private:
  bool learns() const { return activation_learns(activation_info(id_)); }
  const float* activation_parameters(const LayerSlices& slices) const override;

  std::vector<float> fixed_;  // the same as floats, for what is not learnt
};

}  // namespace reluscope
