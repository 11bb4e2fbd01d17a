#include "run/question.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"

namespace reluscope {
namespace {

bool is_whole(const Json& value) {
  return value.is_number() && std::nearbyint(value.get<double>()) == value.get<double>();
}

struct KindRow {
  const char* words;
  bool (*fits)(const Json& value);
};
constexpr KindRow kArgumentKinds[] = {  // in the order of Kind
    {"true or false", [](const Json& value) { return value.is_boolean(); }},
    {"a whole number", is_whole},
    {"a number", [](const Json& value) { return value.is_number(); }},
    {"a text", [](const Json& value) { return value.is_string(); }},
    {"bytes, a Uint8Array", [](const Json& value) { return value.is_binary(); }},
    {"a list", [](const Json& value) { return value.is_array(); }},
    {"an object", [](const Json& value) { return value.is_object(); }}};

const KindRow& row_of(Kind kind) { return kArgumentKinds[static_cast<int>(kind)]; }

void check_value(const std::string& name, Kind kind, const Argument& argument, const Json& value) {
  const double number = value.is_number() ? value.get<double>() : 0.0;
  const bool limited =  // more than by the range of an int
      kind == Kind::kWhole && (argument.min != Argument{}.min || argument.max != Argument{}.max);
  if (row_of(kind).fits(value) &&
      (kind != Kind::kWhole || (number >= argument.min && number <= argument.max))) {
    return;
  }
  const std::string shown = value.is_number()   ? number_text(number)
                            : value.is_binary() ? "bytes"
                                                : value_text(value);
  throw Error(name + " is " + shown + ", but it must be " + row_of(kind).words +
              (limited
                   ? " from " + std::to_string(argument.min) + " to " + std::to_string(argument.max)
                   : ""));
}

}  // namespace

const char* about_name(About about) {
  constexpr const char* kNames[] = {"core", "folder", "data", "run"};
  return kNames[static_cast<int>(about)];
}

NamedTexts Question::pairs(const char* name) const {
  NamedTexts pairs;
  for (const Json& pair : arguments_.at(name)) {
    if (pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      throw Error(std::string(name) + ": " + in_quotes(pair.dump()) +
                  " is no pair of a name and a text");
    }
    pairs.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  return pairs;
}

Config Question::config(const char* name) const {
  return given(name) ? config_from_json(arguments_.at(name).dump()) : Config{};
}

Json ask(const Query& query, const Subjects& subjects, Json arguments) {
  if (query.about == About::kRun && !subjects.run) {
    throw Error("there is no run yet: configure one first");
  }
  if (query.about == About::kData && !subjects.data && !subjects.run) {
    throw Error("no data set is loaded yet");
  }
  if (query.about == About::kFolder && !subjects.folder) throw Error("there is no folder");
  Json named = Json::object();
  std::size_t place = 0;
  for (const Argument& argument : query.arguments) {
    if (argument.name == nullptr) break;
    Json& value = named[argument.name];
    if (place < arguments.size()) value = std::move(arguments[place]);
    ++place;
    if (!value.is_null()) {
      check_value(argument.name, argument.kind, argument, value);
      if (argument.kind != Kind::kList) continue;
      const std::string all(argument.name);  // each of "units" is a "unit"
      const std::string one = all.back() == 's' ? all.substr(0, all.size() - 1) : all;
      for (const Json& item : value) check_value(one, argument.items, argument, item);
    } else if (argument.missing == Missing::kRefused) {
      throw Error(std::string(query.name) + ": " + argument.name + " is missing, and must be " +
                  row_of(argument.kind).words);
    } else if (argument.missing == Missing::kInitial) {
      value = argument.kind == Kind::kList     ? Json::array()
              : argument.kind == Kind::kObject ? Json::object()
                                               : Json(argument.initial);
    }
  }
  return query.answer(Question(subjects, std::move(named)));
}

}  // namespace reluscope
