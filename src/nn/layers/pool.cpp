// Pooling over images: torch.nn.MaxPool2d, AvgPool2d, and AdaptiveAvgPool2d(1), the mean of each
// channel. As in PyTorch, pixels at the right and lower edges that fill no window are ignored.
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Pool final : public Layer {
 public:
  // in: (C, H, W), with the window no larger than the image. Global: the window is the image.
  Pool(const std::string& text, const Shape& in, Pooling kind, const Window& window, bool global)
      : Layer("pool", "pool", text, {in[0], window.out_height(), window.out_width()}),
        kind_(kind),
        window_(window),
        global_(global) {}

  template <Pooling kKind>
  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    need_image(words, place.in);
    const std::string name(words[0].text);
    if (words.size() < 2) refuse(words[0], "takes the side of a window, as in \"" + name + " 2\"");
    const int kernel = whole_number(words[1], 1, kMaxKernel, "the side of a window");
    const Window window = square_window(words, place.in, kernel, kernel, false);
    return std::make_unique<Pool>(
        name + " " + std::to_string(kernel) + unless(kernel, " s", window.stride), place.in, kKind,
        window, false);
  }
  static std::unique_ptr<Layer> make_global(const LayerWords& words, const LayerPlace& place) {
    take_no_arguments(words);
    need_image(words, place.in);
    const auto height = static_cast<int>(place.in[1]), width = static_cast<int>(place.in[2]);
    const Window window{
        .height = height, .width = width, .kernel_height = height, .kernel_width = width};
    return std::make_unique<Pool>("gap", place.in, Pooling::kAverage, window, true);
  }

  bool needs_image() const override { return true; }

  void forward(const ForwardPass& f) const override {
    f.backend.pool(kind_, window_, f.x.values, f.y);
  }
  void backward(const BackwardPass& b) const override {
    if (b.dx.data != nullptr) b.backend.pool_backward(kind_, window_, b.x.values, b.dy, b.dx);
  }

  void write(PytorchWriter& to) const override {
    if (global_) return to.module("AdaptiveAvgPool2d(1)");
    const int kernel = window_.kernel_height;
    to.module((kind_ == Pooling::kMax ? "MaxPool2d(" : "AvgPool2d(") + std::to_string(kernel) +
              unless(kernel, ", stride=", window_.stride) + ")");
  }
  void write(OnnxWriter& to) const override {
    if (global_) return to.add("GlobalAveragePool", {to.value()});
    to.add(kind_ == Pooling::kMax ? "MaxPool" : "AveragePool", {to.value()},
           {{"kernel_shape", OnnxNumbers{window_.kernel_height, window_.kernel_width}},
            {"strides", OnnxNumbers(2, window_.stride)}});
  }

 private:
  Pooling kind_;
  Window window_;
  bool global_;
};

}  // namespace

std::vector<LayerWord> pool_words() {
  return {{.name = "pool",
           .syntax = "pool SIDE [sSTRIDE]",
           .about = "max pooling: the largest value of every window",
           .example = "pool 2",
           .make = &Pool::make<Pooling::kMax>,
           .for_images = true},
          {.name = "avgpool",
           .syntax = "avgpool SIDE [sSTRIDE]",
           .about = "average pooling: the mean of every window",
           .example = "avgpool 2",
           .make = &Pool::make<Pooling::kAverage>,
           .for_images = true},
          {.name = "gap",
           .about = "global average pooling: the mean of each channel",
           .make = &Pool::make_global,
           .for_images = true}};
}

}  // namespace reluscope
