// Session's queries between two steps. Only load() affects training.
#include <algorithm>

#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "io/safetensors.h"
#include "run/checkpoint.h"
#include "run/session.h"

namespace reluscope {

Score Session::evaluate() {
  Score score;
  const int total = trainer_.data().test().count();
  for (int first = 0; first < total; first += config_.test_batch) {
    score.add(trainer_.evaluate(first, std::min(config_.test_batch, total - first)));
  }
  return score;
}

Session::Prediction Session::predict(std::span<const std::uint8_t> pixels) {
  trainer_.infer(pixels);
  backend_->finish();
  const Model& model = trainer_.model();
  Prediction prediction;
  for (int l = 0; l < model.layer_count(); ++l) {
    const Layer& layer = model.layer(l);
    prediction.layers.push_back(
        {model.layer_name(l), layer.kind(), layer.text(), model.sample_output(l, 0)});
  }
  prediction.probabilities = trainer_.probabilities();
  return prediction;
}

Probe& Session::probe_state() {
  if (!probe_) probe_ = std::make_unique<Probe>(trainer_, static_cast<std::uint64_t>(config_.seed));
  return *probe_;
}

// The epoch and the learning rate of the last step, or of the first before it.
int Session::epoch_of_step() const {
  const bool between = run_.batch == 0 && run_.epoch > 1;  // the next epoch has no step yet
  return between ? run_.epoch - 1 : run_.epoch;
}
double Session::rate_of_step() const { return run_.steps == 0 ? rates().lr : run_.lr; }

ProbeSnapshot Session::probe(const ProbeRequest& request) {
  return probe_state().look(trainer_, request, run_.steps, epoch_of_step(), rate_of_step());
}

std::optional<std::vector<DeadUnits>> Session::dead_part(int samples) {
  if (!part_of_dead_) part_of_dead_.emplace(trainer_);
  if (!part_of_dead_->add(trainer_, samples)) return {};
  std::vector<DeadUnits> found = part_of_dead_->found();
  part_of_dead_.reset();
  return found;
}

ClassReport Session::classes(int hardest) {
  ClassMeter meter(trainer_.data().classes(), hardest);
  trainer_.evaluate(0, trainer_.data().test().count(), &meter);
  return meter.report("test");
}

std::optional<ClassReport> Session::classes_part(int hardest, int samples) {
  if (!part_of_classes_ || part_of_classes_->hardest != hardest) {
    part_of_classes_.emplace(
        PartOfClasses{ClassMeter(trainer_.data().classes(), hardest), hardest, 0});
  }
  auto& [meter, most, scored] = *part_of_classes_;
  const int total = trainer_.data().test().count(), count = std::min(samples, total - scored);
  trainer_.evaluate(scored, count, &meter);
  scored += count;
  if (scored < total) return {};
  ClassReport report = meter.report("test");
  part_of_classes_.reset();
  return report;
}

UnitReport Session::unit(int layer, int unit, int strongest) {
  return report_unit(trainer_, probe_state().samples(), layer, unit, strongest);
}

Score Session::evaluate_without(int layer, const std::vector<int>& units) {
  check_units(trainer_.model(), layer, units);
  trainer_.model().silence(layer, units);
  const Score score = evaluate();
  trainer_.model().silence(layer, {});
  return score;
}

std::vector<std::string> Session::layer_names() const {
  std::vector<std::string> names;
  for (int l = 0; l < trainer_.model().layer_count(); ++l) {
    names.push_back(trainer_.model().layer_name(l));
  }
  return names;
}

NamedTensor Session::parameter(const std::string& name) const {
  backend_->finish();
  std::vector<std::string> known;
  for (const Model::Parameter& parameter : trainer_.model().parameter_list()) {
    if (parameter.name == name) {
      return {name, parameter.spec.shape, Model::gather(parameter, trainer_.model().parameters())};
    }
    known.push_back(parameter.name);
  }
  throw Error("parameter is " + in_quotes(name) + ", but it must be " + join_or(known));
}

std::string Session::hash_of(std::span<const float> parameters) const {
  backend_->finish();
  Sha256 hash;
  for (const Model::Parameter& parameter : trainer_.model().parameter_list()) {
    hash.add_floats(Model::gather(parameter, parameters));
  }
  for (const Model::Parameter& kept : trainer_.model().state_list()) {
    hash.add_floats(Model::gather(kept, trainer_.model().state()));
  }
  return hash.hex();
}

std::string Session::weights_sha256() const { return hash_of(trainer_.model().parameters()); }

std::string Session::optimizer_sha256() const {
  backend_->finish();
  Sha256 hash;
  for (const Optimizer::State& state : trainer_.optimizer().state()) {
    for (const Model::Parameter& parameter : trainer_.model().parameter_list()) {
      hash.add_floats(Model::gather(parameter, state.values));
    }
  }
  return hash.hex();
}

std::vector<std::uint8_t> Session::save(std::string_view format, std::optional<int> images) {
  backend_->finish();
  return save_network(trainer_, config_, format, images);
}

void Session::load(std::span<const std::uint8_t> safetensors) {
  part_of_classes_.reset();
  part_of_dead_.reset();
  backend_->finish();
  load_state_dict(trainer_.model(), read_weights(safetensors), config_.model);
}

}  // namespace reluscope
