#include "io/safetensors_checksum.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/bytes.h"
#include "core/sha256.h"

namespace reluscope {
namespace {

constexpr std::string_view kBefore = "\"sha256\":\"";  // a JSON string would escape these quotes
constexpr std::size_t kDigits = 64;
constexpr std::size_t kHeaderStart = 8;

// The offset of the digits, or 0 if the file has none.
std::size_t digits_at(std::span<const std::uint8_t> file) {
  if (file.size() < kHeaderStart) return 0;
  const std::uint64_t length = read_number(file, 0, kHeaderStart);
  const std::span<const std::uint8_t> header =
      file.subspan(kHeaderStart, std::min<std::uint64_t>(length, file.size() - kHeaderStart));
  const auto found = std::search(header.begin(), header.end(), kBefore.begin(), kBefore.end());
  const auto at = static_cast<std::size_t>(found - header.begin()) + kBefore.size();
  return found == header.end() || at + kDigits > header.size() ? 0 : kHeaderStart + at;
}

std::string checksum(std::span<const std::uint8_t> file, std::size_t at) {
  std::array<std::uint8_t, kDigits> zeros;
  zeros.fill('0');
  Sha256 hash;
  hash.add(file.first(at));
  hash.add(zeros);
  hash.add(file.subspan(at + kDigits));
  return hash.hex();
}

}  // namespace

std::pair<std::string, std::string> checksum_entry() {
  return {"sha256", std::string(kDigits, '0')};
}

void write_checksum(std::span<std::uint8_t> file) {
  const std::size_t at = digits_at(file);
  const std::string hex = checksum(file, at);
  std::copy(hex.begin(), hex.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
}

Checksum check_checksum(std::span<const std::uint8_t> file) {
  const std::size_t at = digits_at(file);
  if (at == 0) return Checksum::kNone;
  const std::string hex = checksum(file, at);
  return std::equal(hex.begin(), hex.end(), file.begin() + static_cast<std::ptrdiff_t>(at))
             ? Checksum::kRight
             : Checksum::kWrong;
}

}  // namespace reluscope
