// The subcommands of the native program, one file each.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "data/data_budget.h"
#include "train/save_formats.h"

namespace reluscope {

struct TrainOptions {
  Config config;
  std::string program;             // argv[0], beside which data may lie
  std::string jsonl;               // a path, "-" for standard output, or ""
  std::vector<std::string> saves;  // paths, whose ends say what is written
  std::string csv;                 // a path, or ""
  std::optional<int> npz_images;
  std::string checkpoint;  // where to keep the run, or ""
  std::string resume;      // a checkpoint to go on from, or ""; what it says wins over config ...
  std::vector<std::pair<std::string, std::string>>
      given;  // ... but for these flags, see resumed_config()
  DataBudget budget;
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
  DataBudget budget;
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
  std::vector<std::string> saves;  // for export
  std::optional<int> npz_images;
  DataBudget budget;
};
int eval_command(const WeightsOptions& options);
int predict_command(const WeightsOptions& options);
int export_command(const WeightsOptions& options);

struct BenchOptions {
  Config config;
  std::string program;
  double seconds = 2.0;  // to train for
  DataBudget budget;
};
int bench_command(const BenchOptions& options);

int info_command(const Config& config);
int simd_command();
int gpu_selftest_command();

}  // namespace reluscope
