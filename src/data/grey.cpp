#include "data/grey.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {

std::string size_text(int height, int width) {
  return std::to_string(width) + "x" + std::to_string(height);
}

void check_decoded(const std::string& what, int height, int width, int channels,
                   std::size_t bytes) {
  const std::size_t area = std::size_t{1} * height * width;
  if ((channels == 1 || channels == 3) && bytes == area * channels) return;
  throw Error(what, " was decoded to ", bytes, " bytes, which is not ", size_text(height, width),
              " pixels of 1 or 3");
}

void to_grey(int channels, std::span<const std::uint8_t> pixels, std::uint8_t* grey) {
  if (channels == 1) std::copy(pixels.begin(), pixels.end(), grey);
  for (std::size_t i = 0; channels == 3 && i + 2 < pixels.size(); i += 3) {
    const std::uint32_t sum = 19595u * pixels[i] + 38470u * pixels[i + 1] + 7471u * pixels[i + 2];
    *grey++ = static_cast<std::uint8_t>((sum + 32768u) >> 16);
  }
}

std::vector<std::uint8_t> network_input(const Picture& picture, int height, int width,
                                        bool invert) {
  if (picture.height != height || picture.width != width) {
    throw Error("image: ", in_quotes(picture.name), " is ",
                size_text(picture.height, picture.width), " pixels, but the network takes ",
                size_text(height, width));
  }
  check_decoded("image: " + in_quotes(picture.name), height, width, picture.channels,
                picture.pixels.size());
  std::vector<std::uint8_t> grey(std::size_t{1} * height * width);
  to_grey(picture.channels, picture.pixels, grey.data());
  if (invert) {
    for (std::uint8_t& pixel : grey) pixel = static_cast<std::uint8_t>(255 - pixel);
  }
  return grey;
}

}  // namespace reluscope
