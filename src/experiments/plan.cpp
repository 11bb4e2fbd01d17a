#include "experiments/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"
#include "io/json_text.h"
#include "io/table.h"
#include "nn/architecture.h"

namespace reluscope {
namespace {

// Quoted for a shell.
std::string shell_word(const std::string& text) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+._,:/";
  if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return text;
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') word += '\\';
    word += c;
  }
  return word + "\"";
}

}  // namespace

std::optional<std::string> FlagValues::first(const std::string& name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> FlagValues::all(const std::string& name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

int FlagValues::whole(const std::string& name, int otherwise, int min, int max) const {
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

std::string train_command(const Config& config) {
  std::string command = "reluscope train";
  for (const auto& [name, text] : config_to_fields(config)) {
    command += " --" + name + " " + shell_word(text);
  }
  return command;
}

void check_model(const Config& config, const Dataset& data) {
  parse_architecture(config.model, data.shape(), data.classes());
}

const Json& last_epoch(const Json& row) {
  static const Json none = Json::object();
  const auto epochs = row.find("epochs");
  return epochs == row.end() || epochs->empty() ? none : epochs->back();
}

double number_at(const Json& epoch, const std::string& name) {
  const auto found = epoch.find(name);
  return found != epoch.end() && found->is_number() ? found->get<double>()
                                                    : std::numeric_limits<double>::quiet_NaN();
}

Summary RowGroup::summary(const char* measure) const {
  std::vector<double> values;
  for (const Json* const row : rows) {
    const double value = number_at(last_epoch(*row), measure);
    if (!std::isnan(value)) values.push_back(value);
  }
  return summarize(values);
}

int RowGroup::count(const char* key) const {
  return static_cast<int>(std::count_if(rows.begin(), rows.end(),
                                        [key](const Json* row) { return row->contains(key); }));
}

Json summary_json(const Summary& summary) {
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  return json_object("count", summary.count, "mean",
                     summary.count > 0 ? number(summary.mean) : Json(), "deviation",
                     summary.count > 1 ? number(summary.deviation) : Json());
}

void add_names(std::vector<std::string>& names, const Json& object) {
  for (const auto& item : object.items()) {
    if (std::find(names.begin(), names.end(), item.key()) == names.end()) {
      names.push_back(item.key());
    }
  }
}

std::string objects_csv(std::vector<std::string> columns, const std::vector<Json>& objects) {
  Table table{std::move(columns), {}};
  for (const Json& object : objects) add_names(table.columns, object);
  for (const Json& object : objects) {
    std::vector<std::string>& cells = table.rows.emplace_back();
    for (const std::string& name : table.columns) {
      cells.push_back(cell_text(object.value(name, Json())));
    }
  }
  return to_csv(table);
}

}  // namespace reluscope
