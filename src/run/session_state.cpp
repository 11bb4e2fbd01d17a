// A session's state: saved to a checkpoint, restored from one, and restored into a fork.
#include <climits>
#include <map>

#include "config/checked_fields.h"
#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "io/json_object.h"
#include "io/json_text.h"
#include "run/checkpoint.h"
#include "run/fork.h"
#include "run/report.h"
#include "run/session.h"

namespace reluscope {
namespace {

// Identifies the images a run trains on: sizes, and a hash of the counts of each pixel value and
// class.
Json data_json(const Dataset& data) {
  std::string counts;
  for (const std::int64_t count : data.pixel_counts()) counts += std::to_string(count) + " ";
  for (const ImageSet* const set : {&data.train(), &data.test()}) {
    for (const std::int64_t count : class_counts(*set, data.classes())) {
      counts += std::to_string(count) + " ";
    }
  }
  Sha256 hash;
  hash.add({reinterpret_cast<const std::uint8_t*>(counts.data()), counts.size()});
  return JsonObject()
      .add("train", data.train().count())
      .add("test", data.test().count())
      .add("height", data.train().height())
      .add("width", data.train().width())
      .add("classes", data.classes())
      .add("counts_sha256", hash.hex());
}

}  // namespace

Json Session::position() const {
  // A new epoch starts with its first step.
  const bool between = batch_ == 0 && epoch_ > 1;
  const int batches = trainer_.batches(), total = trainer_.train_count();
  return JsonObject()
      .add("phase", phase_name(phase_))
      .add("step", steps_)
      .add("epoch", steps_ == 0 ? 0
                    : between   ? epoch_ - 1
                                : epoch_)
      .add("batch", between ? batches : batch_)
      .add("batches", batches)
      .add("samples", between ? total : epoch_score_.samples)
      .add("total", total);
}

Json Session::monitors() const {
  Json warned = Json::array();
  for (const auto& [code, layer] : warned_) warned.push_back({code, layer});
  return JsonObject()
      .add("probe", probe_ ? probe_->state() : Json())
      .add("classes", epoch_classes_ ? epoch_classes_->state() : Json())
      .add("warned", std::move(warned));
}

void Session::restore_monitors(const Json& monitors) {
  const CheckedFields fields(monitors, "monitors");
  if (!fields.at("probe").is_null()) probe_state().restore(fields.at("probe"), trainer_);
  for (const Json& row : fields.list("warned")) {
    fields.list(row, "warned", 2);
    if (!row[0].is_string()) fields.refuse("warned", "names no warning");
    warned_.emplace(row[0].get<std::string>(),
                    static_cast<int>(fields.whole(row[1], "warned", -1, INT_MAX)));
  }
  if (phase_ == Phase::kScoring) {
    start_classes();
    epoch_classes_->restore(fields.at("classes"));
    if (config_.probe > 0)
      last_look_ = probe({});  // same as at the end of the epoch: no weight has changed since
  }
}

std::vector<std::uint8_t> Session::checkpoint() {
  backend_->finish();
  RunState run{.phase = phase_,
               .steps = steps_,
               .epoch = epoch_,
               .batch = batch_,
               .scored = scored_,
               .lr = lr_,
               .epoch_score = epoch_score_,
               .validation_score = validation_score_,
               .test_score = test_score_,
               .best_loss = best_loss_,
               .best_epoch = best_epoch_,
               .last_epoch = last_epoch_,
               .counters = trainer_.counters(),
               .schedule = schedule_.state(),
               .diverged = {},
               .buffers = {},
               .columns = history_.columns(),
               .pending = history_.pending(),
               .monitors = {}};
  if (phase_ == Phase::kDiverged) {
    run.diverged = {{"values", to_json(*diverged_)}, {"lines", {diverged_->message}}};
  }
  for (const Trainer::Part& part : trainer_.parts(batch_, best_epoch_ != 0)) {
    for (const Model::Parameter& one : *part.list) {
      run.buffers.push_back(
          {part.name + "." + one.name, one.spec.shape, Model::gather(one, part.values)});
    }
  }
  if (probe_ || config_.probe > 0) run.monitors = monitors();
  return write_checkpoint(config_, data_json(trainer_.data()), encode(std::move(run)));
}

// The run of a checkpoint, which must have been trained on this session's data.
RunState Session::decoded(const SavedRun& saved) const {
  if (saved.data != data_json(trainer_.data())) {
    throw Error("checkpoint: its run was trained on other images than " +
                in_quotes(trainer_.data().name()) + " has here");
  }
  return decode(saved.state, saved.tensors,
                {.epochs = saved.config.epochs,
                 .batches = trainer_.batches(),
                 .train = trainer_.train_count(),
                 .held_out = trainer_.validation_count(),
                 .test = trainer_.data().test().count(),
                 .test_batch = config_.test_batch,
                 .stops_early = config_.early_stopping != 0,
                 .averages = config_.ema > 0.0});
}

// partly: a buffer missing from the run is unchanged, and extra buffers are allowed.
void Session::take_up(RunState run, bool partly) {
  part_of_classes_.reset();
  phase_ = run.phase;
  steps_ = run.steps;
  epoch_ = run.epoch;
  batch_ = run.batch;
  scored_ = run.scored;
  lr_ = run.lr;
  epoch_score_ = run.epoch_score;
  validation_score_ = run.validation_score;
  test_score_ = run.test_score;
  best_loss_ = run.best_loss;
  best_epoch_ = run.best_epoch;
  last_epoch_ = run.last_epoch;
  trainer_.restore(run.counters);
  schedule_.restore(run.schedule);
  if (phase_ == Phase::kDiverged) {
    const CheckedFields diverged(run.diverged, "divergence");
    const CheckedFields values(diverged.at("values"), "divergence");
    if (values.text("event") != "diverged") values.refuse("event", "must be \"diverged\"");
    diverged_ = {.epoch = values.count("epoch", 1, INT_MAX),
                 .step = values.whole("step", 1, kMostRunSteps),
                 .layer = values.count("layer", 1, INT_MAX),
                 .layer_text = values.text("layer_text"),
                 .message = values.text("message"),
                 .weights_kept = true};
  }

  std::map<std::string, const NamedTensor*> buffers;
  for (const NamedTensor& buffer : run.buffers) buffers.emplace(buffer.name, &buffer);
  for (const Trainer::Part& part : trainer_.parts(batch_, best_epoch_ != 0)) {
    for (const Model::Parameter& one : *part.list) {
      const std::string name = part.name + "." + one.name;
      const auto found = buffers.find(name);
      if (found == buffers.end()) {
        if (partly) continue;
        throw Error("checkpoint: it has no tensor " + in_quotes(name));
      }
      const NamedTensor& buffer = *found->second;
      if (buffer.shape != one.spec.shape) {
        throw Error("checkpoint: " + in_quotes(name) + " has the shape " +
                    shape_text(buffer.shape) + ", but its model needs " +
                    shape_text(one.spec.shape));
      }
      Model::scatter(one, buffer.values, part.values);
      buffers.erase(found);
    }
  }
  if (!partly && !buffers.empty()) {
    throw Error("checkpoint: it has a tensor " + in_quotes(buffers.begin()->first) +
                ", which its run does not need");
  }
  trainer_.parts_written();
  if (diverged_) diverged_->weights_kept = weights_finite();
  history_.restore(std::move(run.columns), run.pending);
  trainer_.start_epoch(epoch_);
  apply_events();
  if (!run.monitors.is_null()) {
    restore_monitors(run.monitors);
  } else if (config_.probe > 0 && !partly) {
    throw Error("checkpoint: it has no tensor \"monitors\"");
  }
}

// Extends a finished run by more epochs.
void Session::go_on_after(int epochs) {
  if (phase_ != Phase::kDone || config_.epochs <= epochs) return;
  if (best_epoch_ != 0 && best_epoch_ != last_epoch_) {
    throw Error("epochs is " + std::to_string(config_.epochs) +
                ", but the checkpoint's run has ended with the weights of epoch " +
                std::to_string(best_epoch_) + ", its best, and cannot go on from the last");
  }
  phase_ = Phase::kTraining;
  last_epoch_ = 0;
}

void Session::restore(std::span<const std::uint8_t> checkpoint) {
  const SavedRun saved = open_checkpoint(checkpoint);
  check_resume(saved.config, config_);
  take_up(decoded(saved), false);
  go_on_after(saved.config.epochs);
}

void Session::fork(std::span<const std::uint8_t> checkpoint) {
  const SavedRun saved = open_checkpoint(checkpoint);
  check_fork(saved.config, config_);
  take_up(forked_state(decoded(saved), saved.config, config_), true);
  if (phase_ == Phase::kScoring) {
    start_classes();
    if (config_.probe > 0) last_look_ = probe({});
  }
  go_on_after(saved.config.epochs);
}

}  // namespace reluscope
