#include "nn/layers/conv2d.h"

#include <algorithm>

namespace reluscope {

Conv2d::Conv2d(const Shape& in, int channels, int kernel, int stride, int padding)
    : window_{static_cast<int>(in[1]), static_cast<int>(in[2]), kernel, kernel, stride, padding},
      in_(static_cast<int>(in[0])),
      out_(channels) {}

std::string Conv2d::text() const {
  std::string text = "conv " + std::to_string(out_) + "x" + std::to_string(window_.kernel_height);
  if (window_.stride != 1) text += " s" + std::to_string(window_.stride);
  if (window_.padding != 0) text += " p" + std::to_string(window_.padding);
  return text;
}

std::vector<ParameterSpec> Conv2d::parameters() const {
  const int taps = window_.taps(), fan_in = in_ * taps, fan_out = out_ * taps;
  return {{"weight",
           {out_, in_, window_.kernel_height, window_.kernel_width},
           weight_layout(),
           true,
           ParameterRole::kWeight,
           0.0,
           fan_in,
           fan_out,
           taps},
          {"bias", {out_}, {1, out_}, false, ParameterRole::kBias, 0.0, fan_in, fan_out}};
}

std::int64_t Conv2d::multiply_adds() const {
  return std::int64_t{window_.out_pixels()} * weight_layout().rows * out_;
}

// The turned weights, or what sums over the rows of dy need; one after the other.
std::size_t Conv2d::scratch_floats(int rows) const {
  return std::max(Layout{window_.taps() * out_, in_}.size(),
                  batch_norm_scratch({rows * window_.out_pixels(), out_}));
}

std::size_t Conv2d::workspace_floats() const { return convolution_workspace(window_, in_, out_); }

void Conv2d::forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                     MatrixView y, const ActivationAfter& after) const {
  backend.convolve(window_, x.values, {slices.parameters[0], weight_layout()}, slices.parameters[1],
                   y, after);
}

void Conv2d::backward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                      ConstMatrixView dy, MatrixView dx, const ActivationBefore& before) const {
  if (dx.data != nullptr) {
    backend.convolve_input_gradient(window_, dy, {slices.parameters[0], weight_layout()}, dx,
                                    slices.scratch, before);
  }
  backend.long_column_sums(dy, slices.scratch, slices.gradients[1]);
  backend.update(slices.updates[1], static_cast<std::size_t>(dy.layout.padded_cols()));
  backend.convolve_weight_gradient(window_, x.values, dy, slices.updates[0]);
}

}  // namespace reluscope
