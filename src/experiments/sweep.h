// A sweep: many configs, by a grid or at random, in one list that any number of machines can share.
// Results are JSON lines (experiments/recorded_run.h), known again by the run's id, so that a sweep
// that was stopped goes on where it stopped and parts from several machines can be put together.
#pragma once

#include "experiments/plan.h"

namespace reluscope {

inline constexpr int kMaxRuns = 1000000;

// Flags:
//   grid    "lr=0.001,0.01": every value of a field with every other one's; again for further
//   fields.
//           Values are separated by commas, or, where there is a semicolon, by semicolons.
//   random  "lr=log:1e-4:1e-1" (its logarithm uniform), "lin:LOW:HIGH" (uniform), "int:LOW:HIGH" (a
//           whole number, both ends included), or a list of values as for grid
//   runs    how many random draws; each goes with every point of the grid
//   seeds   how many seeds each config is run with, from the config's on; 1 by default
//   shard   "2/5": only the second of five parts: the runs whose index leaves 1 when divided by 5
// Drawn numbers depend on the base config's seed, the field's name and the draw's number alone, so
// more runs continue a sweep; numbers that are not whole are rounded to 4 significant digits. Runs
// that come out equal are one run. The order: draws, then the grid (the last field fastest), then
// seeds.
// Throws Error for a flag or a config that cannot be run.
std::unique_ptr<Plan> plan_sweep(const Dataset& data, const Config& base, const PlanFlags& flags);

// The rows of a file of results. A last line that was cut short by a crash is left out; anything
// else that is not a row of results throws Error naming the file and the line.
std::vector<Json> read_rows(const std::string& text, const std::string& file);

// Of the rows that a file held before, those whose runs are not among `rows` (JSON lines), as
// lines.
std::string other_rows(const std::vector<Json>& before, const std::string& rows);

struct NamedText {
  std::string name, text;
};
// The rows of several files, each run once, in the order of their indices. Throws Error where two
// results of one run differ.
std::vector<Json> merge_rows(const std::vector<NamedText>& files);

// What a sweep says in the end: means and deviations over seeds, the best accuracy first.
Report report_rows(const std::vector<Json>& rows);

}  // namespace reluscope
