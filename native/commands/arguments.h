// What was typed for a subcommand, read by the table in run/commands.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "data/data_budget.h"
#include "run/commands.h"

namespace reluscope {

struct Arguments {
  using Texts = std::vector<std::pair<std::string, std::string>>;  // by name

  const Command* command = nullptr;
  std::string program = {};                 // argv[0], beside which data may lie
  Texts fields = {};                        // of the config, as far as flags name them
  Texts flags = {};                         // others; a switch that is set has the text ""
  std::vector<std::string> arguments = {};  // what stands behind the flags
  std::vector<std::string> unknown = {};    // what no flag takes

  bool has(std::string_view flag) const;
  std::string text(std::string_view flag) const;  // "" where it is not given
  std::vector<std::string> texts(std::string_view flag) const;

  // base: what holds where neither a flag nor the file says anything. Throws Error for unknown
  // arguments, naming the nearest field.
  Config config(Config base = {}) const;
  // --max_data and --npz_images.
  DataBudget budget() const;
  std::optional<int> saved_images() const;
};

// Throws Error for what cannot be read. Nothing where the help text was asked for and printed.
std::optional<Arguments> read_arguments(int argc, char** argv);

}  // namespace reluscope
