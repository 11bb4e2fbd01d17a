#include "io/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/bytes.h"
#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "io/json_text.h"

namespace reluscope {
namespace {

// Objects and lists of the header: tensors, their entries, lists.
constexpr JsonLimits kHeaderLimits{.depth = 3, .names = 10000};
constexpr std::size_t kMostSizes = 16;  // of a tensor's shape

struct Dtype {
  const char* name;
  std::uint64_t bytes;  // of an element
};
constexpr Dtype kDtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                             {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                             {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

template <class... Parts>
[[noreturn, gnu::always_inline]] inline void refuse_file(const Parts&... reason) {
  throw Error("safetensors: ", reason...);
}

template <class... Parts>
[[noreturn, gnu::always_inline]] inline void refuse_tensor(const std::string& name,
                                                           const Parts&... reason) {
  refuse_file("tensor ", in_quotes(name), reason...);
}

// A list of non-negative integers in integer notation: refuses 1e2 and 2.0.
std::vector<std::uint64_t> whole_numbers(const std::string& name, const Json& entry,
                                         const std::string& key) {
  const Json& list = entry[key];
  if (!list.is_array()) refuse_tensor(name, "'s ", key, " is not a list of whole numbers");
  std::vector<std::uint64_t> numbers;
  for (const Json& number : list) {
    if (!number.is_number_unsigned()) {
      refuse_tensor(name, "'s ", key, " has ",
                    number.is_number() ? number.dump() : "an entry that is no number",
                    ", where only whole numbers from 0 on are allowed");
    }
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

// Reads a shape into `shape` and returns the size of the tensor in bytes.
std::uint64_t tensor_bytes(const std::string& name, const Json& entry, const Dtype& dtype,
                           Shape& shape) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  std::uint64_t bytes = dtype.bytes;
  bool empty = false;
  const auto sizes = whole_numbers(name, entry, "shape");
  if (sizes.size() > kMostSizes) {
    refuse_tensor(name, "'s shape has ", sizes.size(), " sizes, but at most ", kMostSizes,
                  " are allowed");
  }
  for (const std::uint64_t size : sizes) {
    if (size > kMost) refuse_tensor(name, " has a size of ", size, ", which is too large");
    shape.push_back(static_cast<std::int64_t>(size));
    empty = empty || size == 0;
    if (!empty && bytes > kMost / size) {
      refuse_tensor(name, " of shape ", shape_text(shape), " is too large");
    }
    bytes *= size;
  }
  return empty ? 0 : bytes;
}

struct Placed {
  StoredTensor tensor;
  std::uint64_t begin, end;  // offsets in the data
};

Placed read_entry(const std::string& name, const Json& entry) {
  if (!entry.is_object()) refuse_tensor(name, " is not described by an object");
  for (const auto& [key, value] : entry.items()) {
    if (key == "dtype" || key == "shape" || key == "data_offsets") continue;
    refuse_tensor(name, " has ", in_quotes(key),
                  "; only dtype, shape and data_offsets are allowed");
  }
  for (const std::string wanted : {"dtype", "shape", "data_offsets"}) {
    if (!entry.contains(wanted)) refuse_tensor(name, " has no ", wanted);
  }
  if (!entry["dtype"].is_string()) refuse_tensor(name, "'s dtype is not a text");
  const auto dtype_name = entry["dtype"].get<std::string>();
  const auto dtype = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                  [&](const Dtype& d) { return dtype_name == d.name; });
  if (dtype == std::end(kDtypes)) {
    std::vector<std::string> known;
    for (const Dtype& d : kDtypes) known.emplace_back(d.name);
    refuse_tensor(name, " is of dtype ", in_quotes(dtype_name), ": known are ", join_or(known));
  }
  Placed placed{{name, dtype_name, {}, {}}, 0, 0};
  const std::uint64_t bytes = tensor_bytes(name, entry, *dtype, placed.tensor.shape);
  const auto offsets = whole_numbers(name, entry, "data_offsets");
  if (offsets.size() != 2) {
    refuse_tensor(name, " has ", offsets.size(), " data_offsets, but there must be 2");
  }
  placed.begin = offsets[0];
  placed.end = offsets[1];
  if (placed.begin > placed.end || placed.end - placed.begin != bytes) {
    refuse_tensor(name, " lies from byte ", placed.begin, " to ", placed.end, ", but ", dtype_name,
                  " of shape ", shape_text(placed.tensor.shape), " takes ", bytes, " bytes");
  }
  return placed;
}

}  // namespace

SafetensorsFile read_safetensors(std::span<const std::uint8_t> file) {
  if (file.size() < 8) {
    refuse_file("the file has ", file.size(), " bytes, but at least 8 are needed");
  }
  const std::uint64_t length = read_number(file, 0, 8);
  if (length > kMaxHeader) {
    refuse_file("the header is said to have ", length, " bytes, but at most ", kMaxHeader,
                " are allowed");
  }
  if (length > file.size() - 8) {
    refuse_file("the header is said to have ", length, " bytes, but only ", file.size() - 8,
                " follow");
  }
  const auto header_bytes = static_cast<std::size_t>(length);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, header_bytes);
  if (text.empty() || text.front() != '{') refuse_file("the header does not begin with {");
  const Json header =
      parse_json(text, "safetensors: the header", "an object of tensors", kHeaderLimits);
  const std::span<const std::uint8_t> data = file.subspan(8 + header_bytes);

  SafetensorsFile result;
  std::vector<Placed> placed;
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") {
      placed.push_back(read_entry(name, entry));
      continue;
    }
    if (!entry.is_object()) refuse_file("__metadata__ is not an object of texts");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) {
        refuse_file("__metadata__ has ", in_quotes(key), " with a value that is not a text");
      }
      result.metadata.emplace_back(key, value.get<std::string>());
    }
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t next = 0;
  for (Placed& p : placed) {
    if (p.begin != next) {
      refuse_tensor(p.tensor.name, " begins at byte ", p.begin, " of the data, but must begin at ",
                    next, ", where the one before it ends");
    }
    if (p.end > data.size()) {
      refuse_tensor(p.tensor.name, " ends at byte ", p.end, " of the data, but the file has only ",
                    data.size());
    }
    p.tensor.bytes =
        data.subspan(static_cast<std::size_t>(p.begin), static_cast<std::size_t>(p.end - p.begin));
    next = p.end;
    result.tensors.push_back(std::move(p.tensor));
  }
  if (next != data.size()) {
    refuse_file("the file has ", data.size(), " bytes of data, but its tensors take ", next);
  }
  return result;
}

