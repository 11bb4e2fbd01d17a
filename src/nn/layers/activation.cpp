// The activations of the registry as layers: y = f(x), element by element. A learnable parameter is
// one number per layer, as in torch.nn.PReLU(1), or, with the word `channel`, one per channel, as
// in torch.nn.PReLU(C). A random parameter (torch.nn.RReLU) is drawn for every element in every
// training step, between two bounds; evaluation uses their mean.
#include <algorithm>

#include "core/rng.h"
#include "core/text.h"
#include "nn/layer_words.h"

namespace reluscope {
namespace {

// " 0.2", or "" if all have their defaults.
std::string values_text(const ActivationInfo& info, const std::vector<double>& values) {
  const auto same = [](double value, const ActivationParameter& p) { return value == p.initial; };
  if (std::equal(values.begin(), values.end(), info.parameters.begin(), same)) return "";
  std::string text;
  for (const double value : values) text += " " + number_text(value);
  return text;
}

class ActivationLayer final : public Layer {
 public:
  // parameters: all of the registry's entry, in its order. by_channel: one is learnt per channel, a
  // unit after a dense layer, a plane of (C, H, W) after other layers.
  ActivationLayer(const Shape& in, ActivationId id, std::vector<double> parameters, bool by_channel)
      : Layer("activation", "act",
              activation_info(id).name + std::string(by_channel ? " channel" : "") +
                  values_text(activation_info(id), parameters),
              in),
        id_(id),
        learns_(activation_learns(activation_info(id))),
        random_(activation_info(id).random),
        by_channel_(by_channel),
        initial_(std::move(parameters)),
        fixed_(initial_.begin(), initial_.end()) {}

  std::vector<ParameterSpec> parameters() const override {
    if (!learns_) return {};
    return {{.name = activation_info(id_).parameters.front().name,
             .shape = {learnt()},
             .layout = {1, learnt()},
             .constant = initial_.front()}};
  }
  // Room for the draws, or for the products dy df/dp and their column sums.
  std::size_t scratch_floats(int rows) const override {
    return (learns_ || random_ ? align_up(largest_size(out_shape_, rows)) : 0) +
           (learns_ ? column_floats() : 0);
  }
  std::size_t cache_floats() const override {  // a parameter per column
    return by_channel_ ? column_floats() : 0;
  }
  ActivationId activation() const override { return id_; }
  double gain() const override { return activation_gain(id_, initial_); }
  bool is_fusable() const override { return !by_channel_ && !random_; }
  const float* activation_parameters(const LayerSlices& slices) const override {
    return learns_ ? slices.parameters[0] : fixed_.data();
  }

  void forward(const ForwardPass& f) const override { apply(ActivationOp::kForward, f, {}, f.y); }
  // dp = sum over samples and units of dy df/dp: down each column first, then along the columns in
  // ascending order, on every target and with any number of threads. The sum along the columns is
  // in double: cheap, and at least as exact as a float sum in any order.
  void backward(const BackwardPass& b) const override {
    if (learns_) {
      apply(ActivationOp::kParameter, b, b.dy, {b.slices.scratch, b.dy.layout});
      sum_products(b);
    }
    if (b.dx.data != nullptr) apply(ActivationOp::kBackward, b, b.dy, b.dx);
    if (!learns_) return;
    b.backend.update(b.slices.updates[0], Layout{1, learnt()}.size());
    b.slices.cache_valid = b.slices.updates[0].stores();
  }

  void write(PytorchWriter& to) const override { write_to(to); }
  void write(OnnxWriter& to) const override { write_to(to); }

 private:
  // Size of the learnt parameter.
  int learnt() const { return by_channel_ ? static_cast<int>(out_shape_.front()) : 1; }
  std::size_t column_floats() const {
    return align_up(static_cast<std::size_t>(feature_layout(out_shape_, 1).padded_cols()));
  }
  void write_to(LayerWriter& to) const { to.activation(id_, initial_, learns_ ? learnt() : 0); }

