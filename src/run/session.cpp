#include "run/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "config/options.h"
#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"
#include "probe/probe_report.h"
#include "run/metrics_table.h"

namespace reluscope {
namespace {

// Bytes by purpose.
Json memory_json(const Trainer& trainer) {
  Json json = Json::object();
  for (const auto& [purpose, bytes] : trainer.memory()) json[purpose] = bytes;
  return json;
}

std::string percent(std::int64_t part, std::int64_t whole, int digits) {
  return format("%.*f%%", digits, 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

// What a run says of its data, where that is not what everybody knows of MNIST.
std::vector<std::string> data_lines(const Trainer& trainer, const Config& config) {
  std::vector<std::string> lines;
  const Dataset& data = trainer.data();
  if (data.name() != "mnist") {
    constexpr std::size_t kMostNames = 12;
    const auto& all = data.class_names();
    std::string names;  // only those that somebody gave
    for (std::size_t i = 0; all.front() != "0" && i < std::min(all.size(), kMostNames); ++i) {
      names += (i == 0 ? ": " : ", ") + in_quotes(all[i]);
    }
    if (!names.empty() && all.size() > kMostNames) names += ", ...";
    lines.push_back("Data: " + std::to_string(data.train().count()) + " training and " +
                    std::to_string(data.test().count()) + " test images of " +
                    std::to_string(data.train().width()) + "x" +
                    std::to_string(data.train().height()) + " pixels in " +
                    std::to_string(data.classes()) + " classes" + names);
  }
  if (trainer.validation_count() > 0) {
    lines.push_back("Validation: " + std::to_string(trainer.validation_count()) +
                    " of the training images are held out");
  }
  const PixelStatistics& by = trainer.normalisation();
  if (by.mean != kMnistMean || by.std != kMnistStd) {
    const auto origin = [](const AutoNumber& number) {
      return number.automatic() ? " (computed)" : " (given)";
    };
    lines.push_back("Pixels: mean " + format("%.4f", by.mean) + origin(config.mean) +
                    ", standard deviation " + format("%.4f", by.std) + origin(config.std));
  }
  return lines;
}

}  // namespace

std::string score_line(const char* set, const Score& score) {
  return std::string(set) + " set: Average loss: " + format("%.4f", score.loss()) +
         ", Accuracy: " + std::to_string(score.correct) + "/" + std::to_string(score.samples) +
         " (" + percent(score.correct, score.samples, 2) + ")";
}

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

ModelSummary Session::describe() const {
  const Dataset& data = trainer_.data();
  return describe_model(config_.model, data.shape(), data.classes(), config_.batch);
}

void Session::apply_events() {
  for (; next_event_ < config_.events.size(); ++next_event_) {
    const Event& event = config_.events[next_event_];
    if (event.step > steps_) return;
    set_live(live_, event.field, event.value);
  }
}

void Session::set(const std::string& field, double value) {
  set_live(live_, field, value);
  // What was scheduled for later is overtaken by what is wanted now.
  config_.events.resize(next_event_);
  config_.events.push_back({steps_, field, value});
  ++next_event_;
}

Progress Session::start() const {
  const Dataset& data = trainer_.data();
  Progress progress;
  progress.values = {{"event", "start"},
                     {"config", config_to_json(config_)},
                     {"device", std::string(backend_->device())},
                     {"simd", std::string(backend_->target())},
                     {"threads", backend_->threads()},
                     {"parameters", trainer_.model().parameter_count()},
                     {"memory_bytes", memory_json(trainer_)},
                     {"input", trainer_.sparse_input() ? "sparse" : "dense"},
                     {"density", data.density()},
                     {"train_samples", trainer_.train_count()},
                     {"validation_samples", trainer_.validation_count()},
                     {"test_samples", data.test().count()},
                     {"class_names", data.class_names()},
                     {"mean", trainer_.normalisation().mean},
                     {"std", trainer_.normalisation().std}};
  progress.json = {json_line(progress.values)};
  progress.csv = {metrics_header()};
  progress.lines = {"Using device: " + std::string(backend_->device()) + " (" +
                        std::string(backend_->target()) + (config_.fused ? " fused, " : ", ") +
                        std::to_string(backend_->threads()) +
                        (backend_->threads() == 1 ? " thread)" : " threads)"),
                    std::string("Input: ") + (trainer_.sparse_input() ? "sparse" : "dense") + " (" +
                        percent(static_cast<std::int64_t>(data.density() * 1e6), 1000000, 1) +
                        " of pixels differ from the background)"};
  for (std::string& line : data_lines(trainer_, config_)) progress.lines.push_back(std::move(line));
  return progress;
}

Progress Session::advance() {
  part_of_classes_.reset();
  switch (phase_) {
    case Phase::kTraining: return train_step();
    case Phase::kScoring: return score_step();
    case Phase::kDone: return done();
    case Phase::kDiverged: return diverged_;
  }
  return {};
}

StepRates Session::rates(int later) const {
  const std::int64_t before = std::int64_t{epoch_ - 1} * trainer_.updates_per_epoch();
  return schedule_.at(before + trainer_.update_of(batch_ + later), live_.lr);
}

bool Session::watches(int batch) const {
  const bool probed = probes_after(steps_ + 1 + batch - batch_, batch + 1 == trainer_.batches());
  return (probed || (probe_ && probe_->wants_step())) && trainer_.makes_update(batch);
}

int Session::steps_now() const {
  std::int64_t most = std::min(trainer_.steps_at_once(), trainer_.batches() - batch_);
  if (next_event_ < config_.events.size()) {
    most = std::min(most, config_.events[next_event_].step - steps_);
  }
  int steps = 1;  // a probe looks after the last of them
  while (steps < most && !watches(batch_ + steps) && !watches(batch_ + steps - 1) &&
         !probes_after(steps_ + steps, false)) {
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
  if (batch_ == 0 && epoch_ > 1) trainer_.start_epoch(epoch_);
  if (config_.probe > 0 && steps_ == 0) add_probe(progress);
  const int batches = trainer_.batches(), count = steps_now();
  std::vector<StepRates> rates;
  for (int later = 0; later < count; ++later) rates.push_back(this->rates(later));
  std::vector<StepResult> results;
  if (watches(batch_)) {
    lr_ = rates[0].lr;
    results = {trainer_.step(batch_, rates[0], &probe_state().watch(steps_ + 1, lr_))};
  } else {
    results = trainer_.steps(batch_, rates);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    lr_ = rates[i].lr;
    if (results[i].diverged_layer >= 0) {
      add_seconds();
      return diverge(results[i].diverged_layer, std::move(progress));
    }
    add_step(progress, results[i], rates[i]);
  }
  if (probes_after(steps_, batch_ == batches)) add_probe(progress);
  if (batch_ == batches) {
    phase_ = Phase::kScoring;
    scored_ = 0;
    validation_score_ = {};
    test_score_ = {};
    start_classes();
  }
  add_seconds();
  return progress;
}

// Counts a step that was made, and says what is due to be said of it.
void Session::add_step(Progress& progress, const StepResult& result, const StepRates& rates) {
  ++batch_;
  ++steps_;
  epoch_score_.add(result.score);
  epoch_timed_ += result.score.samples;
  history_.add_step(steps_, result.score.loss(), result.score.accuracy());
  if (probe_) probe_->add_loss(result.score.loss());
  apply_events();
  const int total = trainer_.train_count(), batches = trainer_.batches();
  progress.values = {{"event", "batch"},
                     {"epoch", epoch_},
                     {"epochs", config_.epochs},
                     {"batch", batch_},
                     {"batches", batches},
                     {"step", steps_},
                     {"total_steps", std::int64_t{batches} * config_.epochs},
                     {"samples", epoch_score_.samples},
                     {"total", total},
                     {"loss", result.score.loss()},
                     {"accuracy", result.score.accuracy()},
                     {"lr", rates.lr}};
  if (rates.momentum) progress.values["momentum"] = *rates.momentum;
  if (batch_ % config_.log_every != 0) return;
  std::string line = "Train Epoch: " + std::to_string(epoch_) + " [" +
                     std::to_string(epoch_score_.samples) + "/" + std::to_string(total) + " (" +
                     percent(epoch_score_.samples, total, 0) +
                     ")]\tLoss: " + format("%.6f", result.score.loss());
  if (!schedule_.constant()) line += "\tLR: " + format("%.4g", rates.lr);
  progress.lines.push_back(std::move(line));
  progress.json.push_back(json_line(progress.values));
  progress.csv.push_back(metrics_row(progress.values));
}

Progress Session::score_step() {
  const int size = config_.test_batch;
  const int held_out = trainer_.validation_count(), total = trainer_.data().test().count();
  const int before_test = (held_out + size - 1) / size;
  const int batches = before_test + (total + size - 1) / size;
  if (scored_ < before_test) {
    const int first = scored_ * size;
    validation_score_.add(trainer_.validate(first, std::min(size, held_out - first)));
  } else {
    const int first = (scored_ - before_test) * size;
    test_score_.add(trainer_.evaluate(first, std::min(size, total - first),
                                      epoch_classes_ ? &*epoch_classes_ : nullptr));
  }
  if (++scored_ == batches) return end_epoch();
  Progress progress;
  progress.values = {
      {"event", "test"}, {"epoch", epoch_}, {"batch", scored_}, {"batches", batches}};
  return progress;
}

// The one place where the validation set steers anything; the test set never does.
void Session::follow_validation(double loss) {
  schedule_.epoch_ended(loss);
  if (config_.early_stopping == 0) return;
  if (loss < best_loss_ || best_epoch_ == 0) {
    best_epoch_ = epoch_;
    best_loss_ = std::min(best_loss_, loss);  // not a NaN
    trainer_.keep_weights();
  } else if (epoch_ - best_epoch_ >= config_.early_stopping) {
    last_epoch_ = epoch_;
  }
}

Progress Session::end_epoch() {
  Progress progress;
  Json& values = progress.values;
  values = {{"event", "epoch"}, {"epoch", epoch_}, {"train_loss", epoch_score_.loss()}};
  progress.lines = {""};
  if (validation_score_.samples > 0) {
    values["validation_loss"] = validation_score_.loss();
    values["validation_accuracy"] = validation_score_.accuracy();
    values["validation_correct"] = validation_score_.correct;
    values["validation_total"] = validation_score_.samples;
    progress.lines.push_back(score_line("Validation", validation_score_));
    follow_validation(validation_score_.loss());
  }
  values["test_loss"] = test_score_.loss();
  values["test_accuracy"] = test_score_.accuracy();
  values["correct"] = test_score_.correct;
  values["total"] = test_score_.samples;
  values["seconds"] = epoch_seconds_;
  values["samples_per_second"] = epoch_timed_ / std::max(epoch_seconds_, 1e-9);
  if (!schedule_.constant()) values["lr"] = lr_;
  progress.json = {json_line(values)};
  progress.csv = {metrics_row(values)};
  progress.lines.push_back(score_line("Test", test_score_));
  progress.lines.push_back("");
  if (epoch_classes_) {
    scored_classes_ = {.epoch = epoch_, .step = steps_, .report = epoch_classes_->report("test")};
  }
  epoch_classes_.reset();
  if (config_.probe > 0) add_classes(progress);
  record_epoch();
  epoch_score_ = {};
  epoch_seconds_ = 0.0;
  epoch_timed_ = 0;
  batch_ = 0;
  if (epoch_ == config_.epochs) last_epoch_ = epoch_;
  if (last_epoch_ == epoch_) {
    phase_ = Phase::kDone;
    if (best_epoch_ != 0 && best_epoch_ != epoch_) trainer_.restore_weights();
  } else {
    phase_ = Phase::kTraining;
  }
  ++epoch_;
  return progress;
}

void Session::record_epoch() {
  History::Epoch row{epoch_, steps_, lr_, epoch_score_.loss(), epoch_score_.accuracy()};
  if (validation_score_.samples > 0) {
    row.validation_loss = validation_score_.loss();
    row.validation_accuracy = validation_score_.accuracy();
  }
  row.test_loss = test_score_.loss();
  row.test_accuracy = test_score_.accuracy();
  history_.add_epoch(row);
}

Progress Session::done() const {
  Progress progress;
  progress.values = {{"event", "done"}, {"steps", steps_}};
  if (best_epoch_ != 0) {
    progress.values["epochs"] = last_epoch_;
    progress.values["best_epoch"] = best_epoch_;
    progress.values["best_validation_loss"] = best_loss_;
    progress.lines.push_back(
        (last_epoch_ < config_.epochs ? "Stopped early after epoch " + std::to_string(last_epoch_)
                                      : "Ended after epoch " + std::to_string(last_epoch_)) +
        ": the weights are those of epoch " + std::to_string(best_epoch_) +
        ", whose validation loss of " + format("%.4f", best_loss_) + " is the lowest");
  }
  progress.values["weights_sha256"] = weights_sha256();
  progress.values["optimizer_sha256"] = optimizer_sha256();
  if (config_.ema > 0.0) progress.values["ema_sha256"] = hash_of(trainer_.scored_parameters());
  progress.json = {json_line(progress.values)};
  progress.lines.push_back("Weights SHA-256: " +
                           progress.values["weights_sha256"].get<std::string>());
  return progress;
}

Progress Session::diverge(int layer, Progress said) {
  phase_ = Phase::kDiverged;
  const std::string text = trainer_.model().layer(layer).text();
  const std::string message =
      "Diverged at step " + std::to_string(steps_ + 1) + " (epoch " + std::to_string(epoch_) +
      "): the output of layer " + std::to_string(layer + 1) + " (" +
      trainer_.model().layer_name(layer) + ", " + text + ") is no longer finite at learning rate " +
      number_text(lr_) +
      (weights_finite() ? "; the weights are those before that step."
                        : "; the weights themselves had already overflowed.");
  diverged_.values = {{"event", "diverged"}, {"epoch", epoch_},    {"step", steps_ + 1},
                      {"layer", layer + 1},  {"layer_text", text}, {"message", message}};
  diverged_.json = {json_line(diverged_.values)};
  diverged_.lines = {message};
  said.values = diverged_.values;
  said.json.push_back(diverged_.json.front());
  said.lines.push_back(message);
  return said;
}

bool Session::weights_finite() const {
  backend_->finish();
  const auto weights = trainer_.model().parameters();
  return std::all_of(weights.begin(), weights.end(), [](float w) { return std::isfinite(w); });
}

bool Session::probes_after(std::int64_t step, bool last_of_epoch) const {
  return config_.probe > 0 && (step % config_.probe == 0 || last_of_epoch);
}

void Session::add_probe(Progress& progress) {
  last_look_ = probe({});
  Json event = {{"event", "probe"}};
  event.update(to_json(*last_look_));
  progress.json.push_back(json_line(event));
  for (const Warning& warning : warnings(*last_look_)) {
    if (!warned_.emplace(warning.code, warning.layer).second) continue;
    Json said = {{"event", "warning"}, {"step", steps_}};
    said.update(to_json(std::vector<Warning>{warning}).front());
    progress.json.push_back(json_line(said));
    progress.lines.push_back("Warning: " + warning.text);
  }
}

void Session::start_classes() { epoch_classes_.emplace(trainer_.data().classes(), kHardest); }

void Session::add_classes(Progress& progress) {
  Json event = {{"event", "classes"}, {"epoch", epoch_}, {"step", steps_}};
  event.update(to_json(scored_classes_->report));
  progress.json.push_back(json_line(event));
  for (std::string& line : to_table(*last_look_)) progress.lines.push_back(std::move(line));
  progress.lines.emplace_back();
}

}  // namespace reluscope
