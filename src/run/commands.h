// The subcommands of both command lines, native and Node: purpose, arguments and flags. A new flag
// is one more row.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace reluscope {

// A flag that is not a field of the config.
struct CommandFlag {
  std::string name = {};   // "grid"
  std::string value = {};  // placeholder for the value in help texts; "" for a switch
  std::string help = {};
  bool repeats = false;
  bool file = false;  // names a checkpoint, whose settings apply; a plan gets the file's bytes
  bool plan = false;  // belongs to an experiment's plan: set in commands()
  std::string otherwise = {};  // its value if none is given
};

struct Command {
  const char* name;  // "train"
  const char* about;
  bool fields = true;   // every field of the config is a flag of its name
  bool native = false;  // not in Node
  // The positional argument: its name and help text; "" if the command takes none.
  const char* argument = "";
  const char* argument_help = "";
  bool many_arguments = false;
  std::vector<CommandFlag> flags = {};
};

// In the order of the help text.
const std::vector<Command>& commands();
// Throws Error for an unknown name.
const Command& find_command(std::string_view name);

// For bindings.
Json commands_json();

}  // namespace reluscope
