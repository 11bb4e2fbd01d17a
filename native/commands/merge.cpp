// `reluscope merge`: merges the results of a sweep's parts.
#include "commands/commands.h"
#include "core/error.h"
#include "experiments/sweep.h"
#include "files/output.h"

namespace reluscope {

int merge_command(const Arguments& arguments) {
  const std::string jsonl = arguments.text("jsonl"), csv = arguments.text("csv");
  if (arguments.arguments.empty()) {
    throw Error("merge: name the files, such as reluscope merge 1.jsonl 2.jsonl --jsonl all.jsonl");
  }
  std::vector<NamedText> files;
  for (const std::string& path : arguments.arguments) {
    const std::vector<std::uint8_t> bytes = read_bytes(path, "merge");
    files.push_back({path, {bytes.begin(), bytes.end()}});
  }
  const std::vector<Json> rows = merge_rows(files);
  const Report report = report_rows(rows);
  std::string text;
  for (const Json& row : rows) text += row.dump() + "\n";
  if (!csv.empty()) write_or_say(csv, "csv", report.csv);
  if (jsonl == "-") {
    std::fputs(text.c_str(), stdout);
  } else if (!jsonl.empty()) {
    write_or_say(jsonl, "jsonl", text);
  }
  print_lines(jsonl == "-" ? stderr : stdout, report.lines);
  return 0;
}

}  // namespace reluscope
