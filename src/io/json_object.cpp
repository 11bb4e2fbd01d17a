#include "io/json_object.h"

namespace reluscope {

JsonObject& JsonObject::add(const char* key, Json value) {
  json_[key] = std::move(value);
  return *this;
}
JsonObject& JsonObject::add(const char* key, double value) { return add(key, Json(value)); }
JsonObject& JsonObject::add(const char* key, std::int64_t value) { return add(key, Json(value)); }
JsonObject& JsonObject::add(const char* key, bool value) { return add(key, Json(value)); }
JsonObject& JsonObject::add(const char* key, const std::string& value) {
  return add(key, Json(value));
}
JsonObject& JsonObject::add(const char* key, const char* value) { return add(key, Json(value)); }
JsonObject& JsonObject::add(const char* key, const std::optional<double>& value) {
  return value ? add(key, *value) : add(key, Json(nullptr));
}

}  // namespace reluscope
