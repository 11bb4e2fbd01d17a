// The subcommands of both command lines, native and in Node: what they do, what they take, their
// flags. A new flag of one is a row here.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace reluscope {

// Besides the fields of the config.
struct CommandFlag {
  std::string name;   // "grid"
  std::string value;  // what stands for its value in a help text; "" for a switch
  std::string help;
  bool repeats = false;
  bool file = false;  // it names a checkpoint, whose settings hold; a plan gets the file's bytes
  bool plan = false;  // it is for the plan of an experiment: set in commands()
  std::string otherwise = {};  // its value where it stands alone
};

struct Command {
  const char* name;  // "train"
  const char* about;
  bool fields = true;   // every field of the config is a flag of its name
  bool native = false;  // not in Node
  // What stands behind the flags: what it is called, and its help; "" where nothing may.
  const char* argument = "";
  const char* argument_help = "";
  bool many_arguments = false;
  std::vector<CommandFlag> flags = {};
};

// In the order in which they are listed.
const std::vector<Command>& commands();
// Throws Error for an unknown name.
const Command& find_command(std::string_view name);

// For bindings.
Json commands_json();

}  // namespace reluscope
