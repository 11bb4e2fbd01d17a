// The optimizer's rates over a whole run, computed before the run, for the page's chart.
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"

namespace reluscope {

struct RatePlan {
  std::int64_t updates_per_epoch = 0, updates = 0;  // of the run
  bool depends_on_validation = false;  // if so, the rates assume that no plateau occurs
  // Selected updates, from 0, ascending, including the first and the last, and their values.
  std::vector<std::int64_t> at;
  std::vector<double> lr;
  std::vector<double> momentum;  // set by the schedule; empty if it sets none
  // The distance that the optimizer moves a parameter in that update if its gradient is 1 in every
  // update, without weight decay; empty for runs of more than kMostMoved updates.
  std::vector<double> moves;
};

inline constexpr std::int64_t kMostMoved = 200000;

// points: the maximum number of updates to report, at least 2. Throws Error as a run with this
// config on this data would.
RatePlan plan_rates(const Dataset& data, const Config& config, int points);
Json to_json(const RatePlan& plan);

}  // namespace reluscope
