// How the learning rate changes while a run goes on, with PyTorch's formulas
// (torch.optim.lr_scheduler). A rate is a pure function of the update's number, the base rate (the
// config's lr, or what a live change has made of it since) and, for plateau alone, of an explicit
// state.
//
// As PyTorch's when stepped once an epoch, schedules change from epoch to epoch; one_cycle changes
// at every update. A new one is a function and a row in schedule.cpp.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

struct ScheduleOptions {
  std::string name = "constant";
  int epochs = 10;  // of the whole run
  std::int64_t updates_per_epoch = 1;
  int step = 5;                    // epochs from one drop to the next
  std::string milestones = "5,8";  // epochs after which it drops, ascending
  double gamma = 0.1;              // what a drop multiplies it by
  double minimum = 0.0;            // the lowest rate of the cosines and of plateau
  int period = 0;                  // epochs from the highest to the lowest; 0: the whole run
  int restart = 5,
      restart_factor = 1;  // epochs of the first cosine, and how much longer the next is
  double rise = 0.3;       // share of the run in which one_cycle rises to the base rate
  double div = 25.0, final_div = 1e4;  // it begins at base / div and ends at base / div / final_div
  bool cycle_momentum = true;          // the momentum falls while the rate rises, and back
  double momentum_min = 0.85, momentum_max = 0.95;
  int patience = 2;         // epochs without improvement that plateau lets pass
  double threshold = 1e-4;  // the share of the best loss that an improvement is
  int cooldown = 0;         // epochs after a drop that do not count
  int warmup = 0;           // updates in which the rate first rises from 0
};

struct StepRates {
  double lr;
  std::optional<double> momentum;  // if the schedule has one: in place of the optimizer's
};

struct ScheduleRow;

class Schedule {
 public:
  // Throws Error for an unknown name or milestones that are none.
  explicit Schedule(const ScheduleOptions& options);

  // For update number `update`, from 0. In the first `warmup` updates the schedule's rate is
  // multiplied by (update + 1) / warmup; the schedule's own time runs meanwhile.
  StepRates at(std::int64_t update, double base_lr) const;
  bool constant() const;  // at() gives the base rate always

  // To be called at the end of each epoch: what plateau goes by. Nothing to the others.
  void epoch_ended(double validation_loss);

  struct State {  // all that at() depends on besides its arguments
    double best = std::numeric_limits<double>::infinity();
    int bad_epochs = 0;
    int cooldown_left = 0;
    int drops = 0;
    bool operator==(const State&) const = default;
  };
  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

  // What a row of the table works with.
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
  const char* fields;             // of the config that it uses, besides lr and lr_warmup
  bool constant = false;          // without a warm-up, the base rate always
  bool needs_validation = false;  // follows the validation loss, by Schedule::State
  bool cycles_momentum = false;   // if the options want it
  bool has_milestones = false;    // reads Schedule::milestones()
  // Whether the rate of an epoch depends on how many there will be; null: never.
  bool (*depends_on_epochs)(const ScheduleOptions& options) = nullptr;
  StepRates (*at)(const Schedule& schedule, const Schedule::Time& time, double base_lr);
};

std::span<const ScheduleRow> schedule_rows();
bool needs_validation(const std::string& schedule);  // throws Error for an unknown name

// Whether the rate of an epoch depends on how many there will be.
bool depends_on_epochs(const ScheduleOptions& options);

// Whether these give the optimizer its momentum.
bool cycles_momentum(const ScheduleOptions& options);

}  // namespace reluscope
