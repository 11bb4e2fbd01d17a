// The end of a residual block (He, Zhang, Ren, Sun, "Deep residual learning for image recognition",
// 2016): y = x + f(x), where x is the output of the layer before the block and f(x) this layer's
// input. The model hands it x, and adds what comes back through the block to x's gradient.
#pragma once

#include "nn/layer.h"

namespace reluscope {

class Residual final : public Layer {
 public:
  // from: the number of the layer before the block.
  Residual(const Shape& in, int from) : shape_(in), from_(from) {}

  std::string kind() const override { return "residual"; }
  std::string stem() const override { return "res"; }
  std::string text() const override { return "x + f(x)"; }
  Shape out_shape() const override { return shape_; }
  int skip_from() const override { return from_; }
  void accept(LayerVisitor& visitor) const override { visitor.residual(from_); }

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override;
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override;

 private:
  Shape shape_;
  int from_;
};

}  // namespace reluscope
