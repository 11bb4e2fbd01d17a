// `reluscope race`, `sweep` and `lessons`: carry out an Experiment, printing what it says.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "commands.h"
#include "data_files.h"
#include "output.h"
#include "train/experiment.h"
#include "train/lessons.h"
#include "train/sweep.h"

namespace reluscope {
namespace {

// The rows that stand in a sweep's file already. What a crash left of a last line is taken away, so
// that rows can be added.
std::vector<Json> continue_file(const std::string& path) {
  if (!std::filesystem::exists(path)) return {};
  const std::vector<std::uint8_t> bytes = read_bytes(path, "jsonl");
  std::vector<Json> rows = read_rows({bytes.begin(), bytes.end()}, path);
  std::string text;
  for (const Json& row : rows) text += row.dump() + "\n";
  write_file(path, "jsonl", text);
  return rows;
}

// The share that is done, on one line that is redrawn, on a terminal only.
class ShareBar {
 public:
  explicit ShareBar(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO)) {}
  void draw(double share) {
    if (!wanted_) return;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    std::fprintf(stderr, "\r%5.1f%%  %.0f s left \x1b[K", 100 * share,
                 share > 0 ? seconds / share - seconds : 0.0);
    shown_ = true;
  }
  void clear() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }

 private:
  bool wanted_, shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

int experiment_command(const ExperimentOptions& options) {
  const auto data = load_dataset(options.config.data, options.program);
  const ExperimentKind& kind = find_experiment(options.kind);
  auto plan = kind.plan(*data, options.config, PlanFlags(options.flags));
  if (!options.csv.empty()) check_writable(options.csv, "csv");
  const bool to_file = !options.jsonl.empty() && options.jsonl != "-";
  if (to_file) check_writable(options.jsonl, "jsonl");
  // Only a sweep's file is all rows.
  const bool resumes = to_file && options.kind == "sweep";
  std::vector<Json> finished;
  if (resumes) finished = continue_file(options.jsonl);
  Experiment experiment(data, std::move(plan), options.jobs, finished);
  JsonLines json(options.jsonl, resumes);
  ShareBar bar(isatty(fileno(json.people())) != 0);

  print_lines(json.people(), experiment.start().lines);
  for (;;) {
    const Progress progress = experiment.advance();
    if (!progress.lines.empty()) bar.clear();
    print_lines(json.people(), progress.lines);
    json.write(progress.json);
    if (progress.event() == "working") {
      bar.draw(progress.values["share"].get<double>());
      continue;
    }
    if (!options.csv.empty()) {
      write_file(options.csv, "csv", progress.values["csv"].get<std::string>());
    }
    // Runs ended in any order; now they stand in the plan's, with those of other plans behind.
    if (resumes) {
      const auto rows = progress.values["rows"].get<std::string>();
      write_file(options.jsonl, "jsonl", rows + other_rows(finished, rows));
    }
    return 0;
  }
}

int lesson_list_command() {
  print_lines(stdout, lesson_list());
  return 0;
}

}  // namespace reluscope
