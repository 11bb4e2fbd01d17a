#include "nn/layers/dropout.h"

#include "core/rng.h"
#include "core/text.h"

namespace reluscope {

std::string Dropout::text() const { return "dropout " + number_text(probability_); }

void Dropout::apply(Backend& backend, const StepContext& context, ConstMatrixView x,
                    MatrixView y) const {
  if (context.mode == Mode::kEvaluate) {
    backend.scale_add(nullptr, 1.0f, x.data, y.data, y.layout.size());
    return;
  }
  backend.dropout({context.seed, static_cast<std::uint32_t>(Purpose::kDropout), context.step,
                   context.layer, static_cast<std::uint32_t>(probability_ * 0x1p32),
                   static_cast<float>(1.0 / (1.0 - probability_))},
                  x, y);
}

void Dropout::forward(Backend& backend, const StepContext& context, LayerSlices&, const Signal& x,
                      MatrixView y, const ActivationAfter&) const {
  apply(backend, context, x.values, y);
}

void Dropout::backward(Backend& backend, const StepContext& context, LayerSlices&, const Signal&,
                       ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const {
  if (dx.data != nullptr) apply(backend, context, dy, dx);
}

}  // namespace reluscope
