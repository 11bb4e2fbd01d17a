// Checkpoints: a whole run in one safetensors file, so that going on from it gives the same bits as
// never having stopped. The same run at the same step gives the same file in every build: no time,
// no layout, no machine is in it.
//
// Metadata: "format": "reluscope.checkpoint", "version", "sha256" (io/safetensors_checksum.h),
// "config" (JSON, live changes in its events), "data" (which images), "state" (JSON: phase,
// counters, scores, schedule). Random draws are keyed by the config's seed and these counters, so
// no generator has a state of its own. Tensors, float32 in PyTorch's shapes:
//   model.NAME running.NAME            weights, running statistics
//   optimizer.MOMENT.NAME              moments
//   average.NAME                       the moving average, if there is one
//   group.NAME                         gradients of a group of batches that is not whole yet
//   best.model.NAME ...                the weights of the best epoch, with early stopping
//   history.COLUMN                     curves, see run/history.h
// and "monitors", bytes of JSON, if somebody has looked at the units.
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
inline constexpr int kUncheckedVersion = 1;  // which has no checksum; it is read all the same

// Whether a safetensors file says that it is one.
bool is_checkpoint(const SafetensorsFile& file);

// The config of the run, as it was begun and changed since. Throws Error for a file that is no
// checkpoint or of a version that this one does not read, saying which.
Config config_of_checkpoint(std::span<const std::uint8_t> file);
// The training steps that the run had made.
std::int64_t steps_of_checkpoint(std::span<const std::uint8_t> file);

// The file of a run. data: says which images it trains on.
std::vector<std::uint8_t> write_checkpoint(const Config& config, const Json& data,
                                           EncodedState run);

// A file that is whole, taken apart. The tensors stay where they are, in its bytes.
struct SavedRun {
  Config config;
  Json data, state;
  std::vector<StoredTensor> tensors;
};
// Throws Error as config_of_checkpoint() does, and for a file that is damaged.
SavedRun open_checkpoint(std::span<const std::uint8_t> bytes);

// Throws Error naming a field that differs although the run that goes on would then have other
// bits. It may have more epochs, unless the schedule's rates depend on how many there are.
void check_resume(const Config& saved, const Config& resumed);

// What a run goes on with: its own config and what is given (names and texts, as flags). Throws
// Error as check_resume() does.
Config resumed_config(const Config& saved,
                      const std::vector<std::pair<std::string, std::string>>& given);

// For another machine: settings that name what this one may not have (an instruction set, a device)
// become automatic.
Config portable_config(Config config);

// What is to be said of a checkpoint that can be read, such as that it has no checksum; "" for
// nothing.
std::string checkpoint_notice(std::span<const std::uint8_t> file);

// Only the weights that a checkpoint's run would score and save, named as in a weights file; those
// of another safetensors file as they are. Throws Error for a damaged file. The tensors stay where
// they are, in `bytes`.
SafetensorsFile read_weights(std::span<const std::uint8_t> bytes);

}  // namespace reluscope
