#include "io/json_object.h"

namespace reluscope {

Json JsonPart::json() const {
  switch (kind_) {
    case Kind::kNull: break;
    case Kind::kNumber: return number_;
    case Kind::kSwitch: return whole_ != 0;
    case Kind::kWhole: return whole_;
    case Kind::kText: return text_;
    case Kind::kJson: return std::move(*json_);
  }
  return nullptr;
}

Json json_object_of(std::initializer_list<JsonPart> parts) {
  Json object = Json::object();
  for (auto part = parts.begin(); part != parts.end(); part += 2) {
    object[part->name()] = part[1].json();
  }
  return object;
}

}  // namespace reluscope