  void apply(ActivationOp op, const LayerPass& pass, ConstMatrixView dy, MatrixView out) const {
    LayerSlices& slices = pass.slices;
    VariedParameter varied{.values = slices.cache, .by_row = false};
    if (random_ && pass.context.mode == Mode::kTrain) {
      // Repeated for backward, because other layers share the scratch memory.
      pass.backend.fill_uniform(Rng(pass.context.seed, Purpose::kSlope, pass.context.step),
                                pass.context.layer, fixed_[0], fixed_[1],
                                {slices.scratch, out.layout});
      varied = {.values = slices.scratch, .by_row = true};
    } else if (!by_channel_) {
      return pass.backend.activate(op, id_, activation_parameters(slices), pass.x.values.data,
                                   dy.data, out.data, out.layout.size());
    } else if (!slices.cache_valid) {
      pass.backend.finish();
      const int area = out.cols() / learnt();  // columns of a channel: its plane, or 1 of pixels
      for (int c = 0; c < out.cols(); ++c) slices.cache[c] = slices.parameters[0][c / area];
      slices.cache_valid = true;
    }
    pass.backend.activate_varied(op, id_, varied, pass.x.values, dy, out);
  }

  // Sums the products at slices.scratch. Each number owns an equal part of their columns.
  void sum_products(const BackwardPass& b) const {
    const Layout& layout = b.dy.layout;
    float* const sums = b.slices.scratch + align_up(layout.size());
    b.backend.column_sums({b.slices.scratch, layout}, sums);
    b.backend.finish();
    const int area = layout.cols / learnt();
    for (int k = 0; k < learnt(); ++k) {
      double sum = 0.0;
      for (int c = k * area; c < (k + 1) * area; ++c) sum += static_cast<double>(sums[c]);
      b.slices.gradients[0][k] = static_cast<float>(sum);
    }
  }

  ActivationId id_;
  bool learns_, random_, by_channel_;
  std::vector<double> initial_;
  std::vector<float> fixed_;  // the same as floats, for parameters that are not learnt
};

std::unique_ptr<Layer> make_activation(const LayerWords& all, const LayerPlace& place) {
  const ActivationId id = find_activation(all[0].text);
  const ActivationInfo& info = activation_info(id);
  LayerWords words = all;
  const bool by_channel = words.size() > 1 && words[1].text == "channel";
  if (by_channel) {
    if (!activation_learns(info)) {
      std::vector<std::string> learning = activation_names();
      std::erase_if(learning, [](const std::string& name) {
        return !activation_learns(activation_info(find_activation(name)));
      });
      refuse(words[1], "is for activations that learn a parameter, " + join_or(learning) +
                           ", but " + info.name + " learns none");
    }
    words.erase(words.begin() + 1);
  }
  if (words.size() - 1 > info.parameters.size()) {
    refuse(words[info.parameters.size() + 1],
           "is one argument too many: " + std::string(info.name) + " takes " +
               (info.parameters.empty() ? "none"
                                        : "at most " + std::to_string(info.parameters.size())));
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < info.parameters.size(); ++i) {
    const ActivationParameter& parameter = info.parameters[i];
    values.push_back(parameter.initial);
    if (i + 1 >= words.size()) continue;
    const auto value = number(words[i + 1]);
    if (!value || !(*value >= parameter.min && *value <= parameter.max)) {
      refuse(words[i + 1], "is not a " + std::string(info.name) + " " + parameter.name +
                               ", a number from " + number_text(parameter.min) + " to " +
                               number_text(parameter.max));
    }
    values.back() = *value;
  }
  if (info.random && values[0] > values[1]) {
    refuse(words[1],
           "is above the " + number_text(values[1]) + " where " + info.name + "'s range ends");
  }
  return std::make_unique<ActivationLayer>(place.in, id, std::move(values), by_channel);
}

}  // namespace

std::vector<LayerWord> activation_words() {
  std::vector<LayerWord> words;
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    std::string syntax = info.name;
    if (activation_learns(info)) syntax += " [channel]";
    for (const auto& parameter : info.parameters) {
      syntax += std::string(" [") + parameter.name + "]";
    }
    words.push_back(
        {.name = info.name, .syntax = syntax, .about = info.about, .make = &make_activation});
  }
  return words;
}

}  // namespace reluscope
