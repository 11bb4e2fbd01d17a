// What is made from the rows of fields.inc: the table of settings, and the options of optimizers
// and schedules.
#include <algorithm>

#include "config/config.h"
#include "core/text.h"
#include "data/idx.h"
#include "io/json_text.h"
#include "nn/init.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace reluscope {
namespace {

template <class Rows>
std::vector<FieldChoice> choices_of(const Rows& rows) {
  std::vector<FieldChoice> choices;
  for (const auto& row : rows) choices.push_back({row.name, row.label, row.about});
  return choices;
}

std::vector<FieldChoice> optimizer_choices() {
  std::vector<FieldChoice> choices = choices_of(optimizer_rows());
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const std::string pytorch = optimizer_rows()[i].pytorch;
    if (!pytorch.empty()) choices[i].about += " In PyTorch: " + pytorch + ".";
  }
  return choices;
}

// Fills in Field::used_by of the fields that the rows name. `setting` chooses among the rows.
template <class Rows>
void note_users(std::vector<Field>& fields, const std::string& setting, const Rows& rows) {
  for (const auto& row : rows) {
    for (const std::string& name : words(row.fields)) {
      const auto field = std::find_if(fields.begin(), fields.end(),
                                      [&](const Field& each) { return each.name == name; });
      field->used_by[setting].push_back(row.name);
    }
  }
}

// Constant data: code for each row would be larger than the rest of the table.
constexpr FieldRow kRows[] = {
#define SECTION(name) {.section = #name},
#define FIELD(type, name, initial, label_text, help_text, ...) \
  {.key = #name, .member = &Config::name, .label = label_text, .help = help_text, __VA_ARGS__},
#include "config/fields.inc"
#undef FIELD
#undef SECTION
};

}  // namespace

const std::vector<Field>& config_fields() {
  static const std::vector<Field> fields = [] {
    std::vector<Field> made;
    std::string_view section;
    for (const FieldRow& row : kRows) {
      if (row.key.empty()) {
        section = row.section;
        continue;
      }
      made.push_back({row, std::string(row.key), {}, {}});
      made.back().section = section;
      if (row.make_choices != nullptr) made.back().choices = row.make_choices();
    }
    note_users(made, "optimizer", optimizer_rows());
    note_users(made, "schedule", schedule_rows());
    return made;
  }();
  return fields;
}

#define FIELD(type, name, ...) options.name = config.name;

OptimizerOptions optimizer_options(const Config& config, Memory* memory) {
  OptimizerOptions options;
#include "optim/rule_fields.inc"
  options.weight_decay = config.weight_decay;
  options.cycles_momentum = config.cycle_momentum && schedule_row(config.schedule).cycles_momentum;
  options.memory = memory;
  return options;
}

ScheduleOptions schedule_options(const Config& config, std::int64_t updates_per_epoch) {
  ScheduleOptions options;
#include "optim/schedule_fields.inc"
  options.epochs = config.epochs;
  options.updates_per_epoch = updates_per_epoch;
  return options;
}

#undef FIELD

}  // namespace reluscope
