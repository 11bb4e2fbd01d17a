// The arguments of a subcommand, parsed by the table in run/commands.h.
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
  std::string program = {};                 // argv[0]; its folder may contain data
  Texts fields = {};                        // config fields that were given as flags
  Texts flags = {};                         // other flags; a switch has the text ""
  std::vector<std::string> arguments = {};  // positional arguments
  std::vector<std::string> unknown = {};    // arguments that no flag accepts

  bool has(std::string_view flag) const;
  std::string text(std::string_view flag) const;  // "" where it is not given
  std::vector<std::string> texts(std::string_view flag) const;

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
