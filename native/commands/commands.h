// The subcommands of the native program, and their arguments as the table in run/commands.h
// describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
  // The settings of a checkpoint's run, with the fields of flags that may change them. Prints the
  // checkpoint's notice, if it has one, on standard error.
  Config resumed(std::span<const std::uint8_t> checkpoint) const;
  // --max_data and --npz_images.
  DataBudget budget() const;
  std::optional<int> saved_images() const;
};

// Throws Error for invalid arguments. Returns nothing after printing a help text.
std::optional<Arguments> read_arguments(int argc, char** argv);

// Each returns the exit code.
int train_command(const Arguments& arguments);
int experiment_command(const Arguments& arguments);  // race, sweep and lessons
int answer_command(const Arguments& arguments);      // those that only report
int export_command(const Arguments& arguments);
int bench_command(const Arguments& arguments);
int gpu_selftest_command(const Arguments& arguments);

}  // namespace reluscope
