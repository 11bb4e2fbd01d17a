#include "io/json_text.h"

#include <set>
#include <vector>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

// Checks a text before it is parsed to values. (With a parser callback instead, the parser would
// visit a whole list again for each list or object in it.)
class Checker {
 public:
  Checker(const std::string& what, const std::string& wanted, const JsonLimits& limits)
      : what_(what), wanted_(wanted), limits_(limits) {}

  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(Json::number_integer_t) { return true; }
  bool number_unsigned(Json::number_unsigned_t) { return true; }
  bool number_float(Json::number_float_t, const Json::string_t& text) {
    if (vanishes(text)) throw Error(what_, ": ", text, " is nearer to 0 than a double can tell");
    return true;
  }
  bool string(Json::string_t&) { return true; }
  bool binary(Json::binary_t&) { return true; }
  bool start_object(std::size_t) {
    if (names_.size() == limits_.depth) {
      throw Error(what_, ": it is nested deeper than ", limits_.depth, " objects and lists");
    }
    names_.emplace_back();
    return true;
  }
  bool end_object() {
    names_.pop_back();
    return true;
  }
  bool start_array(std::size_t size) { return start_object(size); }
  bool end_array() { return end_object(); }
  bool key(Json::string_t& name) {
    if (!names_.back().insert(name).second) {
      throw Error(what_, ": an object in it has the name ", in_quotes(name), " twice");
    }
    if (names_.back().size() > limits_.names) {
      throw Error(what_, ": an object in it has more than ", limits_.names, " names");
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) {
    constexpr int kOutOfRange = 406;
    if (error.id == kOutOfRange) {
      throw Error(what_, ": a number in it is larger than a double can hold");
    }
    throw Error(what_, ": not JSON at byte ", position, "; ", wanted_, " was expected");
  }

 private:
  const std::string& what_;
  const std::string& wanted_;
  const JsonLimits& limits_;
  std::vector<std::set<std::string>> names_;  // names so far of each open object; empty for lists
};

}  // namespace

Json parse_json(std::string_view text, const std::string& what, const std::string& wanted,
                const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    throw Error(what, ": its text has ", text.size(), " bytes, but at most ", limits.bytes,
                " are allowed");
  }
  // The parser takes a zero byte for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    throw Error(what, ": not JSON at byte ", zero + 1, "; ", wanted, " was expected");
  }
  Checker checker(what, wanted, limits);
  Json::sax_parse(text, &checker);
  return Json::parse(text);
}

std::string value_text(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.is_string() ? in_quotes(value.get<std::string>()) : value.dump();
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace reluscope