std::vector<float> float_values(const StoredTensor& tensor, bool whole) {
  const std::size_t bytes = whole && tensor.dtype == "I64" ? 8 : 4;
  if (bytes == 4 && tensor.dtype != "F32") {
    refuse_tensor(tensor.name, " is of dtype ", tensor.dtype, ", but F32 is needed");
  }
  std::vector<float> values;
  values.reserve(tensor.bytes.size() / bytes);
  for (std::size_t at = 0; at < tensor.bytes.size(); at += bytes) {
    const std::uint64_t bits = read_number(tensor.bytes, at, bytes);
    values.push_back(bytes == 4 ? bits_as<float>(static_cast<std::uint32_t>(bits))
                                : static_cast<float>(static_cast<std::int64_t>(bits)));
  }
  return values;
}

Bytes little_endian(const NamedTensor& tensor) {
  Bytes bytes = tensor.bytes;
  if (!tensor.whole) {
    append_floats(bytes, tensor.values);
    return bytes;
  }
  for (const float value : tensor.values) {
    append_number(bytes, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)), 8);
  }
  return bytes;
}

Bytes write_safetensors(std::vector<NamedTensor> tensors, const Metadata& metadata) {
  const auto dtype_of = [](const NamedTensor& tensor) {
    return tensor.whole ? Dtype{"I64", 8} : tensor.bytes.empty() ? Dtype{"F32", 4} : Dtype{"U8", 1};
  };
  std::sort(tensors.begin(), tensors.end(), [&](const NamedTensor& a, const NamedTensor& b) {
    const std::uint64_t size = dtype_of(a).bytes, other = dtype_of(b).bytes;
    return size != other ? size > other : a.name < b.name;
  });
  Json header = Json::object();
  for (const auto& [name, value] : metadata) header["__metadata__"][name] = value;
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    const Dtype dtype = dtype_of(tensor);
    const std::uint64_t end = offset + tensor.bytes.size() + tensor.values.size() * dtype.bytes;
    header[tensor.name] = {
        {"dtype", dtype.name}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_line(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  Bytes bytes;
  bytes.reserve(8 + text.size() + offset);
  append_number(bytes, text.size(), 8);
  append_text(bytes, text);
  for (const NamedTensor& tensor : tensors) {
    const Bytes data = little_endian(tensor);
    bytes.insert(bytes.end(), data.begin(), data.end());
  }
  return bytes;
}

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
  Sha256 hash;
  hash.add(file.first(at));
  hash.add(bytes_of(std::string(kDigits, '0')));
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
