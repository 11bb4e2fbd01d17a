#include "run/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/text.h"

namespace reluscope {
std::unique_ptr<Backend> make_backend(const Config& config, double free_bytes) {
  if (config.device == "cuda") {
    throw Error(
        "device is \"cuda\", but this build or command has no CUDA: auto and cpu are allowed");
  }
  return std::make_unique<cpu::CpuBackend>(config.simd, config.threads, config.fused, 0,
                                           free_bytes);
}

Session::Session(std::shared_ptr<const Dataset> data, const Config& config,
                 std::unique_ptr<Backend> backend)
    : config_(config),
      backend_(backend ? std::move(backend) : make_backend(config)),
      trainer_(std::move(data), config, *backend_),
      schedule_(schedule_options(config, trainer_.updates_per_epoch())),
      live_(config) {
  trainer_.start_epoch(1);
  apply_events();
}

void Session::apply_events() {
  for (; next_event_ < config_.events.size(); ++next_event_) {
    const Event& event = config_.events[next_event_];
    if (event.step > run_.steps) return;
    set_live(live_, event.field, event.value);
  }
}

void Session::set(const std::string& field, double value) {
  set_live(live_, field, value);
  // This change replaces changes scheduled for later.
  config_.events.resize(next_event_);
  config_.events.push_back({run_.steps, field, value});
  ++next_event_;
}

Progress Session::start() const {
  const Dataset& data = trainer_.data();
  return {{StartEvent{.config = config_,
                      .device = std::string(backend_->device()),
                      .simd = std::string(backend_->target()),
                      .threads = backend_->threads(),
                      .parameters = trainer_.model().parameter_count(),
                      .memory = trainer_.memory(),
                      .sparse = trainer_.sparse_input(),
                      .data = data.name(),
                      .images = data.train().count(),
                      .height = data.train().height(),
                      .width = data.train().width(),
                      .density = data.density(),
                      .train_samples = trainer_.train_count(),
                      .validation_samples = trainer_.validation_count(),
                      .test_samples = data.test().count(),
                      .class_names = data.class_names(),
                      .pixels = trainer_.normalisation()}}};
}

Progress Session::advance() {
  part_of_classes_.reset();
  part_of_dead_.reset();
  switch (run_.phase) {
    case Phase::kTraining: return train_step();
    case Phase::kScoring: return score_step();
    case Phase::kDone: return done();
    case Phase::kDiverged: return {{*run_.diverged}};
  }
  return {};
}

StepRates Session::rates(int later) const {
  const std::int64_t before = std::int64_t{run_.epoch - 1} * trainer_.updates_per_epoch();
  return schedule_.at(before + trainer_.update_of(run_.batch + later), live_.lr);
}

bool Session::looks_after_batch(int batch) const {
  return looks_after_step(run_.steps + 1 + batch - run_.batch, batch + 1 == trainer_.batches());
}

bool Session::watches(int batch) const {
  return (looks_after_batch(batch) || (probe_ && probe_->wants_step())) &&
         trainer_.makes_update(batch);
}

int Session::steps_now() const {
  std::int64_t most = std::min(trainer_.steps_at_once(), trainer_.batches() - run_.batch);
  if (next_event_ < config_.events.size()) {
    most = std::min(most, config_.events[next_event_].step - run_.steps);
  }
  int steps = 1;  // the probe takes a snapshot after the last one
  while (steps < most && !watches(run_.batch + steps) && !watches(run_.batch + steps - 1) &&
         !looks_after_step(run_.steps + steps, false)) {
    ++steps;
  }
  return steps;
}

Progress Session::train_step() {
  const auto before = std::chrono::steady_clock::now();
  const auto add_seconds = [&] {
    epoch_seconds_ +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  };
  Progress progress;
  if (run_.batch == 0 && run_.epoch > 1) trainer_.start_epoch(run_.epoch);
  if (run_.steps == 0 && records_looks(config_)) add_look(progress);
  const int batches = trainer_.batches(), count = steps_now();
  std::vector<StepRates> rates;
  for (int later = 0; later < count; ++later) rates.push_back(this->rates(later));
  std::vector<StepResult> results;
  if (watches(run_.batch)) {
    run_.lr = rates[0].lr;
    StepObserver& meter =
        probe_state().watch(run_.steps + 1, run_.lr, looks_after_batch(run_.batch));
    results = {trainer_.step(run_.batch, rates[0], &meter)};
  } else {
    results = trainer_.steps(run_.batch, rates);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    run_.lr = rates[i].lr;
    if (results[i].diverged_layer >= 0) {
      add_seconds();
      return diverge(results[i].diverged_layer, std::move(progress));
    }
    add_step(progress, results[i], rates[i]);
  }
  if (looks_after_step(run_.steps, run_.batch == batches)) add_look(progress);
  if (run_.batch == batches) {
    run_.phase = Phase::kScoring;
    run_.scored = 0;
    run_.validation_score = {};
    run_.test_score = {};
    start_classes();
  }
  add_seconds();
  return progress;
}

// Counts a finished step and adds its event.
void Session::add_step(Progress& progress, const StepResult& result, const StepRates& rates) {
  ++run_.batch;
  ++run_.steps;
  run_.epoch_score.add(result.score);
  epoch_timed_ += result.score.samples;
  history_.add_step(run_.steps, result.score.loss(), result.score.accuracy());
  if (probe_) probe_->add_loss(result.score.loss());
  apply_events();
  progress.events.emplace_back(
      StepEvent{.epoch = run_.epoch,
                .epochs = config_.epochs,
                .batch = run_.batch,
                .batches = trainer_.batches(),
                .step = run_.steps,
                .total_steps = std::int64_t{trainer_.batches()} * config_.epochs,
                .samples = run_.epoch_score.samples,
                .total = trainer_.train_count(),
                .loss = result.score.loss(),
                .accuracy = result.score.accuracy(),
                .lr = rates.lr,
                .momentum = rates.momentum,
                .logged = run_.batch % config_.log_every == 0,
                .says_rate = !schedule_.constant()});
}

Progress Session::score_step() {
  const int size = config_.test_batch;
  const int held_out = trainer_.validation_count(), total = trainer_.data().test().count();
  const int before_test = (held_out + size - 1) / size;
  const int batches = before_test + (total + size - 1) / size;
  if (run_.scored < before_test) {
    const int first = run_.scored * size;
    run_.validation_score.add(trainer_.validate(first, std::min(size, held_out - first)));
  } else {
    const int first = (run_.scored - before_test) * size;
    run_.test_score.add(trainer_.evaluate(first, std::min(size, total - first),
                                          epoch_classes_ ? &*epoch_classes_ : nullptr));
  }
  if (++run_.scored == batches) return end_epoch();
  return {{ScoringEvent{.epoch = run_.epoch, .batch = run_.scored, .batches = batches}}};
}

// The only place where the validation set affects training; the test set never does.
void Session::follow_validation(double loss) {
  schedule_.epoch_ended(loss);
  if (config_.early_stopping == 0) return;
  if (loss < run_.best_loss || run_.best_epoch == 0) {
    run_.best_epoch = run_.epoch;
    run_.best_loss = std::min(run_.best_loss, loss);  // not a NaN
    trainer_.keep_weights();
  } else if (run_.epoch - run_.best_epoch >= config_.early_stopping) {
    run_.last_epoch = run_.epoch;
  }
}

Progress Session::end_epoch() {
  const Score &trained = run_.epoch_score, &held_out = run_.validation_score,
              &tested = run_.test_score;
  const bool validated = held_out.samples > 0;
  if (validated) follow_validation(held_out.loss());
  Progress progress{
      {EpochEvent{.epoch = run_.epoch,
                  .train_loss = trained.loss(),
                  .validation = validated ? std::optional(held_out) : std::nullopt,
                  .test = tested,
                  .seconds = epoch_seconds_,
                  .samples_per_second = epoch_timed_ / std::max(epoch_seconds_, 1e-9),
                  .lr = schedule_.constant() ? std::nullopt : std::optional(run_.lr)}}};
  if (epoch_classes_) scored_classes_ = {run_.epoch, run_.steps, epoch_classes_->report("test")};
  epoch_classes_.reset();
  if (prints_looks(config_)) {
    progress.events.emplace_back(
        ClassesEvent{run_.epoch, run_.steps, scored_classes_->report, *last_look_});
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  history_.add_epoch({static_cast<double>(run_.epoch), static_cast<double>(run_.steps), run_.lr,
                      trained.loss(), trained.accuracy(), validated ? held_out.loss() : kNone,
                      validated ? held_out.accuracy() : kNone, tested.loss(), tested.accuracy()});
  if (run_.epoch == config_.epochs) run_.last_epoch = run_.epoch;
  const bool done = run_.last_epoch == run_.epoch;
  const bool looked = !units_.looks().empty() && units_.looks().back().step == run_.steps;
  if (done && records_looks(config_) && !looked) add_look(progress);  // stopped early
  run_.epoch_score = {};
  epoch_seconds_ = 0.0;
  epoch_timed_ = 0;
  run_.batch = 0;
  if (done) {
    run_.phase = Phase::kDone;
    if (run_.best_epoch != 0 && run_.best_epoch != run_.epoch) trainer_.restore_weights();
  } else {
    run_.phase = Phase::kTraining;
  }
  ++run_.epoch;
  return progress;
}

Progress Session::done() {
  DoneEvent event{.steps = run_.steps,
                  .best = {},
                  .weights_sha256 = weights_sha256(),
                  .optimizer_sha256 = optimizer_sha256(),
                  .ema_sha256 = {}};
  if (run_.best_epoch != 0) {
    event.best = {.epochs = run_.last_epoch,
                  .planned = config_.epochs,
                  .epoch = run_.best_epoch,
                  .validation_loss = run_.best_loss};
  }
  if (config_.ema > 0.0) event.ema_sha256 = hash_of(trainer_.scored_parameters());
  Progress progress;
  if (prints_looks(config_)) {
    progress.events.emplace_back(DeadEvent{
        .step = run_.steps, .samples = trainer_.train_count(), .layers = find_dead(trainer_)});
  }
  progress.events.emplace_back(std::move(event));
  return progress;
}

Progress Session::diverge(int layer, Progress said) {
  run_.phase = Phase::kDiverged;
  const std::string text = trainer_.model().layer(layer).text();
  const bool kept = weights_finite();
  run_.diverged = {.epoch = run_.epoch,
                   .step = run_.steps + 1,
                   .layer = layer + 1,
                   .layer_text = text,
                   .message = "Diverged at step " + std::to_string(run_.steps + 1) + " (epoch " +
                              std::to_string(run_.epoch) + "): the output of layer " +
                              std::to_string(layer + 1) + " (" +
                              trainer_.model().layer_name(layer) + ", " + text +
                              ") is no longer finite at learning rate " + number_text(run_.lr) +
                              (kept ? "; the weights are those before that step."
                                    : "; the weights themselves had already overflowed."),
                   .weights_kept = kept};
  said.events.emplace_back(*run_.diverged);
  return said;
}

bool Session::weights_finite() const {
  backend_->finish();
  const auto weights = trainer_.model().parameters();
  return std::all_of(weights.begin(), weights.end(), [](float w) { return std::isfinite(w); });
}

bool Session::looks_after_step(std::int64_t step, bool last_of_epoch) const {
  return looks_after(config_, step, last_of_epoch, last_of_epoch && run_.epoch == config_.epochs);
}

void Session::add_look(Progress& progress) {
  last_look_ = probe_state().record(trainer_, run_.steps, epoch_of_step(), rate_of_step());
  units_.add(*last_look_);
  if (prints_looks(config_)) progress.events.emplace_back(ProbeEvent{*last_look_});
  for (const Warning& found : find_warnings(*last_look_, config_)) {
    const bool known =
        std::any_of(raised_.begin(), raised_.end(), [&found](const WarningEvent& before) {
          return before.warning.code == found.code && before.warning.layer == found.layer;
        });
    if (known) continue;
    raised_.push_back({.step = run_.steps, .warning = found});
    progress.events.emplace_back(raised_.back());
  }
}

void Session::start_classes() { epoch_classes_.emplace(trainer_.data().classes(), kHardest); }

}  // namespace reluscope
