#include "probe/probe.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/rng.h"

namespace reluscope {
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

namespace {

// lives: one per flag of `silent`; resized on the first call.
void update_lives(std::vector<UnitLife>& lives, std::span<const std::uint8_t> silent,
                  std::int64_t step, double lr) {
  lives.resize(silent.size());
  for (std::size_t u = 0; u < lives.size(); ++u) {
    UnitLife& life = lives[u];
    if (life.silent == (silent[u] != 0)) continue;
    life.silent = silent[u] != 0;
    life.times += life.silent;
    (life.silent ? life.since : life.revived) = step;
    (life.silent ? life.since_lr : life.revived_lr) = lr;
  }
}

}  // namespace

std::int64_t count_flags(const std::vector<std::uint8_t>& flags) {
  return std::count(flags.begin(), flags.end(), 1);
}

DeadCheck::DeadCheck(const Trainer& trainer) : samples_(trainer.training_samples()) {
  const Model& model = trainer.model();
  for (int l = 0; l < model.layer_count(); ++l) {
    if (model.layer(l).activation() < 0) continue;
    rows_.push_back({l, model.layer_name(l), model.layer(l).text(), {}});
    meters_.emplace_back(regimes_of(model, l));
  }
}

bool DeadCheck::add(Trainer& trainer, int samples) {
  const auto rest = std::span<const int>(samples_).subspan(checked_);
  const auto part = rest.first(std::min(rest.size(), static_cast<std::size_t>(samples)));
  const Model& model = trainer.model();
  trainer.infer_in_chunks(trainer.data().train(), part, [&](std::size_t) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      meters_[i].add(output_of(model, rows_[i].layer), model.input(rows_[i].layer));
    }
  });
  checked_ += part.size();
  return checked_ == samples_.size();
}

std::vector<DeadUnits> DeadCheck::found() const {
  std::vector<DeadUnits> rows = rows_;
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].flags = meters_[i].found().silent;
  return rows;
}

std::vector<DeadUnits> find_dead(Trainer& trainer) {
  DeadCheck check(trainer);
  check.add(trainer, trainer.train_count());
  return check.found();
}

Probe::Probe(const Trainer& trainer, std::uint64_t seed)
    : samples_(in_random_order(trainer.probe_pool(), Rng(seed, Purpose::kProbe, 0))),
      lives_(trainer.model().layer_count()),
      coordinates_(trainer.model().layer_count()) {
  samples_.resize(std::min<std::size_t>(samples_.size(), kProbeSamples));
}

StepObserver& Probe::watch(std::int64_t step, double lr, bool recorded) {
  GradientMeter& meter = recorded ? recorded_ : live_;
  meter.flow.step = step;
  meter.flow.lr = lr;
  wants_step_ = false;
  return meter;
}

ProbeSnapshot Probe::record(Trainer& trainer, std::int64_t step, int epoch, double lr) {
  ProbeSnapshot snapshot = look(trainer, {}, step, epoch, lr);
  snapshot.gradients.reset();
  if (recorded_.flow.step > 0) snapshot.gradients = recorded_.flow;
  for (LayerSnapshot& row : snapshot.layers) {
    if (!row.activity.activation) continue;
    std::vector<UnitLife>& lives = lives_[row.activity.layer];
    update_lives(lives, row.activity.activation->silent, step, lr);
    row.lives = lives;
  }
  return snapshot;
}

ProbeSnapshot Probe::look(Trainer& trainer, const ProbeRequest& request, std::int64_t step,
                          int epoch, double lr) {
  const Model& model = trainer.model();
  const int layers = model.layer_count();
  for (const int layer : request.components_of) {
    if (layer >= 0 && layer < layers) continue;
    throw Error("components of layer ", layer, " were asked for, but there are layers 0 to ",
                layers - 1);
  }
  ProbeSnapshot snapshot;
  snapshot.step = step;
  snapshot.epoch = epoch;
  snapshot.lr = lr;
  snapshot.part = trainer.probe_part();
  snapshot.samples = static_cast<int>(samples_.size());
  snapshot.loss = loss_;
  const GradientFlow& newest = live_.flow.step > recorded_.flow.step ? live_.flow : recorded_.flow;
  if (newest.step > 0) snapshot.gradients = newest;
  wants_step_ = wants_step_ || request.gradients;

  std::vector<ActivityMeter> meters;
  for (int l = 0; l < layers; ++l) meters.emplace_back(regimes_of(model, l));
  const auto point_count = std::min<std::size_t>(samples_.size(), kComponentSamples);
  std::vector<std::vector<float>> points(request.components_of.size());
  trainer.infer_in_chunks(trainer.probe_set(), samples_, [&](std::size_t first) {
    for (int l = 0; l < layers; ++l) meters[l].add(output_of(model, l), model.input(l));
    for (std::size_t i = 0; i < points.size(); ++i) {
      for (std::size_t n = first; n < std::min(first + model.samples(), point_count); ++n) {
        const auto values =
            model.sample_output(request.components_of[i], static_cast<int>(n - first));
        points[i].insert(points[i].end(), values.begin(), values.end());
      }
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
    row.lives = lives_[l];
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    snapshot.components.push_back(components_of(trainer, request.components_of[i], points[i]));
  }
  if (request.everywhere) {
    for (DeadUnits& found : find_dead(trainer)) {
      snapshot.layers[found.layer].dead = std::move(found.flags);
    }
  }
  return snapshot;
}

LayerComponents Probe::components_of(const Trainer& trainer, int layer,
                                     std::span<const float> outputs) {
  const auto count = std::min<std::size_t>(samples_.size(), kComponentSamples);
  LayerComponents result{layer, trainer.model().layer_name(layer), {}, {}, {}};
  for (std::size_t i = 0; i < count; ++i) {
    result.samples.push_back(samples_[i]);
    result.labels.push_back(trainer.probe_set().label(samples_[i]));
  }
  result.found =
      principal_components(outputs, static_cast<int>(count), kComponents, coordinates_[layer]);
  coordinates_[layer] = result.found.coordinates;
  return result;
}

}  // namespace reluscope
