#include "config/options.h"

namespace reluscope {

OptimizerOptions optimizer_options(const Config& config, Memory* memory) {
  OptimizerOptions options;
  options.memory = memory;
  options.momentum = config.momentum;
  options.nesterov = config.nesterov;
  options.beta1 = config.beta1;
  options.beta2 = config.beta2;
  options.epsilon = config.epsilon;
  options.weight_decay = config.weight_decay;
  options.dampening = config.dampening;
  options.alpha = config.alpha;
  options.centered = config.centered;
  options.momentum_decay = config.momentum_decay;
  options.lr_decay = config.lr_decay;
  options.initial_accumulator = config.initial_accumulator;
  options.muon_momentum = config.muon_momentum;
  options.muon_scale = config.muon_scale;
  options.cycles_momentum = cycles_momentum(schedule_options(config, 1));
  return options;
}

ScheduleOptions schedule_options(const Config& config, std::int64_t updates_per_epoch) {
  ScheduleOptions options;
  options.name = config.schedule;
  options.epochs = config.epochs;
  options.updates_per_epoch = updates_per_epoch;
  options.step = config.lr_step;
  options.milestones = config.lr_milestones;
  options.gamma = config.lr_gamma;
  options.minimum = config.lr_min;
  options.period = config.lr_period;
  options.restart = config.lr_restart;
  options.restart_factor = config.lr_restart_factor;
  options.rise = config.lr_rise;
  options.div = config.lr_div;
  options.final_div = config.lr_final_div;
  options.cycle_momentum = config.cycle_momentum;
  options.momentum_min = config.momentum_min;
  options.momentum_max = config.momentum_max;
  options.patience = config.lr_patience;
  options.threshold = config.lr_threshold;
  options.cooldown = config.lr_cooldown;
  options.warmup = config.lr_warmup;
  return options;
}

}  // namespace reluscope
