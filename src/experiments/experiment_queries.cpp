#include "experiments/experiment_queries.h"

#include "core/error.h"
#include "core/text.h"
#include "experiments/lessons.h"
#include "experiments/measure.h"
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
    // The subcommands of the command lines with their flags, the lessons, one line each, and what
    // experiments measure.
    Query("commands", About::kCore, {},
          [](const Question&) {
            Json rows = Json::array();
            for (const Measure& m : measures()) {
              rows.push_back(json_object("name", m.name, "label", m.label, "percent", m.percent));
            }
            return json_object("commands", commands_json(), "lessons", lesson_list(), "measures",
                               std::move(rows));
          }),
    // Merges the results of a sweep's parts.
    Query(
        "mergeResults", About::kCore,
        {arg::object("config"), arg::list("names", Kind::kText), arg::list("files", Kind::kBytes)},
        [](const Question& q) {
          NamedTexts texts;
          for (std::size_t k = 0; k < q["names"].size(); ++k) {
            const auto& bytes = q["files"].at(k).get_binary();
            texts.emplace_back(q["names"][k].get<std::string>(),
                               std::string(bytes.begin(), bytes.end()));
          }
          const std::vector<Json> rows = merge_rows(texts);
          const Report report = report_rows(rows);
          Reported merged{.values = {{"csv", report.csv}}, .lines = report.lines};
          for (const Json& row : rows) merged.json.push_back(json_line(row));
          return reported_json(merged);
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

const std::vector<Query>& all_queries() {
  static const std::vector<Query> all = [] {
    std::vector<Query> both(queries().begin(), queries().end());
    both.insert(both.end(), std::begin(kExperimentQueries), std::end(kExperimentQueries));
    return both;
  }();
  return all;
}

const Query& find_query(std::string_view name) {
  for (const Query& query : all_queries()) {
    if (query.name == name) return query;
  }
  throw Error("unknown request " + in_quotes(name));
}

}  // namespace reluscope
