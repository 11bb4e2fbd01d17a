#include "probe/warnings.h"

#include <algorithm>

#include "core/text.h"

namespace reluscope {
namespace {

// The thresholds of the warnings, and their reasons.
//
// Share of a layer's units that are silent: a few are normal in a ReLU network, a fifth is lost
// capacity.
constexpr double kSilentUnits = 0.2;
// Share of an activation's inputs where it is flat at a bound: no gradient gets through there, so
// learning is at most half as fast.
constexpr double kSaturation = 0.5;
// Mean of a hidden layer's output, in deviations: ReLU of normal inputs has 0.7; beyond twice that
// the next layer sees a constant above all.
constexpr double kMeanShift = 1.5;
// Gradient of the first layer's weights over the last's, by element: a tenth is usual, as the first
// has more inputs; a hundredth is an effect of depth.
constexpr double kVanishingGradients = 1e-2;
// Norm of the whole gradient: with cross-entropy and inputs of deviation 1 it is near 1; such steps
// leave the region in which the gradient means anything.
constexpr double kExplodingGradients = 100.0;
// Update over weight, of a layer's weights: about 0.001 is healthy; at a tenth a layer forgets in
// ten steps what it has learnt, at a hundredth of 0.001 the weights hardly change.
constexpr double kLargeUpdate = 0.1, kSmallUpdate = 1e-5;
// Mean loss of the last 100 steps over that of the first: after a few hundred steps of learning it
// has fallen by far more than 2%.
constexpr double kLossNotFalling = 0.98;
// Mean loss of the last 100 steps over the lowest such mean: batches differ by less. Only while the
// loss is above a quarter of where it began.
constexpr double kLossRising = 1.5;

// Fewest windows of steps before the loss is called not falling or rising.
constexpr std::int64_t kPatience = 3;

std::string percent(double share) { return format("%.0f%%", 100.0 * share); }
std::string rounded(double value) { return format("%.2g", value); }

std::string title(const LayerActivity& layer) {
  return joined("layer ", layer.layer + 1, " (", layer.name, ", ", layer.text, ")");
}

class WarningRules {
 public:
  WarningRules(const ProbeSnapshot& snapshot, const Config& config)
      : snapshot_(snapshot), config_(config) {}

  std::vector<Warning> find() {
    for (const LayerSnapshot& layer : snapshot_.layers) {
      const bool hidden = layer.activity.layer + 1 < static_cast<int>(snapshot_.layers.size());
      if (!layer.activity.activation || !hidden) continue;
      silent_units(layer);
      saturation(layer.activity);
      mean_shift(layer.activity);
      slope_range(layer.activity);
    }
    if (snapshot_.gradients) gradients(*snapshot_.gradients);
    loss(snapshot_.loss);
    return std::move(found_);
  }

 private:
  template <class... Parts>
  void warn(const char* code, int layer, const Parts&... text) {
    found_.push_back({code, layer, joined(text...)});
  }

  void silent_units(const LayerSnapshot& layer) {
    const auto& silent = layer.activity.activation->silent;
    std::vector<UnitLife> lives;  // of the silent ones
    for (std::size_t u = 0; u < silent.size(); ++u) {
      if (silent[u] && u < layer.lives.size()) lives.push_back(layer.lives[u]);
    }
    const double share = static_cast<double>(lives.size()) / static_cast<double>(silent.size());
    if (lives.empty() || share < kSilentUnits) return;
    // The time at which half of them were silent.
    std::stable_sort(lives.begin(), lives.end(),
                     [](const UnitLife& a, const UnitLife& b) { return a.since < b.since; });
    const UnitLife& middle = lives[(lives.size() - 1) / 2];
    warn("silent_units", layer.activity.layer, lives.size(), " of ", silent.size(), " units of ",
         title(layer.activity), lives.size() == 1 ? " is" : " are", " silent ",
         middle.since == 0
             ? joined("since the start: try ", he(), "Leaky ReLU or BatchNorm.")
             : joined("since step ", middle.since, ": learning rate ", number_text(middle.since_lr),
                      "; try Leaky ReLU, BatchNorm or a smaller rate."));
  }

  void saturation(const LayerActivity& layer) {
    double share = 0.0;
    for (const RegimeShare& r : layer.activation->regimes) {
      if (r.regime.kind == RegimeKind::kSaturated) share += r.share;
    }
    if (share < kSaturation) return;
    warn("saturation", layer.layer, percent(share), " of the inputs of ", title(layer),
         " lie where it is flat at a bound, so their gradients vanish: try smaller initial "
         "weights, BatchNorm, a smaller rate or ReLU.");
  }

