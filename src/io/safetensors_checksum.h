// A SHA-256 that a safetensors file holds in its metadata as "sha256": the hash of the file with
// the 64 digits replaced by zeros. It detects any damaged bit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace reluscope {

// The metadata entry that write_checksum() fills in after write_safetensors().
std::pair<std::string, std::string> checksum_entry();
void write_checksum(std::span<std::uint8_t> file);

enum class Checksum { kNone, kRight, kWrong };
Checksum check_checksum(std::span<const std::uint8_t> file);

}  // namespace reluscope
