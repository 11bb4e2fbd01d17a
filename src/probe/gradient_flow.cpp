#include "probe/gradient_flow.h"

#include "core/primitives.h"
#include "probe/silence.h"

namespace reluscope {
namespace {

// Sum of value(k) for k below n, a multiple of kPad: sixteen lanes, combined in ascending order.
template <class Value>
double sum_in_lanes(std::size_t n, const Value& value) {
  double lanes[kPad] = {};
  for (std::size_t k = 0; k < n; k += kPad) {
    for (std::size_t lane = 0; lane < kPad; ++lane) lanes[lane] += value(k + lane);
  }
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

// Padding is zero and adds nothing.
double norm(const float* values, std::size_t n) {
  return scalar::sqrt(sum_in_lanes(n, [values](std::size_t k) {
    const auto value = static_cast<double>(values[k]);
    return value * value;
  }));
}

std::optional<double> negative_share(ConstMatrixView z, ConstMatrixView dz) {
  const Layout& layout = z.layout;
  double all = 0.0, negative = 0.0;
  for (int p = 0; p < layout.panels(); ++p) {
    const int cols = layout.panel_cols(p), width = layout.panel_width(p);
    double both[kPanel] = {}, below[kPanel] = {};
    const float* input = z.panel(p);
    const float* gradient = dz.panel(p);
    for (int r = 0; r < layout.rows; ++r, input += width, gradient += width) {
      for (int c = 0; c < cols; ++c) {
        const auto d = static_cast<double>(gradient[c] < 0.0f ? -gradient[c] : gradient[c]);
        both[c] += d;
        below[c] += input[c] < 0.0f ? d : 0.0;
      }
    }
    for (int c = 0; c < cols; ++c) all += both[c], negative += below[c];
  }
  if (!(all > 0.0)) return std::nullopt;
  return negative / all;
}

}  // namespace

double ParameterFlow::gradient_rms() const {
  return gradient_norm / scalar::sqrt(static_cast<double>(count));
}

std::optional<double> ParameterFlow::update_ratio() const {
  if (!(weight_norm > 0.0)) return std::nullopt;
  return update_norm / weight_norm;
}

GradientFlow empty_flow(const Model& model) {
  GradientFlow flow;
  for (const Model::Parameter& parameter : model.parameter_list()) {
    flow.parameters.push_back({.name = parameter.name,
                               .weight = parameter.spec.role == ParameterRole::kWeight,
                               .count = element_count(parameter.spec.shape)});
  }
  for (int l = 0; l < model.layer_count(); ++l) {
    if (model.layer(l).activation() < 0) continue;
    const auto units = static_cast<std::size_t>(model.layer(l).out_shape().front());
    flow.activations.push_back(
        {.layer = l, .negative_share = {}, .silent_on_batch = std::vector<std::uint8_t>(units)});
  }
  return flow;
}

void GradientMeter::before_update(const Model& model) {
  GradientFlow rows = empty_flow(model);
  flow.parameters = std::move(rows.parameters);
  flow.activations = std::move(rows.activations);
  before_.assign(model.parameters().begin(), model.parameters().end());
  double squares = 0.0;
  for (std::size_t i = 0; i < flow.parameters.size(); ++i) {
    const Model::Parameter& parameter = model.parameter_list()[i];
    const std::size_t size = parameter.spec.layout.size();
    ParameterFlow& row = flow.parameters[i];
    row.weight_norm = norm(before_.data() + parameter.offset, size);
    row.gradient_norm = norm(model.gradients().data() + parameter.offset, size);
    squares += row.gradient_norm * row.gradient_norm;
  }
  flow.norm = scalar::sqrt(squares);
  for (ActivationFlow& row : flow.activations) {
    SilenceMeter batch;
    batch.add(output_of(model, row.layer), {});
    row.silent_on_batch = batch.found().silent;
    if (row.layer == 0) continue;
    row.negative_share =
        negative_share(model.output(row.layer - 1), model.output_gradient(row.layer - 1));
  }
}

void GradientMeter::after_update(const Model& model) {
  for (std::size_t i = 0; i < flow.parameters.size(); ++i) {
    const Model::Parameter& parameter = model.parameter_list()[i];
    const float* const now = model.parameters().data() + parameter.offset;
    const float* const was = before_.data() + parameter.offset;
    flow.parameters[i].update_norm =
        scalar::sqrt(sum_in_lanes(parameter.spec.layout.size(), [&](std::size_t k) {
          const double change = static_cast<double>(now[k]) - static_cast<double>(was[k]);
          return change * change;
        }));
  }
}

}  // namespace reluscope
