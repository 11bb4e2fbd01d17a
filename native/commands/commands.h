// The subcommands of the native program, one file each; run/commands.h describes them. Each returns
// the exit code.
#pragma once

#include "commands/arguments.h"

namespace reluscope {

int train_command(const Arguments& arguments);
int experiment_command(const Arguments& arguments);  // race, sweep and lessons
int merge_command(const Arguments& arguments);
int eval_command(const Arguments& arguments);
int predict_command(const Arguments& arguments);
int export_command(const Arguments& arguments);
int info_command(const Arguments& arguments);
int bench_command(const Arguments& arguments);
int simd_command(const Arguments& arguments);
int gpu_selftest_command(const Arguments& arguments);

}  // namespace reluscope
