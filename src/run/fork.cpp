#include "run/fork.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "experiments/planned_run.h"
#include "optim/schedule.h"

namespace reluscope {
namespace {

constexpr const char* kFixed[] = {"data",          "mean",           "std",        "validation",
                                  "train_samples", "batch",          "accumulate", "ema",
                                  "seed",          "early_stopping", "init",       "init_value"};

// With what was changed in these steps.
Config as_it_stands(const Config& saved, std::int64_t steps) {
  Config now = saved;
  for (const Event& event : saved.events) {
    if (event.step <= steps) set_live(now, event.field, event.value);
  }
  return now;
}

}  // namespace

void check_fork(const Config& saved, const Config& forked) {
  const Json was = config_to_json(saved), is = config_to_json(forked);
  for (const char* const name : kFixed) {
    if (was[name] == is[name]) continue;
    throw Error(std::string(name) + " is " + is[name].dump() + ", but the run to fork has " +
                was[name].dump() + ": a fork cannot change it, nor " +
                join_or({std::begin(kFixed), std::end(kFixed)}));
  }
  if (needs_validation(saved.schedule) != needs_validation(forked.schedule) &&
      saved.validation == 0 && saved.early_stopping == 0) {
    throw Error("schedule is " + in_quotes(forked.schedule) + ", but the run to fork has " +
                in_quotes(saved.schedule) +
                ": a fork cannot change whether validation samples are held out for it");
  }
}

Config forked_config(const Config& saved, std::int64_t steps, const std::string& changes) {
  const Config now = as_it_stands(saved, steps);
  Config forked = with_changes(changes, now);
  if (forked.events != now.events) {
    throw Error("events are given, but a fork changes what it is told to at once");
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

}  // namespace reluscope
