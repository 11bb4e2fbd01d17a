// The subcommands of the native program; run/commands.h describes them. Each returns the exit code.
#pragma once

#include "commands/arguments.h"

namespace reluscope {

int train_command(const Arguments& arguments);
int experiment_command(const Arguments& arguments);  // race, sweep and lessons
int answer_command(const Arguments& arguments);      // those that only report
int export_command(const Arguments& arguments);
int bench_command(const Arguments& arguments);
int gpu_selftest_command(const Arguments& arguments);

}  // namespace reluscope
