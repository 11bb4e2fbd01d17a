#include "data/idx.h"

#include "core/error.h"
#include "core/text.h"

namespace reluscope {

std::vector<int> read_idx(std::span<const std::uint8_t> bytes, std::size_t dimensions,
                          const std::string& file) {
  const auto refuse = [&file](const auto&... why) { throw Error(file, ": ", why...); };
  const std::size_t header = idx_header(dimensions);
  if (bytes.empty()) refuse("the file is empty, but an IDX file was expected");
  if (bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
    refuse("the data is still gzip-compressed, but plain IDX bytes were expected");
  }
  if (bytes.size() < header) {
    refuse("the file has ", bytes.size(), " bytes, fewer than the ", header, " of an IDX header");
  }
  if (bytes[0] != 0 || bytes[1] != 0) {
    refuse(
        format("the magic number is %02x%02x%02x%02x, but an IDX file of unsigned bytes "
               "starts with 000008%02x",
               bytes[0], bytes[1], bytes[2], bytes[3], static_cast<unsigned>(dimensions)));
  }
  if (bytes[2] != 0x08) {
    refuse(
        format("the IDX data type is 0x%02x, but only 0x08 (unsigned byte) is allowed", bytes[2]));
  }
  if (bytes[3] != dimensions) {
    refuse(format("the IDX file has %d dimensions, but %s have %d", bytes[3],
                  dimensions == 3 ? "images" : "labels", static_cast<int>(dimensions)));
  }
  std::vector<int> sizes;
  std::uint64_t product = 1;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::uint64_t size = idx_size(bytes, d);
    check_image_size(d, size, file);
    sizes.push_back(static_cast<int>(size));
    product *= size;  // at most 1e8 * 4096 * 4096 < 2^64
  }
  const std::uint64_t left = bytes.size() - header;
  if (left != product) {
    refuse(left, " bytes of data follow the header, but it announces ", product,
           left < product ? " (the file is truncated)" : " (the file is too long)");
  }
  return sizes;
}

void check_image_size(std::size_t dimension, std::uint64_t size, const std::string& what) {
  static constexpr const char* kNames[] = {"count", "height", "width"};
  const std::uint64_t most = dimension == 0 ? kMaxCount : kMaxSide;
  if (size >= 1 && size <= most) return;
  throw Error(what, ": the ", kNames[dimension], " is ", size, ", but it must be from 1 to ", most);
}

}  // namespace reluscope
