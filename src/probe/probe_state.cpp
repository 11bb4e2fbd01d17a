// The monitors' state in a checkpoint: lives of units, the last watched step, the trend of
// the loss, class counts of a partly scored test set.
#include <climits>

#include "config/checked_fields.h"
#include "probe/probe.h"

namespace reluscope {
namespace {

constexpr std::int64_t kMostSteps = std::int64_t{1} << 53;

Json lives_state(const std::vector<UnitLife>& lives) {
  Json changed = Json::array();
  for (std::size_t u = 0; u < lives.size(); ++u) {
    const UnitLife& l = lives[u];
    if (l.deaths == 0) continue;
    changed.push_back({u, l.dead, l.deaths, l.died, number_json(l.died_lr), l.revived,
                       number_json(l.revived_lr)});
  }
  return {{"units", lives.size()}, {"changed", std::move(changed)}};
}

std::vector<UnitLife> read_lives(const Json& json, const Layer& layer) {
  const CheckedFields fields(json, "units");
  const std::int64_t units = layer.activation() < 0 ? 0 : layer.out_shape().front();
  const std::int64_t count = fields.whole("units", 0, units);
  if (count != 0 && count != units) {
    fields.refuse("units",
                  "is " + std::to_string(count) + ", but the layer has " + std::to_string(units));
  }
  std::vector<UnitLife> lives(static_cast<std::size_t>(count));
  for (const Json& row : fields.list("changed")) {
    fields.list(row, "changed", 7);
    const auto at = static_cast<std::size_t>(fields.whole(row[0], "unit", 0, count - 1));
    if (!row[1].is_boolean()) fields.refuse("dead", "must be true or false");
    lives[at] = {row[1].get<bool>(),
                 static_cast<int>(fields.whole(row[2], "deaths", 0, INT_MAX)),
                 fields.whole(row[3], "died", -1, kMostSteps),
                 fields.number(row[4], "died_lr"),
                 fields.whole(row[5], "revived", -1, kMostSteps),
                 fields.number(row[6], "revived_lr")};
  }
  return lives;
}

Json flow_json(const GradientFlow& flow) {
  Json parameters = Json::array(), activations = Json::array();
  for (const ParameterFlow& p : flow.parameters) {
    parameters.push_back(
        {number_json(p.weight_norm), number_json(p.gradient_norm), number_json(p.update_norm)});
  }
  for (const ActivationFlow& a : flow.activations) {
    Json silent = Json::array();
    for (std::size_t u = 0; u < a.silent_on_batch.size(); ++u) {
      if (a.silent_on_batch[u]) silent.push_back(u);
    }
    activations.push_back({{"share", a.negative_share ? number_json(*a.negative_share) : Json()},
                           {"units", a.silent_on_batch.size()},
                           {"silent", std::move(silent)}});
  }
  return {{"step", flow.step},
          {"lr", number_json(flow.lr)},
          {"norm", number_json(flow.norm)},
          {"parameters", std::move(parameters)},
          {"activations", std::move(activations)}};
}

GradientFlow read_flow(const Json& json, const Model& model) {
  const CheckedFields fields(json, "gradients");
  GradientFlow flow;
  flow.step = fields.whole("step", 0, kMostSteps);
  flow.lr = fields.number("lr");
  flow.norm = fields.number("norm");
  const auto& list = model.parameter_list();
  const Json& parameters = fields.list("parameters", static_cast<std::int64_t>(list.size()));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json& norms = fields.list(parameters[i], "parameters", 3);
    flow.parameters.push_back(
        {list[i].name, list[i].spec.role == ParameterRole::kWeight,
         element_count(list[i].spec.shape), fields.number(norms[0], "weight_norm"),
         fields.number(norms[1], "gradient_norm"), fields.number(norms[2], "update_norm")});
  }
  std::vector<int> layers;
  for (int l = 0; l < model.layer_count(); ++l) {
    if (model.layer(l).activation() >= 0) layers.push_back(l);
  }
  const Json& activations = fields.list("activations", static_cast<std::int64_t>(layers.size()));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const CheckedFields row(activations[i], "gradients' activations");
    const std::int64_t units = model.layer(layers[i]).out_shape().front();
    ActivationFlow read{
        layers[i], std::nullopt,
        std::vector<std::uint8_t>(static_cast<std::size_t>(row.whole("units", units, units)))};
    if (!row.at("share").is_null()) read.negative_share = row.number("share");
    for (const Json& unit : row.list("silent")) {
      read.silent_on_batch[static_cast<std::size_t>(row.whole(unit, "silent", 0, units - 1))] = 1;
    }
    flow.activations.push_back(std::move(read));
  }
  return flow;
}

}  // namespace

