// A run of an experiment before it begins: its config and its name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"

namespace reluscope {

struct PlannedRun {
  int index = 0;  // in the whole experiment, even if only a part of it runs here
  std::string name;
  Config config;
  bool gradients = false;  // whether gradient_ratio() is measured before the first step
  // The checkpoint that it is forked from; none: it starts at step 0.
  std::shared_ptr<const std::vector<std::uint8_t>> from = {};
};

// The command that trains it: reluscope train --lr 0.1 ...
std::string train_command(const Config& config);

// Throws Error if the model cannot be built for this data.
void check_model(const Config& config, const Dataset& data);

}  // namespace reluscope
