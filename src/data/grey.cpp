#include "data/grey.h"

#include "core/error.h"
#include "core/text.h"

namespace reluscope {

void check_picture_size(const std::string& name, std::int64_t width, std::int64_t height,
                        int wanted_width, int wanted_height) {
  if (width == wanted_width && height == wanted_height) return;
  throw Error("image: " + in_quotes(name) + " is " + std::to_string(width) + "x" +
              std::to_string(height) + " pixels, but the network takes " +
              std::to_string(wanted_width) + "x" + std::to_string(wanted_height));
}

std::vector<std::uint8_t> grey_of_rgba(std::span<const std::uint8_t> rgba, bool invert) {
  std::vector<std::uint8_t> grey;
  grey.reserve(rgba.size() / 4);
  for (std::size_t at = 0; at + 3 < rgba.size(); at += 4) {
    const int value = (299 * rgba[at] + 587 * rgba[at + 1] + 114 * rgba[at + 2] + 500) / 1000;
    const int over_black = (value * rgba[at + 3] + 127) / 255;
    grey.push_back(static_cast<std::uint8_t>(invert ? 255 - over_black : over_black));
  }
  return grey;
}

}  // namespace reluscope
