// What a run says of itself, as values: what Session::start() and advance() answer. run/report.h
// makes lines for people, JSON lines and rows of a table of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  int images = 0;  // of the training set, with those held out or not looked at
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
  std::optional<double> momentum;  // where the schedule has one
  bool logged;                     // to be said to people and files
  bool says_rate;                  // it changes
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
  std::optional<double> lr;  // where it changes
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
  ProbeSnapshot look;  // the epoch's last
};

struct DoneEvent {
  struct Best {  // of a run that may stop early
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
  bool weights_kept;  // the weights are those before that step, and finite
};

using RunEvent = std::variant<StartEvent, StepEvent, ScoringEvent, EpochEvent, DoneEvent,
                              DivergedEvent, ProbeEvent, WarningEvent, ClassesEvent>;

// "start", "batch", "test", "epoch", "done", "diverged", "probe", "warning" or "classes".
std::string_view event_name(const RunEvent& event);

// What one call did: one event of the run itself or, on a device that makes many steps at once,
// some, and before and after them what was seen by looking at it.
struct Progress {
  std::vector<RunEvent> events;

  const RunEvent& last() const;  // that is no look
  std::string_view event() const { return event_name(last()); }
  template <class Kind>
  const Kind* as() const {
    return std::get_if<Kind>(&last());
  }
};

}  // namespace reluscope
