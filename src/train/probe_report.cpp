#include "train/probe_report.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// Numbers of the units whose flag is set.
Json flagged(const std::vector<std::uint8_t>& flags) {
  Json units = Json::array();
  for (std::size_t u = 0; u < flags.size(); ++u) {
    if (flags[u]) units.push_back(u);
  }
  return units;
}

Json histogram_json(const Histogram& h) {
  return {{"low", h.low}, {"high", h.high}, {"counts", h.counts}, {"below", h.below}, {"above", h.above}};
}

// Of units that have ever been dead.
Json lives_json(const std::vector<UnitLife>& lives) {
  Json rows = Json::array();
  for (std::size_t u = 0; u < lives.size(); ++u) {
    const UnitLife& life = lives[u];
    if (life.deaths == 0) continue;
    Json row = {{"unit", u}, {"dead", life.dead}, {"deaths", life.deaths}, {"died", life.died},
                {"died_lr", life.died_lr}};
    if (life.revived >= 0) {
      row["revived"] = life.revived;
      row["revived_lr"] = life.revived_lr;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Json layer_json(const LayerSnapshot& layer) {
  const LayerActivity& a = layer.activity;
  Json row = {{"layer", a.layer},         {"name", a.name},           {"kind", a.kind},
              {"text", a.text},           {"units", a.units},         {"positions", a.positions},
              {"mean", a.mean},           {"deviation", a.deviation}, {"sparsity", a.sparsity}};
  if (!a.activation) return row;
  const ActivationActivity& z = *a.activation;
  row["input"] = {{"mean", z.mean}, {"deviation", z.deviation}, {"histogram", histogram_json(z.histogram)}};
  row["regimes"] = Json::array();
  for (const RegimeShare& r : z.regimes) {
    row["regimes"].push_back({{"name", regime_name(r.regime.kind)}, {"from", r.regime.from},
                              {"to", r.regime.to}, {"share", r.share}});
  }
  row["firing"] = z.firing;
  row["silent"] = flagged(z.silent);
  row["dead"] = flagged(z.dead);
  if (layer.silent_everywhere) row["silent_everywhere"] = flagged(*layer.silent_everywhere);
  row["lives"] = lives_json(layer.lives);
  if (z.slopes) {
    row["slopes"] = {{"name", z.slopes->name}, {"symbol", z.slopes->symbol}, {"values", z.slopes->values}};
  }
  return row;
}

Json gradients_json(const GradientFlow& flow) {
  Json parameters = Json::array(), activations = Json::array();
  for (const ParameterFlow& p : flow.parameters) {
    parameters.push_back({{"name", p.name},
                          {"weight_norm", p.weight_norm},
                          {"gradient_norm", p.gradient_norm},
                          {"update_norm", p.update_norm},
                          {"update_ratio", or_null(p.update_ratio())}});
  }
  for (const ActivationFlow& a : flow.activations) {
    activations.push_back({{"layer", a.layer},
                           {"negative_share", or_null(a.negative_share)},
                           {"silent_on_batch", flagged(a.silent_on_batch)}});
  }
  return {{"step", flow.step},
          {"lr", flow.lr},
          {"norm", flow.norm},
          {"parameters", std::move(parameters)},
          {"activations", std::move(activations)}};
}

Json components_json(const LayerComponents& c) {
  return {{"layer", c.layer},
          {"name", c.name},
          {"samples", c.samples},
          {"labels", c.labels},
          {"variances", c.found.variances},
          {"total_variance", c.found.total_variance},
          {"mean", c.found.mean},
          {"components", c.found.components},
          {"coordinates", c.found.coordinates}};
}

const ParameterFlow* weights_of(const ProbeSnapshot& snapshot, const std::string& layer) {
  if (!snapshot.gradients) return nullptr;
  for (const ParameterFlow& p : snapshot.gradients->parameters) {
    if (p.weight && p.name.starts_with(layer + ".")) return &p;
  }
  return nullptr;
}

const ActivationFlow* flow_of(const ProbeSnapshot& snapshot, int layer) {
  if (!snapshot.gradients) return nullptr;
  for (const ActivationFlow& a : snapshot.gradients->activations) {
    if (a.layer == layer) return &a;
  }
  return nullptr;
}

}  // namespace

Json to_json(const ProbeSnapshot& snapshot) {
  Json layers = Json::array();
  for (const LayerSnapshot& layer : snapshot.layers) layers.push_back(layer_json(layer));
  const LossTrend& loss = snapshot.loss;
  Json trend = nullptr;
  if (loss.windows > 0) {
    trend = {{"window", LossTrend::kWindow}, {"first", loss.first}, {"last", loss.last}, {"lowest", loss.lowest}};
  }
  Json json = {{"step", snapshot.step},       {"epoch", snapshot.epoch},
               {"lr", snapshot.lr},           {"part", snapshot.part},
               {"samples", snapshot.samples}, {"loss", std::move(trend)},
               {"layers", std::move(layers)},
               {"gradients", snapshot.gradients ? gradients_json(*snapshot.gradients) : Json(nullptr)}};
  if (snapshot.components) json["components"] = components_json(*snapshot.components);
  return json;
}

Json to_json(const ClassReport& report) {
  Json confusion = Json::array(), precision = Json::array(), recall = Json::array(),
       hardest = Json::array();
  const auto classes = static_cast<std::ptrdiff_t>(report.classes);
  for (auto row = report.confusion.begin(); row != report.confusion.end(); row += classes) {
    confusion.push_back(std::vector<std::int64_t>(row, row + classes));
  }
  for (const auto& share : report.precision) precision.push_back(or_null(share));
  for (const auto& share : report.recall) recall.push_back(or_null(share));
  for (const HardSample& s : report.hardest) {
    hardest.push_back({{"index", s.index},
                       {"label", s.label},
                       {"prediction", s.prediction},
                       {"loss", s.loss},
                       {"probability", s.probability},
                       {"label_probability", s.label_probability}});
  }
  return {{"part", report.part},       {"samples", report.samples},
          {"correct", report.correct}, {"confusion", std::move(confusion)},
          {"precision", std::move(precision)}, {"recall", std::move(recall)},
          {"hardest", std::move(hardest)}};
}

Json to_json(const std::vector<Warning>& warnings) {
  Json rows = Json::array();
  for (const Warning& w : warnings) {
    rows.push_back({{"code", w.code}, {"layer", w.layer < 0 ? Json(nullptr) : Json(w.layer)}, {"message", w.text}});
  }
  return rows;
}

std::vector<std::string> to_table(const ProbeSnapshot& snapshot) {
  const auto percent = [](double share) { return format("%.1f%%", 100.0 * share); };
  const auto row = [](const std::string& name, const std::string& mean, const std::string& deviation,
                      const std::string& zeros, const std::string& dead, const std::string& negative,
                      const std::string& gradient, const std::string& update) {
    return format("%-26s %8s %8s %7s %12s %9s %9s %9s", name.c_str(), mean.c_str(), deviation.c_str(),
                  zeros.c_str(), dead.c_str(), negative.c_str(), gradient.c_str(), update.c_str());
  };
  std::vector<std::string> lines = {
      "Monitors at step " + std::to_string(snapshot.step) + ", over " +
          std::to_string(snapshot.samples) + " samples (" + snapshot.part + "):",
      row("Layer", "Mean", "Dev.", "Zeros", "Dead", "Neg. grad", "|grad|", "upd/wgt")};
  for (const LayerSnapshot& layer : snapshot.layers) {
    const LayerActivity& a = layer.activity;
    std::string dead = "--", negative = "--", gradient = "--", update = "--";
    if (a.activation) {
      dead = std::to_string(std::count(a.activation->dead.begin(), a.activation->dead.end(), 1)) +
             " of " + std::to_string(a.units);
    }
    const ActivationFlow* const flow = flow_of(snapshot, a.layer);
    if (flow != nullptr && flow->negative_share) negative = percent(*flow->negative_share);
    if (const ParameterFlow* const weights = weights_of(snapshot, a.name)) {
      gradient = format("%.2e", weights->gradient_norm);
      if (weights->update_ratio()) update = format("%.2e", *weights->update_ratio());
    }
    lines.push_back(row(a.name + ": " + a.text, format("%.4f", a.mean), format("%.4f", a.deviation),
                        percent(a.sparsity), dead, negative, gradient, update));
  }
  return lines;
}

ProbeRequest probe_request_from_json(std::string_view text, const std::vector<std::string>& layers) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    throw Error("probe: " + in_quotes(text) +
                " was given, but an object such as {\"gradients\": true} was expected");
  }
  ProbeRequest request;
  for (const auto& [name, value] : json.items()) {
    if (name == "components") {
      const std::string wanted = value.is_string() ? value.get<std::string>() : value.dump();
      const auto found = std::find(layers.begin(), layers.end(), wanted);
      if (!value.is_string() || found == layers.end()) {
        throw Error("probe: components is " + in_quotes(wanted) + ", but it must be a layer: " + join_or(layers));
      }
      request.components_of = static_cast<int>(found - layers.begin());
    } else if (name == "gradients" || name == "everywhere") {
      if (!value.is_boolean()) {
        throw Error("probe: " + name + " is " + in_quotes(value.dump()) + ", but it must be true or false");
      }
      (name == "gradients" ? request.gradients : request.everywhere) = value.get<bool>();
    } else {
      throw Error("probe: " + in_quotes(name) + " cannot be asked for: components, everywhere or gradients can");
    }
  }
  return request;
}

}  // namespace reluscope
