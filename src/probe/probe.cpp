#include "probe/probe.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/rng.h"

namespace reluscope {
namespace {

// The first `count` samples of the pool in the order of a random word for each; ties by number.
std::vector<int> draw_samples(const std::vector<int>& pool, std::size_t count, std::uint64_t seed) {
  const Rng rng(seed, Purpose::kProbe, 0);
  std::vector<std::uint64_t> order;
  for (const int sample : pool) {
    const auto number = static_cast<std::uint64_t>(sample);
    order.push_back((std::uint64_t{rng.bits(number)[0]} << 32) | number);
  }
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), count));
  std::vector<int> samples;
  for (const std::uint64_t place : order) {
    samples.push_back(static_cast<int>(static_cast<std::uint32_t>(place)));
  }
  return samples;
}

std::optional<LearntSlopes> slopes_of(const Model& model, int layer) {
  const Layer& l = model.layer(layer);
  if (l.parameters().empty()) return {};
  const ActivationParameter& info = activation_info(l.activation()).parameters.front();
  const std::string name = model.layer_name(layer) + "." + l.parameters().front().name;
  for (const Model::Parameter& parameter : model.parameter_list()) {
    if (parameter.name != name) continue;
    const std::vector<float> values = Model::gather(parameter, model.parameters());
    return LearntSlopes{info.name, info.symbol, {values.begin(), values.end()}, info.min, info.max};
  }
  return {};
}

// lives: one per flag of `dead`; resized on the first call.
void update_lives(std::vector<UnitLife>& lives, std::span<const std::uint8_t> dead,
                  std::int64_t step, double lr) {
  lives.resize(dead.size());
  for (std::size_t u = 0; u < lives.size(); ++u) {
    UnitLife& life = lives[u];
    if (life.dead == (dead[u] != 0)) continue;
    life.dead = dead[u] != 0;
    life.deaths += life.dead;
    (life.dead ? life.died : life.revived) = step;
    (life.dead ? life.died_lr : life.revived_lr) = lr;
  }
}

// Appends the outputs of a layer in the last forward: rows (N, features), units in order.
void append_outputs(const UnitValues& y, int samples, std::vector<float>& rows) {
  for (int n = 0; n < samples; ++n) {
    for (int u = 0; u < y.units(); ++u) {
      for (int p = 0; p < y.positions(); ++p) rows.push_back(y.at(n, u, p));
    }
  }
}

}  // namespace

Probe::Probe(const Trainer& trainer, std::uint64_t seed)
    : samples_(draw_samples(trainer.probe_pool(), kProbeSamples, seed)),
      lives_(static_cast<std::size_t>(trainer.model().layer_count())) {}

StepObserver& Probe::watch(std::int64_t step, double lr) {
  gradients_.flow.step = step;
  gradients_.flow.lr = lr;
  watched_ = true;
  wants_step_ = false;
  return gradients_;
}

ProbeSnapshot Probe::look(Trainer& trainer, const ProbeRequest& request, std::int64_t step,
                          int epoch, double lr) {
  const Model& model = trainer.model();
  const int layers = model.layer_count();
  if (request.components_of < -1 || request.components_of >= layers) {
    throw Error("components of layer ", request.components_of,
                " were asked for, but there are layers 0 to ", layers - 1);
  }
  ProbeSnapshot snapshot;
  snapshot.step = step;
  snapshot.epoch = epoch;
  snapshot.lr = lr;
  snapshot.part = trainer.probe_part();
  snapshot.samples = static_cast<int>(samples_.size());
  snapshot.loss = loss_;
  if (watched_) snapshot.gradients = gradients_.flow;
  wants_step_ = wants_step_ || request.gradients;

  std::vector<ActivityMeter> meters;
  for (int l = 0; l < layers; ++l) meters.emplace_back(regimes_of(model, l));
  const auto point_count = std::min<std::size_t>(samples_.size(), kComponentSamples);
  std::vector<float> points;
  trainer.infer_in_chunks(trainer.probe_set(), samples_, [&](std::size_t first) {
    for (int l = 0; l < layers; ++l) meters[l].add(output_of(model, l), model.input(l));
    if (request.components_of >= 0 && first < point_count) {
      const UnitValues y = output_of(model, request.components_of);
      append_outputs(y, std::min(y.samples(), static_cast<int>(point_count - first)), points);
    }
  });
  const auto add_to_histograms = [&](std::size_t) {
    for (int l = 0; l < layers; ++l) meters[l].add_to_histogram(model.input(l));
  };
  // With a single chunk, the model still holds the outputs.
  if (snapshot.samples <= trainer.evaluate_rows()) {
    add_to_histograms(0);
  } else {
    trainer.infer_in_chunks(trainer.probe_set(), samples_, add_to_histograms);
  }

  for (int l = 0; l < layers; ++l) {
    LayerSnapshot& row = snapshot.layers.emplace_back();
    row.activity.layer = l;
    row.activity.name = model.layer_name(l);
    row.activity.kind = model.layer(l).kind();
    row.activity.text = model.layer(l).text();
    meters[l].finish(row.activity);
    if (!row.activity.activation) continue;
    row.activity.activation->slopes = slopes_of(model, l);
    update_lives(lives_[l], row.activity.activation->dead, step, lr);
    row.lives = lives_[l];
  }
  if (request.components_of >= 0) {
    snapshot.components = components_of(trainer, request.components_of, std::move(points));
  }
  if (request.everywhere) {
    std::vector<SilenceMeter> all;
    for (int l = 0; l < layers; ++l) all.emplace_back(regimes_of(model, l));
    const auto is_activation = [&](int l) { return model.layer(l).activation() >= 0; };
    trainer.infer_in_chunks(trainer.probe_set(), trainer.probe_pool(), [&](std::size_t) {
      for (int l = 0; l < layers; ++l) {
        if (is_activation(l)) all[l].add(output_of(model, l), model.input(l));
      }
    });
    for (int l = 0; l < layers; ++l) {
      if (is_activation(l)) snapshot.layers[l].everywhere = all[l].found();
    }
  }
  return snapshot;
}

LayerComponents Probe::components_of(const Trainer& trainer, int layer,
                                     std::vector<float> outputs) {
  const auto count = std::min<std::size_t>(samples_.size(), kComponentSamples);
  LayerComponents result{layer, trainer.model().layer_name(layer), {}, {}, {}};
  for (std::size_t i = 0; i < count; ++i) {
    result.samples.push_back(samples_[i]);
    result.labels.push_back(trainer.probe_set().label(samples_[i]));
  }
  if (components_layer_ != layer) coordinates_.clear();
  result.found = principal_components(outputs, static_cast<int>(count), kComponents, coordinates_);
  components_layer_ = layer;
  coordinates_ = result.found.coordinates;
  return result;
}

}  // namespace reluscope
