// Batch normalisation (Ioffe and Szegedy, 2015), torch.nn.BatchNorm1d after dense layers and
// BatchNorm2d on images: y = (x - mean) / sqrt(variance + 1e-5) * weight + bias for each feature or
// channel. Mean and variance are the batch's in training, and running averages in evaluation.
#include "core/text.h"
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(const Shape& in) : shape_(in) {}

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    take_no_arguments(words);
    return std::make_unique<BatchNorm>(place.in);
  }

  std::string kind() const override { return "bn"; }
  std::string stem() const override { return "bn"; }
  std::string text() const override { return "bn"; }
  Shape out_shape() const override { return shape_; }
  std::vector<ParameterSpec> parameters() const override {
    return {by_column("weight", 1.0), by_column("bias", 0.0)};
  }
  std::vector<ParameterSpec> state() const override {
    return {by_column("running_mean", 0.0),
            by_column("running_var", 1.0),
            {.name = "num_batches_tracked", .layout = {1, 1}, .whole = true}};
  }
  bool needs_image() const override { return shape_.size() == 3; }
  bool fuses_activation() const override { return true; }
  int least_samples() const override { return element_count(shape_) == columns() ? 2 : 1; }
  std::size_t scratch_floats(int rows) const override {
    return batch_norm_scratch(
        {rows * static_cast<int>(element_count(shape_)) / columns(), columns()});
  }
  std::size_t cache_floats() const override {  // mean and 1 / deviation of the last forward
    return 2 * align_up(static_cast<std::size_t>(Layout{1, columns()}.padded_cols()));
  }

  void forward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter& after) const override {
    backend.batch_norm(arguments(context, slices), x.values, y, after);
  }
  void backward(Backend& backend, const StepContext& context, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore& before) const override {
    backend.batch_norm_backward(arguments(context, slices), x.values, dy, dx, slices.gradients[0],
                                slices.gradients[1], before);
    const auto padded = static_cast<std::size_t>(dy.layout.padded_cols());
    for (const ParameterUpdate& update : slices.updates) backend.update(update, padded);
  }

  void write(PytorchWriter& to) const override {
    to.module((shape_.size() == 3 ? "BatchNorm2d(" : "BatchNorm1d(") + std::to_string(columns()) +
              ", eps=" + number_text(kEpsilon) + ")");
  }
  void write(OnnxWriter& to) const override {
    to.add("BatchNormalization",
           {to.value(), to.tensor("weight"), to.tensor("bias"), to.tensor("running_mean"),
            to.tensor("running_var")},
           {{"epsilon", kEpsilon}});
  }

 private:
  static constexpr double kEpsilon = 1e-5, kMomentum = 0.1;  // PyTorch's defaults

  int columns() const { return static_cast<int>(shape_[0]); }
  ParameterSpec by_column(const char* name, double value) const {
    return {.name = name, .shape = {columns()}, .layout = {1, columns()}, .constant = value};
  }
  BatchNormalisation arguments(const StepContext& context, const LayerSlices& slices) const {
    return {.train = context.mode == Mode::kTrain,
            .epsilon = kEpsilon,
            .momentum = kMomentum,
            .weight = slices.parameters[0],
            .bias = slices.parameters[1],
            .running_mean = slices.state[0],
            .running_var = slices.state[1],
            .batches = slices.state[2],
            .mean = slices.cache,
            .inverse_deviation = slices.cache + cache_floats() / 2,
            .scratch = slices.scratch};
  }

  Shape shape_;
};

}  // namespace

std::vector<LayerWord> batch_norm_words() {
  return {{.name = "bn",
           .syntax = "bn",
           .about = "batch normalisation of each feature or channel",
           .example = "bn",
           .make = &BatchNorm::make,
           .for_images = true}};
}

}  // namespace reluscope
