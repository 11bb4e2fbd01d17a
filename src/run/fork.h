// A fork: a run that goes on from where another stands, with something changed. It keeps the
// weights, running statistics, counters, curves and, with the same optimizer, the moments; what the
// changed network has and the other had not begins as in a new run.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"
#include "run/run_state.h"

namespace reluscope {

// What a fork goes on with. saved: the config of the run that is forked after so many steps.
// changes: "lr=0.01; optimizer=sgd", as in a race. Fields that may change while training become
// live changes after that step, so that such a fork is the run itself with that change. Throws
// Error for what cannot be changed.
Config forked_config(const Config& saved, std::int64_t steps, const std::string& changes);

// Throws Error naming a field that a fork cannot have changed: what decides which samples make a
// step, and what has an effect only before the first.
void check_fork(const Config& saved, const Config& forked);

// What a fork keeps of the run as it stands. Throws Error for a run that cannot go on.
RunState forked_state(RunState run, const Config& saved, const Config& forked);

}  // namespace reluscope
