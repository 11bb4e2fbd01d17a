// A fork: a run that continues from the current state of another, with changed settings. It keeps
// the weights, running statistics, counters, curves and, with the same optimizer, the moments.
// State that the original run did not have starts as in a new run.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"
#include "run/run_state.h"

namespace reluscope {

// The config of a fork. saved: the config of the original run, which is forked after that many
// steps.
// changes: "lr=0.01; optimizer=sgd", as in a race. Fields that may change while training become
// live changes after that step, so such a fork equals the original run with that live change.
// Throws Error for a field that cannot be changed.
Config forked_config(const Config& saved, std::int64_t steps, const std::string& changes);

// The part of the run's state that a fork keeps. Throws Error for a run that cannot continue.
StoredRun forked_state(StoredRun run, const Config& saved, const Config& forked);

}  // namespace reluscope
