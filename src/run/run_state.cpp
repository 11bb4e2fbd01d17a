#include "run/run_state.h"

#include <algorithm>
#include <climits>
#include <string_view>

#include "config/checked_fields.h"
#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"
#include "io/json_text.h"

namespace reluscope {
namespace {

constexpr const char* kPhases[] = {"training", "scoring", "done", "diverged"};
constexpr const char* kMonitors = "monitors";
constexpr std::string_view kHistory = "history.";

Phase phase_of(const std::string& name) {
  const auto found = std::find(std::begin(kPhases), std::end(kPhases), name);
  if (found == std::end(kPhases)) {
    throw Error("checkpoint: its phase is " + in_quotes(name) +
                ", but it must be training, scoring, done or diverged");
  }
  return static_cast<Phase>(found - std::begin(kPhases));
}

Json score_json(const Score& score) {
  return {number_json(score.loss_sum), number_json(score.weight), score.correct, score.samples};
}

Score read_score(const CheckedFields& fields, const char* key, int most) {
  const Json& list = fields.list(key, 4);
  Score score;
  score.loss_sum = fields.number(list[0], key);
  score.weight = fields.number(list[1], key);
  score.samples = static_cast<int>(fields.whole(list[3], key, 0, most));
  score.correct = static_cast<int>(fields.whole(list[2], key, 0, score.samples));
  return score;
}

void decode_counters(RunState& run, const CheckedFields& fields, const RunLimits& limits) {
  run.phase = phase_of(fields.text("phase"));
  const bool done = run.phase == Phase::kDone, scoring = run.phase == Phase::kScoring;
  run.epoch = fields.count("epoch", 1, limits.epochs + (done ? 1 : 0));
  run.batch = scoring ? fields.count("batch", limits.batches, limits.batches)
                      : fields.count("batch", 0, done ? 0 : limits.batches - 1);
  run.steps = fields.whole("steps", 0, kMostRunSteps);
  const std::int64_t steps = std::int64_t{run.epoch - 1} * limits.batches + run.batch;
  if (run.steps != steps) {
    fields.refuse("steps", "is " + std::to_string(run.steps) + ", but batch " +
                               std::to_string(run.batch) + " of epoch " +
                               std::to_string(run.epoch) + " is step " + std::to_string(steps));
  }
  const auto in_batches = [&](int samples) {
    return (samples + limits.test_batch - 1) / limits.test_batch;
  };
  run.scored = fields.count(
      "scored", 0, scoring ? in_batches(limits.held_out) + in_batches(limits.test) - 1 : INT_MAX);
  run.lr = fields.number("lr");
  run.epoch_score = read_score(fields, "epoch_score", limits.train);
  run.validation_score = read_score(fields, "validation_score", limits.held_out);
  run.test_score = read_score(fields, "test_score", limits.test);
  run.best_loss = fields.number("best_loss");
  run.best_epoch = fields.count("best_epoch", 0, limits.stops_early ? run.epoch : 0);
  const int last_epoch = done ? run.epoch - 1 : 0;
  run.last_epoch = fields.count("last_epoch", last_epoch, last_epoch);
  run.counters.optimizer = {
      .steps = static_cast<std::uint64_t>(fields.whole("optimizer_steps", 0, run.steps)),
      .product = fields.number("optimizer_product")};
  run.counters.average_updates =
      fields.whole("average_updates", 0, limits.averages ? run.steps : 0);
  run.counters.penalty = fields.number("penalty");
  const CheckedFields plateau(fields.at("schedule"), "schedule");
  run.schedule = {.best = plateau.number("best"),
                  .bad_epochs = plateau.count("bad_epochs", 0, limits.epochs),
                  .cooldown_left = plateau.count("cooldown_left", 0, INT_MAX / 2),
                  .drops = plateau.count("drops", 0, limits.epochs)};
  const CheckedFields pending(fields.at("history"), "history");
  run.pending = {.stride = pending.count("stride", 1, 1 << 30),
                 .steps = pending.count("steps", 0, 1 << 30),
                 .loss = pending.number("loss"),
                 .accuracy = pending.number("accuracy")};
  if (run.phase == Phase::kDiverged) run.diverged = fields.at("diverged");
}

}  // namespace

const char* phase_name(Phase phase) { return kPhases[static_cast<int>(phase)]; }

EncodedState encode(RunState run) {
  Json state = JsonObject()
                   .add("phase", phase_name(run.phase))
                   .add("steps", run.steps)
                   .add("epoch", run.epoch)
                   .add("batch", run.batch)
                   .add("scored", run.scored)
                   .add("lr", number_json(run.lr))
                   .add("epoch_score", score_json(run.epoch_score))
                   .add("validation_score", score_json(run.validation_score))
                   .add("test_score", score_json(run.test_score))
                   .add("best_loss", number_json(run.best_loss))
                   .add("best_epoch", run.best_epoch)
                   .add("last_epoch", run.last_epoch)
                   .add("optimizer_steps", run.counters.optimizer.steps)
                   .add("optimizer_product", number_json(run.counters.optimizer.product))
                   .add("average_updates", run.counters.average_updates)
                   .add("penalty", number_json(run.counters.penalty))
                   .add("schedule", JsonObject()
                                        .add("best", number_json(run.schedule.best))
                                        .add("bad_epochs", run.schedule.bad_epochs)
                                        .add("cooldown_left", run.schedule.cooldown_left)
                                        .add("drops", run.schedule.drops))
                   .add("history", JsonObject()
                                       .add("stride", run.pending.stride)
                                       .add("steps", run.pending.steps)
                                       .add("loss", number_json(run.pending.loss))
                                       .add("accuracy", number_json(run.pending.accuracy)));
  if (run.phase == Phase::kDiverged) state["diverged"] = std::move(run.diverged);

  std::vector<NamedTensor> tensors = std::move(run.buffers);
  for (auto& [name, values] : run.columns) {
    const auto size = static_cast<std::int64_t>(values.size());
    tensors.push_back({std::string(kHistory) + name, {size}, std::move(values)});
  }
  if (!run.monitors.is_null()) {
    const std::string text = json_line(run.monitors);
    const auto size = static_cast<std::int64_t>(text.size());
    tensors.push_back({kMonitors, {size}, {}, {text.begin(), text.end()}});
  }
  return {std::move(state), std::move(tensors)};
}

std::int64_t steps_of(const Json& state) {
  return CheckedFields(state, "state").whole("steps", 0, kMostRunSteps);
}

RunState decode(const Json& state, const std::vector<StoredTensor>& tensors,
                const RunLimits& limits) {
  RunState run;
  decode_counters(run, CheckedFields(state, "state"), limits);
  run.columns = History().columns();
  std::vector<bool> found(run.columns.size());
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name == kMonitors) {
      run.monitors =
          parse_json({reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()},
                     "checkpoint: monitors", "an object", {.bytes = tensor.bytes.size()});
      if (!run.monitors.is_object()) throw Error("checkpoint: its monitors is not an object");
      continue;
    }
    std::size_t column = run.columns.size();
    if (tensor.name.starts_with(kHistory)) {
      const std::string name = tensor.name.substr(kHistory.size());
      for (column = 0; column < run.columns.size(); ++column) {
        if (run.columns[column].first == name) break;
      }
    }
    if (column == run.columns.size()) {
      run.buffers.push_back({tensor.name, tensor.shape, float_values(tensor)});
    } else {
      run.columns[column].second = float_values(tensor);
      found[column] = true;
    }
  }
  for (std::size_t column = 0; column < found.size(); ++column) {
    if (found[column]) continue;
    throw Error("checkpoint: it has no tensor " +
                in_quotes(std::string(kHistory) + run.columns[column].first));
  }
  return run;
}

}  // namespace reluscope
