#include "run/unit_history.h"

#include <algorithm>
#include <cmath>

#include "config/state_fields.h"
#include "core/error.h"
#include "io/json_object.h"
#include "probe/probe_report.h"

namespace reluscope {
namespace {

constexpr std::int64_t kMostSteps = std::int64_t{1} << 53;

// Bytes of a look, by a formula that is the same in every build.
std::int64_t size_of(const Look& look) {
  std::int64_t size = 64;
  for (const LayerActivity& layer : look.layers) {
    size += 768 + std::int64_t{9} * layer.units;  // 768: the histogram, moments, regimes
    if (layer.activation->slopes) size += 8 * std::ssize(layer.activation->slopes->values);
  }
  if (look.flow) size += 64 * std::ssize(look.flow->parameters);
  return size;
}

// The parts of a layer's activity that its network decides.
LayerActivity empty_activity(const Model& model, int layer) {
  const Layer& of = model.layer(layer);
  LayerActivity row{};
  row.layer = layer;
  row.name = model.layer_name(layer);
  row.kind = of.kind();
  row.text = of.text();
  row.units = static_cast<int>(of.out_shape().front());
  row.positions = static_cast<int>(element_count(of.out_shape()) / row.units);
  ActivationActivity& a = row.activation.emplace();
  a.firing.resize(row.units);
  a.silent.resize(row.units);
  a.slopes = slopes_of(model, layer);
  return row;
}

// Lists of any size, or of `size` if that is not -1.
[[gnu::noinline]] void numbers(const StateFields& fields, const char* key,
                               std::vector<double>& values, std::int64_t size) {
  fields.items(key, values, size,
               [](auto& list, auto place, double& value) { list.number(place, value); });
}
using Wholes = std::vector<std::int64_t>;
[[gnu::noinline]] void wholes(const StateFields& fields, const char* key, Wholes& values,
                              std::int64_t size, std::int64_t high) {
  fields.items(key, values, size, [high](auto& list, auto place, std::int64_t& value) {
    list.whole(place, value, 0, high);
  });
}

// samples: of the probe set. Firing rates are stored as counts.
void layer_fields(const StateFields& fields, LayerActivity& row, int samples) {
  ActivationActivity& a = *row.activation;
  Histogram& h = a.histogram;
  const std::int64_t unit = std::int64_t{samples} * row.positions;
  double* const moments[] = {&row.mean,    &row.deviation, &row.sparsity, &a.mean,
                             &a.deviation, &h.low,         &h.high};
  std::vector<double> values, ends;
  Wholes kinds, fired, silent, counts(h.counts.begin(), h.counts.end());
  for (const double* value : moments) values.push_back(*value);
  counts.insert(counts.end(), {h.below, h.above});
  for (const RegimeShare& r : a.regimes) {
    kinds.push_back(static_cast<std::int64_t>(r.regime.kind));
    ends.insert(ends.end(), {r.regime.from, r.regime.to, r.share});
  }
  for (int u = 0; u < row.units; ++u) {
    fired.push_back(std::llround(a.firing[u] * static_cast<double>(unit)));
    if (a.silent[u]) silent.push_back(u);
  }
  numbers(fields, "moments", values, std::ssize(values));
  wholes(fields, "histogram", counts, std::ssize(counts), unit * row.units);
  wholes(fields, "kinds", kinds, -1, static_cast<std::int64_t>(RegimeKind::kLinear));
  numbers(fields, "ends", ends, 3 * std::ssize(kinds));
  wholes(fields, "fired", fired, row.units, unit);
  wholes(fields, "silent", silent, -1, row.units - 1);
  if (a.slopes) numbers(fields, "slopes", a.slopes->values, std::ssize(a.slopes->values));
  if (!fields.reads()) return;
  for (std::size_t i = 0; i < values.size(); ++i) *moments[i] = values[i];
  std::copy_n(counts.begin(), Histogram::kBins, h.counts.begin());
  h.below = counts[Histogram::kBins];
  h.above = counts[Histogram::kBins + 1];
  for (std::size_t r = 0; r < kinds.size(); ++r) {
    const double* const end = &ends[3 * r];
    a.regimes.push_back({{static_cast<RegimeKind>(kinds[r]), end[0], end[1]}, end[2]});
  }
  for (int u = 0; u < row.units; ++u) {
    a.firing[u] = static_cast<double>(fired[u]) / static_cast<double>(unit);
  }
  for (const std::int64_t u : silent) a.silent[u] = 1;
}

void drop_units(GradientFlow& flow) {
  for (ActivationFlow& row : flow.activations) row.silent_on_batch.clear();
}

}  // namespace

bool looks_after(const Config& config, std::int64_t step, bool ends_epoch, bool ends_run) {
  if (!records_looks(config)) return false;
  if (config.probe) return step % *config.probe == 0 || ends_epoch;
  const std::int64_t interval = std::max(1, kSamplesPerLook / config.batch);
  const bool early = step < interval && (step & (step - 1)) == 0;
  return early || step % interval == 0 || ends_run;
}

void UnitHistory::add(const ProbeSnapshot& snapshot) {
  Look look{.index = next_++,
            .step = snapshot.step,
            .epoch = snapshot.epoch,
            .lr = snapshot.lr,
            .samples = snapshot.samples,
            .layers = {},
            .flow = {}};
  for (const LayerSnapshot& layer : snapshot.layers) {
    if (layer.activity.activation) look.layers.push_back(layer.activity);
  }
  if (snapshot.gradients && (looks_.empty() || snapshot.gradients->step > looks_.back().step)) {
    drop_units(look.flow.emplace(*snapshot.gradients));
  }
  thin();
  looks_.push_back(std::move(look));
  const std::int64_t most =
      std::clamp(kMostBytes / size_of(looks_.back()), kFewestLooks, kMostLooks);
  if (std::ssize(looks_) <= most) return;
  Look newest = std::move(looks_.back());
  looks_.pop_back();
  stride_ *= 2;
  thin();
  looks_.push_back(std::move(newest));
}

void UnitHistory::thin() {
  std::erase_if(looks_, [this](const Look& look) { return look.index % stride_ != 0; });
}

void UnitHistory::each_field(const StateFields& fields, const Model& model) {
  fields.whole("stride", stride_, 1, kMostSteps);
  fields.whole("next", next_, 0, kMostSteps);
  fields.items("list", looks_, -1, [&](auto& list, auto place, Look& look) {
    const StateFields row = list.object(place, "looks");
    row.whole("index", look.index, 0, next_ - 1);
    row.whole("step", look.step, 0, kMostSteps);
    row.whole("epoch", look.epoch, 1, INT32_MAX);
    row.number("lr", look.lr);
    row.whole("samples", look.samples, 1, kProbeSamples);
    if (row.reads()) {
      for (int l = 0; l < model.layer_count(); ++l) {
        if (model.layer(l).activation() >= 0) look.layers.push_back(empty_activity(model, l));
      }
    }
    row.items("layers", look.layers, std::ssize(look.layers),
              [&](auto& layers, auto at, LayerActivity& layer) {
                layer_fields(layers.object(at, "layers of looks"), layer, look.samples);
              });
    if (!row.has("flow", look.flow.has_value())) return;
    if (row.reads()) {
      set_rows(look.flow.emplace(), model);
      drop_units(*look.flow);
    }
    each_field_of_flow(row.object("flow", "flow of looks"), *look.flow);
  });
  if (std::ssize(looks_) > kMostLooks) fields.refuse("list", "has too many looks");
}

Json looks_json(const UnitHistory& history, std::int64_t since) {
  Json looks = Json::array();
  for (const Look& look : history.looks()) {
    if (look.index < since) continue;
    Json layers = Json::array();
    for (const LayerActivity& layer : look.layers) {
      layers.push_back(json_object("layer", layer.layer, "units", layer.units, "silent",
                                   count_flags(layer.activation->silent), "mean", layer.mean,
                                   "deviation", layer.deviation, "sparsity", layer.sparsity));
      if (const auto& slopes = layer.activation->slopes) layers.back()["slopes"] = slopes->values;
    }
    looks.push_back(json_object("index", look.index, "step", look.step, "epoch", look.epoch, "lr",
                                look.lr, "layers", std::move(layers), "flow",
                                look.flow ? to_json(*look.flow) : Json()));
  }
  return json_object("stride", history.stride(), "looks", std::move(looks));
}

Json look_json(const UnitHistory& history, std::int64_t step) {
  const auto& looks = history.looks();
  const auto found = std::find_if(looks.begin(), looks.end(),
                                  [step](const Look& look) { return look.step == step; });
  if (found == looks.end()) throw Error("no look was recorded, or is kept, after step ", step);
  Json layers = Json::array();
  for (const LayerActivity& layer : found->layers) layers.push_back(to_json(layer));
  return json_object("step", found->step, "epoch", found->epoch, "lr", found->lr, "samples",
                     found->samples, "layers", std::move(layers));
}

}  // namespace reluscope
