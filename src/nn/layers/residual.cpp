// The end of a residual block (He, Zhang, Ren, Sun, "Deep residual learning for image recognition",
// 2016): y = x + f(x), where x is the output of the layer before the block and f(x) this layer's
// input. The model passes x to it, and adds the gradient from the end of the block to x's gradient.
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Residual final : public Layer {
 public:
  explicit Residual(const LayerPlace& place)
      : Layer("residual", "res", "x + f(x)", place.in), from_(place.skip_from) {}

  int skip_from() const override { return from_; }

  void forward(const ForwardPass& f) const override {
    f.backend.scale_add(f.slices.skip, 1.0f, f.x.values.data, f.y.data, f.y.layout.size());
  }
  void backward(const BackwardPass& b) const override {
    b.backend.scale_add(nullptr, 1.0f, b.dy.data, b.dx.data, b.dx.layout.size());
  }

  void write(PytorchWriter& to) const override { to.step("x = before_" + to.name() + " + x"); }
  void write(OnnxWriter& to) const override { to.add("Add", {to.output(from_), to.value()}); }

 private:
  int from_;
};

}  // namespace

std::vector<LayerWord> residual_words() {
  return {{.name = "residual",
           .syntax = "residual ( LAYERS )",
           .about = "adds its input to the output of the layers in parentheses",
           .example = "residual ( bn )",
           .make = &make_plain<Residual>,
           .has_block = true}};
}

}  // namespace reluscope
