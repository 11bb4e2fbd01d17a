#include "nn/layers/maxout.h"

#include "core/math.h"

namespace reluscope {

Maxout::Maxout(const Shape& in, int pieces) : shape_(in), pieces_(pieces) {
  shape_.front() /= pieces;
}

// The density of m is K phi(m) Phi(m)^(K - 1). By the trapezoidal rule, as activation_gain().
double Maxout::gain() const {
  constexpr int kPoints = 12 * 512;
  constexpr double kStep = 1.0 / 512;
  double second_moment = 0.0;
  for (int i = -kPoints; i <= kPoints; ++i) {
    const double m = i * kStep;
    double below, density;
    scalar::normal_parts(m, below, density);
    double term = m * m * density * pieces_;
    for (int k = 1; k < pieces_; ++k) term *= below;
    second_moment += term * kStep;
  }
  return scalar::sqrt(1.0 / second_moment);
}

void Maxout::forward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x,
                     MatrixView y, const ActivationAfter&) const {
  backend.maxout_forward(x.values, pieces_, area(y.layout), y);
}

void Maxout::backward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x,
                      ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const {
  if (dx.data != nullptr) backend.maxout_backward(x.values, dy, pieces_, area(dy.layout), dx);
}

}  // namespace reluscope
