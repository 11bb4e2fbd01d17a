#include "nn/layers/random_activation.h"

#include "core/rng.h"

namespace reluscope {

std::size_t RandomActivation::scratch_floats(int rows) const {
  return align_up(largest_size(shape_, rows));
}

VariedParameter RandomActivation::draws(Backend& backend, const StepContext& context,
                                        LayerSlices& slices, const Layout& layout) const {
  const Rng rng(context.seed, Purpose::kSlope, context.step);
  backend.fill_uniform(rng, context.layer, static_cast<float>(initial_[0]),
                       static_cast<float>(initial_[1]), {slices.scratch, layout});
  return {slices.scratch, true};
}

void RandomActivation::forward(Backend& backend, const StepContext& context, LayerSlices& slices,
                               const Signal& x, MatrixView y, const ActivationAfter& after) const {
  if (context.mode == Mode::kEvaluate) {
    ActivationLayer::forward(backend, context, slices, x, y, after);
  } else {
    backend.varied_forward(id_, draws(backend, context, slices, y.layout), x.values, y);
  }
}

// The draws are made again: scratch is shared with other layers.
void RandomActivation::backward(Backend& backend, const StepContext& context, LayerSlices& slices,
                                const Signal& x, ConstMatrixView dy, MatrixView dx,
                                const ActivationBefore& before) const {
  if (context.mode == Mode::kEvaluate) {
    ActivationLayer::backward(backend, context, slices, x, dy, dx, before);
  } else if (dx.data != nullptr) {
    backend.varied_backward(id_, draws(backend, context, slices, dy.layout), x.values, dy, dx);
  }
}

}  // namespace reluscope
