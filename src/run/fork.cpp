#include "run/fork.h"

#include "core/error.h"
#include "run/checkpoint.h"

namespace reluscope {

Config forked_config(const Config& saved, std::int64_t steps, const std::string& changes) {
  Config now = saved;  // with the live changes up to this step
  for (const Event& event : saved.events) {
    if (event.step <= steps) set_live(now, event.field, event.value);
  }
  Config forked = with_changes(changes, now);
  if (forked.events != now.events) {
    throw Error("events is set, but a fork applies its changes at once");
  }
  const Json before = config_to_json(now), after = config_to_json(forked);
  const auto overtaken = [steps](const Event& event) { return event.step > steps; };
  bool first = true;
  for (const Field& field : config_fields()) {
    if (!field.live) continue;
    set_live(forked, field.name, config_to_json(saved)[field.name].get<double>());
    if (before[field.name] == after[field.name]) continue;
    if (first) std::erase_if(forked.events, overtaken);
    first = false;
    forked.events.push_back({steps, field.name, after[field.name].get<double>()});
  }
  check_fork(saved, forked);
  return forked;
}

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
  if (forked.model != saved.model) run.monitors = {};
  if (run.phase == Phase::kScoring) {
    run.scored = 0;
    run.validation_score = {};
    run.test_score = {};
  }
  return run;
}

}  // namespace reluscope
