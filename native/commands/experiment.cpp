// `reluscope race`, `sweep` and `lessons`: carry out an Experiment and print its reports.
#include <cstdio>

#include "commands/commands.h"
#include "commands/devices.h"
#include "commands/progress_bar.h"
#include "core/error.h"
#include "experiments/experiment.h"
#include "experiments/lessons.h"
#include "experiments/sweep.h"
#include "files/data_files.h"
#include "files/output.h"

namespace reluscope {

int experiment_command(const Arguments& arguments) {
  if (arguments.flags.has("list")) {
    print_lines(stdout, lesson_list());
    return 0;
  }
  Config config = arguments.config();
  std::vector<std::pair<std::string, std::string>> flags;
  for (const CommandFlag& flag : arguments.command->flags) {
    if (!flag.plan) continue;
    for (std::string text : arguments.flags.all(flag.name)) {
      if (flag.file) {
        const Bytes bytes = read_bytes(text, flag.name.c_str(), kMostCheckpoint);
        config = arguments.resumed(bytes);
        text.assign(bytes.begin(), bytes.end());
      }
      flags.emplace_back(flag.name, std::move(text));
    }
  }
  const int jobs = arguments.flags.whole("jobs", 0, 0, 256);
  const std::string name = arguments.command->name;
  const std::string jsonl = arguments.text("jsonl"), csv = arguments.text("csv");
  const auto data = load_dataset(config.data, arguments.program, arguments.budget());
  auto plan = make_plan(name, *data, config, FlagValues(flags));
  check_outputs({{"jsonl", jsonl}, {"csv", csv}});
  // Only a sweep's file consists entirely of rows.
  const bool resumes = !jsonl.empty() && jsonl != "-" && name == "sweep";
  std::vector<Json> finished;     // the rows already in the file
  std::vector<std::string> torn;  // the last of them, if only its line end is missing after a crash
  LineFile::Keep keep;
  if (resumes) {
    keep = [&](const std::string& text) {
      finished = read_rows(text, jsonl);
      const std::size_t whole = text.rfind('\n') + 1;  // 0 without a line end
      if (finished.size() > read_rows(text.substr(0, whole), jsonl).size())
        torn = {finished.back().dump()};
      return whole;
    };
  }
  LineFile json("jsonl", jsonl, keep);
  Experiment experiment(data, std::move(plan), jobs == 0 ? available_cores() : jobs, finished,
                        available_memory);
  json.write(torn);
  ProgressBar bar(json.people());

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
    if (!csv.empty()) write_or_say(csv, "csv", progress.values["csv"].get<std::string>());
    // Runs end in any order. Sorts the rows in the plan's order, rows of other plans last.
    if (resumes) {
      const auto rows = progress.values["rows"].get<std::string>();
      write_or_say(jsonl, "jsonl", rows + other_rows(finished, rows));
    }
    if (progress.values.contains("failure")) {
      throw Error(name + ": " + progress.values["failure"].get<std::string>());
    }
    return 0;
  }
}

}  // namespace reluscope
