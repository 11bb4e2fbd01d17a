// A safetensors file's own SHA-256, kept in its metadata as "sha256": that of the file with zeros
// in the place of the 64 digits. It tells a damaged file from a whole one, whatever bit is wrong.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace reluscope {

// What write_safetensors() is given among the metadata, for write_checksum() to fill in.
std::pair<std::string, std::string> checksum_entry();
void write_checksum(std::span<std::uint8_t> file);

enum class Checksum { kNone, kRight, kWrong };
Checksum check_checksum(std::span<const std::uint8_t> file);

}  // namespace reluscope
