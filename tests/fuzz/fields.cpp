// Config fields of a URL or of flags: name=text, separated by &. An accepted config must survive
// writing and reading.
#include <cstdlib>

#include "config/config.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    std::vector<std::pair<std::string, std::string>> fields;
    const std::string_view text = fuzz::text_of(data, size);
    // There are fewer than 1000 settings, so more fields add nothing.
    for (std::size_t at = 0; at < text.size() && fields.size() < 1000;) {
      const std::size_t end = std::min(text.find(char(38), at), text.size());
      const std::string_view part = text.substr(at, end - at);
      const std::size_t equals = std::min(part.find(char(61)), part.size());
      fields.emplace_back(part.substr(0, equals), part.substr(std::min(equals + 1, part.size())));
      at = end + 1;
    }
    const Config config = config_from_fields(fields);
    if (!(config_from_fields(config_to_fields(config)) == config)) std::abort();
  });
}
