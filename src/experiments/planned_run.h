// One run of an experiment before it has begun: its config, what it is called, and the id by which
// its result is known again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"

namespace reluscope {

struct PlannedRun {
  int index = 0;  // in the whole experiment, whatever part of it runs here
  std::string name;
  Config config;
  bool gradients = false;  // whether gradient_ratio() is measured before the first step
  // A checkpoint that it is forked from; none: it begins at the beginning.
  std::shared_ptr<const std::vector<std::uint8_t>> from = {};
};

// 16 hexadecimal digits, the beginning of a SHA-256 over the fields that differ from their
// defaults, but for those that change no bit (threads, log_every, ...). Fields that later versions
// add do not change it.
std::string run_id(const Config& config);

// Whether a field has a say in the bits of a run, or only in its speed and what it prints.
bool changes_bits(const std::string& field);

// Sets fields as flags would: "lr=0.1; model=dense 10". Throws Error naming the part that is wrong.
Config with_changes(const std::string& text, const Config& base);

// What one would type to train it: reluscope train --lr 0.1 ...
std::string train_command(const Config& config);

// Throws Error where the model cannot be built for this data.
void check_model(const Config& config, const Dataset& data);

// The fields that differ from their defaults, as JSON.
Json changed_fields(const Config& config);

}  // namespace reluscope
