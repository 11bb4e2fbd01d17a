// `reluscope race`, `sweep` and `lessons`: carry out an Experiment, printing what it says.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "commands/commands.h"
#include "commands/machine.h"
#include "experiments/experiment.h"
#include "experiments/lessons.h"
#include "experiments/sweep.h"
#include "files/data_files.h"
#include "files/output.h"

namespace reluscope {
namespace {

// The rows of a sweep that begins or goes on, of which a crash may have left the last one without
// its end.
struct SweepFile {
  std::vector<Json> finished;
  std::vector<std::string> torn;  // the last row, if it is whole but for its end

  std::size_t read(const std::string& text, const std::string& path) {
    finished = read_rows(text, path);
    const std::size_t whole = text.rfind('\n') + 1;  // 0 where there is none
    if (finished.size() > read_rows(text.substr(0, whole), path).size())
      torn = {finished.back().dump()};
    return whole;
  }
};

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
  const auto data = load_dataset(options.config.data, options.program, options.budget);
  const ExperimentKind& kind = find_experiment(options.kind);
  auto plan = kind.plan(*data, options.config, PlanFlags(options.flags));
  check_distinct({{"jsonl", options.jsonl}, {"csv", options.csv}});
  if (!options.csv.empty()) check_writable(options.csv, "csv");
  const bool to_file = !options.jsonl.empty() && options.jsonl != "-";
  if (to_file) check_writable(options.jsonl, "jsonl");
  // Only a sweep's file is all rows.
  const bool resumes = to_file && options.kind == "sweep";
  SweepFile file;
  LineFile::Keep keep;
  if (resumes) keep = [&](const std::string& text) { return file.read(text, options.jsonl); };
  LineFile json("jsonl", options.jsonl, keep);
  Experiment experiment(data, std::move(plan), options.jobs == 0 ? available_cores() : options.jobs,
                        file.finished, available_memory);
  json.write(file.torn);
  ShareBar bar(isatty(fileno(json.people())) != 0);

  print_lines(json.people(), experiment.start().lines);
  for (;;) {
    const Reported progress = experiment.advance();
    if (!progress.lines.empty()) bar.clear();
    print_lines(json.people(), progress.lines);
    json.write(progress.json);
    if (progress.event() == "working") {
      bar.draw(progress.values["share"].get<double>());
      continue;
    }
    if (!options.csv.empty())
      write_or_say(options.csv, "csv", progress.values["csv"].get<std::string>());
    // Runs ended in any order; now they stand in the plan's, with those of other plans behind.
    if (resumes) {
      const auto rows = progress.values["rows"].get<std::string>();
      write_or_say(options.jsonl, "jsonl", rows + other_rows(file.finished, rows));
    }
    return 0;
  }
}

int lesson_list_command() {
  print_lines(stdout, lesson_list());
  return 0;
}

}  // namespace reluscope