  void mean_shift(const LayerActivity& layer) {
    const double size = std::max(layer.mean, -layer.mean);
    if (!(layer.deviation > 0.0) || size < kMeanShift * layer.deviation) return;
    warn("mean_shift", layer.layer, "The outputs of ", title(layer), " have a mean of ",
         rounded(layer.mean), " at a deviation of ", rounded(layer.deviation),
         ", far from 0: try BatchNorm behind it, ELU or tanh.");
  }

  // Beyond the range that an architecture text may give, the activation is no longer what its name
  // says.
  void slope_range(const LayerActivity& layer) {
    if (!layer.activation->slopes) return;
    const LearntSlopes& slopes = *layer.activation->slopes;
    for (const double value : slopes.values) {
      if (value >= slopes.min && value <= slopes.max) continue;
      warn("slope_range", layer.layer, "The learnt ", slopes.symbol, " of ", title(layer), " is ",
           rounded(value), ", outside ", number_text(slopes.min), " to ", number_text(slopes.max),
           ": try a smaller rate.");
      return;
    }
  }

  // A parameter belongs to the layer whose name it begins with.
  int layer_of(const ParameterFlow& parameter) const {
    const std::string name = parameter.name.substr(0, parameter.name.find('.'));
    for (const LayerSnapshot& layer : snapshot_.layers) {
      if (layer.activity.name == name) return layer.activity.layer;
    }
    return -1;
  }

  void gradients(const GradientFlow& flow) {
    std::vector<const ParameterFlow*> weights;
    for (const ParameterFlow& parameter : flow.parameters) {
      if (parameter.weight) weights.push_back(&parameter);
    }
    if (weights.empty()) return;
    const ParameterFlow &first = *weights.front(), &last = *weights.back();
    if (first.gradient_rms() < kVanishingGradients * last.gradient_rms()) {
      warn("vanishing_gradients", layer_of(first),
           first.gradient_norm > 0.0
               ? joined("The gradient vanishes on its way back: an element of ", first.name,
                        " gets ", rounded(first.gradient_rms() / last.gradient_rms()),
                        " of what one of ", last.name, " gets; try ", he(),
                        "ReLU or its relatives, or BatchNorm.")
               : joined("No gradient gets back to ", first.name,
                        ": try Leaky ReLU, BatchNorm or a smaller rate."));
    }
    if (flow.norm > kExplodingGradients) {
      warn("exploding_gradients", -1, "The gradient explodes: its norm is ", rounded(flow.norm),
           " at step ", flow.step, "; try ", he(), "a smaller rate, BatchNorm or clipping.");
    }
    if (!(flow.lr > 0.0)) return;
    const LossTrend& loss = snapshot_.loss;
    const bool learnt = loss.windows < 2 || loss.last < 0.5 * loss.first;  // small steps are normal
    for (const ParameterFlow* weight : weights) {
      const std::optional<double> ratio = weight->update_ratio();
      const bool large = ratio > kLargeUpdate;
      if (!ratio || !(large || (ratio < kSmallUpdate && !learnt))) continue;
      warn(large ? "large_update" : "small_update", layer_of(*weight), "A step changes ",
           weight->name, " by ", rounded(*ratio),
           " of its size, where about 0.001 is healthy: try a ", large ? "smaller" : "larger",
           " rate than ", number_text(flow.lr), ".");
    }
  }

  void loss(const LossTrend& trend) {
    if (trend.windows <= kPatience) return;
    if (trend.last >= kLossNotFalling * trend.first) {
      warn("loss_not_falling", -1, "The loss does not fall: ", format("%.4f", trend.first),
           " over the first 100 steps, ", format("%.4f", trend.last),
           " over the last; try another learning rate than ", number_text(snapshot_.lr), " or ",
           config_.optimizer == "adam" ? "another initialisation" : "Adam", ".");
    } else if (trend.last > kLossRising * trend.lowest && trend.last > 0.25 * trend.first) {
      warn("loss_rising", -1, "The loss rises again: ", format("%.4f", trend.last),
           " over the last 100 steps, ", format("%.4f", trend.lowest),
           " at best; try a smaller rate than ", number_text(snapshot_.lr), ".");
    }
  }

  // A remedy, unless the config already uses it.
  std::string he() const { return config_.init.starts_with("he_") ? "" : "He initialisation, "; }

  const ProbeSnapshot& snapshot_;
  const Config& config_;
  std::vector<Warning> found_;
};

}  // namespace

std::vector<Warning> find_warnings(const ProbeSnapshot& snapshot, const Config& config) {
  return WarningRules(snapshot, config).find();
}

}  // namespace reluscope
