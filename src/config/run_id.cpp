#include "config/run_id.h"

#include "core/sha256.h"
#include "io/json_text.h"

namespace reluscope {

std::string run_id(const Config& config) {
  Json fields = Json::array();
  for (const auto& [name, text] : config_to_fields(config)) {
    if (find_field(name).effect == Effect::kBits) fields.push_back({name, text});
  }
  const std::string text = json_line(fields);
  Sha256 hash;
  hash.add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return hash.hex().substr(0, 16);
}

}  // namespace reluscope
