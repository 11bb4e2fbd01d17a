// Maxout: the largest of K neighbouring channels, y[c] = max(x[K c], ..., x[K c + K - 1]), so that
// a layer K times as wide in front of it gives each unit K linear pieces to choose from.
// Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout networks" (2013).
#pragma once

#include "nn/layer.h"

namespace reluscope {

class Maxout final : public Layer {
 public:
  // in: (C, ...) with C a multiple of pieces.
  Maxout(const Shape& in, int pieces);

  std::string kind() const override { return "maxout"; }
  std::string stem() const override { return "maxout"; }
  std::string text() const override { return "maxout " + std::to_string(pieces_); }
  Shape out_shape() const override { return shape_; }
  void accept(LayerVisitor& visitor) const override { visitor.maxout(pieces_); }
  // sqrt(1 / E[m^2]) for the largest m of K independent standard normal numbers.
  double gain() const override;

  void forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 private:
  // Columns of a channel: its plane, or one where images are stored as such.
  int area(const Layout& y) const { return y.cols / static_cast<int>(shape_.front()); }

  Shape shape_;  // what comes out
  int pieces_;
};

}  // namespace reluscope
