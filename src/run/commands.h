// The subcommands of both command lines, native and Node: purpose, arguments, flags and, for those
// that only report, the question that answers. A new flag or such a command is one more row.
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
  bool pictures = false;         // the arguments are PNG images, decoded by the command line
  const char* no_argument = "";  // the error if none is given
  std::vector<CommandFlag> flags = {};
  // The question whose answer, a Reported, the command prints and writes. It is asked with the
  // config, the arguments and their bytes: ("config", "names", "files"), and about a run of the
  // weights if the command has the flag weights. "": each command line has code of its own.
  const char* question = "";
};

// In the order of the help text.
const std::vector<Command>& commands();
// Throws Error for an unknown name.
const Command& find_command(std::string_view name);

// For bindings.
Json commands_json();

}  // namespace reluscope
