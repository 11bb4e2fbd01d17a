// Convolution, torch.nn.Conv2d: y = x * W + b with weight (O, C, K, K) and bias (O).
#include <algorithm>

#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Conv final : public Layer {
 public:
  // Of C = in channels.
  Conv(int in, int out, const Window& window)
      : Layer("conv", "conv",
              "conv " + std::to_string(out) + "x" + std::to_string(window.kernel_height) +
                  unless(1, " s", window.stride) + unless(0, " p", window.padding),
              {out, window.out_height(), window.out_width()}),
        window_(window),
        in_(in),
        out_(out) {}

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    need_image(words, place.in);
    const char* const example = "takes channels and a kernel, as in \"conv 32x3 p1\"";
    if (words.size() < 2) refuse(words[0], example);
    const Token& sizes = words[1];
    const std::size_t by = sizes.text.find('x');
    if (by == std::string_view::npos) refuse(sizes, std::string("is no size: conv ") + example);
    const int channels = whole_number({sizes.text.substr(0, by), sizes.position}, 1, kMaxChannels,
                                      "a number of channels");
    const int kernel = whole_number({sizes.text.substr(by + 1), sizes.position + by + 1}, 1,
                                    kMaxKernel, "the side of a kernel");
    return std::make_unique<Conv>(static_cast<int>(place.in[0]), channels,
                                  square_window(words, place.in, kernel, 1, true));
  }

  std::vector<ParameterSpec> parameters() const override {
    return weight_and_bias({out_, in_, window_.kernel_height, window_.kernel_width});
  }
  bool needs_image() const override { return true; }
  bool fuses_activation() const override { return true; }
  std::int64_t multiply_adds() const override {
    return std::int64_t{window_.out_pixels()} * weight_layout().rows * out_;
  }
  // The rotated weights, or room for sums over the rows of dy. Both use the same memory in turn.
  std::size_t scratch_floats(int rows) const override {
    return std::max(Layout{window_.taps() * out_, in_}.size(),
                    batch_norm_scratch({rows * window_.out_pixels(), out_}));
  }
  std::size_t workspace_floats() const override {
    return convolution_workspace(window_, in_, out_);
  }

  void forward(const ForwardPass& f) const override {
    f.backend.convolve(window_, f.x.values, {f.slices.parameters[0], weight_layout()},
                       f.slices.parameters[1], f.y, f.after);
  }

  void backward(const BackwardPass& b) const override {
    if (b.dx.data != nullptr) {
      b.backend.convolve_input_gradient(window_, b.dy, {b.slices.parameters[0], weight_layout()},
                                        b.dx, b.slices.scratch, b.before);
    }
    b.backend.long_column_sums(b.dy, b.slices.scratch, b.slices.gradients[1]);
    b.backend.update(b.slices.updates[1], static_cast<std::size_t>(b.dy.layout.padded_cols()));
    b.backend.convolve_weight_gradient(window_, b.x.values, b.dy, b.slices.updates[0]);
  }

  void write(PytorchWriter& to) const override {
    to.module("Conv2d(" + std::to_string(in_) + ", " + std::to_string(out_) + ", " +
              std::to_string(window_.kernel_height) + unless(1, ", stride=", window_.stride) +
              unless(0, ", padding=", window_.padding) + ")");
  }
  void write(OnnxWriter& to) const override {
    to.add("Conv", {to.value(), to.tensor("weight"), to.tensor("bias")},
           {{"kernel_shape", OnnxNumbers{window_.kernel_height, window_.kernel_width}},
            {"strides", OnnxNumbers(2, window_.stride)},
            {"pads", OnnxNumbers(4, window_.padding)}});
  }

 private:
  Layout weight_layout() const { return {window_.taps() * in_, out_}; }

  Window window_;
  int in_, out_;
};

}  // namespace

std::vector<LayerWord> conv_words() {
  return {{.name = "conv",
           .syntax = "conv CHANNELSxKERNEL [sSTRIDE] [pPADDING]",
           .about = "convolution: applies the same small filters at every position of an image",
           .example = "conv 16x3 p1",
           .make = &Conv::make,
           .for_images = true}};
}

}  // namespace reluscope
