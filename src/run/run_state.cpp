#include "run/run_state.h"

#include <algorithm>
#include <climits>
#include <map>

#include "config/state_fields.h"
#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"

namespace reluscope {
namespace {

constexpr const char* kPhases[] = {"training", "scoring", "done", "diverged"};
constexpr const char* kMonitors = "monitors";
const std::string kHistory = "history.";
constexpr std::int64_t kMostRunSteps = std::int64_t{1} << 53;

Phase phase_of(const std::string& name) {
  const auto found = std::find(std::begin(kPhases), std::end(kPhases), name);
  if (found == std::end(kPhases)) {
    throw Error("checkpoint: its phase is " + in_quotes(name) +
                ", but it must be training, scoring, done or diverged");
  }
  return static_cast<Phase>(found - std::begin(kPhases));
}

void score_fields(const StateFields& fields, const char* key, Score& score, int most) {
  const StateFields list = fields.list(key, key, 4);
  list.number(0, score.loss_sum);
  list.number(1, score.weight);
  list.whole(3, score.samples, 0, most);
  list.whole(2, score.correct, 0, score.samples);
}

void diverged_fields(const StateFields& fields, DivergedEvent& event) {
  const StateFields values = fields.object("values", "divergence");
  std::string name = "diverged";
  values.text("event", name);
  if (name != "diverged") values.refuse("event", "must be \"diverged\"");
  values.whole("epoch", event.epoch, 1, INT_MAX);
  values.whole("step", event.step, 1, kMostRunSteps);
  values.whole("layer", event.layer, 1, INT_MAX);
  values.text("layer_text", event.layer_text);
  values.text("message", event.message);
  if (!fields.reads()) fields.list("lines", "lines", 1).text(0, event.message);
}

void run_fields(const StateFields& fields, StoredRun& run, const Config& config,
                const Trainer& trainer) {
  const int batches = trainer.batches(), held_out = trainer.validation_count(),
            test = trainer.data().test().count();
  std::string phase = phase_name(run.phase);
  fields.text("phase", phase);
  run.phase = phase_of(phase);
  const bool done = run.phase == Phase::kDone, scoring = run.phase == Phase::kScoring;
  fields.whole("steps", run.steps, 0, kMostRunSteps);
  fields.whole("epoch", run.epoch, 1, config.epochs + (done ? 1 : 0));
  const int last_batch = scoring ? batches : done ? 0 : batches - 1;
  fields.whole("batch", run.batch, scoring ? batches : 0, last_batch);
  const std::int64_t steps = std::int64_t{run.epoch - 1} * batches + run.batch;
  if (fields.reads() && run.steps != steps) {
    fields.refuse("steps", "is " + std::to_string(run.steps) + ", but batch " +
                               std::to_string(run.batch) + " of epoch " +
                               std::to_string(run.epoch) + " is step " + std::to_string(steps));
  }
  const auto in_batches = [&config](int samples) {
    return (samples + config.test_batch - 1) / config.test_batch;
  };
  fields.whole("scored", run.scored, 0,
               scoring ? in_batches(held_out) + in_batches(test) - 1 : INT_MAX);
  fields.number("lr", run.lr);
  score_fields(fields, "epoch_score", run.epoch_score, trainer.train_count());
  score_fields(fields, "validation_score", run.validation_score, held_out);
  score_fields(fields, "test_score", run.test_score, test);
  fields.number("best_loss", run.best_loss);
  fields.whole("best_epoch", run.best_epoch, 0, config.early_stopping != 0 ? run.epoch : 0);
  const int last_epoch = done ? run.epoch - 1 : 0;
  fields.whole("last_epoch", run.last_epoch, last_epoch, last_epoch);
  fields.whole("optimizer_steps", run.counters.optimizer.steps, 0, run.steps);
  fields.number("optimizer_product", run.counters.optimizer.product);
  fields.whole("average_updates", run.counters.average_updates, 0,
               config.ema > 0.0 ? run.steps : 0);
  fields.number("penalty", run.counters.penalty);
  const StateFields plateau = fields.object("schedule", "schedule");
  plateau.number("best", run.schedule.best);
  plateau.whole("bad_epochs", run.schedule.bad_epochs, 0, config.epochs);
  plateau.whole("cooldown_left", run.schedule.cooldown_left, 0, INT_MAX / 2);
  plateau.whole("drops", run.schedule.drops, 0, config.epochs);
  const StateFields pending = fields.object("history", "history");
  pending.whole("stride", run.pending.stride, 1, 1 << 30);
  pending.whole("steps", run.pending.steps, 0, 1 << 30);
  pending.number("loss", run.pending.loss);
  pending.number("accuracy", run.pending.accuracy);
  if (run.phase != Phase::kDiverged) return;
  if (fields.reads()) run.diverged.emplace();
  diverged_fields(fields.object("diverged", "divergence"), *run.diverged);
}

}  // namespace

const char* phase_name(Phase phase) { return kPhases[static_cast<int>(phase)]; }

EncodedState encode(StoredRun run, const Config& config, const Trainer& trainer) {
  Json state;
  run_fields(StateFields(state), run, config, trainer);
  std::vector<NamedTensor> tensors = std::move(run.buffers);
  for (auto& [name, values] : run.columns) {
    const auto size = static_cast<std::int64_t>(values.size());
    tensors.push_back({kHistory + name, {size}, std::move(values)});
  }
  if (!run.monitors.is_null()) {
    const std::string text = json_line(run.monitors);
    const auto size = static_cast<std::int64_t>(text.size());
    tensors.push_back({kMonitors, {size}, {}, {text.begin(), text.end()}});
  }
  return {std::move(state), std::move(tensors)};
}

std::int64_t steps_of(const Json& state) {
  std::int64_t steps = 0;
  StateFields::of_object(state, "state").whole("steps", steps, 0, kMostRunSteps);
  return steps;
}

StoredRun decode(const Json& state, const std::vector<StoredTensor>& tensors, const Config& config,
                 const Trainer& trainer) {
  StoredRun run;
  run_fields(StateFields::of_object(state, "state"), run, config, trainer);
  std::map<std::string, StoredTensor> rest;
  for (const StoredTensor& tensor : tensors) rest.emplace(tensor.name, tensor);
  run.columns = History().columns();
  for (auto& [name, values] : run.columns) {
    const auto column = rest.extract(kHistory + name);
    if (!column) throw Error("checkpoint: it has no tensor " + in_quotes(kHistory + name));
    values = float_values(column.mapped());
  }
  if (const auto monitors = rest.extract(kMonitors)) {
    const std::span<const std::uint8_t> bytes = monitors.mapped().bytes;
    run.monitors = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                              "checkpoint: monitors", "an object", {.bytes = bytes.size()});
  }
  for (const auto& [name, tensor] : rest) {
    run.buffers.push_back({name, tensor.shape, float_values(tensor)});
  }
  return run;
}

}  // namespace reluscope
