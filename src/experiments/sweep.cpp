#include "experiments/sweep.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "core/bytes.h"
#include "core/error.h"
#include "core/rng.h"
#include "core/sha256.h"
#include "core/text.h"
#include "experiments/measure.h"
#include "experiments/statistics.h"
#include "io/json_text.h"
#include "io/table.h"

namespace reluscope {
namespace {

constexpr int kMaxRuns = 1000000;

using Setting = NamedTexts::value_type;  // field, value

std::vector<std::string> list_of(const std::string& text) {
  const char separator = text.find(';') != std::string::npos ? ';' : ',';
  std::vector<std::string> values;
  for (const std::string_view value : split(text, separator)) values.emplace_back(trim(value));
  return values;
}

// Parses "field=rest". The field must exist and must not be one that all runs of a sweep share.
Setting field_and_rest(const std::string& flag, const std::string& text,
                       std::set<std::string>& taken) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    throw Error(flag + " is " + in_quotes(text) +
                ", but it must be FIELD=VALUES, such as lr=0.001,0.01");
  }
  Setting setting{std::string(trim(std::string_view(text).substr(0, equals))),
                  std::string(trim(std::string_view(text).substr(equals + 1)))};
  find_field(setting.first);
  if (setting.first == "data") {
    throw Error(flag + " varies data, but a sweep runs on one data set");
  }
  if (!taken.insert(setting.first).second) {
    throw Error(flag + " varies " + setting.first + " a second time");
  }
  return setting;
}

// A field with random values.
struct Drawn {
  enum class Kind { kLog, kLinear, kWhole, kList };
  std::string field;
  Kind kind = Kind::kList;
  double low = 0.0, high = 0.0;
  std::vector<std::string> values = {};

  std::string draw(std::int64_t seed, int number) const {
    Sha256 hash;  // the random stream depends on the field's name, not on other fields
    hash.add(bytes_of(field));
    const auto stream =
        static_cast<std::uint32_t>(std::stoul(hash.hex().substr(0, 8), nullptr, 16));
    const double u = Rng(static_cast<std::uint64_t>(seed), Purpose::kSweep, stream)
                         .uniform(static_cast<std::uint64_t>(number));
    const auto rounded = [](double value) { return format("%.4g", value); };
    switch (kind) {
      case Kind::kLog: {
        const double from = scalar::log(low), to = scalar::log(high);
        return rounded(scalar::exp(from + u * (to - from)));
      }
      case Kind::kLinear: return rounded(low + u * (high - low));
      case Kind::kWhole:
        return number_text(std::min(std::floor(low + u * (high - low + 1.0)), high));
      case Kind::kList: break;
    }
    return values[std::min(static_cast<std::size_t>(u * static_cast<double>(values.size())),
                           values.size() - 1)];
  }
};

// "1/4" or "0.1:10" as numbers; NaN for anything else.
std::pair<double, double> two_numbers(std::string_view text, char separator) {
  const std::vector<std::string_view> parts = split(text, separator);
  const auto number = [&parts](std::size_t at) {
    return (parts.size() == 2 ? parse_number(parts[at]) : std::nullopt).value_or(std::nan(""));
  };
  return {number(0), number(1)};
}

Drawn parse_random(const std::string& text, std::set<std::string>& taken) {
  const auto [field, rest] = field_and_rest("random", text, taken);
  static const std::tuple<const char*, Drawn::Kind, const char*> kinds[] = {
      {"log:", Drawn::Kind::kLog, " and above 0"},
      {"lin:", Drawn::Kind::kLinear, ""},
      {"int:", Drawn::Kind::kWhole, ", both whole numbers"}};
  for (const auto& [prefix, kind, rule] : kinds) {
    if (!rest.starts_with(prefix)) continue;
    const auto [low, high] = two_numbers(std::string_view(rest).substr(4), ':');
    if (!(std::isfinite(low) && std::isfinite(high) && low < high) ||
        (kind == Drawn::Kind::kLog && low < 1e-300) ||
        (kind == Drawn::Kind::kWhole && (low != std::floor(low) || high != std::floor(high)))) {
      throw Error("random: " + in_quotes(rest) + " of " + field + " must be " + prefix +
                  "LOW:HIGH with LOW below HIGH" + rule);
    }
    return {.field = field, .kind = kind, .low = low, .high = high};
  }
  return {.field = field, .values = list_of(rest)};
}

// The part of a sweep, from 1, and the number of parts.
std::pair<int, int> parse_shard(const std::string& text) {
  const auto [part, parts] = two_numbers(text, '/');
  if (part != std::floor(part) || parts != std::floor(parts) ||
      !(part >= 1 && part <= parts && parts <= kMaxRuns)) {
    throw Error("shard is " + in_quotes(text) +
                ", but it must be PART/PARTS, such as 1/4, with PART from 1 to PARTS");
  }
  return {static_cast<int>(part), static_cast<int>(parts)};
}

// "lr=0.1 optimizer=sgd"
std::string settings_text(const NamedTexts& settings) {
  std::string text;
  for (const auto& [field, value] : settings) {
    text += (text.empty() ? "" : " ") + field + "=" + value;
  }
  return text;
}

