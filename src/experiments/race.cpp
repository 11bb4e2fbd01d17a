#include "experiments/race.h"

#include <cmath>
#include <functional>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "experiments/measure.h"
#include "experiments/statistics.h"
#include "io/json_object.h"
#include "io/table.h"
#include "nn/activation.h"
#include "run/checkpoint.h"
#include "run/session.h"

namespace reluscope {
namespace {

constexpr int kMaxRacers = 64;

// Parses "name: changes" or "changes". A colon inside a change, as in events, follows its "=".
PlannedRun parse_entry(const std::string& text,
                       const std::function<Config(const std::string& changes)>& changed) {
  const std::size_t colon = text.find(':');
  const bool named = colon < text.find('=');
  const std::string name(trim(named ? text.substr(0, colon) : text));
  if (name.empty()) {
    throw Error("entry is " + in_quotes(text) +
                ", but it must be changes such as \"lr=0.1; optimizer=sgd\", with an optional "
                "name and a colon before them");
  }
  return {.name = name, .config = changed(named ? text.substr(colon + 1) : text)};
}

// Every epoch of every run, one row each.
std::string epochs_csv(const std::vector<RunResult>& results) {
  std::vector<Json> epochs;
  for (const RunResult& result : results) {
    const Json& row = result.row;
    for (const Json& epoch : row.value("epochs", Json::array())) {
      epochs.push_back(
          {{"name", row["name"]}, {"seed", row["config"].value("seed", Config().seed)}});
      epochs.back().update(epoch);
    }
  }
  return objects_csv({"name", "seed", "epoch"}, epochs);
}

// results: of `racers` runs with the first seed, of as many with the next one, and so on.
Report race_report(const std::vector<RunResult>& results, std::size_t racers) {
  Report report;
  Table people{{""}, {}};
  for (const char* const name : kReported) people.columns.push_back(find_measure(name).label);
  people.columns.insert(people.columns.end(), {"µs/step", "diverged", "refused"});
  for (std::size_t r = 0; r < racers; ++r) {
    RowGroup group{results[r].row["name"].get<std::string>()};
    double seconds = 0.0, steps = 0.0;
    for (std::size_t i = r; i < results.size(); i += racers) {
      group.rows.push_back(&results[i].row);
      seconds += results[i].seconds;
      steps += results[i].row.value("steps", 0.0);
    }
    Json& line = report.json.emplace_back(json_object("event", "summary", "name", group.name));
    std::vector<std::string>& cells = people.rows.emplace_back();
    cells.push_back(group.name);
    for (const char* const name : kReported) {
      const Summary summary = group.summary(name);
      cells.push_back(summary_text(summary, find_measure(name).percent));
      line[name] = summary_json(summary);
    }
    const bool timed = steps > 0.0 && seconds > 0.0;
    cells.push_back(timed ? format("%.0f", 1e6 * seconds / steps) : "--");
    for (const char* const end : {"diverged", "refused"}) {
      line[end] = group.count(end);
      cells.push_back(std::to_string(group.count(end)));
    }
    line["step_seconds"] = timed ? seconds / steps : std::nan("");
  }
  report.lines = to_lines(people);
  report.lines.insert(report.lines.begin(), "");
  for (const RunResult& result : results) {
    for (const char* const reason : {"diverged", "refused"}) {
      if (!result.row.contains(reason)) continue;
      report.lines.push_back(result.row["name"].get<std::string>() + ": " +
                             result.row[reason].get<std::string>());
    }
  }
  report.csv = epochs_csv(results);
  return report;
}

}  // namespace

std::string with_activation(const std::string& architecture, const std::string& activation) {
  if (find_activation(activation.substr(0, activation.find(' '))) < 0) {
    throw Error("activation is " + in_quotes(activation) + ", but known are " +
                join_or(activation_names()));
  }
  std::string text;
  bool replaced = false;
  for (const std::string_view part : split(architecture, '|')) {
    const std::string layer(trim(part));
    const bool is_activation = find_activation(layer.substr(0, layer.find(' '))) >= 0;
    replaced = replaced || is_activation;
    text += (text.empty() ? "" : " | ") + (is_activation ? activation : layer);
  }
  if (!replaced) {
    throw Error("model: " + in_quotes(architecture) + " has no activation to replace");
  }
  return text;
}

Plan plan_race(const Dataset& data, const Config& base, const FlagValues& flags) {
  std::vector<PlannedRun> racers;
  std::shared_ptr<const std::vector<std::uint8_t>> from;
  if (const auto file = flags.first("from")) {
    from = std::make_shared<const std::vector<std::uint8_t>>(file->begin(), file->end());
    racers.push_back({.name = "unchanged", .config = base});
  }
  const std::int64_t steps = from ? steps_of_checkpoint(*from) : 0;
  const auto changed = [&](const std::string& changes) {
    return from ? forked_config(base, steps, changes) : with_changes(changes, base);
  };
  for (const std::string& text : flags.all("entry")) racers.push_back(parse_entry(text, changed));
  const auto names = flags.first("activations");
  if (names || racers.empty()) {
    const std::string list = names.value_or("relu,leaky_relu,prelu,elu,swish");
    for (const std::string_view part : split(list, ',')) {
      racers.push_back({.name = std::string(trim(part)), .config = base});
      racers.back().config.model = with_activation(base.model, racers.back().name);
    }
  }
  if (racers.size() > static_cast<std::size_t>(kMaxRacers)) {
    throw Error("race: " + std::to_string(racers.size()) + " entries, but at most " +
                std::to_string(kMaxRacers) + " are allowed");
  }
  const int seeds = flags.whole("seeds", 1, 1, 1000);
  if (from && seeds > 1) {
    throw Error("seeds is " + std::to_string(seeds) + ", but a fork keeps the seed of its run");
  }
  std::set<std::string> taken;
  for (PlannedRun& racer : racers) {
    if (!taken.insert(racer.name).second) {
      throw Error("race: two entries have the name " + in_quotes(racer.name) +
                  "; put another name and a colon before one of them");
    }
    if (racer.config.data != base.data) {
      throw Error("entry " + in_quotes(racer.name) + " changes data to " +
                  in_quotes(racer.config.data) + ", but a race runs on one data set, " +
                  in_quotes(base.data));
    }
    check_model(racer.config, data);
    if (from) {  // throws if it cannot be forked: its weights have another shape, or it has ended
      Config config = racer.config;
      config.threads = 1;
      Session({std::shared_ptr<const Dataset>(), &data}, config).fork(*from);
    }
    last_seed(racer.config, seeds);
    racer.from = from;
  }
  Plan plan;
  plan.side_by_side = static_cast<int>(racers.size());
  for (int seed = 0; seed < seeds; ++seed) {
    for (const PlannedRun& racer : racers) {
      PlannedRun& run = plan.runs.emplace_back(racer);
      run.index = static_cast<int>(plan.runs.size()) - 1;
      run.config.seed += seed;
    }
  }
  plan.start_lines = {"Race: " + std::to_string(racers.size()) + " configurations, " +
                      std::to_string(seeds) + (seeds == 1 ? " seed" : " seeds") +
                      (from ? ", forked after " + std::to_string(steps) + " steps" : "")};
  plan.report = [count = racers.size()](const auto& results) {
    return race_report(results, count);
  };
  return plan;
}

}  // namespace reluscope