Json Probe::state() const {
  Json lives = Json::array(), coordinates = Json::array();
  for (const auto& layer : lives_) lives.push_back(lives_state(layer));
  for (const double value : coordinates_) coordinates.push_back(number_json(value));
  return {{"lives", std::move(lives)},
          {"gradients", watched_ ? flow_json(gradients_.flow) : Json()},
          {"wants_step", wants_step_},
          {"loss",
           {{"first", number_json(loss_.first)},
            {"last", number_json(loss_.last)},
            {"lowest", number_json(loss_.lowest)},
            {"windows", loss_.windows},
            {"window_sum", number_json(loss_.window_sum)},
            {"window_steps", loss_.window_steps}}},
          {"components_layer", components_layer_},
          {"coordinates", std::move(coordinates)}};
}

void Probe::restore(const Json& state, const Trainer& trainer) {
  const CheckedFields fields(state, "monitors");
  const Model& model = trainer.model();
  const Json& lives = fields.list("lives", model.layer_count());
  for (std::size_t l = 0; l < lives_.size(); ++l) {
    lives_[l] = read_lives(lives[l], *model.layers()[l]);
  }
  watched_ = !fields.at("gradients").is_null();
  if (watched_) gradients_.flow = read_flow(fields.at("gradients"), model);
  wants_step_ = fields.truth("wants_step");
  const CheckedFields loss(fields.at("loss"), "trend");
  loss_.first = loss.number("first");
  loss_.last = loss.number("last");
  loss_.lowest = loss.number("lowest");
  loss_.windows = loss.whole("windows", 0, kMostSteps);
  loss_.window_sum = loss.number("window_sum");
  loss_.window_steps = loss.count("window_steps", 0, LossTrend::kWindow - 1);
  components_layer_ = fields.count("components_layer", -1, model.layer_count() - 1);
  coordinates_.clear();
  for (const Json& value : fields.list("coordinates")) {
    coordinates_.push_back(fields.number(value, "coordinates"));
  }
}

Json ClassMeter::state() const {
  Json hardest = Json::array();
  for (const HardSample& h : hardest_) {
    hardest.push_back({h.index, h.label, h.prediction, number_json(h.loss),
                       number_json(h.probability), number_json(h.label_probability)});
  }
  return {{"samples", samples_}, {"confusion", confusion_}, {"hardest", std::move(hardest)}};
}

void ClassMeter::restore(const Json& state) {
  const CheckedFields fields(state, "classes");
  samples_ = fields.count("samples", 0, INT_MAX / 2);
  const Json& counts = fields.list("confusion", static_cast<std::int64_t>(confusion_.size()));
  for (std::size_t i = 0; i < confusion_.size(); ++i) {
    confusion_[i] = fields.whole(counts[i], "confusion", 0, samples_);
  }
  hardest_.clear();
  for (const Json& row : fields.list("hardest")) {
    fields.list(row, "hardest", 6);
    if (hardest_.size() == most_) fields.refuse("hardest", "has too many entries");
    hardest_.push_back({static_cast<int>(fields.whole(row[0], "hardest", 0, INT_MAX)),
                        static_cast<int>(fields.whole(row[1], "hardest", 0, classes_ - 1)),
                        static_cast<int>(fields.whole(row[2], "hardest", 0, classes_ - 1)),
                        fields.number(row[3], "hardest"), fields.number(row[4], "hardest"),
                        fields.number(row[5], "hardest")});
  }
}

}  // namespace reluscope
