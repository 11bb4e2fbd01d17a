// The arguments of a subcommand, parsed by the table in run/commands.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "data/folder.h"
#include "experiments/plan.h"
#include "run/commands.h"

namespace reluscope {

struct Arguments {
  const Command* command = nullptr;
  std::string program = {};  // argv[0]; its folder may contain data
  std::vector<std::pair<std::string, std::string>> fields = {};  // config fields given as flags
  FlagValues flags{{}};                                          // other flags
  std::vector<std::string> arguments = {};                       // positional arguments
  std::vector<std::string> unknown = {};                         // arguments that no flag accepts

  std::string text(const std::string& flag) const { return flags.first(flag).value_or(""); }
  // base: the values for fields that neither a flag nor the file sets. Throws Error for unknown
  // arguments, naming the nearest field.
  Config config(Config base = {}) const;
  // --max_data and --npz_images.
  DataBudget budget() const;
  std::optional<int> saved_images() const;
};

// Throws Error for invalid arguments. Returns nothing after printing a help text.
std::optional<Arguments> read_arguments(int argc, char** argv);

}  // namespace reluscope
