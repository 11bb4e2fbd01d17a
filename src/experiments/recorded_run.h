// A run of an experiment: a session advanced to its end, and a row with its results.
#pragma once

#include <limits>
#include <memory>
#include <string>

#include "experiments/plan.h"
#include "run/session.h"

namespace reluscope {

// The row in files. Nothing in it depends on time, threads or machine:
//   {"run": id, "index": 0, "name": "lr=0.1", "config": {fields that are not the default},
//    "epochs": [{"epoch": 0, measures before the first step}, {"epoch": 1, "train_loss": ...,
//    what else the session says about the epoch, measures}, ...],
//    "steps": 1000, "diverged": a sentence if it did, "weights_sha256": hex}
// A forked run also has "from_step", and its first epoch gives the number of finished epochs. After
// a divergence the last epoch holds the scores of the last good weights. A run that could not begin
// has "refused", a sentence, instead of "epochs" and the keys after it.
class RecordedRun {
 public:
  // Trains on one thread unless the config asks for more. Throws Error as Session does, and if the
  // run needs more than free_bytes of memory.
  RecordedRun(std::shared_ptr<const Dataset> data, const PlannedRun& plan,
              double free_bytes = std::numeric_limits<double>::infinity());

  // Calls Session::advance() once and, at the end of an epoch, measures. False at the run's end.
  bool advance();

  // Calls of advance() so far, and the approximate total.
  std::int64_t calls() const { return calls_; }
  std::int64_t all_calls() const { return all_calls_; }
  // The last training step's loss and accuracy.
  const Json& last_step() const { return last_step_; }
  double seconds() const { return seconds_; }  // of training, so far
  const Json& row() const { return row_; }     // complete once advance() has returned false

 private:
  void record_epoch(Json epoch);

  Session session_;
  std::int64_t calls_ = 0, all_calls_ = 0, steps_ = 0;
  double seconds_ = 0.0;
  Json last_step_, row_;
};

// The beginning of a row.
Json row_head(const PlannedRun& plan);

}  // namespace reluscope