// The first key by which two results of one run differ, or "".
std::string difference(const Json& a, const Json& b) {
  for (const Json* const rows : {&a, &b}) {
    for (const auto& [key, value] : rows->items()) {
      if (key == "index" || key == "name") continue;
      if (!a.contains(key) || !b.contains(key) || a[key] != b[key]) return key;
    }
  }
  return "";
}

// The fields in which a config differs from `base`, in the table's order.
std::set<const Field*> varied_fields(const std::vector<Config>& configs, const Config& base) {
  std::set<const Field*> varied;
  for (const Config& config : configs) {
    const auto differing = differing_fields(config, base);
    varied.insert(differing.begin(), differing.end());
  }
  return varied;
}

// The rows as a table: run, index, name, all config fields that differ from their defaults, the
// last epoch's numbers, and how the run ended.
std::string rows_csv(const std::vector<Json>& rows, const std::vector<Config>& configs) {
  const std::set<const Field*> varied = varied_fields(configs, {});
  const std::vector<std::string> head = {"run", "index", "name"},
                                 ends = {"steps", "diverged", "refused", "weights_sha256"};
  std::vector<std::string> results;
  for (const Json& row : rows) add_names(results, last_epoch(row));
  Table table{head, {}};
  for (const Field* const field : varied) table.columns.push_back(field->name);
  table.columns.insert(table.columns.end(), results.begin(), results.end());
  table.columns.insert(table.columns.end(), ends.begin(), ends.end());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string>& cells = table.rows.emplace_back();
    const auto add_cells = [&cells](const Json& object, const std::vector<std::string>& names) {
      for (const std::string& name : names) cells.push_back(cell_text(object.value(name, Json())));
    };
    add_cells(rows[i], head);
    for (const Field* const field : varied) cells.push_back(field_text(configs[i], *field));
    add_cells(last_epoch(rows[i]), results);
    add_cells(rows[i], ends);
  }
  return to_csv(table);
}

}  // namespace

Plan plan_sweep(const Dataset& data, const Config& base, const FlagValues& flags) {
  const int seeds = flags.whole("seeds", 1, 1, 1000);
  const auto [part, parts] = parse_shard(flags.first("shard").value_or("1/1"));
  std::set<std::string> taken;
  if (seeds > 1) taken.insert("seed");
  std::vector<std::pair<std::string, std::vector<std::string>>> grid;
  double points = 1;  // of the grid
  for (const std::string& text : flags.all("grid")) {
    auto [field, rest] = field_and_rest("grid", text, taken);
    grid.emplace_back(field, list_of(rest));
    points *= static_cast<double>(grid.back().second.size());
  }
  std::vector<Drawn> drawn;
  for (const std::string& text : flags.all("random")) drawn.push_back(parse_random(text, taken));
  if (grid.empty() && drawn.empty()) {
    throw Error("sweep: nothing varies; give --grid FIELD=VALUES or --random FIELD=RANGE");
  }
  if (drawn.empty() && flags.has("runs")) {
    throw Error("runs is the number of random draws, but no --random says what is drawn");
  }
  if (!drawn.empty() && !flags.has("runs")) {
    throw Error("random: give the number of draws with --runs N");
  }
  const int draws = flags.whole("runs", 1, 1, kMaxRuns);
  const double runs = points * seeds * draws;
  if (runs > kMaxRuns) {
    throw Error("sweep: that is " + number_text(runs) + " runs, but at most " +
                std::to_string(kMaxRuns) + " are allowed");
  }

  Plan plan;
  std::set<std::string> ids, models;
  int index = 0;
  for (int draw = 0; draw < draws; ++draw) {
    NamedTexts random;
    for (const Drawn& d : drawn) random.emplace_back(d.field, d.draw(base.seed, draw));
    for (int point = 0; point < points; ++point) {
      NamedTexts settings = random;
      auto rest = static_cast<std::size_t>(point);
      for (std::size_t of = grid.size(); of-- > 0;) {  // the last field changes fastest
        const auto& [field, values] = grid[of];
        settings.insert(settings.begin() + std::ssize(random),
                        {field, values[rest % values.size()]});
        rest /= values.size();
      }
      Config config = config_from_fields(settings, base);
      if (models.insert(config.model).second) check_model(config, data);
      last_seed(config, seeds);
      for (int k = 0; k < seeds; ++k, ++config.seed) {
        if (!ids.insert(run_id(config)).second) continue;
        if (index++ % parts != part - 1) continue;
        std::string name = settings_text(settings);
        if (seeds > 1) name += " seed=" + std::to_string(config.seed);
        plan.runs.push_back({index - 1, name, config, false});
      }
    }
  }
  plan.start_lines = {"Sweep: " + std::to_string(index) + (index == 1 ? " run" : " runs") +
                      (parts > 1
                           ? ", part " + std::to_string(part) + " of " + std::to_string(parts) +
                                 " with " + std::to_string(plan.runs.size())
                           : "")};
  plan.report = [](const std::vector<RunResult>& results) {
    std::vector<Json> rows;
    for (const RunResult& result : results) rows.push_back(result.row);
    return report_rows(rows);
  };
  return plan;
}

