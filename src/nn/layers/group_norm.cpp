// Group normalisation (Wu and He, 2018), torch.nn.GroupNorm: y = (x - mean) / sqrt(variance + 1e-5)
// * weight + bias. Each group of neighbouring channels of a sample has its mean and variance, and
// each channel its weight and bias.
#include "core/text.h"
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class GroupNorm final : public Layer {
 public:
  // in: (C, H, W) or (C), with C a multiple of groups.
  GroupNorm(const Shape& in, int groups) : shape_(in), groups_(groups) {}

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    if (words.size() != 2) refuse(words[0], "takes one number of groups, as in \"gn 4\"");
    const int channels = static_cast<int>(place.in.front());
    const int groups = whole_number(words[1], 1, channels, "a number of groups");
    if (channels % groups != 0) {
      int below = groups, above = groups;
      while (channels % below != 0) --below;
      while (channels % above != 0) ++above;
      refuse(words[1], "does not divide the " + std::to_string(channels) +
                           " channels in front of this gn: the nearest numbers that do are " +
                           std::to_string(below) + " and " + std::to_string(above));
    }
    return std::make_unique<GroupNorm>(place.in, groups);
  }

  std::string kind() const override { return "gn"; }
  std::string stem() const override { return "gn"; }
  std::string text() const override { return "gn " + std::to_string(groups_); }
  Shape out_shape() const override { return shape_; }
  std::vector<ParameterSpec> parameters() const override {
    return {by_channel("weight", 1.0), by_channel("bias", 0.0)};
  }
  bool needs_image() const override { return shape_.size() == 3; }
  std::size_t scratch_floats(int rows) const override {  // two sums for each column of a sample
    return 2 * Layout{rows, channels()}.size();
  }

  void forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
               MatrixView y, const ActivationAfter&) const override {
    backend.run(GroupNormForward{arguments(slices), x.values, y});
  }
  void backward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const override {
    const GroupNormalisation norm = arguments(slices);
    const MatrixView sums{slices.scratch, {2 * x.values.rows() / norm.pixels, channels()}};
    backend.run(GroupNormBackward{norm, x.values, dy, dx.data, sums});
    backend.run(GroupNormParameters{sums, slices.gradients[0], slices.gradients[1]});
    const auto padded = static_cast<std::size_t>(dy.layout.padded_cols());
    for (const ParameterUpdate& update : slices.updates) backend.update(update, padded);
  }

  void write(PytorchWriter& to) const override {
    to.module("GroupNorm(" + std::to_string(groups_) + ", " + std::to_string(channels()) +
              ", eps=" + number_text(kEpsilon) + ")");
  }
  // As PyTorch exports it: operator set 17 has no group normalisation.
  void write(OnnxWriter& to) const override {
    const std::vector<float> ones(static_cast<std::size_t>(groups_), 1.0f), zeros(ones.size());
    const std::string grouped =
        to.node("Reshape", {to.value(), to.integers("grouped sizes", {0, groups_, -1})}, "grouped");
    const std::string normal =
        to.node("InstanceNormalization",
                {grouped, to.floats("ones", {groups_}, ones), to.floats("zeros", {groups_}, zeros)},
                "normal", {{"epsilon", kEpsilon}});
    OnnxNumbers sizes = {-1};
    sizes.insert(sizes.end(), shape_.begin(), shape_.end());
    const std::string shaped = to.node("Reshape", {normal, to.integers("sizes", sizes)}, "shaped");
    Shape channel = {channels()};  // followed by the sizes of its plane
    channel.resize(shape_.size(), 1);
    const std::string scaled = to.node("Mul", {shaped, to.tensor("weight", channel)}, "scaled");
    to.add("Add", {scaled, to.tensor("bias", channel)});
  }

 private:
  static constexpr double kEpsilon = 1e-5;  // PyTorch's default

  int channels() const { return static_cast<int>(shape_.front()); }
  ParameterSpec by_channel(const char* name, double value) const {
    return {.name = name, .shape = {channels()}, .layout = {1, channels()}, .constant = value};
  }
  GroupNormalisation arguments(const LayerSlices& slices) const {
    return {.weight = slices.parameters[0],
            .bias = slices.parameters[1],
            .epsilon = kEpsilon,
            .groups = groups_,
            .pixels = static_cast<int>(element_count(shape_)) / channels()};
  }

  Shape shape_;
  int groups_;
};

}  // namespace

std::vector<LayerWord> group_norm_words() {
  return {{.name = "gn",
           .syntax = "gn GROUPS",
           .about = "group normalisation: over groups of neighbouring channels of a sample",
           .example = "gn 1",
           .make = &GroupNorm::make,
           .for_images = true}};
}

}  // namespace reluscope
