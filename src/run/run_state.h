// The state of a run besides its config and data, as plain data. encode() and decode() convert it
// to and from the content of a checkpoint (run/checkpoint.h). Random draws are keyed by the
// config's seed and these counters, so no generator has state.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "config/config.h"
#include "io/safetensors.h"
#include "optim/schedule.h"
#include "run/events.h"
#include "run/history.h"
#include "train/trainer.h"

namespace reluscope {

enum class Phase { kTraining, kScoring, kDone, kDiverged };
const char* phase_name(Phase phase);

// What a Session counts.
struct RunState {
  Phase phase = Phase::kTraining;
  std::int64_t steps = 0;  // done
  int epoch = 1, batch = 0;
  int scored = 0;   // batches of validation and test set
  double lr = 0.0;  // of the last step
  Score epoch_score, validation_score, test_score;
  double best_loss = std::numeric_limits<double>::infinity();  // of the validation set
  int best_epoch = 0;
  int last_epoch = 0;  // 0: not known yet
  std::optional<DivergedEvent> diverged;
};

// The same with the state of what a session consists of.
struct StoredRun : RunState {
  Trainer::Counters counters;
  Schedule::State schedule;
  std::vector<NamedTensor> buffers;  // Trainer::parts() as PART.PARAMETER, in PyTorch's shapes
  History::Columns columns;
  History::Pending pending;
  Json monitors;  // null: no snapshot was taken
};

// The form stored in a file: one JSON object, and tensors.
struct EncodedState {
  Json state;
  std::vector<NamedTensor> tensors;
};
// trainer: of the run, which has this config.
EncodedState encode(StoredRun run, const Config& config, const Trainer& trainer);
// Throws Error naming what is missing or invalid for such a run.
StoredRun decode(const Json& state, const std::vector<StoredTensor>& tensors, const Config& config,
                 const Trainer& trainer);
// The number of steps that the run had made.
std::int64_t steps_of(const Json& state);

}  // namespace reluscope
