#include "io/zip.h"

#include <array>
#include <initializer_list>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = c;
  }
  return table;
}();

constexpr std::size_t kHeader = 30;           // size of a local header before the name
constexpr std::uint64_t kMost = 0xFFFFFFFFu;  // of sizes and offsets without ZIP64
constexpr int kMostEntries = 0xFFFF;
constexpr std::uint64_t kVersion = 20, kFlags = 0x0800;  // 2.0; names are UTF-8
constexpr std::uint64_t kDate = 0x0021;                  // 1 January 1980, the earliest date

struct Number {
  std::uint64_t value;
  int bytes;
};

void append(Bytes& to, std::initializer_list<Number> numbers) {
  for (const auto& [value, bytes] : numbers) append_number(to, value, bytes);
}

// The fields that local headers and directory headers share; stored at midnight.
void append_common(Bytes& to, std::uint32_t crc, std::uint64_t size, std::size_t name,
                   std::size_t extra) {
  append(to, {{kVersion, 2}, {kFlags, 2}, {0, 2}, {0, 2}, {kDate, 2}});
  append(to, {{crc, 4}, {size, 4}, {size, 4}, {name, 2}, {extra, 2}});
}

}  // namespace

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

void ZipWriter::add(const std::string& name, std::span<const std::uint8_t> data, int align) {
  const std::uint64_t offset = archive_.size(), size = data.size();
  const auto wanted = static_cast<std::uint64_t>(align);
  if (offset + kHeader + name.size() + 4 + wanted + size > kMost || entries_ == kMostEntries) {
    throw Error("the archive would pass the ", with_commas(static_cast<std::int64_t>(kMost)),
                " bytes or ", with_commas(kMostEntries), " entries that a .zip can hold");
  }
  const std::uint64_t padding = (wanted - (offset + kHeader + name.size() + 4) % wanted) % wanted;
  const std::uint32_t crc = crc32(data);
  append_number(archive_, 0x04034B50u, 4);
  append_common(archive_, crc, size, name.size(), align > 1 ? 4 + padding : 0);
  append_text(archive_, name);
  if (align > 1) {
    append_text(archive_, "FB");
    append_number(archive_, padding, 2);
    archive_.insert(archive_.end(), static_cast<std::size_t>(padding), 'Z');
  }
  archive_.insert(archive_.end(), data.begin(), data.end());

  append(directory_, {{0x02014B50u, 4}, {kVersion, 2}});  // made by this version
  append_common(directory_, crc, size, name.size(), 0);
  // No comment; the disk, internal and external attributes, and where the entry is.
  append(directory_, {{0, 2}, {0, 2}, {0, 2}, {0, 4}, {offset, 4}});
  append_text(directory_, name);
  ++entries_;
}

Bytes ZipWriter::finish() {
  const std::uint64_t offset = archive_.size(), size = directory_.size();
  if (offset + size > kMost) throw Error("the archive would pass the 4 GB that a .zip can hold");
  Bytes bytes = std::move(archive_);
  bytes.insert(bytes.end(), directory_.begin(), directory_.end());
  const auto entries = static_cast<std::uint64_t>(entries_);
  append(bytes, {{0x06054B50u, 4}, {0, 2}, {0, 2}, {entries, 2}, {entries, 2}});
  append(bytes, {{size, 4}, {offset, 4}, {0, 2}});
  return bytes;
}

}  // namespace reluscope
