// Carries out a plan (experiments/plan.h) call by call, as a session is carried out: what command
// lines and the page loop over. It says what happened as numbers, lines for people and JSON lines.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "experiments/plan.h"
#include "experiments/recorded_run.h"
#include "run/report.h"

namespace reluscope {

// kind: "race", "sweep" or "lessons"; their flags are in run/commands.cpp. Throws Error for another
// kind or for a plan that cannot be carried out.
std::unique_ptr<Plan> make_plan(std::string_view kind, const Dataset& data, const Config& base,
                                const PlanFlags& flags);

class Experiment {
 public:
  // jobs: so many runs at the same time, each on a thread; 0: as many as there are cores. Changes
  // the order in which results come, not the results. finished: rows of earlier runs (sweep.h's
  // read_rows()), which are not run again. free_bytes: tells how much memory there is before each
  // run; one that needs more is refused.
  Experiment(std::shared_ptr<const Dataset> data, std::unique_ptr<Plan> plan, int jobs,
             std::vector<Json> finished = {}, double (*free_bytes)() = nullptr);

  // What is planned. values: {"event": "start", "runs": how many, "finished": how many of them are
  // not run again}.
  Reported start() const;
  // Goes on for a few hundredths of a second. values["event"] is
  //   "working"  {"share": of all steps done, in 0 .. 1, "racers": where runs go side by side, the
  //              name and seed of each and its last step's {step, loss, accuracy}, "events": what
  //              happened: epochs of runs that go side by side, rows of runs that ended}
  //   "done"     {"rows": all rows as JSON lines in the plan's order, "csv", "events": what is said
  //              of all runs, in a race with the "step_seconds" of each}, again and again
  // json has the events but for times.
  Reported advance();

 private:
  struct Slot {  // of one thread, or one of the runs that go side by side
    std::unique_ptr<RecordedRun> run;
    int place = -1;  // in the plan
    std::size_t epochs_told = 0;
    std::exception_ptr failure;
  };

  void work_on_queue(Slot& slot);
  void work_side_by_side();
  void begin(Slot& slot, int place);
  void step(Slot& slot);
  void finish(Slot& slot);
  void rethrow_failures();
  Reported done();

  std::shared_ptr<const Dataset> data_;
  std::unique_ptr<Plan> plan_;
  double (*free_bytes_)();
  ThreadPool pool_;
  std::vector<RunResult> results_;
  std::vector<char> is_done_;  // of each run; a char a thread can set beside others
  std::vector<char> is_told_;
  std::vector<Slot> slots_;
  std::atomic<int> next_{0};  // place in the plan of the next run to begin
  std::int64_t round_ = 0;    // of runs side by side
  int first_ = 0;             // place of the first of the runs side by side
  int finished_before_ = 0;
};

}  // namespace reluscope
