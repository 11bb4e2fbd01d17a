#include "train/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "io/safetensors.h"

namespace reluscope {
namespace {

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::unique_ptr<Backend> make_backend(const Config& config) {
  if (config.device == "cuda") {
    throw Error("device is \"cuda\", but this build has no CUDA: auto and cpu are allowed");
  }
  return std::make_unique<cpu::CpuBackend>(config.simd, config.threads, config.fused);
}

// Bytes by purpose.
Json memory_json(const Trainer& trainer) {
  Json json = Json::object();
  for (const auto& [purpose, bytes] : trainer.memory()) json[purpose] = bytes;
  return json;
}

std::string percent(std::int64_t part, std::int64_t whole, int digits) {
  return format("%.*f%%", digits, 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

std::string score_line(const Score& score) {
  return "Test set: Average loss: " + format("%.4f", score.loss()) + ", Accuracy: " +
         std::to_string(score.correct) + "/" + std::to_string(score.samples) + " (" +
         percent(score.correct, score.samples, 2) + ")";
}

Session::Session(std::shared_ptr<const Dataset> data, const Config& config)
    : config_(config),
      backend_(make_backend(config)),
      trainer_(std::move(data), config, *backend_),
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
                     {"test_samples", data.test().count()}};
  progress.json = {json_line(progress.values)};
  progress.lines = {"Using device: " + std::string(backend_->device()) + " (" +
                    std::string(backend_->target()) + (config_.fused ? " fused, " : ", ") + std::to_string(backend_->threads()) +
                        (backend_->threads() == 1 ? " thread)" : " threads)"),
                    std::string("Input: ") + (trainer_.sparse_input() ? "sparse" : "dense") +
                        " (" + percent(static_cast<std::int64_t>(data.density() * 1e6), 1000000, 1) +
                        " of pixels differ from the background)"};
  return progress;
}

Progress Session::advance() {
  switch (phase_) {
    case Phase::kTraining: return train_step();
    case Phase::kTesting: return test_step();
    case Phase::kDone: return done();
    case Phase::kDiverged: return diverged_;
  }
  return {};
}

Progress Session::train_step() {
  const auto before = std::chrono::steady_clock::now();
  if (batch_ == 0 && epoch_ > 1) trainer_.start_epoch(epoch_);
  const StepResult result = trainer_.step(batch_, live_.lr);
  epoch_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  if (result.diverged_layer >= 0) return diverge(result.diverged_layer);

  const double lr = live_.lr;
  ++batch_;
  ++steps_;
  epoch_score_.add(result.score);
  apply_events();
  const int batches = trainer_.batches();
  const int total = trainer_.train_count();
  Progress progress;
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
                     {"lr", lr}};
  if (batch_ % config_.log_every == 0) {
    progress.lines = {"Train Epoch: " + std::to_string(epoch_) + " [" +
                      std::to_string(epoch_score_.samples) + "/" + std::to_string(total) + " (" +
                      percent(epoch_score_.samples, total, 0) + ")]\tLoss: " +
                      format("%.6f", result.score.loss())};
    progress.json = {json_line(progress.values)};
  }
  if (batch_ == batches) {
    phase_ = Phase::kTesting;
    test_first_ = 0;
    test_score_ = {};
  }
  return progress;
}

Progress Session::test_step() {
  const int total = trainer_.data().test().count();
  const int rows = std::min(config_.test_batch, total - test_first_);
  test_score_.add(trainer_.evaluate(test_first_, rows));
  test_first_ += rows;
  const int size = config_.test_batch;
  Progress progress;
  if (test_first_ < total) {
    progress.values = {{"event", "test"},
                       {"epoch", epoch_},
                       {"batch", (test_first_ + size - 1) / size},
                       {"batches", (total + size - 1) / size}};
    return progress;
  }
  progress.values = {{"event", "epoch"},
                     {"epoch", epoch_},
                     {"train_loss", epoch_score_.loss()},
                     {"test_loss", test_score_.loss()},
                     {"test_accuracy", test_score_.accuracy()},
                     {"correct", test_score_.correct},
                     {"total", test_score_.samples},
                     {"seconds", epoch_seconds_},
                     {"samples_per_second", epoch_score_.samples / std::max(epoch_seconds_, 1e-9)}};
  progress.json = {json_line(progress.values)};
  progress.lines = {"", score_line(test_score_), ""};
  epoch_score_ = {};
  epoch_seconds_ = 0.0;
  batch_ = 0;
  phase_ = epoch_++ < config_.epochs ? Phase::kTraining : Phase::kDone;
  return progress;
}

Progress Session::done() const {
  Progress progress;
  progress.values = {{"event", "done"},
                     {"steps", steps_},
                     {"weights_sha256", weights_sha256()},
                     {"optimizer_sha256", optimizer_sha256()}};
  progress.json = {json_line(progress.values)};
  progress.lines = {"Weights SHA-256: " + progress.values["weights_sha256"].get<std::string>()};
  return progress;
}

Progress Session::diverge(int layer) {
  phase_ = Phase::kDiverged;
  const std::string text = trainer_.model().layers()[static_cast<std::size_t>(layer)]->text();
  const std::string message =
      "Diverged at step " + std::to_string(steps_ + 1) + " (epoch " + std::to_string(epoch_) +
      "): the output of layer " + std::to_string(layer + 1) + " (" +
      trainer_.model().layer_name(layer) + ", " + text + ") is no longer finite at learning rate " +
      number_text(live_.lr) +
      (weights_finite() ? "; the weights are those before that step."
                        : "; the weights themselves had already overflowed.");
  diverged_.values = {{"event", "diverged"}, {"epoch", epoch_},     {"step", steps_ + 1},
                      {"layer", layer + 1},  {"layer_text", text},  {"message", message}};
  diverged_.json = {json_line(diverged_.values)};
  diverged_.lines = {message};
  return diverged_;
}

bool Session::weights_finite() const {
  const auto weights = trainer_.model().parameters();
  return std::all_of(weights.begin(), weights.end(), [](float w) { return std::isfinite(w); });
}

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
  const Model& model = trainer_.model();
  Prediction prediction;
  for (int l = 0; l < model.layer_count(); ++l) {
    const Layer& layer = *model.layers()[static_cast<std::size_t>(l)];
    const ConstMatrixView y = model.output(l);
    LayerOutput output{model.layer_name(l), layer.kind(), layer.text(), {}};
    for (int c = 0; c < y.cols(); ++c) output.values.push_back(y.at(0, c));
    prediction.layers.push_back(std::move(output));
  }
  prediction.probabilities = trainer_.probabilities();
  return prediction;
}

