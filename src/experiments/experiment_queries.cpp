#include "experiments/experiment_queries.h"

#include "experiments/experiment.h"
#include "experiments/lessons.h"
#include "experiments/sweep.h"
#include "io/json_text.h"
#include "run/commands.h"

namespace reluscope {
namespace {

std::string lines_of(const std::vector<Json>& rows) {
  std::string lines;
  for (const Json& row : rows) lines += json_line(row) + "\n";
  return lines;
}

// The subcommands of the command lines with their flags, and the lessons, one line each.
Json commands(const Question&) {
  return {{"commands", commands_json()}, {"lessons", lesson_list()}};
}

// Merges the results of a sweep's parts.
Json merged(const Question& q) {
  std::vector<NamedText> texts;
  for (const auto& [name, text] : q.pairs("files")) texts.push_back({name, text});
  const std::vector<Json> rows = merge_rows(texts);
  const Report report = report_rows(rows);
  return {{"rows", lines_of(rows)}, {"csv", report.csv}, {"lines", report.lines}};
}

constexpr Query kExperimentQueries[] = {
    {"commands", About::kCore, {}, commands},
    {"mergeResults",
     About::kCore,
     {{.name = "files", .kind = Kind::kList, .items = Kind::kList}},
     merged},
    // The rows of a file of results, without an incomplete last line.
    {"checkRows",
     About::kCore,
     {{.name = "text"}, {.name = "name"}},
     [](const Question& q) { return Json(lines_of(read_rows(q.text("text"), q.text("name")))); }},
    // Rows of the first list whose runs are not in the second.
    {"otherRows",
     About::kCore,
     {{.name = "before"}, {.name = "rows"}},
     [](const Question& q) {
       return Json(other_rows(read_rows(q.text("before"), "results"), q.text("rows")));
     }},
};

}  // namespace

std::span<const Query> experiment_queries() { return kExperimentQueries; }

}  // namespace reluscope
