#include "nn/layers/flatten.h"

namespace reluscope {

Flatten::Flatten(const Shape& in, bool image)
    : features_(static_cast<int>(element_count(in))),
      pixels_(features_ / static_cast<int>(in[0])),
      image_(image) {}

void Flatten::forward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x,
                      MatrixView y, const ActivationAfter&) const {
  if (image_) {
    backend.flatten(x.values, pixels_, y);
  } else {
    backend.scale_add(nullptr, 1.0f, x.values.data, y.data, y.layout.size());
  }
}

void Flatten::backward(Backend& backend, const StepContext&, LayerSlices&, const Signal&,
                       ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const {
  if (dx.data == nullptr) return;
  if (image_) {
    backend.unflatten(dy, pixels_, dx);
  } else {
    backend.scale_add(nullptr, 1.0f, dy.data, dx.data, dx.layout.size());
  }
}

}  // namespace reluscope
