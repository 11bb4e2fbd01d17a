#include "experiments/experiment_queries.h"

#include "experiments/experiment.h"
#include "experiments/lessons.h"
#include "experiments/sweep.h"
#include "io/json_object.h"
#include "io/json_text.h"
#include "run/commands.h"

namespace reluscope {
namespace {

std::string lines_of(const std::vector<Json>& rows) {
  std::string lines;
  for (const Json& row : rows) lines += json_line(row) + "\n";
  return lines;
}

constexpr Query kExperimentQueries[] = {
    // The subcommands of the command lines with their flags, and the lessons, one line each.
    Query("commands", About::kCore, {},
          [](const Question&) {
            return json_object("commands", commands_json(), "lessons", lesson_list());
          }),
    // Merges the results of a sweep's parts.
    Query("mergeResults", About::kCore, {arg::list("files", Kind::kList)},
          [](const Question& q) {
            std::vector<NamedText> texts;
            for (const auto& [name, text] : q.pairs("files")) texts.push_back({name, text});
            const std::vector<Json> rows = merge_rows(texts);
            const Report report = report_rows(rows);
            return json_object("rows", lines_of(rows), "csv", report.csv, "lines", report.lines);
          }),
    // The rows of a file of results, without an incomplete last line.
    Query("checkRows", About::kCore, {arg::text("text"), arg::text("name")},
          [](const Question& q) { return lines_of(read_rows(q.text("text"), q.text("name"))); }),
    // Rows of the first list whose runs are not in the second.
    Query("otherRows", About::kCore, {arg::text("before"), arg::text("rows")},
          [](const Question& q) {
            return other_rows(read_rows(q.text("before"), "results"), q.text("rows"));
          }),
};

}  // namespace

std::span<const Query> experiment_queries() { return kExperimentQueries; }

}  // namespace reluscope
