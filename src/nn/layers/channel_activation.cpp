#include "nn/layers/channel_activation.h"

namespace reluscope {

std::string ChannelActivation::text() const {
  return std::string(activation_info(id_).name) + " channel" + values_text();
}

std::vector<ParameterSpec> ChannelActivation::parameters() const {
  return {{activation_info(id_).parameters.front().name,
           {channels()},
           {1, channels()},
           false,
           ParameterRole::kConstant,
           initial_.front(),
           1,
           1}};
}

// The products dy df/dp, and their column sums.
std::size_t ChannelActivation::scratch_floats(int rows) const {
  return align_up(largest_size(shape_, rows)) + cache_floats();
}

std::size_t ChannelActivation::cache_floats() const {
  return align_up(static_cast<std::size_t>(feature_layout(shape_, 1).padded_cols()));
}

VariedParameter ChannelActivation::by_column(Backend& backend, LayerSlices& slices,
                                             int cols) const {
  if (!slices.cache_valid) {
    backend.finish();
    const int area = cols / channels();
    for (int c = 0; c < cols; ++c) slices.cache[c] = slices.parameters[0][c / area];
    slices.cache_valid = true;
  }
  return {slices.cache, false};
}

void ChannelActivation::forward(Backend& backend, const StepContext&, LayerSlices& slices,
                                const Signal& x, MatrixView y, const ActivationAfter&) const {
  backend.varied_forward(id_, by_column(backend, slices, y.cols()), x.values, y);
}

// dp = sum over samples and over a channel's columns of dy df/dp, in the order and precision of
// ActivationLayer::backward.
void ChannelActivation::backward(Backend& backend, const StepContext&, LayerSlices& slices,
                                 const Signal& x, ConstMatrixView dy, MatrixView dx,
                                 const ActivationBefore&) const {
  const VariedParameter p = by_column(backend, slices, dy.cols());
  const MatrixView products{slices.scratch, dy.layout};
  float* const sums = slices.scratch + align_up(dy.layout.size());
  backend.varied_parameter(id_, p, x.values, dy, products);
  backend.column_sums(products, sums);
  backend.finish();
  const int area = dy.cols() / channels();
  for (int channel = 0; channel < channels(); ++channel) {
    double sum = 0.0;
    for (int c = channel * area; c < (channel + 1) * area; ++c) sum += static_cast<double>(sums[c]);
    slices.gradients[0][channel] = static_cast<float>(sum);
  }
  if (dx.data != nullptr) backend.varied_backward(id_, p, x.values, dy, dx);
  backend.update(slices.updates[0], Layout{1, channels()}.size());
  slices.cache_valid = slices.updates[0].stores();
}

}  // namespace reluscope
