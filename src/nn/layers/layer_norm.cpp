// Layer normalisation (Ba, Kiros, Hinton, 2016), torch.nn.LayerNorm over all features of a sample:
// y = (x - mean) / sqrt(variance + 1e-5) * weight + bias. weight and bias have a sample's shape.
#include "core/text.h"
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class LayerNorm final : public Layer {
 public:
  explicit LayerNorm(const LayerPlace& place)
      : shape_(place.in),
        layout_(place.images ? image_layout(place.in, 1) : feature_layout(place.in, 1)) {}

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    take_no_arguments(words);
    return std::make_unique<LayerNorm>(place);
  }

  std::string kind() const override { return "ln"; }
  std::string stem() const override { return "ln"; }
  std::string text() const override { return "ln"; }
  Shape out_shape() const override { return shape_; }
  std::vector<ParameterSpec> parameters() const override {
    return {of_sample("weight", 1.0), of_sample("bias", 0.0)};
  }
  std::size_t scratch_floats(int rows) const override {
    return align_up(2 * static_cast<std::size_t>(rows));
  }

  void forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override {
    backend.run(LayerNormForward{arguments(slices), x.values, y});
  }
  void backward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override {
    const LayerNormalisation norm = arguments(slices);
    backend.run(LayerNormBackward{norm, x.values, dy, dx.data});
    backend.run(LayerNormParameters{norm, x.values, dy, slices.gradients[0], slices.gradients[1]});
    for (const ParameterUpdate& update : slices.updates) backend.update(update, layout_.size());
  }

  void write(PytorchWriter& to) const override {
    to.module("LayerNorm(" + python_tuple(shape_) + ", eps=" + number_text(kEpsilon) + ")");
  }
  void write(OnnxWriter& to) const override {
    to.add("LayerNormalization", {to.value(), to.tensor("weight"), to.tensor("bias")},
           {{"axis", 1}, {"epsilon", kEpsilon}});
  }

 private:
  static constexpr double kEpsilon = 1e-5;  // PyTorch's default

  ParameterSpec of_sample(const char* name, double value) const {
    return {.name = name,
            .shape = shape_,
            .layout = layout_,
            .transposed = layout_.rows > 1,
            .constant = value};
  }
  LayerNormalisation arguments(const LayerSlices& slices) const {
    return {.weight = {slices.parameters[0], layout_},
            .bias = {slices.parameters[1], layout_},
            .moments = slices.scratch,
            .epsilon = kEpsilon};
  }

  Shape shape_;
  Layout layout_;  // of one sample, and of the parameters
};

}  // namespace

std::vector<LayerWord> layer_norm_words() {
  return {{.name = "ln",
           .syntax = "ln",
           .about = "layer normalisation over the features of a sample",
           .example = "ln",
           .make = &LayerNorm::make}};
}

}  // namespace reluscope
