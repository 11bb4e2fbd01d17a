#include "experiments/recorded_run.h"

#include <cmath>
#include <limits>

#include "experiments/measure.h"
#include "io/json_object.h"
#include "run/report.h"

namespace reluscope {
namespace {

// Experiments have measures of their own, so nothing else is recorded unless it is asked for.
Config as_trained(Config config) {
  if (config.threads == 0) config.threads = 1;
  if (!config.probe) config.probe = 0;
  return config;
}

}  // namespace

Json row_head(const PlannedRun& plan) {
  return json_object("run", run_id(plan.config), "index", plan.index, "name", plan.name, "config",
                     changed_fields(plan.config));
}

RecordedRun::RecordedRun(std::shared_ptr<const Dataset> data, const PlannedRun& plan,
                         double free_bytes)
    : session_(std::move(data), as_trained(plan.config),
               make_backend(as_trained(plan.config), free_bytes)),
      row_(row_head(plan)) {
  const Trainer& trainer = session_.trainer();
  const int tests = trainer.data().test().count(), at_once = trainer.evaluate_rows();
  all_calls_ = 1 + static_cast<std::int64_t>(plan.config.epochs) *
                       (trainer.batches() + (tests + at_once - 1) / at_once);
  row_["epochs"] = Json::array();
  Json start = {{"epoch", 0}};
  if (plan.from) {
    session_.fork(*plan.from);
    steps_ = session_.position()["step"].get<std::int64_t>();
    row_["from_step"] = steps_;
    start["epoch"] = steps_ / trainer.batches();
    const std::int64_t all_steps = std::int64_t{plan.config.epochs} * trainer.batches();
    all_calls_ -= all_calls_ * steps_ / all_steps;
  }
  if (plan.gradients) start["gradient_ratio"] = gradient_ratio(session_.trainer());
  record_epoch(std::move(start));
}

void RecordedRun::record_epoch(Json epoch) {
  epoch.update(measure(session_.trainer()));
  for (auto& value : epoch) {  // numbers that JSON cannot express become null, as in files
    if (value.is_number_float() && !std::isfinite(value.get<double>())) value = nullptr;
  }
  row_["epochs"].push_back(std::move(epoch));
}

bool RecordedRun::advance() {
  const Progress progress = session_.advance();
  ++calls_;
  if (const auto* step = progress.as<StepEvent>()) {
    steps_ = step->step;
    last_step_ = {{"step", steps_}, {"loss", step->loss}, {"accuracy", step->accuracy}};
  } else if (const auto* ended = progress.as<EpochEvent>()) {
    seconds_ += ended->seconds;
    Json epoch = to_json(*ended);
    for (const char* const left_out : {"event", "seconds", "samples_per_second"}) {
      epoch.erase(left_out);
    }
    record_epoch(std::move(epoch));
  } else if (const auto* done = progress.as<DoneEvent>()) {
    row_["steps"] = done->steps;
    row_["weights_sha256"] = done->weights_sha256;
    return false;
  } else if (const auto* diverged = progress.as<DivergedEvent>()) {
    Json epoch = {{"epoch", diverged->epoch}};
    epoch.update(score_json(session_.evaluate()));
    record_epoch(std::move(epoch));
    row_["steps"] = steps_;
    row_["diverged"] = diverged->message;
    row_["weights_sha256"] = session_.weights_sha256();
    return false;
  }
  return true;
}

}  // namespace reluscope