std::vector<Json> read_rows(const std::string& text, const std::string& file) {
  std::vector<Json> rows;
  const std::vector<std::string_view> lines = split(text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (trim(lines[i]).empty()) continue;
    const std::string where = "line " + std::to_string(i + 1) + " of " + in_quotes(file);
    const bool cut_short = i + 1 == lines.size();
    if (cut_short && !Json::accept(lines[i])) break;
    Json row = parse_json(lines[i], where, "the result of a run");
    const auto is = [&row](const char* key, Json::value_t type) {
      return row.is_object() && row.contains(key) && row[key].type() == type;
    };
    if (!is("run", Json::value_t::string) || !is("config", Json::value_t::object) ||
        !is("name", Json::value_t::string) || !is("index", Json::value_t::number_unsigned) ||
        !(is("epochs", Json::value_t::array) || is("refused", Json::value_t::string))) {
      throw Error(where + " is not the result of a run");
    }
    for (const Json& epoch : row.value("epochs", Json::array())) {
      if (!epoch.is_object()) throw Error(where + " is not the result of a run");
    }
    std::string id;
    try {
      id = run_id(config_from_json(row["config"].dump()));
    } catch (const Error& error) {
      throw Error(where + ": " + error.what());
    }
    if (row["run"] != id) {
      throw Error(where + " has the id " + value_text(row["run"]) + ", but its config has " +
                  in_quotes(id));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string other_rows(const std::vector<Json>& before, const std::string& rows) {
  std::set<std::string> known;
  for (const Json& row : read_rows(rows, "results")) known.insert(row["run"].get<std::string>());
  std::string text;
  for (const Json& row : before) {
    if (!known.insert(row.at("run").get<std::string>()).second) continue;
    text += json_line(row) + "\n";
  }
  return text;
}

std::vector<Json> merge_rows(const NamedTexts& files) {
  std::map<std::string, std::pair<std::size_t, std::string>> known;  // place in rows, file
  std::vector<Json> rows;
  for (const auto& [file, text] : files) {
    for (Json& row : read_rows(text, file)) {
      const std::string id = row["run"].get<std::string>();
      const auto [found, is_new] = known.insert({id, {rows.size(), file}});
      const auto& [place, other] = found->second;
      if (is_new) {
        rows.push_back(std::move(row));
        continue;
      }
      const std::string key = difference(rows[place], row);
      if (!key.empty()) {
        throw Error("merge: run " + id + " has one result in " + in_quotes(other) +
                    " and another in " + in_quotes(file) + ": they differ in " + key);
      }
    }
  }
  // Equal indices keep the order of the files.
  std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
    return a["index"].get<std::uint64_t>() < b["index"].get<std::uint64_t>();
  });
  return rows;
}

Report report_rows(const std::vector<Json>& rows) {
  std::vector<Config> configs;
  for (const Json& row : rows) configs.push_back(config_from_json(row.at("config").dump()));
  const std::set<const Field*> varied =
      varied_fields(configs, configs.empty() ? Config{} : configs.front());

  std::vector<RowGroup> groups;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json config = config_to_json(configs[i]);
    NamedTexts settings;
    for (const Field* const field : varied) {
      if (field->name != "seed") settings.emplace_back(field->name, cell_text(config[field->name]));
    }
    const std::string name = settings.empty() ? "base" : settings_text(settings);
    const auto [place, is_new] = places.insert({name, groups.size()});
    if (is_new) groups.push_back({name});
    groups[place->second].rows.push_back(&rows[i]);
  }
  std::multimap<double, RowGroup, std::greater<>> ranked;
  for (RowGroup& group : groups) {
    const double accuracy = group.summary("test_accuracy").mean;
    ranked.emplace(accuracy, std::move(group));
  }

  Table people{{"", "seeds"}, {}};
  for (const char* const name : kReported) people.columns.push_back(find_measure(name).label);
  people.columns.insert(people.columns.end(), {"diverged", "refused"});
  Report report;
  for (const auto& [accuracy, group] : ranked) {
    std::vector<std::string>& cells = people.rows.emplace_back();
    cells = {group.name, std::to_string(group.rows.size())};
    for (const char* const name : kReported) {
      cells.push_back(summary_text(group.summary(name), find_measure(name).percent));
    }
    for (const char* const end : {"diverged", "refused"}) {
      cells.push_back(std::to_string(group.count(end)));
    }
  }
  report.lines = to_lines(people);
  report.lines.insert(report.lines.begin(), "");
  for (const auto& [accuracy, group] : ranked) {  // a reason of each
    const auto refused = std::find_if(group.rows.begin(), group.rows.end(),
                                      [](const Json* row) { return row->contains("refused"); });
    if (refused == group.rows.end()) continue;
    report.lines.push_back(group.name + ": " + (*refused)->at("refused").get<std::string>());
  }
  report.csv = rows_csv(rows, configs);
  return report;
}

}  // namespace reluscope
