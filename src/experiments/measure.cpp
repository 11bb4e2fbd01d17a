#include "experiments/measure.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/json_object.h"
#include "probe/activity.h"

namespace reluscope {
namespace {

constexpr Measure kMeasures[] = {
    {"train_loss", "train loss", false},
    {"test_loss", "test loss", false},
    {"test_accuracy", "accuracy", true},
    {"silent", "silent units", true},
    {"negative", "never positive", true},
    {"zeros", "zero outputs", true},
    {"output_mean", "output mean", false},
    {"input_shift", "input shift", false},
    {"signal", "signal, last layer / first", false},
    {"slope_move", "movement of slopes", false},
    {"gradient_ratio", "gradient, first layer / last", false},
};

// Sums over the samples for one unit.
struct Unit {
  bool ever_positive = false;
  double x = 0.0, xx = 0.0;  // inputs and their squares
};

// The same for a layer.
struct Observed {
  int index;  // in the model
  SilenceMeter silence;
  std::vector<Unit> units;
  std::int64_t outputs = 0, zeros = 0;
  double y = 0.0, yy = 0.0;

  double mean() const { return y / static_cast<double>(outputs); }
  double size() const { return std::sqrt(yy / static_cast<double>(outputs)); }
};

void add(Observed& layer, ConstMatrixView x, const UnitValues& values) {
  const ConstMatrixView& y = values.matrix;
  layer.silence.add(values, x);
  layer.units.resize(static_cast<std::size_t>(values.units));
  layer.outputs += static_cast<std::int64_t>(y.rows()) * y.cols();
  for (int p = 0; p < y.layout.panels(); ++p) {
    const float *xs = x.panel(p), *ys = y.panel(p);
    const int width = y.layout.panel_width(p);
    for (int row = 0; row < y.rows(); ++row, xs += width, ys += width) {
      for (int c = 0; c < y.layout.panel_cols(p); ++c) {
        Unit& unit = layer.units[static_cast<std::size_t>(values.unit_of_column(p * kPanel + c))];
        const auto in = static_cast<double>(xs[c]), out = static_cast<double>(ys[c]);
        unit.ever_positive = unit.ever_positive || in > 0.0;
        unit.x += in;
        unit.xx += in * in;
        layer.zeros += out == 0.0;
        layer.y += out;
        layer.yy += out * out;
      }
    }
  }
}

Json slope_move(const Model& model) {
  double sum = 0.0;
  int count = 0;
  for (int l = 0; l < model.layer_count(); ++l) {
    if (model.layer(l).activation() < 0) continue;
    const std::string prefix = model.layer_name(l) + ".";
    for (const Model::Parameter& parameter : model.parameter_list()) {
      if (!parameter.name.starts_with(prefix)) continue;
      for (const float value : Model::gather(parameter, model.parameters())) {
        sum += std::fabs(static_cast<double>(value) - parameter.spec.constant);
        ++count;
      }
    }
  }
  return count > 0 ? Json(sum / count) : Json();
}

}  // namespace

std::span<const Measure> measures() { return kMeasures; }

const Measure& find_measure(std::string_view name) {
  for (const Measure& measure : kMeasures) {
    if (name == measure.name) return measure;
  }
  throw Error("measure " + std::string(name) + " is not known");
}

Json measure(Trainer& trainer) {
  const Model& model = trainer.model();
  std::vector<Observed> layers;
  for (int l = 1; l + 1 < model.layer_count(); ++l) {
    if (model.layer(l).activation() >= 0)
      layers.push_back({.index = l, .silence = SilenceMeter(regimes_of(model, l)), .units = {}});
  }
  std::vector<int> samples = trainer.training_samples();
  samples.resize(layers.empty() ? 0 : std::min<std::size_t>(samples.size(), kMeasuredSamples));
  const auto at_once = static_cast<std::size_t>(trainer.evaluate_rows());
  for (std::size_t first = 0; first < samples.size(); first += at_once) {
    trainer.infer(trainer.probe_set(), std::span<const int>(samples).subspan(
                                           first, std::min(at_once, samples.size() - first)));
    for (Observed& layer : layers)
      add(layer, model.input(layer.index), output_of(model, layer.index));
  }
  std::ptrdiff_t units = 0, silent = 0, negative = 0;
  int shifted = 0;
  std::int64_t outputs = 0, zeros = 0;
  double means = 0.0, shifts = 0.0;
  for (const Observed& layer : layers) {
    outputs += layer.outputs;
    zeros += layer.zeros;
    means += layer.mean();
    units += std::ssize(layer.units);
    silent += count_flags(layer.silence.found().silent);
    const double rows =
        static_cast<double>(layer.outputs) / static_cast<double>(layer.units.size());
    for (const Unit& unit : layer.units) {
      negative += !unit.ever_positive;
      // |mean| / deviation of its inputs, unless they are constant.
      const double mean = unit.x / rows, variance = unit.xx / rows - mean * mean;
      if (!(variance > 0.0)) continue;
      shifts += std::fabs(mean) / std::sqrt(variance);
      ++shifted;
    }
  }
  const auto ratio = [](auto part, auto whole) {
    return whole == 0 ? std::nullopt
                      : std::optional(static_cast<double>(part) / static_cast<double>(whole));
  };
  std::optional<double> signal;
  if (!layers.empty() && layers.front().size() > 0.0) {
    signal = layers.back().size() / layers.front().size();
  }
  return json_object("silent", ratio(silent, units), "negative", ratio(negative, units), "zeros",
                     ratio(zeros, outputs), "output_mean", ratio(means, layers.size()),
                     "input_shift", ratio(shifts, shifted), "signal", signal, "slope_move",
                     slope_move(model));
}

double gradient_ratio(Trainer& trainer) {
  trainer.gradients(0);
  const Model& model = trainer.model();
  std::vector<double> sizes;
  for (const Model::Parameter& parameter : model.parameter_list()) {
    if (parameter.spec.role != ParameterRole::kWeight) continue;
    double squares = 0.0;
    const std::vector<float> values = Model::gather(parameter, model.gradients());
    for (const float value : values) {
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    sizes.push_back(std::sqrt(squares / static_cast<double>(values.size())));
  }
  return sizes.front() / sizes.back();
}

}  // namespace reluscope
