#include "probe/unit_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "io/json_object.h"
#include "probe/activity.h"

namespace reluscope {
namespace {

bool is_weights(const Model::Parameter& parameter) {  // not biases or slopes
  return parameter.spec.role == ParameterRole::kWeight && parameter.spec.shape.size() > 1;
}

// A layer's weights; null if it has none.
const Model::Parameter* weights_of(const Model& model, int layer) {
  const auto& list = model.parameter_list();
  const auto found = std::find_if(list.begin(), list.end(), [&](const Model::Parameter& parameter) {
    return is_weights(parameter) && parameter.name.starts_with(model.layer_name(layer) + ".");
  });
  return found == list.end() ? nullptr : &*found;
}

double largest_of(const std::vector<float>& values) {
  float largest = 0.0f;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return static_cast<double>(largest);
}

double largest_weight(const Model& model) {
  double largest = 0.0;
  for (const Model::Parameter& parameter : model.parameter_list()) {
    if (!is_weights(parameter)) continue;
    largest = std::max(largest, largest_of(Model::gather(parameter, model.parameters())));
  }
  return largest;
}

// Row `unit` of the last weights before the layer, if that has as many units.
UnitReport::Weights incoming_of(const Model& model, int layer, int unit) {
  const Shape::value_type units = model.layer(layer).out_shape().front();
  for (int l = layer; l >= 0 && model.layer(l).out_shape().front() == units; --l) {
    const Model::Parameter* const weights = weights_of(model, l);
    if (weights == nullptr) continue;
    const Shape& shape = weights->spec.shape;
    if (shape.front() != units) return {};  // several rows per unit, as in maxout
    const Shape rest(shape.begin() + 1, shape.end());
    const std::vector<float> all = Model::gather(*weights, model.parameters());
    const auto count = static_cast<std::ptrdiff_t>(element_count(rest));
    return {weights->name,
            rest,
            {all.begin() + unit * count, all.begin() + (unit + 1) * count},
            largest_of(all)};
  }
  return {};
}

// The unit's block of each row of the next weights: the positions of a channel, or the taps of a
// kernel, are contiguous.
UnitReport::Weights outgoing_of(const Model& model, int layer, int unit) {
  const std::int64_t units = model.layer(layer).out_shape().front();
  for (int l = layer + 1; l < model.layer_count(); ++l) {
    const Model::Parameter* const weights = weights_of(model, l);
    if (weights == nullptr) continue;
    const Shape& shape = weights->spec.shape;
    const std::int64_t inputs = element_count(shape) / shape.front();
    if (inputs % units != 0) return {};
    const std::int64_t block = inputs / units;
    const std::vector<float> all = Model::gather(*weights, model.parameters());
    UnitReport::Weights found{weights->name, {shape.front()}, {}, largest_of(all)};
    for (std::int64_t row = 0; row < shape.front(); ++row) {
      const auto first = all.begin() + row * inputs + unit * block;
      found.values.push_back(std::accumulate(first, first + block, 0.0));
    }
    return found;
  }
  return {};
}

Json weights_json(const UnitReport::Weights& weights) {
  if (weights.name.empty()) return nullptr;
  return json_object("name", weights.name, "shape", weights.shape, "values", weights.values,
                     "largest", weights.largest);
}

}  // namespace

void check_units(const Model& model, int layer, std::span<const int> units) {
  const int layers = model.layer_count();
  if (layer < 0 || layer >= layers) {
    throw Error("layer ", layer, " does not exist; 0 to ", layers - 1, " do");
  }
  if (model.layer(layer).activation() < 0) {
    throw Error("layer ", layer, " (", model.layer_name(layer), ", ", model.layer(layer).text(),
                ") is not an activation layer, so it has no units to show");
  }
  const auto count = model.layer(layer).out_shape().front();
  for (const int unit : units) {
    if (unit >= 0 && unit < count) continue;
    throw Error("unit ", unit, " of ", model.layer_name(layer), " does not exist; 0 to ", count - 1,
                " do");
  }
}

UnitReport report_unit(Trainer& trainer, std::span<const int> samples, int layer, int unit,
                       int most) {
  const Model& model = trainer.model();
  check_units(model, layer, {&unit, 1});
  if (most < 0) throw Error("strongest: ", most, " is below 0");
  UnitReport report{layer,
                    unit,
                    model.layer_name(layer),
                    incoming_of(model, layer, unit),
                    outgoing_of(model, layer, unit),
                    {},
                    {},
                    largest_weight(model)};

  const ImageSet& set = trainer.probe_set();
  std::vector<double> means;  // the unit's output, by sample
  trainer.infer_in_chunks(set, samples, [&](std::size_t first) {
    const UnitValues y = output_of(model, layer);
    for (int n = 0; n < y.samples; ++n) {
      double sum = 0.0, largest = static_cast<double>(y.at(n, unit, 0));
      for (int p = 0; p < y.positions; ++p) {
        const auto value = static_cast<double>(y.at(n, unit, p));
        sum += value;
        largest = std::max(largest, value);
      }
      const int index = samples[first + n];
      means.push_back(sum / y.positions);
      report.strongest.push_back({index, set.label(index), largest});
    }
  });

  std::vector<double> mean_image(set.pixels());
  report.response.resize(mean_image.size());
  double total = 0.0, size = 0.0;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const auto pixels = set.image(samples[n]);
    for (std::size_t i = 0; i < mean_image.size(); ++i) {
      mean_image[i] += pixels[i];
      report.response[i] += means[n] * pixels[i];
    }
    total += means[n];
    size += std::abs(means[n]);
  }
  for (std::size_t i = 0; i < mean_image.size(); ++i) {
    const double at =
        report.response[i] - total * mean_image[i] / static_cast<double>(samples.size());
    report.response[i] = size > 0.0 ? at / (255.0 * size) : 0.0;
  }

  std::stable_sort(report.strongest.begin(), report.strongest.end(),
                   [](const auto& a, const auto& b) { return a.value > b.value; });
  report.strongest.resize(std::min<std::size_t>(report.strongest.size(), most));
  return report;
}

Json to_json(const UnitReport& report) {
  Json strongest = Json::array();
  for (const UnitReport::Sample& sample : report.strongest) {
    strongest.push_back(
        json_object("index", sample.index, "label", sample.label, "value", sample.value));
  }
  return json_object("layer", report.layer, "unit", report.unit, "name", report.name, "incoming",
                     weights_json(report.incoming), "outgoing", weights_json(report.outgoing),
                     "strongest", std::move(strongest), "response", report.response, "largest",
                     report.largest);
}

}  // namespace reluscope
