// Pooling over images: torch.nn.MaxPool2d, AvgPool2d, and AdaptiveAvgPool2d(1), the mean of each
// channel. As in PyTorch, pixels at the right and lower edges that fill no window are ignored.
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Pool final : public Layer {
 public:
  // in: (C, H, W), with the window no larger than the image. Global: the window is the image.
  Pool(const Shape& in, Pooling kind, int kernel_height, int kernel_width, int stride, bool global)
      : kind_(kind),
        channels_(static_cast<int>(in[0])),
        window_{.height = static_cast<int>(in[1]),
                .width = static_cast<int>(in[2]),
                .kernel_height = kernel_height,
                .kernel_width = kernel_width,
                .stride = stride},
        global_(global) {}

  template <Pooling kKind>
  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    need_image(words, place.in);
    if (words.size() < 2) {
      const std::string name(words[0].text);
      refuse(words[0], "takes the side of a window, as in \"" + name + " 2\"");
    }
    const int kernel = whole_number(words[1], 1, kMaxKernel, "the side of a window");
    const WindowOptions options(words, kernel, false);
    check_fits(words[1], place.in, kernel, 0);
    return std::make_unique<Pool>(place.in, kKind, kernel, kernel, options.stride, false);
  }
  static std::unique_ptr<Layer> make_global(const LayerWords& words, const LayerPlace& place) {
    take_no_arguments(words);
    need_image(words, place.in);
    return std::make_unique<Pool>(place.in, Pooling::kAverage, static_cast<int>(place.in[1]),
                                  static_cast<int>(place.in[2]), 1, true);
  }

  std::string kind() const override { return "pool"; }
  std::string stem() const override { return "pool"; }
  std::string text() const override {
    if (global_) return "gap";
    const int kernel = window_.kernel_height;
    std::string text = (kind_ == Pooling::kMax ? "pool " : "avgpool ") + std::to_string(kernel);
    if (window_.stride != kernel) text += " s" + std::to_string(window_.stride);
    return text;
  }
  Shape out_shape() const override {
    return {channels_, window_.out_height(), window_.out_width()};
  }
  bool needs_image() const override { return true; }

  void forward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x, MatrixView y,
               const ActivationAfter&) const override {
    backend.pool(kind_, window_, x.values, y);
  }
  void backward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override {
    if (dx.data != nullptr) backend.pool_backward(kind_, window_, x.values, dy, dx);
  }

  void write(PytorchWriter& to) const override {
    if (global_) {
      to.module("AdaptiveAvgPool2d(1)");
      return;
    }
    const int kernel = window_.kernel_height, stride = window_.stride;
    to.module((kind_ == Pooling::kMax ? "MaxPool2d(" : "AvgPool2d(") + std::to_string(kernel) +
              (stride == kernel ? ")" : ", stride=" + std::to_string(stride) + ")"));
  }
  void write(OnnxWriter& to) const override {
    if (global_) {
      to.add("GlobalAveragePool", {to.value()});
      return;
    }
    to.add(kind_ == Pooling::kMax ? "MaxPool" : "AveragePool", {to.value()},
           {{"kernel_shape", OnnxNumbers{window_.kernel_height, window_.kernel_width}},
            {"strides", OnnxNumbers(2, window_.stride)}});
  }

 private:
  Pooling kind_;
  int channels_;
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
           .syntax = "gap",
           .about = "global average pooling: the mean of each channel",
           .example = "gap",
           .make = &Pool::make_global,
           .for_images = true}};
}

}  // namespace reluscope
