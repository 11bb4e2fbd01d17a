#include "experiments/race.h"

#include <functional>
#include <limits>

#include "core/error.h"
#include "core/text.h"
#include "experiments/measure.h"
#include "experiments/statistics.h"
#include "io/table.h"
#include "nn/activation.h"
#include "run/checkpoint.h"
#include "run/fork.h"
#include "run/session.h"

namespace reluscope {
namespace {

struct Racer {
  std::string name;
  Config config;
};

// Parses "name: changes" or "changes". A colon inside a change, as in events, follows its "=".
Racer parse_entry(const std::string& text,
                  const std::function<Config(const std::string& changes)>& changed) {
  const std::size_t colon = text.find(':');
  const bool named = colon < text.find('=');
  const std::string name(trim(named ? text.substr(0, colon) : text));
  const std::string changes = named ? text.substr(colon + 1) : text;
  if (name.empty()) {
    throw Error("entry is " + in_quotes(text) +
                ", but it must be changes such as \"lr=0.1; optimizer=sgd\", with an optional "
                "name and a colon before them");
  }
  return {name, changed(changes)};
}

class RacePlan final : public Plan {
 public:
  RacePlan(const Dataset& data, const Config& base, const FlagValues& flags) {
    std::shared_ptr<const std::vector<std::uint8_t>> from;
    if (const auto file = flags.first("from")) {
      from = std::make_shared<const std::vector<std::uint8_t>>(file->begin(), file->end());
      racers_.push_back({"unchanged", base});
    }
    const std::int64_t steps = from ? steps_of_checkpoint(*from) : 0;
    const auto changed = [&](const std::string& changes) {
      return from ? forked_config(base, steps, changes) : with_changes(changes, base);
    };
    for (const std::string& text : flags.all("entry"))
      racers_.push_back(parse_entry(text, changed));
    const auto names = flags.first("activations");
    if (names || racers_.empty()) {
      const std::string list = names.value_or("relu,leaky_relu,prelu,elu,swish");
      for (const std::string_view part : split(list, ',')) {
        const std::string name(trim(part));
        racers_.push_back({name, base});
        racers_.back().config.model = with_activation(base.model, name);
      }
    }
    if (racers_.size() > static_cast<std::size_t>(kMaxRacers)) {
      throw Error("race: " + std::to_string(racers_.size()) + " entries, but at most " +
                  std::to_string(kMaxRacers) + " are allowed");
    }
    const int seeds = flags.whole("seeds", 1, 1, 1000);
    if (from && seeds > 1) {
      throw Error("seeds is " + std::to_string(seeds) + ", but a fork keeps the seed of its run");
    }
    for (std::size_t i = 0; i < racers_.size(); ++i) {
      const Racer& racer = racers_[i];
      for (std::size_t k = 0; k < i; ++k) {
        if (racers_[k].name == racer.name) {
          throw Error("race: two entries have the name " + in_quotes(racer.name) +
                      "; put another name and a colon before one of them");
        }
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
    }
    for (int seed = 0; seed < seeds; ++seed) {
      for (const Racer& racer : racers_) {
        PlannedRun run{static_cast<int>(runs_.size()), racer.name, racer.config, false, from};
        run.config.seed += seed;
        runs_.push_back(std::move(run));
      }
    }
    side_by_side_ = static_cast<int>(racers_.size());
    start_lines_ = {"Race: " + std::to_string(racers_.size()) + " configurations, " +
                    std::to_string(seeds) + (seeds == 1 ? " seed" : " seeds") +
                    (from ? ", forked after " + std::to_string(steps) + " steps" : "")};
  }

  Report report(const std::vector<RunResult>& results) const override {
    Report report;
    Table people{{""}, {}};
    for (const char* const name : kReported) people.columns.push_back(find_measure(name).label);
    people.columns.insert(people.columns.end(), {"µs/step", "diverged", "refused"});
    for (std::size_t r = 0; r < racers_.size(); ++r) {
      RowGroup group{racers_[r].name};
      double seconds = 0.0, steps = 0.0;
      for (std::size_t i = r; i < results.size(); i += racers_.size()) {
        group.rows.push_back(&results[i].row);
        seconds += results[i].seconds;
        steps += results[i].row.value("steps", 0.0);
      }
      Json line = {{"event", "summary"}, {"name", group.name}};
      std::vector<std::string> cells = {group.name};
      for (const char* const name : kReported) {
        const Summary summary = group.summary(name);
        cells.push_back(summary_text(summary, find_measure(name).percent));
        line[name] = summary_json(summary);
      }
      const bool timed = steps > 0.0 && seconds > 0.0;
      cells.push_back(timed ? format("%.0f", 1e6 * seconds / steps) : "--");
      report.step_seconds.push_back(timed ? seconds / steps
                                          : std::numeric_limits<double>::quiet_NaN());
      for (const char* const end : {"diverged", "refused"}) {
        line[end] = group.count(end);
        cells.push_back(std::to_string(group.count(end)));
      }
      report.json.push_back(std::move(line));
      people.rows.push_back(std::move(cells));
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

 private:
  std::string epochs_csv(const std::vector<RunResult>& results) const {
    Table table{{"name", "seed", "epoch"}, {}};
    const auto epochs = [&](std::size_t run) {
      return results[run].row.value("epochs", Json::array());
    };
    for (std::size_t i = 0; i < results.size(); ++i) {
      for (const Json& epoch : epochs(i)) add_names(table.columns, epoch);
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      for (const Json& epoch : epochs(i)) {
        std::vector<std::string> cells = {runs_[i].name, std::to_string(runs_[i].config.seed)};
        for (std::size_t c = 2; c < table.columns.size(); ++c) {
          cells.push_back(cell_text(epoch.value(table.columns[c], Json())));
        }
        table.rows.push_back(std::move(cells));
      }
    }
    return to_csv(table);
  }

  std::vector<Racer> racers_;
};

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

std::unique_ptr<Plan> plan_race(const Dataset& data, const Config& base, const FlagValues& flags) {
  return std::make_unique<RacePlan>(data, base, flags);
}

}  // namespace reluscope
