// A sweep: many configs, from a grid or drawn at random, in one list that several machines can
// share. Results are JSON lines (experiments/recorded_run.h) identified by the run's id, so a sweep
// can be resumed, and parts from several machines can be merged.
#pragma once

#include "experiments/plan.h"

namespace reluscope {

// Flags:
//   grid    "lr=0.001,0.01": every value, combined with all values of other fields; may be repeated
//           Values are separated by commas, or, where there is a semicolon, by semicolons.
//   random  "lr=log:1e-4:1e-1" (its logarithm uniform), "lin:LOW:HIGH" (uniform), "int:LOW:HIGH" (a
//           whole number, both ends included), or a list of values as for grid
//   runs    number of random draws; each is combined with every point of the grid
//   seeds   number of seeds for each config, from the config's seed on; default 1
//   shard   "2/5": only the second of five parts: the runs with index % 5 == 1
// Drawn numbers depend only on the base config's seed, the field's name and the draw's number, so
// a larger `runs` extends a sweep. Numbers that are not whole are rounded to 4 significant digits.
// Equal runs count as one. Order: draws, then the grid (the last field fastest), then seeds.
// Throws Error for a flag or a config that cannot be run.
Plan plan_sweep(const Dataset& data, const Config& base, const FlagValues& flags);

// The rows of a file of results. Ignores a last line that a crash cut short. Throws Error naming
// the file and the line for anything else that is not a row of results.
std::vector<Json> read_rows(const std::string& text, const std::string& file);

// The rows of a file that belong to runs other than those of `rows` (JSON lines), as lines.
std::string other_rows(const std::vector<Json>& before, const std::string& rows);

// The rows of several files, given by name and text, each run once, in the order of their indices.
// Throws Error if two results of a run differ.
std::vector<Json> merge_rows(const NamedTexts& files);

// The report of a sweep: means and deviations over seeds, best accuracy first.
Report report_rows(const std::vector<Json>& rows);

}  // namespace reluscope
