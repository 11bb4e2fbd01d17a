// Snapshots as JSON, for pages and JSON Lines, and as a printed table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "probe/probe.h"
#include "probe/warnings.h"
#include "train/classes.h"

namespace reluscope {

// Numbers that are not finite, and undefined values, are null. web/docs/monitors.md and
// web/engine/protocol.js list the fields.
Json to_json(const ProbeSnapshot& snapshot);
Json to_json(const LayerActivity& activity);
Json to_json(const GradientFlow& flow);
Json to_json(const std::vector<DeadUnits>& rows);
Json to_json(const ClassReport& report);
Json to_json(const std::vector<Warning>& warnings);

// One row per layer: the activity of its units and the gradients of its weights.
std::vector<std::string> to_table(const ProbeSnapshot& snapshot);

// One line per activation layer. samples: of the training set.
std::vector<std::string> dead_lines(const std::vector<DeadUnits>& rows, std::int64_t samples);

// {"gradients": true, "everywhere": true, "components": ["fc1", "act1"]}, all of them optional.
// Throws Error for anything else; layers: the allowed layer names.
ProbeRequest probe_request_from_json(std::string_view text, const std::vector<std::string>& layers);

}  // namespace reluscope
