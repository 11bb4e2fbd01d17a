// Normalisation: y = (x - mean) / sqrt(variance + 1e-5) * weight + bias. The three layers differ in
// what has a mean and variance of its own, and what has a weight and bias of its own.
#include "core/text.h"
#include "nn/layer_words.h"

namespace reluscope {
namespace {

constexpr double kEpsilon = 1e-5;  // PyTorch's default

class Norm : public Layer {
 public:
  // shape, layout: of the weight and of the bias.
  Norm(const std::string& kind, const std::string& text, const Shape& in, const Shape& shape,
       const Layout& layout)
      : Layer(kind, kind, text, in), shape_(shape), layout_(layout) {}
  // With a weight and a bias for each channel.
  Norm(const std::string& kind, const std::string& text, const Shape& in)
      : Norm(kind, text, in, {in.front()}, {1, static_cast<int>(in.front())}) {}

  bool needs_image() const override { return of_images() && shape_.size() == 1; }
  std::vector<ParameterSpec> parameters() const override {
    return {parameter("weight", 1.0), parameter("bias", 0.0)};
  }

 protected:
  ParameterSpec parameter(const char* name, double value) const {
    return {.name = name,
            .shape = shape_,
            .layout = layout_,
            .transposed = layout_.rows > 1,
            .constant = value};
  }
  void update(const LayerPass& b) const {
    for (const ParameterUpdate& update : b.slices.updates) b.backend.update(update, layout_.size());
  }
  int channels() const { return static_cast<int>(out_shape().front()); }
  bool of_images() const { return out_shape().size() == 3; }

  Shape shape_;
  Layout layout_;
};

// Batch normalisation (Ioffe and Szegedy, 2015), torch.nn.BatchNorm1d after dense layers and
// BatchNorm2d on images, for each feature or channel. Mean and variance are the batch's in
// training, and running averages in evaluation.
class BatchNorm final : public Norm {
 public:
  explicit BatchNorm(const LayerPlace& place) : Norm("bn", "bn", place.in) {}

  std::vector<ParameterSpec> state() const override {
    return {parameter("running_mean", 0.0),
            parameter("running_var", 1.0),
            {.name = "num_batches_tracked", .layout = {1, 1}, .whole = true}};
  }
  bool fuses_activation() const override { return true; }
  int least_samples() const override { return element_count(out_shape()) == channels() ? 2 : 1; }
  std::size_t scratch_floats(int rows) const override {
    return batch_norm_scratch(
        {rows * static_cast<int>(element_count(out_shape())) / channels(), channels()});
  }
  std::size_t cache_floats() const override {  // mean and 1 / deviation of the last forward
    return 2 * align_up(layout_.size());
  }

  void forward(const ForwardPass& f) const override {
    f.backend.batch_norm(arguments(f), f.x.values, f.y, f.after);
  }
  void backward(const BackwardPass& b) const override {
    b.backend.batch_norm_backward(arguments(b), b.x.values, b.dy, b.dx, b.slices.gradients[0],
                                  b.slices.gradients[1], b.before);
    update(b);
  }

  void write(PytorchWriter& to) const override {
    to.module((of_images() ? "BatchNorm2d(" : "BatchNorm1d(") + std::to_string(channels()) +
              ", eps=" + number_text(kEpsilon) + ")");
  }
  void write(OnnxWriter& to) const override {
    to.add("BatchNormalization",
           {to.value(), to.tensor("weight"), to.tensor("bias"), to.tensor("running_mean"),
            to.tensor("running_var")},
           {{"epsilon", kEpsilon}});
  }

 private:
  BatchNormalisation arguments(const LayerPass& pass) const {
    return {.train = pass.context.mode == Mode::kTrain,
            .epsilon = kEpsilon,
            .momentum = 0.1,  // PyTorch's default
            .weight = pass.slices.parameters[0],
            .bias = pass.slices.parameters[1],
            .running_mean = pass.slices.state[0],
            .running_var = pass.slices.state[1],
            .batches = pass.slices.state[2],
            .mean = pass.slices.cache,
            .inverse_deviation = pass.slices.cache + cache_floats() / 2,
            .scratch = pass.slices.scratch};
  }
};

// Layer normalisation (Ba, Kiros, Hinton, 2016), torch.nn.LayerNorm over all features of a sample.
// weight and bias have a sample's shape.
class LayerNorm final : public Norm {
 public:
  explicit LayerNorm(const LayerPlace& place)
      : Norm("ln", "ln", place.in, place.in,
             place.images ? image_layout(place.in, 1) : feature_layout(place.in, 1)) {}

