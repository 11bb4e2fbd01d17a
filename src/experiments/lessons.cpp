#include "experiments/lessons.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "experiments/measure.h"
#include "experiments/statistics.h"
#include "io/json_object.h"
#include "io/table.h"

namespace reluscope {
namespace {

constexpr int kQuickSamples = 2000, kQuickEpochs = 2, kQuickSeeds = 3, kUsualSeeds = 5;
constexpr const char* kRefused = "refused";
constexpr const char* kInPart = "supported in part";

const char* moment_text(Moment moment) {
  constexpr const char* kTexts[] = {" at the start", " after the first epoch", ""};
  return kTexts[static_cast<int>(moment)];
}

// The lesson's name, padded to the longest name and two blanks.
std::string padded_name(const Lesson& lesson) {
  std::size_t widest = 0;
  for (const Lesson& other : lesson_table()) {
    widest = std::max(widest, std::string_view(other.name).size());
  }
  const std::string name = lesson.name;
  return name + std::string(widest + 2 - name.size(), ' ');
}

// A variant: why it was refused, or the places of its runs in the plan, one per seed.
struct PlannedVariant {
  const char* name;
  Config config = {};
  std::string refusal = {};
  std::vector<std::size_t> runs = {};
};

struct PlannedLesson {
  const Lesson* lesson;
  std::vector<PlannedVariant> variants;

