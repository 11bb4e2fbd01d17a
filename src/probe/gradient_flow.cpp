#include "probe/gradient_flow.h"

#include <numeric>

#include "probe/activity.h"

namespace reluscope {
namespace {

// Euclidean norm of value(k) for k below n, a multiple of kPad: sixteen lanes of sums, combined in
// ascending order. Padding is zero and adds nothing.
template <class Value>
double norm(std::size_t n, const Value& value) {
  double lanes[kPad] = {};
  for (std::size_t k = 0; k < n; k += kPad) {
    for (std::size_t lane = 0; lane < kPad; ++lane) {
      const double element = value(k + lane);
      lanes[lane] += element * element;
    }
  }
  return scalar::sqrt(std::accumulate(std::begin(lanes), std::end(lanes), 0.0));
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
  return all > 0.0 ? std::optional(negative / all) : std::nullopt;
}

}  // namespace

void set_rows(GradientFlow& flow, const Model& model) {
  flow.parameters.clear();
  flow.activations.clear();
  for (const Model::Parameter& parameter : model.parameter_list()) {
    flow.parameters.push_back({.name = parameter.name,
                               .weight = parameter.spec.role == ParameterRole::kWeight,
                               .count = element_count(parameter.spec.shape)});
  }
  for (int l = 0; l < model.layer_count(); ++l) {
    if (model.layer(l).activation() < 0) continue;
    ActivationFlow& row = flow.activations.emplace_back();
    row.layer = l;
    row.silent_on_batch.resize(model.layer(l).out_shape().front());
  }
}

void GradientMeter::before_update(const Model& model) {
  set_rows(flow, model);
  before_.assign(model.parameters().begin(), model.parameters().end());
  double squares = 0.0;
  for (std::size_t i = 0; i < flow.parameters.size(); ++i) {
    const Model::Parameter& parameter = model.parameter_list()[i];
    ParameterFlow& row = flow.parameters[i];
    const auto norm_in = [&](const float* buffer) {
      return norm(parameter.spec.layout.size(),
                  [at = buffer + parameter.offset](std::size_t k) { return double{at[k]}; });
    };
    row.weight_norm = norm_in(before_.data());
    row.gradient_norm = norm_in(model.gradients().data());
    squares += row.gradient_norm * row.gradient_norm;
  }
  flow.norm = scalar::sqrt(squares);
  for (ActivationFlow& row : flow.activations) {
    if (row.layer == 0) continue;  // its inputs are the images, and nothing learns before it
    SilenceMeter batch(regimes_of(model, row.layer));
    batch.add(output_of(model, row.layer), model.output(row.layer - 1));
    row.silent_on_batch = batch.found().silent;
    row.negative_share =
        negative_share(model.output(row.layer - 1), model.output_gradient(row.layer - 1));
  }
}

void GradientMeter::after_update(const Model& model) {
  for (std::size_t i = 0; i < flow.parameters.size(); ++i) {
    const Model::Parameter& parameter = model.parameter_list()[i];
    const float* const now = model.parameters().data() + parameter.offset;
    const float* const was = before_.data() + parameter.offset;
    flow.parameters[i].update_norm = norm(parameter.spec.layout.size(), [&](std::size_t k) {
      return static_cast<double>(now[k]) - static_cast<double>(was[k]);
    });
  }
}

}  // namespace reluscope
