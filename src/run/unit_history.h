// What a run records about its units, whether or not anybody looks: at which steps it looks at
// them, and the looks so far, in bounded memory. Training does not depend on them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.h"
#include "probe/probe.h"

namespace reluscope {

class StateFields;

// The field `probe`: whether a run records looks, and whether it prints them too.
inline bool records_looks(const Config& config) { return !config.probe || *config.probe > 0; }
inline bool prints_looks(const Config& config) { return config.probe.value_or(0) > 0; }

// With `auto`, the samples that a run trains on between two looks. A look costs as much as about
// ten steps of 64 samples: web/docs/monitors.md has the measured share.
inline constexpr int kSamplesPerLook = 60'000;

// Whether a run records a look after this step; it also records one before the first.
//   N      every N steps and at the end of each epoch
//   auto   after steps 1, 2, 4, 8, ... below the interval of kSamplesPerLook / batch steps, every
//   so
//          many steps, and at the end of the run
bool looks_after(const Config& config, std::int64_t step, bool ends_epoch, bool ends_run);

struct Look {
  std::int64_t index = 0;  // among all looks of the run, from 0
  std::int64_t step = 0;   // steps done
  int epoch = 1;
  double lr = 0.0;                    // of the last step
  int samples = 0;                    // of the probe set
  std::vector<LayerActivity> layers;  // the activations
  std::optional<GradientFlow> flow;   // of a step since the look before, without units
};

class UnitHistory {
 public:
  // The bound: so many looks, or as many as fit into so many bytes, but kFewestLooks. Beyond it,
  // every second look is removed: those stay whose index is a multiple of stride(), which doubles,
  // and the newest.
  static constexpr std::int64_t kMostLooks = 256, kFewestLooks = 8, kMostBytes = 2 << 20;

  void add(const ProbeSnapshot& snapshot);
  const std::vector<Look>& looks() const { return looks_; }  // in the order of their steps
  std::int64_t stride() const { return stride_; }

  // Writes or reads all of it, for a checkpoint. Throws Error for what is invalid for this network.
  void each_field(const StateFields& fields, const Model& model);

 private:
  void thin();

  std::vector<Look> looks_;
  std::int64_t stride_ = 1, next_ = 0;  // next_: the index of the next look
};

// {"stride", "looks": those with at least this index}, with a count of the silent units of each
// layer in place of what there is by unit.
Json looks_json(const UnitHistory& history, std::int64_t since);
// All of the look that was recorded after this step. Throws Error if there is none.
Json look_json(const UnitHistory& history, std::int64_t step);

}  // namespace reluscope
