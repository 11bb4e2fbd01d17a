// What the optimizer's rates will be over a whole run, before it is made: what the page draws.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"

namespace reluscope {

struct RatePlan {
  std::int64_t updates_per_epoch = 0, updates = 0;  // of the run
  bool depends_on_validation = false;  // then the rates are those of a run without a plateau
  // Some of the updates, from 0, ascending, with the first and the last, and what holds in them.
  std::vector<std::int64_t> at;
  std::vector<double> lr;
  std::vector<double> momentum;  // by the schedule; empty where it has none
  // By how much the optimizer moves a parameter in that update whose gradient is 1 in all of them,
  // without weight decay; empty for runs of more than kMostMoved updates.
  std::vector<double> moves;
};

inline constexpr std::int64_t kMostMoved = 200000;

// points: how many updates to tell of, at most; at least 2. Throws Error as a run with this config
// on this data would.
RatePlan plan_rates(const Dataset& data, const Config& config, int points);
Json to_json(const RatePlan& plan);

}  // namespace reluscope
