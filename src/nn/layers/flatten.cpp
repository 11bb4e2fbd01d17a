// torch.nn.Flatten: images (C, H, W) become rows of features in PyTorch's order.
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Flatten final : public Layer {
 public:
  explicit Flatten(const LayerPlace& place)
      : features_(static_cast<int>(element_count(place.in))),
        pixels_(features_ / static_cast<int>(place.in[0])),
        image_(place.images) {}

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    take_no_arguments(words);
    return std::make_unique<Flatten>(place);
  }

  std::string kind() const override { return "flatten"; }
  std::string stem() const override { return "flatten"; }
  std::string text() const override { return "flatten"; }
  Shape out_shape() const override { return {features_}; }
  bool needs_image() const override { return image_; }

  void forward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x, MatrixView y,
               const ActivationAfter&) const override {
    if (image_) {
      backend.flatten(x.values, pixels_, y);
    } else {
      backend.scale_add(nullptr, 1.0f, x.values.data, y.data, y.layout.size());
    }
  }
  void backward(Backend& backend, const StepContext&, LayerSlices&, const Signal&,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override {
    if (dx.data == nullptr) return;
    if (image_) {
      backend.unflatten(dy, pixels_, dx);
    } else {
      backend.scale_add(nullptr, 1.0f, dy.data, dx.data, dx.layout.size());
    }
  }

  void write(PytorchWriter& to) const override { to.step("x = torch.flatten(x, 1)"); }
  void write(OnnxWriter& to) const override { to.add("Flatten", {to.value()}, {{"axis", 1}}); }

 private:
  int features_, pixels_;
  bool image_;
};

}  // namespace

std::vector<LayerWord> flatten_words() {
  return {{.name = "flatten",
           .syntax = "flatten",
           .about = "turns images into rows of features; implied before dense",
           .example = "flatten",
           .make = &Flatten::make}};
}

}  // namespace reluscope
