// A session's state: saved to a checkpoint, restored from one, and restored into a fork.
#include <climits>
#include <map>

#include "config/state_fields.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "io/json_object.h"
#include "run/checkpoint.h"
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
  hash.add(bytes_of(counts));
  return json_object("train", data.train().count(), "test", data.test().count(), "height",
                     data.train().height(), "width", data.train().width(), "classes",
                     data.classes(), "counts_sha256", hash.hex());
}

// The part of the run's state that a fork keeps. Throws Error for a run that cannot continue.
StoredRun forked_state(StoredRun run, const Config& saved, const Config& forked) {
  if (run.phase == Phase::kDiverged) {
    throw Error("the run to fork has diverged and cannot be continued");
  }
  if (run.phase == Phase::kDone && forked.epochs <= saved.epochs) {
    throw Error("epochs is " + std::to_string(forked.epochs) +
                ", but the run to fork is at the end of its " + std::to_string(saved.epochs) +
                ": give the fork more epochs");
  }
  if (forked.epochs < run.epoch) {
    throw Error("epochs is " + std::to_string(forked.epochs) +
                ", but the run to fork is in epoch " + std::to_string(run.epoch));
  }
  if (forked.optimizer != saved.optimizer) {
    run.counters.optimizer = {};
    std::erase_if(run.buffers,
                  [](const NamedTensor& buffer) { return buffer.name.starts_with("optimizer."); });
  }
  if (forked.model != saved.model) run.monitors = {};  // of other units
  if (run.phase == Phase::kScoring) {
    run.scored = 0;
    run.validation_score = {};
    run.test_score = {};
  }
  return run;
}

}  // namespace

Json Session::position() const {
  // A new epoch starts with its first step.
  const bool between = run_.batch == 0 && run_.epoch > 1;
  const int batches = trainer_.batches(), total = trainer_.train_count();
  return json_object("phase", phase_name(run_.phase), "step", run_.steps, "epoch",
                     run_.steps == 0 ? 0
                     : between       ? run_.epoch - 1
                                     : run_.epoch,
                     "batch", between ? batches : run_.batch, "batches", batches, "samples",
                     between ? total : run_.epoch_score.samples, "total", total);
}

void Session::monitor_fields(const StateFields& fields) {
  if (fields.has("probe", probe_ != nullptr)) {
    probe_state().each_field(fields.object("probe", "monitors"), trainer_.model());
  }
  if (fields.reads() && run_.phase == Phase::kScoring) start_classes();
  if (fields.reads() ? epoch_classes_.has_value()
                     : fields.has("classes", epoch_classes_.has_value())) {
    epoch_classes_->each_field(fields.object("classes", "classes"));
  }
  if (fields.has_now("raised", true)) {
    fields.items("raised", raised_, -1, [](auto& rows, auto place, WarningEvent& raised) {
      const StateFields row = rows.list(place, "raised", 4);
      row.text(0, raised.warning.code);
      row.whole(1, raised.warning.layer, -1, INT_MAX);
      row.whole(2, raised.step, 0, INT64_MAX);
      row.text(3, raised.warning.text);
    });
  } else {  // an older file, which has no texts and called silent units dead
    fields.items("warned", raised_, -1, [](auto& rows, auto place, WarningEvent& raised) {
      const StateFields row = rows.list(place, "warned", 2);
      row.text(0, raised.warning.code);
      if (raised.warning.code == "dead_units") raised.warning.code = "silent_units";
      row.whole(1, raised.warning.layer, -1, INT_MAX);
    });
  }
  if (fields.has_now("looks", !units_.looks().empty())) {
    units_.each_field(fields.object("looks", "looks"), trainer_.model());
  }
}

std::vector<std::uint8_t> Session::checkpoint() {
  backend_->finish();
  StoredRun run{
      run_, trainer_.counters(), schedule_.state(), {}, history_.columns(), history_.pending(), {}};
  for (const Trainer::Part& part : trainer_.parts(run_.batch, run_.best_epoch != 0)) {
    for (const Model::Parameter& one : *part.list) {
      run.buffers.push_back(
          {part.name + "." + one.name, one.spec.shape, Model::gather(one, part.values)});
    }
  }
  // What a display asked a run that records nothing is not part of the run.
  if (records_looks(config_) || !units_.looks().empty()) {
    monitor_fields(StateFields(run.monitors));
  }
  return write_checkpoint(config_, data_json(trainer_.data()),
                          encode(std::move(run), config_, trainer_));
}

// The run of a checkpoint, which must have been trained on this session's data.
StoredRun Session::decoded(const SavedRun& saved) const {
  if (saved.data != data_json(trainer_.data())) {
    throw Error("checkpoint: its run was trained on other images than those of " +
                in_quotes(trainer_.data().name()));
  }
  return decode(saved.state, saved.tensors, saved.config, trainer_);
}

// partly: a buffer missing from the run is unchanged, and extra buffers are allowed.
void Session::continue_from(StoredRun run, bool partly) {
  part_of_classes_.reset();
  part_of_dead_.reset();
  run_ = run;
  trainer_.restore(run.counters);
  schedule_.restore(run.schedule);

  std::map<std::string, const NamedTensor*> buffers;
  for (const NamedTensor& buffer : run.buffers) buffers.emplace(buffer.name, &buffer);
  for (const Trainer::Part& part : trainer_.parts(run_.batch, run_.best_epoch != 0)) {
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
  if (run_.diverged) run_.diverged->weights_kept = weights_finite();
  history_.restore(std::move(run.columns), run.pending);
  trainer_.start_epoch(run_.epoch);
  apply_events();
  if (!run.monitors.is_null()) {
    monitor_fields(StateFields::of_object(run.monitors, "monitors"));
    // No weight has changed since the end of the epoch.
    if (prints_looks(config_) && run_.phase == Phase::kScoring) last_look_ = probe({});
  } else if (records_looks(config_) && !partly) {
    throw Error("checkpoint: it has no tensor \"monitors\"");
  }
}

// Extends a finished run by more epochs.
void Session::extend_beyond(int epochs) {
  if (run_.phase != Phase::kDone || config_.epochs <= epochs) return;
  if (run_.best_epoch != 0 && run_.best_epoch != run_.last_epoch) {
    throw Error("epochs is " + std::to_string(config_.epochs) +
                ", but the checkpoint's run has ended with the weights of epoch " +
                std::to_string(run_.best_epoch) +
                ", its best epoch, so it cannot be continued from its last");
  }
  run_.phase = Phase::kTraining;
  run_.last_epoch = 0;
}

void Session::restore(std::span<const std::uint8_t> checkpoint) {
  const SavedRun saved = open_checkpoint(checkpoint);
  check_resume(saved.config, config_);
  continue_from(decoded(saved), false);
  extend_beyond(saved.config.epochs);
}

void Session::fork(std::span<const std::uint8_t> checkpoint) {
  const SavedRun saved = open_checkpoint(checkpoint);
  check_fork(saved.config, config_);
  continue_from(forked_state(decoded(saved), saved.config, config_), true);
  if (run_.phase == Phase::kScoring) {
    start_classes();
    if (prints_looks(config_)) last_look_ = probe({});
  }
  extend_beyond(saved.config.epochs);
}

}  // namespace reluscope
