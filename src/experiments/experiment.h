// Carries out a plan (experiments/plan.h) step by step. Command lines and the page call advance()
// in a loop, as for a session. Events are reported as numbers, text lines and JSON lines.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "experiments/plan.h"
#include "experiments/recorded_run.h"
#include "run/report.h"

namespace reluscope {

// kind: "race", "sweep" or "lessons"; their flags are in run/commands.cpp. Throws Error for any
// other kind and for a plan that cannot be carried out.
Plan make_plan(std::string_view kind, const Dataset& data, const Config& base,
               const FlagValues& flags);

class Experiment {
 public:
  // jobs: number of runs at the same time, each on its own thread; 0: one per core. It affects the
  // order of the results, not the results. finished: rows of earlier runs (from read_rows() of
  // sweep.h), which are not run again. free_bytes: called before each run for the free memory; a
  // run that needs more is refused.
  Experiment(
      std::shared_ptr<const Dataset> data, Plan plan, int jobs, std::vector<Json> finished = {},
      double (*free_bytes)() = [] { return std::numeric_limits<double>::infinity(); });

  // Reports the plan. values: {"event": "start", "runs": number of runs, "finished": number of runs
  // that are not run again}.
  Reported start() const;
  // Works for a few hundredths of a second. values["event"] is
  //   "working"  {"share": share of all steps done, in 0 .. 1, "racers": of runs that advance side
  //              by side, the name, the seed and the last step's {step, loss, accuracy}, "events":
  //              epochs of runs side by side and rows of runs that ended since the last call}
  //   "done"     {"rows": all rows as JSON lines in the plan's order, "csv", "events": the report,
  //              in a race with the "step_seconds" of each run, "failure": a sentence if every run
  //              was refused}, also on every later call
  // json holds the events without times.
  Reported advance();

 private:
  struct Slot {  // for a thread, or for one of the runs side by side
    std::unique_ptr<RecordedRun> run;
    std::size_t place = 0;  // in the plan
    std::size_t epochs_told = 0;
  };

  template <class Work>
  void in_threads(const Work& work);
  void work_on_queue(Slot& slot);
  void work_side_by_side();
  void begin(Slot& slot, std::size_t place);
  bool step(Slot& slot);
  bool is_active(const Slot& slot) const;
  Reported done() const;

  std::shared_ptr<const Dataset> data_;
  Plan plan_;
  double (*free_bytes_)();
  ThreadPool pool_;
  std::vector<RunResult> results_;
  std::vector<Slot> slots_;
  std::atomic<std::size_t> next_{0};  // place in the plan of the next run to begin
  std::int64_t round_ = 0;            // of runs side by side
  std::size_t first_ = 0;             // place of the first run side by side
  int finished_before_ = 0;
};

}  // namespace reluscope
