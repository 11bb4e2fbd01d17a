#include "nn/layers/batch_norm.h"

namespace reluscope {
namespace {

constexpr double kEpsilon = 1e-5, kMomentum = 0.1;  // PyTorch's defaults

ParameterSpec constant(const char* name, int columns, double value) {
  return {name, {columns}, {1, columns}, false, ParameterRole::kConstant, value, columns, columns};
}

}  // namespace

std::vector<ParameterSpec> BatchNorm::parameters() const {
  return {constant("weight", columns(), 1.0), constant("bias", columns(), 0.0)};
}

std::vector<ParameterSpec> BatchNorm::state() const {
  ParameterSpec batches = constant("num_batches_tracked", 1, 0.0);
  batches.shape = {};
  batches.whole = true;
  return {constant("running_mean", columns(), 0.0), constant("running_var", columns(), 1.0),
          batches};
}

void BatchNorm::accept(LayerVisitor& visitor) const { visitor.batch_norm(columns(), kEpsilon); }

int BatchNorm::least_samples() const { return element_count(shape_) == columns() ? 2 : 1; }

std::size_t BatchNorm::scratch_floats(int rows) const {
  return batch_norm_scratch(
      {rows * static_cast<int>(element_count(shape_)) / columns(), columns()});
}

std::size_t BatchNorm::cache_floats() const {
  return 2 * align_up(static_cast<std::size_t>(Layout{1, columns()}.padded_cols()));
}

BatchNormalisation BatchNorm::arguments(const StepContext& context,
                                        const LayerSlices& slices) const {
  return {context.mode == Mode::kTrain,
          kEpsilon,
          kMomentum,
          slices.parameters[0],
          slices.parameters[1],
          slices.state[0],
          slices.state[1],
          slices.state[2],
          slices.cache,
          slices.cache + cache_floats() / 2,
          slices.scratch};
}

void BatchNorm::forward(Backend& backend, const StepContext& context, LayerSlices& slices,
                        const Signal& x, MatrixView y, const ActivationAfter& after) const {
  backend.batch_norm(arguments(context, slices), x.values, y, after);
}

void BatchNorm::backward(Backend& backend, const StepContext& context, LayerSlices& slices,
                         const Signal& x, ConstMatrixView dy, MatrixView dx,
                         const ActivationBefore& before) const {
  backend.batch_norm_backward(arguments(context, slices), x.values, dy, dx, slices.gradients[0],
                              slices.gradients[1], before);
  const auto padded = static_cast<std::size_t>(dy.layout.padded_cols());
  for (const ParameterUpdate& update : slices.updates) backend.update(update, padded);
}

}  // namespace reluscope