std::string Session::weights_sha256() const {
  Sha256 hash;
  for (const Model::Parameter& parameter : trainer_.model().parameter_list()) {
    hash.add_floats(Model::gather(parameter, trainer_.model().parameters()));
  }
  return hash.hex();
}

std::string Session::optimizer_sha256() const {
  Sha256 hash;
  for (const Optimizer::State& state : trainer_.optimizer().state()) {
    for (const Model::Parameter& parameter : trainer_.model().parameter_list()) {
      hash.add_floats(Model::gather(parameter, state.values));
    }
  }
  return hash.hex();
}

std::vector<std::uint8_t> Session::save(std::string_view format) const {
  if (format != "safetensors") {
    throw Error("format is " + in_quotes(format) + ", but only safetensors can be written");
  }
  std::vector<NamedTensor> tensors;
  for (const Model::Parameter& parameter : trainer_.model().parameter_list()) {
    tensors.push_back({parameter.name, parameter.spec.shape,
                       Model::gather(parameter, trainer_.model().parameters())});
  }
  return write_safetensors(std::move(tensors),
                           {{"config", json_line(config_to_json(config_))}, {"format", "pt"}});
}

void Session::load(std::span<const std::uint8_t> safetensors) {
  const SafetensorsFile file = read_safetensors(safetensors);
  Model& model = trainer_.model();
  const auto find = [&file](const std::string& name) {
    return std::find_if(file.tensors.begin(), file.tensors.end(),
                        [&name](const StoredTensor& tensor) { return tensor.name == name; });
  };
  std::vector<std::vector<float>> values;
  for (const Model::Parameter& parameter : model.parameter_list()) {
    const auto tensor = find(parameter.name);
    if (tensor == file.tensors.end()) {
      throw Error("weights: the file has no " + in_quotes(parameter.name) + ", which the model " +
                  in_quotes(config_.model) + " needs");
    }
    if (tensor->shape != parameter.spec.shape) {
      throw Error("weights: " + in_quotes(parameter.name) + " has the shape " +
                  shape_text(tensor->shape) + ", but the model needs " +
                  shape_text(parameter.spec.shape));
    }
    values.push_back(float_values(*tensor));
    for (const float value : values.back()) {
      if (!std::isfinite(value)) {
        throw Error("weights: " + in_quotes(parameter.name) + " holds a value that is not finite");
      }
    }
  }
  for (const StoredTensor& tensor : file.tensors) {
    const auto& known = model.parameter_list();
    if (std::none_of(known.begin(), known.end(), [&tensor](const Model::Parameter& parameter) {
          return parameter.name == tensor.name;
        })) {
      throw Error("weights: the file has " + in_quotes(tensor.name) + ", which the model " +
                  in_quotes(config_.model) + " does not have");
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    Model::scatter(model.parameter_list()[i], values[i], model.parameters());
  }
  model.parameters_changed();
}

}  // namespace reluscope