  std::size_t scratch_floats(int rows) const override {
    return align_up(2 * static_cast<std::size_t>(rows));
  }

  void forward(const ForwardPass& f) const override {
    f.backend.run(LayerNormForward{arguments(f), f.x.values, f.y});
  }
  void backward(const BackwardPass& b) const override {
    const LayerNormalisation norm = arguments(b);
    b.backend.run(LayerNormBackward{norm, b.x.values, b.dy, b.dx.data});
    b.backend.run(
        LayerNormParameters{norm, b.x.values, b.dy, b.slices.gradients[0], b.slices.gradients[1]});
    update(b);
  }

  void write(PytorchWriter& to) const override {
    to.module("LayerNorm(" + python_tuple(out_shape()) + ", eps=" + number_text(kEpsilon) + ")");
  }
  void write(OnnxWriter& to) const override {
    to.add("LayerNormalization", {to.value(), to.tensor("weight"), to.tensor("bias")},
           {{"axis", 1}, {"epsilon", kEpsilon}});
  }

 private:
  LayerNormalisation arguments(const LayerPass& pass) const {
    return {.weight = {pass.slices.parameters[0], layout_},
            .bias = {pass.slices.parameters[1], layout_},
            .moments = pass.slices.scratch,
            .epsilon = kEpsilon};
  }
};

// Group normalisation (Wu and He, 2018), torch.nn.GroupNorm. Each group of neighbouring channels of
// a sample has its mean and variance, and each channel its weight and bias.
class GroupNorm final : public Norm {
 public:
  // in: (C, H, W) or (C), with C a multiple of groups.
  GroupNorm(const Shape& in, int groups)
      : Norm("gn", "gn " + std::to_string(groups), in), groups_(groups) {}

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

  std::size_t scratch_floats(int rows) const override {  // two sums for each column of a sample
    return 2 * Layout{rows, channels()}.size();
  }

  void forward(const ForwardPass& f) const override {
    f.backend.run(GroupNormForward{arguments(f), f.x.values, f.y});
  }
  void backward(const BackwardPass& b) const override {
    const GroupNormalisation norm = arguments(b);
    const MatrixView sums{b.slices.scratch, {2 * b.x.values.rows() / norm.pixels, channels()}};
    b.backend.run(GroupNormBackward{norm, b.x.values, b.dy, b.dx.data, sums});
    b.backend.run(GroupNormParameters{sums, b.slices.gradients[0], b.slices.gradients[1]});
    update(b);
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
    OnnxNumbers sizes = out_shape();
    sizes.insert(sizes.begin(), -1);
    const std::string shaped = to.node("Reshape", {normal, to.integers("sizes", sizes)}, "shaped");
    Shape channel = {channels()};  // followed by the sizes of its plane
    channel.resize(out_shape().size(), 1);
    const std::string scaled = to.node("Mul", {shaped, to.tensor("weight", channel)}, "scaled");
    to.add("Add", {scaled, to.tensor("bias", channel)});
  }

 private:
  GroupNormalisation arguments(const LayerPass& pass) const {
    return {.weight = pass.slices.parameters[0],
            .bias = pass.slices.parameters[1],
            .epsilon = kEpsilon,
            .groups = groups_,
            .pixels = static_cast<int>(element_count(out_shape())) / channels()};
  }

  int groups_;
};

}  // namespace

std::vector<LayerWord> normalisation_words() {
  return {{.name = "bn",
           .about = "batch normalisation of each feature or channel",
           .make = &make_plain<BatchNorm>,
           .for_images = true},
          {.name = "ln",
           .about = "layer normalisation over the features of a sample",
           .make = &make_plain<LayerNorm>},
          {.name = "gn",
           .syntax = "gn GROUPS",
           .about = "group normalisation: over groups of neighbouring channels of a sample",
           .example = "gn 1",
           .make = &GroupNorm::make,
           .for_images = true}};
}

}  // namespace reluscope
