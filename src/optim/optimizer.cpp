#include "optim/optimizer.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "nn/model.h"
#include "optim/rules.h"

namespace reluscope {
namespace {

template <class List>
struct Tables;
template <class... R>
struct Tables<scalar::RuleList<R...>> {
  static constexpr OptimizerRow kRows[] = {R::kRow...};
  // Write the scalars of a step in the order that the rule's arithmetic expects.
  static constexpr void (*kScalars[])(const RuleStep<double>&,
                                      float*) = {&R::template scalars<double>...};
};
using RuleTables = Tables<scalar::UpdateRules>;

}  // namespace

std::span<const OptimizerRow> optimizer_rows() { return RuleTables::kRows; }

RuleId find_rule(std::string_view name) {
  for (const OptimizerRow& row : RuleTables::kRows) {
    if (name == row.name) return static_cast<RuleId>(&row - RuleTables::kRows);
  }
  throw Error("optimizer is " + in_quotes(name) + ", which is not known");
}

Optimizer::Optimizer(RuleId rule, const OptimizerOptions& options, std::size_t parameter_floats)
    : options_(options), row_(optimizer_rows()[static_cast<std::size_t>(rule)]) {
  update_.rule = rule;
  for (std::size_t k = 0; k < row_.moments.size(); ++k) {
    const RuleMoment& moment = row_.moments[k];
    if (moment.wanted != nullptr && !moment.wanted(options)) continue;
    moments_[k] = Buffer(parameter_floats, options.memory);
    const double initial = moment.initial == nullptr ? 0.0 : options.*moment.initial;
    std::fill_n(moments_[k].data(), parameter_floats, static_cast<float>(initial));
    if (parameter_floats > 0)
      state_.push_back({moment.name, {moments_[k].data(), parameter_floats}});
  }
}

void Optimizer::begin_step(double lr, std::optional<double> momentum) {
  lr_ = lr;
  ++counters_.steps;
  RuleTables::kScalars[update_.rule]({options_, lr, momentum, counters_.steps, counters_.product},
                                     update_.scalars);
  const double decay = options_.weight_decay;
  update_.coupled_decay = row_.decoupled_decay ? 0.0f : static_cast<float>(decay);
  update_.keep = row_.decoupled_decay ? static_cast<float>(1.0 - lr * decay) : 1.0f;
}

ParameterUpdate Optimizer::update_at(std::size_t offset, float* parameters, float* gradients) {
  ParameterUpdate update = update_;
  update.weights = parameters;
  update.gradient = gradients;
  for (int k = 0; k < kMostMoments; ++k) update.moments[k] = moment(k);
  return update.from(offset);
}

ParameterUpdate Optimizer::update_of(Model& model) {
  return update_at(0, model.parameters().data(), model.gradients().data());
}

void Optimizer::apply(Backend& backend, float* parameters, float* gradients, std::size_t floats) {
  backend.update(update_at(0, parameters, gradients), floats);
}

void Optimizer::apply_to(Backend& backend, Model& model) {
  apply(backend, model.parameters().data(), model.gradients().data(), model.parameters().size());
  model.parameters_changed();
}

std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const OptimizerOptions& options,
                                          std::size_t parameter_floats,
                                          std::span<const HiddenMatrix> hidden) {
  const RuleId rule = find_rule(name);
  const OptimizerRow& row = optimizer_rows()[static_cast<std::size_t>(rule)];
  if (row.check != nullptr) row.check(options);
  if (row.make != nullptr) return row.make(rule, options, parameter_floats, hidden);
  return std::make_unique<Optimizer>(rule, options, parameter_floats);
}

void clip_gradients(Backend& backend, std::span<float> gradients, const ClipOptions& options) {
  float* const g = gradients.data();
  if (options.value > 0.0) {
    backend.clamp(g, static_cast<float>(options.value), gradients.size());
  }
  if (options.norm > 0.0) {
    const double norm = scalar::sqrt(backend.sum_of_squares(g, gradients.size()));
    const double factor = options.norm / (norm + 1e-6);
    if (factor >= 1.0) return;
    backend.scale_add(nullptr, static_cast<float>(factor), g, g, gradients.size());
  }
}

ParameterUpdate descent(double lr, double momentum, bool nesterov) {
  OptimizerOptions options;
  options.momentum = momentum;
  options.nesterov = nesterov;
  double product = 1.0;
  ParameterUpdate update;
  update.rule = find_rule("sgd");
  RuleTables::kScalars[update.rule]({options, lr, {}, 1, product}, update.scalars);
  return update;
}

}  // namespace reluscope