  const PlannedVariant& find(std::string_view name) const {
    return *std::find_if(variants.begin(), variants.end(),
                         [&](const PlannedVariant& variant) { return name == variant.name; });
  }
};

// The measure at the given moment for each run, in order; NaN if it is missing.
std::vector<double> values_at(const std::vector<RunResult>& results,
                              const std::vector<std::size_t>& runs, const LessonCheck& check) {
  std::vector<double> values;
  for (const std::size_t run : runs) {
    const Json epochs = results[run].row.value("epochs", Json::array());
    const std::size_t epoch = check.moment == Moment::kStart        ? 0
                              : check.moment == Moment::kFirstEpoch ? 1
                                                                    : epochs.size() - 1;
    const double value =
        epoch < epochs.size() ? number_at(epochs[epoch], check.measure) : std::nan("");
    values.push_back(check.magnitude ? std::fabs(value) : value);
  }
  return values;
}

std::vector<double> finite(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  return values;
}

std::vector<PlannedLesson> chosen_lessons(const FlagValues& flags) {
  std::vector<std::string> known;
  for (const Lesson& lesson : lesson_table()) known.emplace_back(lesson.name);
  std::set<std::string> wanted;
  for (const std::string& text : flags.all("only")) {
    for (const std::string_view part : split(text, ',')) {
      const std::string name(trim(part));
      wanted.insert(name);
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string nearest = nearest_name(name, known);
      throw Error("only: " + in_quotes(name) + " is not a lesson" +
                  (nearest.empty() ? ": known are " + join_or(known)
                                   : ": the nearest known one is \"" + nearest + "\""));
    }
  }
  std::vector<PlannedLesson> chosen;
  for (const Lesson& lesson : lesson_table()) {
    if (wanted.empty() || wanted.contains(lesson.name)) chosen.push_back({&lesson, {}});
  }
  return chosen;
}

bool needs_gradients(const Lesson& lesson) {
  return std::any_of(lesson.checks.begin(), lesson.checks.end(), [](const LessonCheck& check) {
    return std::string_view(check.measure) == "gradient_ratio";
  });
}

// Why a variant cannot be judged; "" if it can.
std::string refusal_of(const PlannedVariant& variant, const std::vector<RunResult>& results) {
  std::string refusal = variant.refusal;
  for (const std::size_t run : variant.runs) refusal = results[run].row.value("refused", refusal);
  return refusal;
}

// A table of the variants' accuracies and checked measures.
Json show_variants(const PlannedLesson& planned, const std::vector<RunResult>& results,
                   Report& report) {
  std::vector<LessonCheck> columns = {
      {"test_accuracy", Moment::kEnd, "", true, "", 0.0, 0.0, false}};
  for (const LessonCheck& check : planned.lesson->checks) {
    if (std::none_of(columns.begin(), columns.end(), [&check](const LessonCheck& column) {
          return std::string_view(column.measure) == check.measure && column.moment == check.moment;
        })) {
      columns.push_back(check);
      columns.back().magnitude = false;
    }
  }
  Table table{{""}, {}};
  for (const LessonCheck& column : columns) {
    table.columns.push_back(find_measure(column.measure).label +
                            std::string(moment_text(column.moment)));
  }
  Json variants = Json::array();
  std::vector<std::string> remarks;
  for (const PlannedVariant& variant : planned.variants) {
    const std::string name = variant.name, refusal = refusal_of(variant, results);
    Json& line = variants.emplace_back(json_object("name", name));
    if (!refusal.empty()) {
      line["refused"] = refusal;
      remarks.push_back("  " + name + " refused: " + refusal);
      continue;
    }
    line["config"] = changed_fields(variant.config);
    line["command"] = train_command(variant.config);
    std::vector<std::string>& cells = table.rows.emplace_back();
    cells.push_back(name);
    for (const LessonCheck& column : columns) {
      const Summary summary = summarize(finite(values_at(results, variant.runs, column)));
      cells.push_back(summary_text(summary, find_measure(column.measure).percent));
      line["measures"].push_back(json_object("measure", column.measure, "moment",
                                             trim(moment_text(column.moment)), "summary",
                                             summary_json(summary)));
    }
    int diverged = 0;
    for (const std::size_t run : variant.runs) diverged += results[run].row.contains("diverged");
    if (diverged > 0) {
      line["diverged"] = diverged;
      remarks.push_back("  " + name + ": " + std::to_string(diverged) + " of " +
                        std::to_string(variant.runs.size()) +
                        " runs diverged; the last good weights are scored");
    }
  }
  if (!table.rows.empty()) {
    for (const std::string& line : to_lines(table)) report.lines.push_back("  " + line);
  }
  report.lines.insert(report.lines.end(), remarks.begin(), remarks.end());
  return variants;
}

// Adds a row to `csv` and returns the check with its numbers and its verdict.
Json show_check(const PlannedLesson& planned, const LessonCheck& check,
                const std::vector<RunResult>& results, Report& report, std::vector<Json>& csv) {
  const Measure& measure = find_measure(check.measure);
  const bool has_reference = check.reference[0] != '\0';
  const PlannedVariant& variant = planned.find(check.variant);
  const PlannedVariant& reference = has_reference ? planned.find(check.reference) : variant;
  const bool refused =
      !refusal_of(variant, results).empty() || !refusal_of(reference, results).empty();
  const std::vector<double> values = values_at(results, variant.runs, check);
  std::vector<double> references = has_reference
                                       ? values_at(results, reference.runs, check)
                                       : std::vector<double>(values.size(), check.constant);
  const Comparison comparison = compare(values, references, check.above, check.least);
  const std::string verdict = refused ? kRefused : verdict_text(comparison.verdict);
  const std::string other =
      has_reference ? check.reference : value_text(check.constant, measure.percent);
  const char* const relation = check.above ? "above" : "below";

  std::string line = "  " + std::string(check.magnitude ? "size of " : "") + measure.label +
                     moment_text(check.moment) + ", " + check.variant + " " + relation + " " +
                     other;
  if (!refused) {
    line += ": difference " + value_text(comparison.difference.mean, measure.percent) +
            ", chance ±" + value_text(comparison.margin, measure.percent) + ", counts from " +
            value_text(check.least, measure.percent);
  }
  report.lines.push_back(line + ": " + verdict);

  const Json of_variant = summary_json(summarize(finite(values))),
             of_reference = summary_json(summarize(finite(references))),
             difference = summary_json(comparison.difference),
             margin = std::isfinite(comparison.margin) ? Json(comparison.margin) : Json(),
             compared_with = has_reference ? Json(check.reference) : Json(check.constant);
  csv.push_back(json_object(
      "lesson", planned.lesson->name, "claim", planned.lesson->claim, "verdict", "",  // set later
      "measure", check.measure, "moment", trim(moment_text(check.moment)), "variant", check.variant,
      "mean", Json(of_variant["mean"]), "deviation", Json(of_variant["deviation"]), "relation",
      relation, "reference", Json(compared_with), "reference_mean", Json(of_reference["mean"]),
      "reference_deviation", Json(of_reference["deviation"]), "difference",
      Json(difference["mean"]), "difference_deviation", Json(difference["deviation"]), "margin",
      comparison.difference.count > 1 ? Json(margin) : Json(), "least", check.least, "seeds",
      Json(of_variant["count"]), "check_verdict", verdict, "command",
      variant.refusal.empty() ? train_command(variant.config) : "", "reference_command",
      has_reference && reference.refusal.empty() ? train_command(reference.config) : ""));
  return json_object("measure", check.measure, "moment", trim(moment_text(check.moment)), "variant",
                     check.variant, "relation", relation, has_reference ? "reference" : "constant",
                     Json(compared_with), "difference", Json(difference), "margin", Json(margin),
                     "least", check.least, "verdict", verdict);
}

// Adds the results of a lesson to the report and returns its verdict.
std::string report_lesson(const PlannedLesson& planned, const std::vector<RunResult>& results,
                          Report& report, std::vector<Json>& csv) {
  const Lesson& lesson = *planned.lesson;
  report.lines.insert(report.lines.end(), {"", std::string(lesson.name) + ": " + lesson.claim});
  Json variants = show_variants(planned, results, report);
  std::vector<std::string> verdicts;
  Json checks = Json::array();
  const std::size_t first_row = csv.size();
  for (const LessonCheck& check : lesson.checks) {
    checks.push_back(show_check(planned, check, results, report, csv));
    verdicts.push_back(checks.back()["verdict"].get<std::string>());
  }
  std::string verdict = lesson_verdict(verdicts);
  for (std::size_t r = first_row; r < csv.size(); ++r) csv[r]["verdict"] = verdict;
  for (const PlannedVariant& variant : planned.variants) {
    if (!variant.refusal.empty()) continue;
    report.lines.push_back("  " + std::string(variant.name) + ": " + train_command(variant.config));
  }
  report.lines.push_back("  => " + verdict);
  report.json.push_back(json_object("event", "lesson", "name", lesson.name, "claim", lesson.claim,
                                    "verdict", verdict, "checks", std::move(checks), "variants",
                                    std::move(variants)));
  return verdict;
}

Report lessons_report(const std::vector<PlannedLesson>& lessons,
                      const std::vector<RunResult>& results) {
  Report report;
  std::vector<std::string> summary = {""};
  std::vector<Json> csv;
  for (const PlannedLesson& planned : lessons) {
    summary.push_back(padded_name(*planned.lesson) + report_lesson(planned, results, report, csv));
  }
  report.lines.insert(report.lines.end(), summary.begin(), summary.end());
  report.csv = objects_csv({}, csv);
  return report;
}

}  // namespace

std::vector<std::string> lesson_list() {
  std::vector<std::string> lines;
  for (const Lesson& lesson : lesson_table()) lines.push_back(padded_name(lesson) + lesson.claim);
  return lines;
}

std::string lesson_verdict(const std::vector<std::string>& checks) {
  const auto count = [&checks](const std::string& verdict) {
    return static_cast<std::size_t>(std::count(checks.begin(), checks.end(), verdict));
  };
  if (count(kRefused) > 0) return kRefused;
  std::string supported = verdict_text(Verdict::kSupported);
  std::string denied = verdict_text(Verdict::kContradicted);
  const std::string undecided = verdict_text(Verdict::kUndecided);
  if (count(supported) == checks.size()) return supported;
  if (count(supported) > 0) return count(undecided) > 0 ? undecided : kInPart;
  if (count(denied) > 0) return denied;
  return count(undecided) > 0 ? undecided : verdict_text(Verdict::kNoDifference);
}

Plan plan_lessons(const Dataset& data, const Config& base, const FlagValues& flags) {
  Plan plan;
  std::vector<PlannedLesson> lessons = chosen_lessons(flags);
  const bool quick = flags.has("quick");
  const int seeds = flags.whole("seeds", quick ? kQuickSeeds : kUsualSeeds, 1, 1000);
  last_seed(base, seeds);
  std::map<std::string, std::size_t> places;
  for (auto& [lesson, variants] : lessons) {
    for (const auto& [name, changes] : lesson->variants) {
      PlannedVariant& planned = variants.emplace_back(PlannedVariant{name});
      try {
        Config config = with_changes(changes, with_changes(lesson->changes, base));
        if (quick && lesson->whole_only) {
          throw Error("it needs all the data and epochs, so quick lessons leave it out");
        }
        if (quick) {
          config.epochs = std::min(config.epochs, kQuickEpochs);
          if (config.train_samples == 0 || config.train_samples > kQuickSamples) {
            config.train_samples = kQuickSamples;
          }
        }
        if (config.train_samples >= data.train().count()) config.train_samples = 0;  // all
        planned.config = config;
        check_model(config, data);
      } catch (const Error& error) {
        planned.refusal = error.what();
        continue;
      }
      for (int k = 0; k < seeds; ++k) {
        PlannedRun run{static_cast<int>(plan.runs.size()), std::string(lesson->name) + ": " + name,
                       planned.config, needs_gradients(*lesson)};
        run.config.seed += k;
        if (seeds > 1) run.name += ", seed " + std::to_string(run.config.seed);
        const auto [place, is_new] =
            places.emplace(run_id(run.config) + (run.gradients ? "+" : ""), plan.runs.size());
        if (is_new) plan.runs.push_back(std::move(run));
        planned.runs.push_back(place->second);
      }
    }
  }
  plan.start_lines = {
      "Lessons: " + std::to_string(lessons.size()) + ", " + std::to_string(plan.runs.size()) +
          " runs, " + std::to_string(seeds) + (seeds == 1 ? " seed" : " seeds") +
          " each; means ± deviations over them.",
      "A claim is supported if the mean difference, seed by seed, has the claimed sign, is larger "
      "than chance",
      "(Student's t, 95%) and not too small to count. It is not supported if it is larger than "
      "chance the other way."};
  if (quick) {
    plan.start_lines.push_back(
        "Quick: less data, fewer epochs and seeds; the full lessons may give other verdicts.");
  }
  plan.report = [lessons = std::move(lessons)](const std::vector<RunResult>& results) {
    return lessons_report(lessons, results);
  };
  return plan;
}

}  // namespace reluscope
