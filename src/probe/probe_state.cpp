// The monitors' state in a checkpoint: lives of units, the last step that was watched for a
// recorded look, the trend of the loss, recorded looks, class counts of a partly scored test set.
#include <climits>

#include "config/state_fields.h"
#include "probe/probe.h"

namespace reluscope {
namespace {

constexpr std::int64_t kMostSteps = std::int64_t{1} << 53;

// units: of the layer, if it is an activation; 0: of another.
void each_field(const StateFields& fields, std::vector<UnitLife>& lives, std::int64_t units) {
  std::int64_t count = std::ssize(lives);
  fields.whole("units", count, 0, units);
  if (count != 0 && count != units) {
    fields.refuse("units", joined("is ", count, ", but the layer has ", units));
  }
  std::vector<std::size_t> changed;  // units that have ever been silent
  for (std::size_t u = 0; u < lives.size(); ++u) {
    if (lives[u].times > 0) changed.push_back(u);
  }
  if (fields.reads()) lives.assign(count, {});
  fields.items("changed", changed, -1, [&](auto& rows, auto place, auto& unit) {
    const StateFields row = rows.list(place, "changed", 7);
    row.whole(0, unit, 0, count - 1);
    UnitLife& life = lives[unit];
    row.truth(1, life.silent);
    row.whole(2, life.times, 0, INT_MAX);
    row.whole(3, life.since, -1, kMostSteps);
    row.number(4, life.since_lr);
    row.whole(5, life.revived, -1, kMostSteps);
    row.number(6, life.revived_lr);
  });
}

void each_field(const StateFields& row, ActivationFlow& flow) {
  double share = flow.negative_share.value_or(0.0);
  const bool has_share = row.has("share", flow.negative_share.has_value());
  if (has_share) row.number("share", share);
  flow.negative_share = has_share ? std::optional(share) : std::nullopt;
  std::int64_t units = std::ssize(flow.silent_on_batch);
  row.whole("units", units, units, units);
  std::vector<std::size_t> silent;
  for (std::size_t u = 0; u < flow.silent_on_batch.size(); ++u) {
    if (flow.silent_on_batch[u]) silent.push_back(u);
  }
  row.items("silent", silent, -1, [&](auto& all, auto place, auto& u) {
    all.whole(place, u, 0, units - 1);
    flow.silent_on_batch[u] = 1;
  });
}

}  // namespace

void each_field_of_flow(const StateFields& fields, GradientFlow& flow) {
  fields.whole("step", flow.step, 0, kMostSteps);
  fields.number("lr", flow.lr);
  fields.number("norm", flow.norm);
  fields.items("parameters", flow.parameters, std::ssize(flow.parameters),
               [](auto& rows, auto place, auto& parameter) {
                 const StateFields norms = rows.list(place, "parameters", 3);
                 norms.number(0, parameter.weight_norm);
                 norms.number(1, parameter.gradient_norm);
                 norms.number(2, parameter.update_norm);
               });
  fields.items("activations", flow.activations, std::ssize(flow.activations),
               [](auto& rows, auto place, auto& activation) {
                 each_field(rows.object(place, "gradients' activations"), activation);
               });
}

void Probe::each_field(const StateFields& fields, const Model& model) {
  fields.items("lives", lives_, model.layer_count(), [&](auto& rows, auto l, auto& lives) {
    const Layer& layer = model.layer(static_cast<int>(l));
    reluscope::each_field(rows.object(l, "units"), lives,
                          layer.activation() < 0 ? 0 : layer.out_shape().front());
  });
  if (fields.has("gradients", recorded_.flow.step > 0)) {
    if (fields.reads()) set_rows(recorded_.flow, model);
    each_field_of_flow(fields.object("gradients", "gradients"), recorded_.flow);
  }
  const StateFields loss = fields.object("loss", "trend");
  loss.number("first", loss_.first);
  loss.number("last", loss_.last);
  loss.number("lowest", loss_.lowest);
  loss.whole("windows", loss_.windows, 0, kMostSteps);
  loss.number("window_sum", loss_.window_sum);
  loss.whole("window_steps", loss_.window_steps, 0, LossTrend::kWindow - 1);
}

void ClassMeter::each_field(const StateFields& fields) {
  fields.whole("samples", found_.samples, 0, INT_MAX / 2);
  fields.items(
      "confusion", found_.confusion, std::ssize(found_.confusion),
      [&](auto& all, auto place, auto& count) { all.whole(place, count, 0, found_.samples); });
  fields.items("hardest", found_.hardest, -1, [&](auto& rows, auto place, auto& sample) {
    const StateFields row = rows.list(place, "hardest", 6);
    row.whole(0, sample.index, 0, INT_MAX);
    row.whole(1, sample.label, 0, found_.classes - 1);
    row.whole(2, sample.prediction, 0, found_.classes - 1);
    row.number(3, sample.loss);
    row.number(4, sample.probability);
    row.number(5, sample.label_probability);
  });
  if (found_.hardest.size() > most_) fields.refuse("hardest", "has too many entries");
}

}  // namespace reluscope
