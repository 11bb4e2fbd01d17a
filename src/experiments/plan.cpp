#include "experiments/plan.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/text.h"
#include "experiments/recorded_run.h"
#include "io/json_text.h"
#include "io/table.h"

namespace reluscope {

std::optional<std::string> PlanFlags::first(const std::string& name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> PlanFlags::all(const std::string& name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

int PlanFlags::whole(const std::string& name, int otherwise, int min, int max) const {
  const auto text = first(name);
  if (!text) return otherwise;
  const auto value = parse_number(*text);
  if (!value || *value != std::floor(*value) || !(*value >= min && *value <= max)) {
    throw Error(name + " is " + in_quotes(*text) + ", but it must be a whole number from " +
                std::to_string(min) + " to " + std::to_string(max));
  }
  return static_cast<int>(*value);
}

std::int64_t last_seed(const Config& config, int count) {
  const std::int64_t last = config.seed + count - 1;
  config_from_fields({{"seed", number_text(static_cast<double>(last))}}, config);
  return last;
}

std::string cell_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return number_text(value.get<double>());
  return json_line(value);
}

std::string rows_csv(const std::vector<Json>& rows) {
  std::vector<std::map<std::string, std::string>> settings;  // per row, as texts of flags
  std::vector<std::string> results;                          // names, in order of appearance
  for (const Json& row : rows) {
    const auto fields = config_to_fields(config_from_json(row.at("config").dump()));
    settings.emplace_back(fields.begin(), fields.end());
    if (const Json* const epoch = last_epoch(row)) {
      for (const auto& item : epoch->items()) {
        if (std::find(results.begin(), results.end(), item.key()) == results.end()) {
          results.push_back(item.key());
        }
      }
    }
  }
  std::vector<std::string> varied;
  for (const Field& field : config_fields()) {
    const auto has = [&field](const auto& of_row) { return of_row.count(field.name) > 0; };
    if (std::any_of(settings.begin(), settings.end(), has)) varied.push_back(field.name);
  }
  const std::vector<std::string> ends = {"steps", "diverged", "refused", "weights_sha256"};
  Table table{{"run", "index", "name"}, {}};
  for (const auto& names : {varied, results, ends}) {
    table.columns.insert(table.columns.end(), names.begin(), names.end());
  }
  const Json none;
  const auto value_at = [&none](const Json* object, const std::string& name) -> const Json& {
    return object != nullptr && object->contains(name) ? object->at(name) : none;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string> cells;
    for (const char* const name : {"run", "index", "name"}) {
      cells.push_back(cell_text(value_at(&rows[i], name)));
    }
    const Config defaults;
    const Json otherwise = config_to_json(defaults);
    for (const std::string& name : varied) {
      const auto found = settings[i].find(name);
      cells.push_back(found != settings[i].end() ? found->second
                      : name == "events"         ? ""
                                                 : cell_text(otherwise[name]));
    }
    for (const std::string& name : results) {
      cells.push_back(cell_text(value_at(last_epoch(rows[i]), name)));
    }
    for (const std::string& name : ends) cells.push_back(cell_text(value_at(&rows[i], name)));
    table.rows.push_back(std::move(cells));
  }
  return to_csv(table);
}

}  // namespace reluscope
