#include "io/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/bits.h"

namespace reluscope {
namespace {

void append_little_endian(std::vector<std::uint8_t>& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

std::vector<std::uint8_t> write_safetensors(
    std::vector<NamedTensor> tensors,
    const std::vector<std::pair<std::string, std::string>>& metadata) {
  std::sort(tensors.begin(), tensors.end(),
            [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  nlohmann::ordered_json header;
  for (const auto& [name, value] : metadata) header["__metadata__"][name] = value;
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    const std::uint64_t end = offset + tensor.values.size() * sizeof(float);
    header[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::vector<std::uint8_t> bytes;
  bytes.reserve(8 + text.size() + offset);
  append_little_endian(bytes, text.size(), 8);
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const NamedTensor& tensor : tensors) {
    for (const float value : tensor.values) {
      append_little_endian(bytes, bits_as<std::uint32_t>(value), 4);
    }
  }
  return bytes;
}

}  // namespace reluscope
