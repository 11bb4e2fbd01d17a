// The options of the optimizer and of the schedule, taken from a config.
#pragma once

#include "config/config.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace reluscope {

OptimizerOptions optimizer_options(const Config& config, Memory* memory = nullptr);
ScheduleOptions schedule_options(const Config& config, std::int64_t updates_per_epoch);

}  // namespace reluscope
