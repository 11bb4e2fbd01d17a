#include "train/rate_plan.h"

#include <algorithm>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "train/trainer.h"

namespace reluscope {

RatePlan plan_rates(const Dataset& data, const Config& config, int points) {
  if (points < 2) {
    throw Error("points: ", points, " were asked for, but at least 2 are needed");
  }
  const auto rounded_up = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  const std::int64_t batches =
      rounded_up(training_size(config, data.train().count()), config.batch);
  RatePlan plan;
  plan.updates_per_epoch = rounded_up(batches, config.accumulate);
  plan.updates = plan.updates_per_epoch * config.epochs;
  plan.depends_on_validation = schedule_row(config.schedule).needs_validation;
  const Schedule schedule(schedule_options(config, plan.updates_per_epoch));
  Config live = config;
  auto event = config.events.begin();
  // The rates of an update. Updates must be requested in ascending order.
  const auto rates_at = [&](std::int64_t update) {
    // Events go by steps done: the update is made by the last step of its group.
    const std::int64_t epoch = update / plan.updates_per_epoch;
    const std::int64_t in_epoch = update % plan.updates_per_epoch;
    const std::int64_t step =
        epoch * batches + std::min((in_epoch + 1) * config.accumulate, batches) - 1;
    for (; event != config.events.end() && event->step <= step; ++event) {
      set_live(live, event->field, event->value);
    }
    return schedule.at(update, live.lr);
  };

  // A parameter with the gradient 1, and the optimizer that moves it. Always created: it refuses
  // invalid combinations.
  cpu::CpuBackend backend("auto", 1, false);
  Buffer parameter(kAlignFloats), gradient(kAlignFloats);
  OptimizerOptions options = optimizer_options(config);
  options.weight_decay = 0.0;
  const auto optimizer = make_optimizer(config.optimizer, options, kAlignFloats);

  const std::int64_t told = std::min<std::int64_t>(plan.updates, points);
  for (std::int64_t i = 0; i < told; ++i) {
    plan.at.push_back(told == 1 ? 0 : i * (plan.updates - 1) / (told - 1));
  }
  const auto tell = [&plan](const StepRates& now) {
    plan.lr.push_back(now.lr);
    if (now.momentum) plan.momentum.push_back(*now.momentum);
  };
  if (plan.updates > kMostMoved) {
    for (const std::int64_t update : plan.at) tell(rates_at(update));
    return plan;
  }
  auto next = plan.at.begin();
  for (std::int64_t update = 0; next != plan.at.end(); ++update) {
    const StepRates now = rates_at(update);
    // Starts from 0 each time, so that the difference is not rounded away.
    std::fill_n(parameter.data(), kAlignFloats, 0.0f);
    std::fill_n(gradient.data(), kAlignFloats, 1.0f);
    optimizer->begin_step(now.lr, now.momentum);
    optimizer->apply(backend, parameter.data(), gradient.data(), kAlignFloats);
    if (update != *next) continue;
    tell(now);
    plan.moves.push_back(-static_cast<double>(parameter.data()[0]));
    ++next;
  }
  return plan;
}

Json to_json(const RatePlan& plan) {
  return {{"updates_per_epoch", plan.updates_per_epoch},
          {"updates", plan.updates},
          {"depends_on_validation", plan.depends_on_validation},
          {"at", plan.at},
          {"lr", plan.lr},
          {"momentum", plan.momentum},
          {"moves", plan.moves}};
}

}  // namespace reluscope
