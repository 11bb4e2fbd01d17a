#include "probe/probe_report.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"

namespace reluscope {
namespace {

template <class T>
[[gnu::noinline]] Json json_list(const T& values) {
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
  return json_list(units);
}

Json regime_json(const RegimeShare& r) {
  return json_object("name", regime_name(r.regime.kind), "from", r.regime.from, "to", r.regime.to,
                     "share", r.share);
}

// The units that have ever been silent.
Json lives_json(const std::vector<UnitLife>& lives) {
  Json rows = Json::array();
  for (std::size_t u = 0; u < lives.size(); ++u) {
    const UnitLife& life = lives[u];
    if (life.times == 0) continue;
    rows.push_back(json_object("unit", u, "silent", life.silent, "times", life.times, "since",
                               life.since, "since_lr", life.since_lr));
    if (life.revived < 0) continue;
    rows.back()["revived"] = life.revived;
    rows.back()["revived_lr"] = life.revived_lr;
  }
  return rows;
}

Json activity_json(const LayerActivity& a) {
  Json row = json_object("layer", a.layer, "name", a.name, "kind", a.kind, "text", a.text, "units",
                         a.units, "positions", a.positions, "mean", a.mean, "deviation",
                         a.deviation, "sparsity", a.sparsity);
  if (!a.activation) return row;
  const ActivationActivity& z = *a.activation;
  const Histogram& h = z.histogram;
  row["input"] = json_object("mean", z.mean, "deviation", z.deviation, "histogram",
                             json_object("low", h.low, "high", h.high, "counts",
                                         json_list(h.counts), "below", h.below, "above", h.above));
  row["regimes"] = list_of(z.regimes, regime_json);
  row["firing"] = json_list(z.firing);
  row["silent"] = flagged(z.silent);
  if (z.slopes) {
    row["slopes"] = json_object("name", z.slopes->name, "symbol", z.slopes->symbol, "values",
                                json_list(z.slopes->values));
  }
  return row;
}

Json layer_json(const LayerSnapshot& layer) {
  Json row = activity_json(layer.activity);
  if (!layer.activity.activation) return row;
  if (layer.dead) row["dead"] = flagged(*layer.dead);
  row["lives"] = lives_json(layer.lives);
  return row;
}

Json parameter_json(const ParameterFlow& p) {
  return json_object("name", p.name, "weight_norm", p.weight_norm, "gradient_norm", p.gradient_norm,
                     "update_norm", p.update_norm, "update_ratio", p.update_ratio());
}

Json activation_json(const ActivationFlow& a) {
  return json_object("layer", a.layer, "negative_share", a.negative_share, "silent_on_batch",
                     flagged(a.silent_on_batch));
}

Json dead_json(const DeadUnits& row) {
  return json_object("layer", row.layer, "name", row.name, "text", row.text, "units",
                     row.flags.size(), "dead", flagged(row.flags));
}

Json components_json(const LayerComponents& c) {
  return json_object("layer", c.layer, "name", c.name, "samples", json_list(c.samples), "labels",
                     json_list(c.labels), "variances", json_list(c.found.variances),
                     "total_variance", c.found.total_variance, "mean", json_list(c.found.mean),
                     "components", json_list(c.found.components), "coordinates",
                     json_list(c.found.coordinates));
}

Json loss_json(const LossTrend& loss) {
  if (loss.windows == 0) return nullptr;
  return json_object("window", LossTrend::kWindow, "first", loss.first, "last", loss.last, "lowest",
                     loss.lowest);
}

Json sample_json(const HardSample& s) {
  return json_object("index", s.index, "label", s.label, "prediction", s.prediction, "loss", s.loss,
                     "probability", s.probability, "label_probability", s.label_probability);
}

Json warning_json(const Warning& w) {
  return json_object("code", w.code, "layer", w.layer < 0 ? Json(nullptr) : Json(w.layer),
                     "message", w.text);
}

// The row for which fits() is true; null if there is none.
template <class Row, class Fits>
const Row* find_row(const std::vector<Row>& rows, const Fits& fits) {
  const auto found = std::find_if(rows.begin(), rows.end(), fits);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

Json to_json(const LayerActivity& activity) { return activity_json(activity); }

Json to_json(const GradientFlow& flow) {
  return json_object("step", flow.step, "lr", flow.lr, "norm", flow.norm, "parameters",
                     list_of(flow.parameters, parameter_json), "activations",
                     list_of(flow.activations, activation_json));
}

Json to_json(const std::vector<DeadUnits>& rows) { return list_of(rows, dead_json); }

Json to_json(const ProbeSnapshot& snapshot) {
  Json json = json_object("step", snapshot.step, "epoch", snapshot.epoch, "lr", snapshot.lr, "part",
                          snapshot.part, "samples", snapshot.samples, "loss",
                          loss_json(snapshot.loss), "layers", list_of(snapshot.layers, layer_json),
                          "gradients", snapshot.gradients ? to_json(*snapshot.gradients) : Json());
  if (!snapshot.components.empty()) {
    json["components"] = list_of(snapshot.components, components_json);
  }
  return json;
}

Json to_json(const ClassReport& report) {
  Json confusion = Json::array();
  for (auto row = report.confusion.begin(); row != report.confusion.end(); row += report.classes) {
    confusion.push_back(json_list(std::vector<std::int64_t>(row, row + report.classes)));
  }
  return json_object("part", report.part, "samples", report.samples, "correct", report.correct,
                     "confusion", std::move(confusion), "precision",
                     list_of(report.precision, or_null), "recall", list_of(report.recall, or_null),
                     "hardest", list_of(report.hardest, sample_json));
}

Json to_json(const std::vector<Warning>& warnings) { return list_of(warnings, warning_json); }

std::vector<std::string> to_table(const ProbeSnapshot& snapshot) {
  const auto percent = [](double share) { return format("%.1f%%", 100.0 * share); };
  std::vector<std::string> lines = {
      joined("Monitors at step ", snapshot.step, ", over ", snapshot.samples, " samples (",
             snapshot.part, "):"),
      format("%-26s %8s %8s %7s %12s %9s %9s %9s", "Layer", "Mean", "Dev.", "Zeros", "Silent",
             "Neg. grad", "|grad|", "upd/wgt")};
  const GradientFlow flow = snapshot.gradients.value_or(GradientFlow{});
  for (const LayerSnapshot& layer : snapshot.layers) {
    const LayerActivity& a = layer.activity;
    std::string silent = "--", negative = "--", gradient = "--", update = "--";
    if (a.activation) {
      silent = joined(count_flags(a.activation->silent), " of ", a.units);
    }
    const auto* const back =
        find_row(flow.activations, [&](const ActivationFlow& f) { return f.layer == a.layer; });
    if (back != nullptr && back->negative_share) negative = percent(*back->negative_share);
    if (const auto* const weights = find_row(flow.parameters, [&](const ParameterFlow& p) {
          return p.weight && p.name.starts_with(a.name + ".");
        })) {
      gradient = format("%.2e", weights->gradient_norm);
      if (weights->update_ratio()) update = format("%.2e", *weights->update_ratio());
    }
    lines.push_back(format("%-26s %8.4f %8.4f %7s %12s %9s %9s %9s",
                           (a.name + ": " + a.text).c_str(), a.mean, a.deviation,
                           percent(a.sparsity).c_str(), silent.c_str(), negative.c_str(),
                           gradient.c_str(), update.c_str()));
  }
  return lines;
}

std::vector<std::string> dead_lines(const std::vector<DeadUnits>& rows, std::int64_t samples) {
  std::vector<std::string> lines;
  for (const DeadUnits& row : rows) {
    lines.push_back(joined("Dead (no output and no gradient on all ", with_commas(samples),
                           " training images): ", count_flags(row.flags), " of ", row.flags.size(),
                           " in layer ", row.layer + 1, " (", row.name, ", ", row.text, ")"));
  }
  return lines;
}

ProbeRequest probe_request_from_json(std::string_view text,
                                     const std::vector<std::string>& layers) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    throw Error("probe: ", in_quotes(text),
                " was given, but an object such as {\"gradients\": true} was expected");
  }
  const auto text_of = [](const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  ProbeRequest request;
  for (const auto& [name, value] : json.items()) {
    if (name == "components") {
      if (!value.is_array()) {
        throw Error("probe: components is ", in_quotes(text_of(value)),
                    ", but it must be a list of layers: ", join_or(layers));
      }
      for (const Json& each : value) {
        const std::string wanted = text_of(each);
        const auto found = std::find(layers.begin(), layers.end(), wanted);
        if (!each.is_string() || found == layers.end()) {
          throw Error("probe: components names ", in_quotes(wanted),
                      ", but it must name layers: ", join_or(layers));
        }
        request.components_of.push_back(static_cast<int>(found - layers.begin()));
      }
    } else if (name == "gradients" || name == "everywhere") {
      if (!value.is_boolean()) {
        throw Error("probe: ", name, " is ", in_quotes(value.dump()),
                    ", but it must be true or false");
      }
      (name == "gradients" ? request.gradients : request.everywhere) = value.get<bool>();
    } else {
      throw Error("probe: ", in_quotes(name),
                  " is not a request: known are components, everywhere and gradients");
    }
  }
  return request;
}

}  // namespace reluscope
