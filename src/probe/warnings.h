// Warnings about problems in a recorded snapshot: one sentence each, with a remedy.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "probe/probe.h"

namespace reluscope {

struct Warning {
  std::string code;  // of the rule: "silent_units"
  int layer;         // the affected layer, from 0; -1: the whole network
  std::string text;  // one sentence
};

// A pure function of its arguments.
std::vector<Warning> find_warnings(const ProbeSnapshot& snapshot, const Config& config);

}  // namespace reluscope
