// The subcommands of the native program, one file each.
#pragma once

#include <string>

#include "train/config.h"

namespace reluscope {

struct TrainOptions {
  Config config;
  std::string program;  // argv[0], beside which data may lie
  std::string jsonl;    // a path, "-" for standard output, or ""
  std::string save;     // a path, or ""
};

int train_command(const TrainOptions& options);  // the exit code
int info_command(const Config& config);
int simd_command();

}  // namespace reluscope
