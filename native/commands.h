// The subcommands of the native program, one file each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "train/config.h"

namespace reluscope {

struct TrainOptions {
  Config config;
  std::string program;  // argv[0], beside which data may lie
  std::string jsonl;    // a path, "-" for standard output, or ""
  std::string save;     // a path, or ""
};

int train_command(const TrainOptions& options);  // the exit code
struct ExperimentOptions {
  std::string kind;  // see experiment_kinds()
  Config config;
  std::vector<std::pair<std::string, std::string>> flags;  // of that kind
  std::string program;
  int jobs = 0;       // 0: as many as there are cores
  std::string jsonl;  // a path, "-" for standard output, or ""
  std::string csv;    // a path, or ""
};
int experiment_command(const ExperimentOptions& options);
int lesson_list_command();

struct MergeOptions {
  std::vector<std::string> files;
  std::string jsonl, csv;
};
int merge_command(const MergeOptions& options);

struct WeightsOptions {
  Config config;
  std::string program, weights;  // a .safetensors file
  std::string image;             // a PNG file, for predict
  bool invert = false;
  std::string jsonl, csv;
};
int eval_command(const WeightsOptions& options);
int predict_command(const WeightsOptions& options);

int info_command(const Config& config);
int simd_command();
int gpu_selftest_command();

}  // namespace reluscope
