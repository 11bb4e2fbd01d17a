// Checkpoints: a whole run in one safetensors file. A resumed run gives the same bits as one that
// never stopped. The same run at the same step gives the same file in every build: the file holds
// no times, memory layouts or machine names.
//
// Metadata: "format": "reluscope.checkpoint", "version", "sha256" (io/safetensors.h),
// "config" (JSON, live changes in its events), "data" (which images), "state" (JSON: phase,
// counters, scores, schedule). Random draws are keyed by the config's seed and these counters, so
// no generator has state. Tensors, float32 in PyTorch's shapes:
//   model.NAME running.NAME            weights, running statistics
//   optimizer.MOMENT.NAME              moments
//   average.NAME                       the moving average, if there is one
//   group.NAME                         gradients of an incomplete group of batches
//   best.model.NAME ...                the weights of the best epoch, with early stopping
//   history.COLUMN                     curves, see run/history.h
// and "monitors", bytes of JSON with the looks, if the run records any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "io/safetensors.h"
#include "run/run_state.h"

namespace reluscope {

inline constexpr int kCheckpointVersion = 2;
inline constexpr int kUncheckedVersion = 1;  // has no checksum, but is still read

// The config of the run, including live changes. Throws Error for a file that is not a checkpoint,
// or that has an unsupported version, which the message names.
Config config_of_checkpoint(std::span<const std::uint8_t> file);
// The number of training steps that the run had made.
std::int64_t steps_of_checkpoint(std::span<const std::uint8_t> file);

// The file of a run. data: identifies the images it trains on.
std::vector<std::uint8_t> write_checkpoint(const Config& config, const Json& data,
                                           EncodedState run);

// The parsed content of an undamaged file. The tensors are views of the file's bytes.
struct SavedRun {
  Config config;
  Json data, state;
  std::vector<StoredTensor> tensors;
};
// Throws Error as config_of_checkpoint() does, and for a file that is damaged.
SavedRun open_checkpoint(std::span<const std::uint8_t> bytes);

// Throws Error naming a field that would change the bits of the resumed run. The number of epochs
// may increase, unless the schedule's rates depend on it.
void check_resume(const Config& saved, const Config& resumed);
// The same for a field that a fork must keep: one that decides which samples make a step, or one
// that has an effect only before the first step.
//
// A fork is a run that continues from the current state of another, with changed settings. It keeps
// the weights, running statistics, counters, curves and, with the same optimizer, the moments.
// State that the original run did not have starts as in a new run.
void check_fork(const Config& saved, const Config& forked);

// The config of the resumed run: the saved config with the given fields (names and texts, as
// flags). Throws Error as check_resume() does.
Config resumed_config(const Config& saved, const NamedTexts& given);

// The config of a fork. saved: the config of the original run, which is forked after that many
// steps. changes: "lr=0.01; optimizer=sgd", as in a race. Fields that may change while training
// become live changes after that step, so such a fork equals the original run with that live
// change. Throws Error for a field that cannot be changed.
Config forked_config(const Config& saved, std::int64_t steps, const std::string& changes);

// Makes the config portable: settings that another machine may not support (an instruction set, a
// device) become automatic.
Config portable_config(Config config);

// A warning about a readable checkpoint, such as a missing checksum; "" if there is none.
std::string checkpoint_notice(std::span<const std::uint8_t> file);

// Of a checkpoint, only the weights that its run would score and save, named as in a weights file;
// of any other safetensors file, all tensors. Throws Error for a damaged file. The tensors are
// views of `bytes`.
SafetensorsFile read_weights(std::span<const std::uint8_t> bytes);
// The config that weights were saved with, or the defaults if the file holds none, without the
// fields that only training needs (train_samples, events). Throws Error for an invalid file.
Config config_of_weights(std::span<const std::uint8_t> bytes);

}  // namespace reluscope
