#include "data/grey.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {

void grey_of_rgb(std::span<const std::uint8_t> rgb, std::uint8_t* grey) {
  for (std::size_t i = 0; i + 2 < rgb.size(); i += 3) {
    const std::uint32_t sum = 19595u * rgb[i] + 38470u * rgb[i + 1] + 7471u * rgb[i + 2] + 32768u;
    *grey++ = static_cast<std::uint8_t>(sum >> 16);
  }
}

std::vector<std::uint8_t> network_input(const Picture& picture, int height, int width,
                                        bool invert) {
  const auto size = [](int w, int h) { return std::to_string(w) + "x" + std::to_string(h); };
  if (picture.height != height || picture.width != width) {
    throw Error("image: " + in_quotes(picture.name) + " is " + size(picture.width, picture.height) +
                " pixels, but the network takes " + size(width, height));
  }
  const auto area = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  if ((picture.channels != 1 && picture.channels != 3) ||
      picture.pixels.size() != area * static_cast<std::size_t>(picture.channels)) {
    throw Error("image: " + in_quotes(picture.name) + " was decoded to " +
                std::to_string(picture.pixels.size()) + " bytes, which is not " +
                size(width, height) + " pixels of 1 or 3");
  }
  std::vector<std::uint8_t> grey(area);
  if (picture.channels == 3) {
    grey_of_rgb(picture.pixels, grey.data());
  } else {
    std::copy(picture.pixels.begin(), picture.pixels.end(), grey.begin());
  }
  if (invert) {
    for (std::uint8_t& pixel : grey) pixel = static_cast<std::uint8_t>(255 - pixel);
  }
  return grey;
}

}  // namespace reluscope
