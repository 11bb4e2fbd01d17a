#include "nn/layers/layer_norm.h"

namespace reluscope {
namespace {

constexpr double kLayerNormEpsilon = 1e-5;  // PyTorch's default

}  // namespace

LayerNorm::LayerNorm(const Shape& in, bool image)
    : shape_(in), layout_(image ? image_layout(in, 1) : feature_layout(in, 1)) {}

std::vector<ParameterSpec> LayerNorm::parameters() const {
  const auto spec = [&](const char* name, double value) {
    return ParameterSpec{name,
                         shape_,
                         layout_,
                         layout_.rows > 1,
                         ParameterRole::kConstant,
                         value,
                         element_count(shape_),
                         element_count(shape_)};
  };
  return {spec("weight", 1.0), spec("bias", 0.0)};
}

void LayerNorm::accept(LayerVisitor& visitor) const {
  visitor.layer_norm(shape_, kLayerNormEpsilon);
}

std::size_t LayerNorm::scratch_floats(int rows) const {
  return align_up(2 * static_cast<std::size_t>(rows));
}

LayerNormalisation LayerNorm::arguments(const LayerSlices& slices) const {
  return {layout_.rows,
          kLayerNormEpsilon,
          {slices.parameters[0], layout_},
          {slices.parameters[1], layout_},
          slices.scratch};
}

void LayerNorm::forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                        MatrixView y, const ActivationAfter&) const {
  backend.layer_norm(arguments(slices), x.values, y);
}

void LayerNorm::backward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                         ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const {
  backend.layer_norm_backward(arguments(slices), x.values, dy, dx, slices.gradients[0],
                              slices.gradients[1]);
  for (const ParameterUpdate& update : slices.updates) backend.update(update, layout_.size());
}

}  // namespace reluscope
