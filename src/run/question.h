// A question by name: its arguments with what they may be, and the function that answers. Arguments
// and answers are JSON; arrays of numbers are in it as bytes. The tables of questions are in
// run/queries.cpp and experiments/experiment_queries.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/config.h"
#include "data/folder.h"
#include "run/report.h"
#include "run/session.h"

namespace reluscope {

// A JSON value of bytes whose subtype this is holds little-endian float32; one without, bytes.
inline constexpr std::uint64_t kFloats = 32;

enum class About { kCore, kFolder, kData, kRun };
const char* about_name(About about);  // "core", "folder", "data", "run"

// What is asked; null: there is none. A run has data, also where `data` is null.
struct Subjects {
  FolderImages* folder = nullptr;
  const Dataset* data = nullptr;
  Session* run = nullptr;
};

enum class Kind { kSwitch, kWhole, kNumber, kText, kBytes, kList, kObject };

// What becomes of an argument that is left out: it is refused, is `initial` (of numbers) or empty
// (of lists and objects), or stays null.
enum class Missing { kRefused, kInitial, kNull };

struct Argument {
  const char* name = nullptr;
  Kind kind = Kind::kText;
  Kind items = Kind::kText;  // of a list
  Missing missing = Missing::kRefused;
  int initial = 0;
  // Of a whole number that is given, or of each in a list.
  int min = std::numeric_limits<int>::min(), max = std::numeric_limits<int>::max();

  constexpr Argument within(int low, int high) const {
    return {name, kind, items, missing, initial, low, high};
  }
  constexpr Argument or_else(int value, Missing how = Missing::kInitial) const {
    return {name, kind, items, how, value, min, max};
  }
  constexpr Argument or_empty() const { return or_else(0); }
  constexpr Argument or_null() const { return or_else(0, Missing::kNull); }
};

namespace arg {
constexpr Argument truth(const char* name) { return {name, Kind::kSwitch}; }
constexpr Argument whole(const char* name) { return {name, Kind::kWhole}; }
constexpr Argument number(const char* name) { return {name, Kind::kNumber}; }
constexpr Argument text(const char* name) { return {name, Kind::kText}; }
constexpr Argument bytes(const char* name) { return {name, Kind::kBytes}; }
constexpr Argument list(const char* name, Kind items) { return {name, Kind::kList, items}; }
constexpr Argument object(const char* name) { return {name, Kind::kObject}; }
}  // namespace arg

// One question with its arguments, which are checked.
class Question {
 public:
  // arguments: by name.
  Question(const Subjects& subjects, Json arguments)
      : subjects_(subjects), arguments_(std::move(arguments)) {}

  FolderImages& folder() const { return *subjects_.folder; }
  const Dataset& data() const {
    return subjects_.data ? *subjects_.data : subjects_.run->trainer().data();
  }
  Session& run() const { return *subjects_.run; }
  bool has_run() const { return subjects_.run != nullptr; }

  const Json& operator[](const char* name) const { return arguments_.at(name); }
  bool given(const char* name) const { return !arguments_.at(name).is_null(); }
  int whole(const char* name) const { return arguments_.at(name).get<int>(); }
  double number(const char* name) const { return arguments_.at(name).get<double>(); }
  const std::string& text(const char* name) const {
    return arguments_.at(name).get_ref<const std::string&>();
  }
  std::span<const std::uint8_t> bytes(const char* name) const {
    return arguments_.at(name).get_binary();
  }
  NamedTexts pairs(const char* name) const;
  Config config(const char* name) const;  // some or all fields

 private:
  Subjects subjects_;
  Json arguments_;
};

struct Query {
  const char* name;
  About about;
  Argument arguments[8];  // those with a name
  Json (*answer)(const Question& question);

  constexpr Query(const char* name, About about, std::initializer_list<Argument> given,
                  Json (*answer)(const Question& question))
      : name(name), about(about), arguments{}, answer(answer) {
    std::copy(given.begin(), given.end(), arguments);
  }
  // answers: a lambda of a Question that gives what converts to Json, or nothing.
  template <class Answers>
  constexpr Query(const char* name, About about, std::initializer_list<Argument> given, Answers)
      : Query(
            name, about, given, +[](const Question& question) {
              if constexpr (std::is_void_v<decltype(Answers{}(question))>) {
                Answers{}(question);
                return Json();
              } else {
                return Json(Answers{}(question));
              }
            }) {}
};

// Checks the arguments, which are in the row's order, those at the end left out or null where they
// may be, and answers. Throws Error with one sentence for what does not fit.
Json ask(const Query& query, const Subjects& subjects, Json arguments);

// The questions about the core, a data set, files and a run.
std::span<const Query> queries();

// A report as an answer: {values..., "lines", "json", "csv_lines"}.
Json reported_json(Reported said);

}  // namespace reluscope
