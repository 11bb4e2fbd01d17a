#include "run/metrics_table.h"

#include "core/text.h"

namespace reluscope {
namespace {

constexpr const char* kColumns[] = {
    "event",     "epoch",        "batch",    "step",       "samples",         "loss",
    "accuracy",  "lr",           "momentum", "train_loss", "validation_loss", "validation_accuracy",
    "test_loss", "test_accuracy"};

std::string cell(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  return value.is_number() ? number_text(value.get<double>()) : "";
}

template <class Cell>
std::string line(const Cell& cell_of) {
  std::string text;
  for (const char* const column : kColumns) {
    if (column != kColumns[0]) text += ",";
    text += cell_of(column);
  }
  return text;
}

}  // namespace

std::string metrics_header() {
  return line([](const char* column) { return std::string(column); });
}

std::string metrics_row(const Json& values) {
  return line([&values](const char* column) {
    const auto found = values.find(column);
    return found == values.end() ? std::string() : cell(*found);
  });
}

}  // namespace reluscope
