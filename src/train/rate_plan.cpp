#include "train/rate_plan.h"

#include <algorithm>
#include <memory>

#include "backend/cpu/cpu_backend.h"
#include "config/options.h"
#include "core/error.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "train/trainer.h"

namespace reluscope {
namespace {

// Rounded up.
std::int64_t quotient(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The learning rates of a run's updates, in order.
class Rates {
 public:
  Rates(const Config& config, std::int64_t batches, std::int64_t updates_per_epoch)
      : config_(config),
        live_(config),
        batches_(batches),
        updates_per_epoch_(updates_per_epoch),
        schedule_(schedule_options(config, updates_per_epoch)) {}

  // Updates must be requested in ascending order.
  StepRates at(std::int64_t update) {
    // Events go by steps done: the update is made by the last step of its group.
    const std::int64_t epoch = update / updates_per_epoch_, in_epoch = update % updates_per_epoch_;
    const std::int64_t step =
        epoch * batches_ + std::min((in_epoch + 1) * config_.accumulate, batches_) - 1;
    for (; next_ < config_.events.size() && config_.events[next_].step <= step; ++next_) {
      set_live(live_, config_.events[next_].field, config_.events[next_].value);
    }
    return schedule_.at(update, live_.lr);
  }

 private:
  const Config& config_;
  Config live_;
  std::int64_t batches_, updates_per_epoch_;
  Schedule schedule_;
  std::size_t next_ = 0;
};

// A parameter with the gradient 1, and the optimizer that moves it.
class Moved {
 public:
  explicit Moved(const Config& config)
      : backend_("auto", 1, false), parameter_(kAlignFloats), gradient_(kAlignFloats) {
    OptimizerOptions options = optimizer_options(config);
    options.weight_decay = 0.0;
    optimizer_ = make_optimizer(config.optimizer, options, kAlignFloats);
  }

  double step(const StepRates& rates) {
    // Starts from 0 each time, so that the difference is not rounded away.
    std::fill_n(parameter_.data(), kAlignFloats, 0.0f);
    std::fill_n(gradient_.data(), kAlignFloats, 1.0f);
    optimizer_->begin_step(rates.lr, rates.momentum);
    optimizer_->apply(backend_, parameter_.data(), gradient_.data(), kAlignFloats);
    return -static_cast<double>(parameter_.data()[0]);
  }

 private:
  cpu::CpuBackend backend_;
  Buffer parameter_, gradient_;
  std::unique_ptr<Optimizer> optimizer_;
};

}  // namespace

RatePlan plan_rates(const Dataset& data, const Config& config, int points) {
  if (points < 2) {
    throw Error("points: " + std::to_string(points) + " were asked for, but at least 2 are needed");
  }
  const int validation = validation_size(config, data.train().count());
  const int left = data.train().count() - validation;
  if (config.train_samples > left) {
    throw Error("train_samples is " + std::to_string(config.train_samples) + ", but there are " +
                std::to_string(left) + " to train on");
  }
  const std::int64_t batches =
      quotient(config.train_samples == 0 ? left : config.train_samples, config.batch);
  RatePlan plan;
  plan.updates_per_epoch = quotient(batches, config.accumulate);
  plan.updates = plan.updates_per_epoch * config.epochs;
  plan.depends_on_validation = needs_validation(config.schedule);
  Rates rates(config, batches, plan.updates_per_epoch);
  Moved moved(config);  // always created: it refuses invalid combinations

  const std::int64_t told = std::min<std::int64_t>(plan.updates, points);
  for (std::int64_t i = 0; i < told; ++i) {
    plan.at.push_back(told == 1 ? 0 : i * (plan.updates - 1) / (told - 1));
  }
  const auto tell = [&plan](const StepRates& now) {
    plan.lr.push_back(now.lr);
    if (now.momentum) plan.momentum.push_back(*now.momentum);
  };
  if (plan.updates > kMostMoved) {
    for (const std::int64_t update : plan.at) tell(rates.at(update));
    return plan;
  }
  auto next = plan.at.begin();
  for (std::int64_t update = 0; update < plan.updates; ++update) {
    const StepRates now = rates.at(update);
    const double move = moved.step(now);
    if (update != *next) continue;
    tell(now);
    plan.moves.push_back(move);
    if (++next == plan.at.end()) break;
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
