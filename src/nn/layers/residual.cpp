#include "nn/layers/residual.h"

namespace reluscope {

void Residual::forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                       MatrixView y, const ActivationAfter&) const {
  backend.scale_add(slices.skip, 1.0f, x.values.data, y.data, y.layout.size());
}

void Residual::backward(Backend& backend, const StepContext&, LayerSlices&, const Signal&,
                        ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const {
  backend.scale_add(nullptr, 1.0f, dy.data, dx.data, dx.layout.size());
}

}  // namespace reluscope
