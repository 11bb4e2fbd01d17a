#include "run/fork.h"

#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"
#include "optim/schedule.h"

namespace reluscope {
namespace {

// With the live changes up to this step.
Config with_live_changes(const Config& saved, std::int64_t steps) {
  Config now = saved;
  for (const Event& event : saved.events) {
    if (event.step <= steps) set_live(now, event.field, event.value);
  }
  return now;
}

}  // namespace

void check_fork(const Config& saved, const Config& forked) {
  const Json was = config_to_json(saved), is = config_to_json(forked);
  std::vector<std::string> fixed;
  for (const Field& field : config_fields()) {
    if (!field.forkable) fixed.push_back(field.name);
  }
  for (const std::string& name : fixed) {
    if (was[name] == is[name]) continue;
    throw Error(name + " is " + json_line(is[name]) + ", but the run to fork has " +
                json_line(was[name]) + ": a fork cannot change it, nor " + join_or(fixed));
  }
  if (schedule_row(saved.schedule).needs_validation !=
          schedule_row(forked.schedule).needs_validation &&
      saved.validation == 0 && saved.early_stopping == 0) {
    throw Error("schedule is " + in_quotes(forked.schedule) + ", but the run to fork has " +
                in_quotes(saved.schedule) +
                ": a fork cannot change whether validation samples are held out for it");
  }
}

Config forked_config(const Config& saved, std::int64_t steps, const std::string& changes) {
  const Config now = with_live_changes(saved, steps);
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
