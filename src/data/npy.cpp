#include "data/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "core/bytes.h"
#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

constexpr std::uint8_t kMagic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr std::size_t kMaxNpyHeader = 10'000;    // the limit of numpy.load
constexpr std::uint64_t kMaxBytes = 1ull << 40;  // of the elements: far beyond any memory

// The header is a Python dict: {'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }
class Header {
 public:
  Header(std::string_view text, const std::string& file) : left_(text), file_(file) {}

  NpyArray read() {
    NpyArray array{};
    std::set<std::string_view> keys;
    take("{");
    while (!at("}")) {
      const std::string_view key = quoted();
      take(":");
      if (!keys.insert(key).second) refuse_form();
      if (key == "descr") {
        read_type(array);
      } else if (key == "fortran_order") {
        if (at("True")) {
          refuse(
              "the array is in Fortran order, but only C order can be read: "
              "save numpy.ascontiguousarray(array)");
        }
        take("False");
      } else if (key == "shape") {
        read_shape(array);
      } else {
        refuse_form();
      }
      if (!at("}")) take(",");
    }
    take("}");
    if (keys.size() != 3 || !trim(left_).empty()) refuse_form();
    return array;
  }

 private:
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... why) const {
    throw Error(file_, ": ", why...);
  }
  [[noreturn]] void refuse_form() const {
    refuse("the .npy header is not a dict of descr, fortran_order and shape");
  }
  // Whether the next word is this one.
  bool at(std::string_view word) {
    left_.remove_prefix(std::min(left_.find_first_not_of(" \n"), left_.size()));
    return left_.starts_with(word);
  }
  void take(std::string_view word) {
    if (!at(word)) refuse_form();
    left_.remove_prefix(word.size());
  }
  std::string_view quoted() {
    const std::string_view quote = at("\"") ? "\"" : "'";
    take(quote);
    const std::string_view text = left_.substr(0, left_.find(quote));
    left_.remove_prefix(text.size());
    take(quote);
    return text;
  }

  // '|u1', '<i8', '<f4': byte order, kind, bytes.
  void read_type(NpyArray& array) {
    if (!at("'") && !at("\"")) {
      refuse("the array has a structured type, but only whole numbers and floats can be read");
    }
    const std::string_view type = quoted();
    constexpr std::string_view kTypes[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                           "u2", "u4", "u8", "f2", "f4", "f8"};
    if (type.size() != 3 || std::string_view("|<=>").find(type[0]) == type.npos ||
        std::find(std::begin(kTypes), std::end(kTypes), type.substr(1)) == std::end(kTypes)) {
      refuse("the array's type is ", in_quotes(type),
             ", but only whole numbers and floats of 1 to 8 bytes can be read");
    }
    if (type[0] == '>' && type[2] != '1') {
      refuse("the array's type is ", in_quotes(type),
             ", but big-endian arrays cannot be read: save array.astype(",
             in_quotes("<" + std::string(type.substr(1))), ")");
    }
    array.kind = type[1];
    array.size = type[2] - '0';
  }

  void read_shape(NpyArray& array) {
    take("(");
    while (!at(")")) {
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), size);
      if (error == std::errc::result_out_of_range || size > kMaxBytes) {
        refuse("the array's shape has a size over ", kMaxBytes);
      }
      if (error != std::errc() || array.shape.size() == 32) refuse_form();
      left_.remove_prefix(static_cast<std::size_t>(end - left_.data()));
      array.shape.push_back(static_cast<std::int64_t>(size));
      if (!at(")")) take(",");
    }
    take(")");
  }

  std::string_view left_;
  const std::string& file_;
};

// Reads the header, sets `begin`, and ignores what follows.
NpyArray read_header(std::span<const std::uint8_t> bytes, const std::string& file) {
  if (!is_npy(bytes)) throw Error(file, ": this is not a .npy file");
  const std::size_t version = bytes.size() > 6 ? bytes[6] : 0;
  const std::size_t length_bytes = version == 1 ? 2 : 4, text = 8 + length_bytes;
  if (bytes.size() > 6 && (version < 1 || version > 3)) {
    throw Error(file, ": the .npy file has format version ", version,
                ", but only 1 to 3 can be read");
  }
  const std::size_t present = bytes.size() < 8 ? 0 : std::min(bytes.size() - 8, length_bytes);
  const std::uint64_t length = read_number(bytes, 8, present);
  if (length > kMaxNpyHeader) {
    throw Error(file, ": the .npy header has ", length, " bytes, but at most ", kMaxNpyHeader,
                " are allowed");
  }
  if (bytes.size() < text + length) {
    throw Error(file, ": the file has ", bytes.size(),
                " bytes, fewer than its .npy header (the file is truncated)");
  }
  const std::size_t begin = text + static_cast<std::size_t>(length);
  const auto header = reinterpret_cast<const char*>(bytes.data());
  NpyArray array = Header(std::string_view(header, begin).substr(text), file).read();
  array.begin = begin;
  return array;
}

// A header that is padded so that the data begins at a multiple of 64.
Bytes header_of(const char* type, const Shape& shape) {
  std::string dict = std::string("{'descr': '") + type +
                     "', 'fortran_order': False, 'shape': " + python_tuple(shape) + ", }";
  constexpr std::size_t kBefore = sizeof kMagic + 4, kAlign = 64;
  dict.resize((kBefore + dict.size() + 1 + kAlign - 1) / kAlign * kAlign - kBefore - 1, ' ');
  dict += '\n';
  Bytes bytes(std::begin(kMagic), std::end(kMagic));
  append_number(bytes, 1, 2);  // version 1.0
  append_number(bytes, dict.size(), 2);
  append_text(bytes, dict);
  return bytes;
}

}  // namespace

std::int64_t NpyArray::integer(std::span<const std::uint8_t> bytes, std::size_t at) const {
  const std::uint64_t value = read_number(bytes, begin + at * size, size);
  const int unused = 64 - 8 * size;
  if (kind == 'i') return static_cast<std::int64_t>(value << unused) >> unused;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

bool is_npy(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= sizeof kMagic && std::memcmp(bytes.data(), kMagic, sizeof kMagic) == 0;
}

std::optional<double> npy_bytes(std::span<const std::uint8_t> head) {
  try {
    const NpyArray array = read_header(head, "");
    double bytes = static_cast<double>(array.size);
    for (const std::int64_t size : array.shape) bytes *= static_cast<double>(size);
    return static_cast<double>(array.begin) + bytes;
  } catch (const Error&) {
    return {};
  }
}

NpyArray read_npy(std::span<const std::uint8_t> bytes, const std::string& file) {
  NpyArray array = read_header(bytes, file);
  std::uint64_t announced = static_cast<std::uint64_t>(array.size);
  bool countable = true;
  for (const std::int64_t size : array.shape) {
    const auto by = static_cast<std::uint64_t>(size);
    countable = countable && (by == 0 || announced <= kMaxBytes / by);
    if (countable) announced *= by;
  }
  const std::uint64_t left = bytes.size() - array.begin;
  if (!countable || left != announced) {
    throw Error(
        file, ": ", left, " bytes of data follow the header, but it announces ",
        countable ? std::to_string(announced) : "far more",
        !countable || left < announced ? " (the file is truncated)" : " (the file is too long)");
  }
  return array;
}

Bytes write_npy(const Shape& shape, std::span<const float> values) {
  Bytes bytes = header_of("<f4", shape);
  append_floats(bytes, values);
  return bytes;
}

Bytes write_npy(const Shape& shape, std::span<const std::uint8_t> values) {
  Bytes bytes = header_of("|u1", shape);
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

}  // namespace reluscope
