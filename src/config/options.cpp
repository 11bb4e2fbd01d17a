#include "config/options.h"

namespace reluscope {

#define FIELD(type, name, ...) options.name = config.name;

OptimizerOptions optimizer_options(const Config& config, Memory* memory) {
  OptimizerOptions options;
#include "optim/rule_fields.inc"
  options.weight_decay = config.weight_decay;
  options.cycles_momentum = cycles_momentum(schedule_options(config, 1));
  options.memory = memory;
  return options;
}

ScheduleOptions schedule_options(const Config& config, std::int64_t updates_per_epoch) {
  ScheduleOptions options;
#include "optim/schedule_fields.inc"
  options.epochs = config.epochs;
  options.updates_per_epoch = updates_per_epoch;
  return options;
}

#undef FIELD

}  // namespace reluscope
