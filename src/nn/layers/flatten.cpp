// torch.nn.Flatten: images (C, H, W) become rows of features in PyTorch's order.
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Flatten final : public Layer {
 public:
  explicit Flatten(const LayerPlace& place)
      : Layer("flatten", "flatten", "flatten", {element_count(place.in)}),
        pixels_(static_cast<int>(element_count(place.in) / place.in[0])),
        image_(place.images) {}

  bool needs_image() const override { return image_; }

  void forward(const ForwardPass& f) const override {
    if (image_) return f.backend.flatten(f.x.values, pixels_, f.y);
    f.backend.scale_add(nullptr, 1.0f, f.x.values.data, f.y.data, f.y.layout.size());
  }
  void backward(const BackwardPass& b) const override {
    if (b.dx.data == nullptr) return;
    if (image_) return b.backend.unflatten(b.dy, pixels_, b.dx);
    b.backend.scale_add(nullptr, 1.0f, b.dy.data, b.dx.data, b.dx.layout.size());
  }

  void write(PytorchWriter& to) const override { to.step("x = torch.flatten(x, 1)"); }
  void write(OnnxWriter& to) const override { to.add("Flatten", {to.value()}, {{"axis", 1}}); }

 private:
  int pixels_;
  bool image_;
};

}  // namespace

std::vector<LayerWord> flatten_words() {
  return {{.name = "flatten",
           .about = "turns images into rows of features; implied before dense",
           .make = &make_plain<Flatten>}};
}

}  // namespace reluscope
