#include "optim/schedule.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/math.h"
#include "core/text.h"

namespace reluscope {
namespace {

using Time = Schedule::Time;

double dropped(double lr, double gamma, std::int64_t times) {
  return lr * scalar::integer_power(gamma, static_cast<std::uint64_t>(times));
}

// From `from` to `to` along half a period of a cosine; share runs from 0 to 1.
double cosine_between(double from, double to, double share) {
  return to + (from - to) * (1.0 + scalar::cos_2pi(share / 2.0)) / 2.0;
}

StepRates constant(const Schedule&, const Time&, double lr) { return {lr, {}}; }

// StepLR
StepRates step(const Schedule& s, const Time& time, double lr) {
  return {dropped(lr, s.options().lr_gamma, time.epoch / s.options().lr_step), {}};
}

// MultiStepLR
StepRates multi_step(const Schedule& s, const Time& time, double lr) {
  const auto& at = s.milestones();
  const auto passed = std::upper_bound(at.begin(), at.end(), time.epoch) - at.begin();
  return {dropped(lr, s.options().lr_gamma, passed), {}};
}

// ExponentialLR
StepRates exponential(const Schedule& s, const Time& time, double lr) {
  return {dropped(lr, s.options().lr_gamma, time.epoch), {}};
}

// CosineAnnealingLR: Loshchilov and Hutter, "SGDR" (2017), equation 5. Past its period it rises
// again.
StepRates cosine(const Schedule& s, const Time& time, double lr) {
  const std::int64_t period =
      s.options().lr_period > 0 ? s.options().lr_period : s.options().epochs;
  const std::int64_t in = time.epoch % (2 * period), near = std::min(in, 2 * period - in);
  const double share = static_cast<double>(near) / static_cast<double>(period);
  return {cosine_between(lr, s.options().lr_min, share), {}};
}

// CosineAnnealingWarmRestarts, the same paper.
StepRates cosine_restarts(const Schedule& s, const Time& time, double lr) {
  std::int64_t period = s.options().lr_restart, epoch = time.epoch;
  if (s.options().lr_restart_factor == 1) epoch %= period;
  for (; epoch >= period; period *= s.options().lr_restart_factor) epoch -= period;
  const double share = static_cast<double>(epoch) / static_cast<double>(period);
  return {cosine_between(lr, s.options().lr_min, share), {}};
}

// OneCycleLR with cosines in two phases: Smith and Topin, "Super-convergence" (2018).
StepRates one_cycle(const Schedule& s, const Time& time, double lr) {
  const ScheduleOptions& o = s.options();
  const double total = static_cast<double>(o.epochs) * static_cast<double>(o.updates_per_epoch);
  const double now = static_cast<double>(time.update), peak = o.lr_rise * total - 1.0;
  const double lowest = lr / o.lr_div, last = lowest / o.lr_final_div;
  const bool rises = now <= peak;
  const double share = !rises ? (now - peak) / (total - 1.0 - peak) : peak > 0.0 ? now / peak : 1.0;
  StepRates rates{cosine_between(rises ? lowest : lr, rises ? lr : last, share), {}};
  if (o.cycle_momentum) {
    rates.momentum = rises ? cosine_between(o.momentum_max, o.momentum_min, share)
                           : cosine_between(o.momentum_min, o.momentum_max, share);
  }
  return rates;
}

// ReduceLROnPlateau, mode min, threshold_mode rel.
StepRates plateau(const Schedule& s, const Time&, double lr) {
  constexpr double kLeastDrop = 1e-8;  // PyTorch's eps: smaller drops are ignored
  for (int drop = 0; drop < s.state().drops; ++drop) {
    const double lower = std::max(lr * s.options().lr_gamma, s.options().lr_min);
    if (!(lr - lower > kLeastDrop)) break;
    lr = lower;
  }
  return {lr, {}};
}

constexpr ScheduleRow kSchedules[] = {
    {.name = "constant",
     .label = "Constant",
     .about = "The same rate throughout the run.",
     .fields = "",
     .constant = true,
     .at = &constant},
    {.name = "step",
     .label = "Steps",
     .about = "Drops by a factor every few epochs.",
     .fields = "lr_step lr_gamma",
     .at = &step},
    {.name = "multi_step",
     .label = "Milestones",
     .about = "Drops by a factor after the epochs listed.",
     .fields = "lr_milestones lr_gamma",
     .has_milestones = true,
     .at = &multi_step},
    {.name = "exponential",
     .label = "Exponential",
     .about = "Drops by a factor after every epoch.",
     .fields = "lr_gamma",
     .at = &exponential},
    {.name = "cosine",
     .label = "Cosine",
     .about = "Falls along half a cosine, slowly at both ends.",
     .fields = "lr_period lr_min",
     .depends_on_epochs = [](const ScheduleOptions& o) { return o.lr_period == 0; },
     .at = &cosine},
    {.name = "cosine_restarts",
     .label = "Cosine with restarts",
     .about = "Falls along a cosine, then jumps back up and repeats.",
     .fields = "lr_restart lr_restart_factor lr_min",
     .at = &cosine_restarts},
    {.name = "one_cycle",
     .label = "One cycle",
     .about = "Rises to the learning rate, then falls far below it; changes at every update.",
     .fields = "lr_rise lr_div lr_final_div cycle_momentum momentum_min momentum_max",
     .cycles_momentum = true,
     .depends_on_epochs = [](const ScheduleOptions&) { return true; },
     .at = &one_cycle},
    {.name = "plateau",
     .label = "On plateaus",
     .about = "Drops by a factor when the validation loss stops improving.",
     .fields = "lr_gamma lr_patience lr_threshold lr_cooldown lr_min",
     .needs_validation = true,
     .at = &plateau},
};

std::vector<int> parse_milestones(const std::string& text) {
  constexpr double kMost = 100000;
  std::vector<int> milestones;
  for (const std::string_view part : split(text, ',')) {
    const auto value = parse_number(trim(part));
    const double least = milestones.empty() ? 1.0 : milestones.back() + 1.0;
    if (!value || !(*value >= least && *value <= kMost) || *value != std::floor(*value)) {
      throw Error("lr_milestones is " + in_quotes(text) +
                  ", but it must be whole epochs from 1, ascending, separated by commas");
    }
    milestones.push_back(static_cast<int>(*value));
  }
  return milestones;
}

}  // namespace

std::span<const ScheduleRow> schedule_rows() { return kSchedules; }

const ScheduleRow& schedule_row(const std::string& name) {
  for (const ScheduleRow& row : kSchedules) {
    if (name == row.name) return row;
  }
  throw Error("schedule is " + in_quotes(name) + ", which is not known");
}

Schedule::Schedule(const ScheduleOptions& options)
    : options_(options), row_(&schedule_row(options.schedule)) {
  if (row_->has_milestones) milestones_ = parse_milestones(options.lr_milestones);
}

StepRates Schedule::at(std::int64_t update, double base_lr) const {
  StepRates rates = row_->at(*this, {update, update / options_.updates_per_epoch}, base_lr);
  if (update < options_.lr_warmup) {
    rates.lr *= static_cast<double>(update + 1) / options_.lr_warmup;
  }
  return rates;
}

bool Schedule::constant() const { return row_->constant && options_.lr_warmup == 0; }

void Schedule::epoch_ended(double validation_loss) {
  if (!row_->needs_validation) return;
  const bool better = validation_loss < state_.best * (1.0 - options_.lr_threshold);
  if (better) state_.best = validation_loss;
  const bool waits = state_.cooldown_left > 0;
  if (waits) --state_.cooldown_left;
  state_.bad_epochs = better || waits ? 0 : state_.bad_epochs + 1;
  if (state_.bad_epochs > options_.lr_patience) {
    ++state_.drops;
    state_.cooldown_left = options_.lr_cooldown;
    state_.bad_epochs = 0;
  }
}

}  // namespace reluscope
