#include "io/json_text.h"

#include <vector>

#include "core/error.h"

namespace reluscope {

using Json = nlohmann::ordered_json;

Json parse_json(std::string_view text, const std::string& what, const std::string& wanted,
                std::size_t most_bytes) {
  if (text.size() > most_bytes) {
    throw Error(what + ": its text has " + std::to_string(text.size()) + " bytes, but at most " +
                std::to_string(most_bytes) + " are allowed");
  }
  std::vector<std::size_t> names;  // so far, of each object that is open
  const auto watch = [&](int depth, Json::parse_event_t event, Json&) {
    switch (event) {
      case Json::parse_event_t::object_start: names.push_back(0); [[fallthrough]];
      case Json::parse_event_t::array_start:
        if (depth >= kMaxJsonDepth) {
          throw Error(what + ": it is nested deeper than " + std::to_string(kMaxJsonDepth) +
                      " objects and lists");
        }
        break;
      case Json::parse_event_t::object_end: names.pop_back(); break;
      case Json::parse_event_t::key:
        if (++names.back() > kMaxJsonNames) {
          throw Error(what + ": an object in it has more than " + std::to_string(kMaxJsonNames) +
                      " names");
        }
        break;
      default: break;
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    throw Error(what + ": not JSON at byte " + std::to_string(error.byte) + "; " + wanted +
                " was expected");
  } catch (const Json::exception&) {
    throw Error(what + ": a number in it is larger than a double can hold");
  }
}

}  // namespace reluscope
