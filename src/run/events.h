// The events of a run, as values: the results of Session::start() and advance(). run/report.h
// formats them as text, JSON lines and table rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"
#include "probe/probe.h"
#include "probe/warnings.h"
#include "train/classes.h"
#include "train/trainer.h"

namespace reluscope {

struct StartEvent {
  Config config;
  std::string device, simd;
  int threads = 0;
  std::int64_t parameters = 0;
  std::vector<std::pair<std::string, std::size_t>> memory;  // bytes by purpose
  bool sparse = false;                                      // the input
  std::string data;
  int images = 0;  // in the training set, including held-out and unused ones
  int height = 0, width = 0;
  double density = 0.0;
  int train_samples = 0, validation_samples = 0, test_samples = 0;
  std::vector<std::string> class_names;
  PixelStatistics pixels;
};

struct StepEvent {
  int epoch, epochs, batch, batches;
  std::int64_t step, total_steps;
  int samples, total;  // of this epoch
  double loss, accuracy, lr;
  std::optional<double> momentum;  // if the schedule sets one
  bool logged;                     // to be printed and written to files
  bool says_rate;                  // the rate changes, so it is printed
};

// A batch of the validation or test set at the end of an epoch.
struct ScoringEvent {
  int epoch, batch, batches;
};

struct EpochEvent {
  int epoch;
  double train_loss;
  std::optional<Score> validation;
  Score test;
  double seconds, samples_per_second;
  std::optional<double> lr;  // if it changes
};

struct ProbeEvent {
  ProbeSnapshot snapshot;
};

struct WarningEvent {
  std::int64_t step;
  Warning warning;
};

struct ClassesEvent {
  int epoch;
  std::int64_t step;
  ClassReport report;
  ProbeSnapshot look;  // the last of the epoch
};

// The units that are silent on the whole training set, by the final weights.
struct DeadEvent {
  std::int64_t step;
  int samples;
  std::vector<DeadUnits> layers;
};

struct DoneEvent {
  struct Best {  // for runs with early stopping
    int epochs, planned, epoch;
    double validation_loss;
  };
  std::int64_t steps;
  std::optional<Best> best;
  std::string weights_sha256, optimizer_sha256;
  std::optional<std::string> ema_sha256;
};

struct DivergedEvent {
  int epoch;
  std::int64_t step;
  int layer;  // from 1
  std::string layer_text, message;
  bool weights_kept;  // the weights are the finite ones from before that step
};

using RunEvent = std::variant<StartEvent, StepEvent, ScoringEvent, EpochEvent, DoneEvent,
                              DivergedEvent, ProbeEvent, WarningEvent, ClassesEvent, DeadEvent>;

// The result of one call: one event of the run itself, or several on a device that makes many steps
// at once, with the monitors' events before and after them.
struct Progress {
  std::vector<RunEvent> events;

  const RunEvent& last() const;  // the last event that is not the monitors'
  std::string event() const;     // "start", "batch", "test", "epoch", "done", "diverged"
  std::vector<WarningEvent> warnings() const;
  template <class Kind>
  const Kind* as() const {
    return std::get_if<Kind>(&last());
  }
};

}  // namespace reluscope
