#include "probe/probe_report.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"

namespace reluscope {
namespace {

template <class T>
[[gnu::noinline]] Json list(const T& values) {
  Json json = Json::array();
  for (const auto value : values) json.push_back(value);
  return json;
}

template <class T>
[[gnu::noinline]] Json list_of(const std::vector<T>& rows, Json (*make)(const T&)) {
  Json json = Json::array();
  for (const T& row : rows) json.push_back(make(row));
  return json;
}

[[gnu::noinline]] Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// Numbers of the units whose flag is set.
Json flagged(const std::vector<std::uint8_t>& flags) {
  std::vector<std::int64_t> units;
  for (std::size_t u = 0; u < flags.size(); ++u) {
    if (flags[u]) units.push_back(static_cast<std::int64_t>(u));
  }
  return list(units);
}

Json histogram_json(const Histogram& h) {
  return JsonObject()
      .add("low", h.low)
      .add("high", h.high)
      .add("counts", list(h.counts))
      .add("below", h.below)
      .add("above", h.above);
}

Json regime_json(const RegimeShare& r) {
  return JsonObject()
      .add("name", regime_name(r.regime.kind))
      .add("from", r.regime.from)
      .add("to", r.regime.to)
      .add("share", r.share);
}

// The units that have ever been dead.
Json lives_json(const std::vector<UnitLife>& lives) {
  Json rows = Json::array();
  for (std::size_t u = 0; u < lives.size(); ++u) {
    const UnitLife& life = lives[u];
    if (life.deaths == 0) continue;
    JsonObject row;
    row.add("unit", static_cast<std::int64_t>(u))
        .add("dead", life.dead)
        .add("deaths", life.deaths)
        .add("died", life.died)
        .add("died_lr", life.died_lr);
    if (life.revived >= 0) row.add("revived", life.revived).add("revived_lr", life.revived_lr);
    rows.push_back(std::move(row));
  }
  return rows;
}

Json layer_json(const LayerSnapshot& layer) {
  const LayerActivity& a = layer.activity;
  JsonObject row;
  row.add("layer", a.layer)
      .add("name", a.name)
      .add("kind", a.kind)
      .add("text", a.text)
      .add("units", a.units)
      .add("positions", a.positions)
      .add("mean", a.mean)
      .add("deviation", a.deviation)
      .add("sparsity", a.sparsity);
  if (!a.activation) return row;
  const ActivationActivity& z = *a.activation;
  row.add("input", JsonObject()
                       .add("mean", z.mean)
                       .add("deviation", z.deviation)
                       .add("histogram", histogram_json(z.histogram)))
      .add("regimes", list_of(z.regimes, regime_json))
      .add("firing", list(z.firing))
      .add("silent", flagged(z.silent))
      .add("dead", flagged(z.dead));
  if (layer.everywhere) {
    row.add("silent_everywhere", flagged(layer.everywhere->silent))
        .add("dead_everywhere", flagged(layer.everywhere->dead));
  }
  row.add("lives", lives_json(layer.lives));
  if (z.slopes) {
    row.add("slopes", JsonObject()
                          .add("name", z.slopes->name)
                          .add("symbol", z.slopes->symbol)
                          .add("values", list(z.slopes->values)));
  }
  return row;
}

Json parameter_json(const ParameterFlow& p) {
  return JsonObject()
      .add("name", p.name)
      .add("weight_norm", p.weight_norm)
      .add("gradient_norm", p.gradient_norm)
      .add("update_norm", p.update_norm)
      .add("update_ratio", p.update_ratio());
}

Json activation_json(const ActivationFlow& a) {
  return JsonObject()
      .add("layer", a.layer)
      .add("negative_share", a.negative_share)
      .add("silent_on_batch", flagged(a.silent_on_batch));
}

Json gradients_json(const GradientFlow& flow) {
  return JsonObject()
      .add("step", flow.step)
      .add("lr", flow.lr)
      .add("norm", flow.norm)
      .add("parameters", list_of(flow.parameters, parameter_json))
      .add("activations", list_of(flow.activations, activation_json));
}

Json components_json(const LayerComponents& c) {
  return JsonObject()
      .add("layer", c.layer)
      .add("name", c.name)
      .add("samples", list(c.samples))
      .add("labels", list(c.labels))
      .add("variances", list(c.found.variances))
      .add("total_variance", c.found.total_variance)
      .add("mean", list(c.found.mean))
      .add("components", list(c.found.components))
      .add("coordinates", list(c.found.coordinates));
}

Json loss_json(const LossTrend& loss) {
  if (loss.windows == 0) return nullptr;
  return JsonObject()
      .add("window", LossTrend::kWindow)
      .add("first", loss.first)
      .add("last", loss.last)
      .add("lowest", loss.lowest);
}

Json sample_json(const HardSample& s) {
  return JsonObject()
      .add("index", s.index)
      .add("label", s.label)
      .add("prediction", s.prediction)
      .add("loss", s.loss)
      .add("probability", s.probability)
      .add("label_probability", s.label_probability);
}

Json warning_json(const Warning& w) {
  return JsonObject()
      .add("code", w.code)
      .add("layer", w.layer < 0 ? Json(nullptr) : Json(w.layer))
      .add("message", w.text);
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
  JsonObject json;
  json.add("step", snapshot.step)
      .add("epoch", snapshot.epoch)
      .add("lr", snapshot.lr)
      .add("part", snapshot.part)
      .add("samples", snapshot.samples)
      .add("loss", loss_json(snapshot.loss))
      .add("layers", list_of(snapshot.layers, layer_json))
      .add("gradients", snapshot.gradients ? gradients_json(*snapshot.gradients) : Json(nullptr));
  if (snapshot.components) json.add("components", components_json(*snapshot.components));
  return json;
}

Json to_json(const ClassReport& report) {
  Json confusion = Json::array(), precision = Json::array(), recall = Json::array();
  const auto classes = static_cast<std::ptrdiff_t>(report.classes);
  for (auto row = report.confusion.begin(); row != report.confusion.end(); row += classes) {
    confusion.push_back(list(std::vector<std::int64_t>(row, row + classes)));
  }
  for (const auto& share : report.precision) precision.push_back(or_null(share));
  for (const auto& share : report.recall) recall.push_back(or_null(share));
  return JsonObject()
      .add("part", report.part)
      .add("samples", report.samples)
      .add("correct", report.correct)
      .add("confusion", std::move(confusion))
      .add("precision", std::move(precision))
      .add("recall", std::move(recall))
      .add("hardest", list_of(report.hardest, sample_json));
}

Json to_json(const std::vector<Warning>& warnings) { return list_of(warnings, warning_json); }

std::vector<std::string> to_table(const ProbeSnapshot& snapshot) {
  const auto percent = [](double share) { return format("%.1f%%", 100.0 * share); };
  const auto row = [](const std::string& name, const std::string& mean,
                      const std::string& deviation, const std::string& zeros,
                      const std::string& dead, const std::string& negative,
                      const std::string& gradient, const std::string& update) {
    return format("%-26s %8s %8s %7s %12s %9s %9s %9s", name.c_str(), mean.c_str(),
                  deviation.c_str(), zeros.c_str(), dead.c_str(), negative.c_str(),
                  gradient.c_str(), update.c_str());
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

ProbeRequest probe_request_from_json(std::string_view text,
                                     const std::vector<std::string>& layers) {
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
        throw Error("probe: components is " + in_quotes(wanted) +
                    ", but it must be a layer: " + join_or(layers));
      }
      request.components_of = static_cast<int>(found - layers.begin());
    } else if (name == "gradients" || name == "everywhere") {
      if (!value.is_boolean()) {
        throw Error("probe: " + name + " is " + in_quotes(value.dump()) +
                    ", but it must be true or false");
      }
      (name == "gradients" ? request.gradients : request.everywhere) = value.get<bool>();
    } else {
      throw Error("probe: " + in_quotes(name) +
                  " cannot be asked for: components, everywhere or gradients can");
    }
  }
  return request;
}

}  // namespace reluscope
