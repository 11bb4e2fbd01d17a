// Config JSON: an accepted config must survive writing and reading.
#include <cstdlib>

#include "config/config.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    const Config config = config_from_json(fuzz::text_of(data, size));
    const Config again = config_from_json(
        config_to_json(config).dump(-1, char(32), false, Json::error_handler_t::replace));
    // Text that is not UTF-8 is written with replacements, so it may differ.
    if (Json::accept(fuzz::text_of(data, size)) && !(again == config)) std::abort();
  });
}
