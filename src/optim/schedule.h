// Learning-rate schedules with PyTorch's formulas (torch.optim.lr_scheduler). A rate is a pure
// function of the update's number, the base rate (the config's lr, or its value after live changes)
// and, only for plateau, an explicit state.
//
// Schedules change the rate once per epoch, like PyTorch's when stepped once per epoch; one_cycle
// changes it at every update. To add a schedule, add a function and a row in schedule.cpp.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

struct ScheduleOptions {
#define FIELD(type, name, initial, ...) type name = initial;
#include "optim/schedule_fields.inc"
#undef FIELD
  int epochs = 10;  // of the whole run
  std::int64_t updates_per_epoch = 1;
};

struct StepRates {
  double lr;
  std::optional<double> momentum;  // if set, replaces the optimizer's momentum
};

struct ScheduleRow;

class Schedule {
 public:
  // Throws Error for an unknown name or invalid milestones.
  explicit Schedule(const ScheduleOptions& options);

  // The rate for update number `update`, from 0. In the first `lr_warmup` updates the schedule's
  // rate is multiplied by (update + 1) / lr_warmup; the schedule itself starts at update 0.
  StepRates at(std::int64_t update, double base_lr) const;
  bool constant() const;  // at() gives the base rate always

  // To be called at the end of each epoch. Only plateau uses it.
  void epoch_ended(double validation_loss);

  struct State {  // everything that at() depends on besides its arguments
    double best = std::numeric_limits<double>::infinity();
    int bad_epochs = 0;
    int cooldown_left = 0;
    int drops = 0;
    bool operator==(const State&) const = default;
  };
  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

  // The arguments of a schedule's function.
  struct Time {
    std::int64_t update, epoch;  // from 0
  };
  const ScheduleOptions& options() const { return options_; }
  const std::vector<int>& milestones() const { return milestones_; }

 private:
  ScheduleOptions options_;
  std::vector<int> milestones_;
  const ScheduleRow* row_;
  State state_;
};

struct ScheduleRow {
  const char* name;
  const char* label;
  const char* about;
  const char* fields;             // config fields that it uses, besides lr and lr_warmup
  bool constant = false;          // always the base rate, apart from a warm-up
  bool needs_validation = false;  // follows the validation loss, by Schedule::State
  bool cycles_momentum = false;   // sets the optimizer's momentum, if cycle_momentum is on
  bool has_milestones = false;    // reads Schedule::milestones()
  // Whether the rate of an epoch depends on the total number of epochs.
  bool (*depends_on_epochs)(const ScheduleOptions& options) = [](const auto&) { return false; };
  StepRates (*at)(const Schedule& schedule, const Schedule::Time& time, double base_lr);
};

std::span<const ScheduleRow> schedule_rows();
const ScheduleRow& schedule_row(const std::string& name);  // throws Error for an unknown name

}  // namespace reluscope
