#include "io/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/bits.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"

namespace reluscope {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostNames = 10000;  // of an object in the header: lookup is linear
constexpr std::size_t kMostSizes = 16;     // of a tensor's shape

struct Dtype {
  const char* name;
  std::uint64_t bytes;  // of an element
};
constexpr Dtype kDtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                             {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                             {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

[[noreturn]] void refuse(const std::string& reason) { throw Error("safetensors: " + reason); }

std::string tensor_text(const std::string& name) { return "tensor " + in_quotes(name); }

// Parses the header. Refuses duplicate names (the parser would silently keep one of them) and
// nesting beyond the format's three levels: tensors, their entries, lists.
Json parse_header(std::string_view text) {
  std::vector<std::set<std::string>> seen;  // names so far of each open object
  const auto watch = [&seen](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > 2 &&
        (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start)) {
      refuse("the header is nested deeper than the lists of a tensor");
    }
    switch (event) {
      case Json::parse_event_t::object_start: seen.emplace_back(); break;
      case Json::parse_event_t::object_end: seen.pop_back(); break;
      case Json::parse_event_t::key:
        if (!seen.back().insert(parsed.get<std::string>()).second) {
          refuse("the header has " + in_quotes(parsed.get<std::string>()) + " twice");
        }
        if (seen.back().size() > kMostNames) {
          refuse("the header has more than " + std::to_string(kMostNames) + " names in one object");
        }
        break;
      default: break;
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    refuse("the header is not JSON at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {
    refuse("a number in the header is larger than a double can hold");
  }
}

// A list of non-negative integers in integer notation: refuses 1e2 and 2.0.
std::vector<std::uint64_t> whole_numbers(const Json& list, const std::string& what) {
  if (!list.is_array()) refuse(what + " is not a list of whole numbers");
  std::vector<std::uint64_t> numbers;
  for (const Json& number : list) {
    if (!number.is_number_unsigned()) {
      refuse(what + " has " + (number.is_number() ? number.dump() : "an entry that is no number") +
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
  const auto sizes = whole_numbers(entry["shape"], tensor_text(name) + "'s shape");
  if (sizes.size() > kMostSizes) {
    refuse(tensor_text(name) + "'s shape has " + std::to_string(sizes.size()) +
           " sizes, but at most " + std::to_string(kMostSizes) + " are allowed");
  }
  for (const std::uint64_t size : sizes) {
    if (size > kMost) {
      refuse(tensor_text(name) + " has a size of " + std::to_string(size) + ", which is too large");
    }
    shape.push_back(static_cast<std::int64_t>(size));
    empty = empty || size == 0;
    if (!empty && bytes > kMost / size) {
      refuse(tensor_text(name) + " of shape " + shape_text(shape) + " is too large");
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
  if (!entry.is_object()) refuse(tensor_text(name) + " is not described by an object");
  for (const auto& item : entry.items()) {
    if (item.key() != "dtype" && item.key() != "shape" && item.key() != "data_offsets") {
      refuse(tensor_text(name) + " has " + in_quotes(item.key()) +
             "; only dtype, shape and data_offsets are allowed");
    }
  }
  for (const char* const wanted : {"dtype", "shape", "data_offsets"}) {
    if (!entry.contains(wanted)) refuse(tensor_text(name) + " has no " + wanted);
  }
  if (!entry["dtype"].is_string()) refuse(tensor_text(name) + "'s dtype is not a text");
  const auto dtype_name = entry["dtype"].get<std::string>();
  const auto dtype = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                  [&](const Dtype& d) { return dtype_name == d.name; });
  if (dtype == std::end(kDtypes)) {
    std::vector<std::string> known;
    for (const Dtype& d : kDtypes) known.emplace_back(d.name);
    refuse(tensor_text(name) + " is of dtype " + in_quotes(dtype_name) + ": known are " +
           join_or(known));
  }
  Placed placed{};
  placed.tensor.name = name;
  placed.tensor.dtype = dtype_name;
  const std::uint64_t bytes = tensor_bytes(name, entry, *dtype, placed.tensor.shape);
  const auto offsets = whole_numbers(entry["data_offsets"], tensor_text(name) + "'s data_offsets");
  if (offsets.size() != 2) {
    refuse(tensor_text(name) + " has " + std::to_string(offsets.size()) +
           " data_offsets, but there must be 2");
  }
  placed.begin = offsets[0];
  placed.end = offsets[1];
  if (placed.begin > placed.end || placed.end - placed.begin != bytes) {
    refuse(tensor_text(name) + " lies from byte " + std::to_string(placed.begin) + " to " +
           std::to_string(placed.end) + ", but " + dtype_name + " of shape " +
           shape_text(placed.tensor.shape) + " takes " + std::to_string(bytes) + " bytes");
  }
  return placed;
}

}  // namespace

SafetensorsFile read_safetensors(std::span<const std::uint8_t> file) {
  if (file.size() < 8) {
    refuse("the file has " + std::to_string(file.size()) + " bytes, but at least 8 are needed");
  }
  const std::uint64_t length = read_number(file, 0, 8);
  if (length > kMaxHeader) {
    refuse("the header is said to have " + std::to_string(length) + " bytes, but at most " +
           std::to_string(kMaxHeader) + " are allowed");
  }
  if (length > file.size() - 8) {
    refuse("the header is said to have " + std::to_string(length) + " bytes, but only " +
           std::to_string(file.size() - 8) + " follow");
  }
  const auto header_bytes = static_cast<std::size_t>(length);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, header_bytes);
  if (text.empty() || text.front() != '{') refuse("the header does not begin with {");
  const Json header = parse_header(text);
  const std::span<const std::uint8_t> data = file.subspan(8 + header_bytes);

  SafetensorsFile result;
  std::vector<Placed> placed;
  for (const auto& item : header.items()) {
    if (item.key() != "__metadata__") {
      placed.push_back(read_entry(item.key(), item.value()));
      continue;
    }
    if (!item.value().is_object()) refuse("__metadata__ is not an object of texts");
    for (const auto& entry : item.value().items()) {
      if (!entry.value().is_string()) {
        refuse("__metadata__ has " + in_quotes(entry.key()) + " with a value that is not a text");
      }
      result.metadata.emplace_back(entry.key(), entry.value().get<std::string>());
    }
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t next = 0;
  for (Placed& p : placed) {
    if (p.begin != next) {
      refuse(tensor_text(p.tensor.name) + " begins at byte " + std::to_string(p.begin) +
             " of the data, but must begin at " + std::to_string(next) +
             ", where the one before it ends");
    }
    if (p.end > data.size()) {
      refuse(tensor_text(p.tensor.name) + " ends at byte " + std::to_string(p.end) +
             " of the data, but the file has only " + std::to_string(data.size()));
    }
    p.tensor.bytes =
        data.subspan(static_cast<std::size_t>(p.begin), static_cast<std::size_t>(p.end - p.begin));
    next = p.end;
    result.tensors.push_back(std::move(p.tensor));
  }
  if (next != data.size()) {
    refuse("the file has " + std::to_string(data.size()) + " bytes of data, but its tensors take " +
           std::to_string(next));
  }
  return result;
}

std::vector<float> float_values(const StoredTensor& tensor) {
  if (tensor.dtype != "F32") {
    refuse(tensor_text(tensor.name) + " is of dtype " + tensor.dtype + ", but F32 is needed");
  }
  std::vector<float> values(tensor.bytes.size() / 4);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t bits = 0;
    for (std::size_t b = 4; b-- > 0;) bits = bits << 8 | tensor.bytes[4 * i + b];
    values[i] = bits_as<float>(bits);
  }
  return values;
}

std::vector<float> whole_values(const StoredTensor& tensor) {
  if (tensor.dtype != "I64") return float_values(tensor);
  std::vector<float> values(tensor.bytes.size() / 8);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<std::int64_t>(read_number(tensor.bytes, 8 * i, 8)));
  }
  return values;
}

Bytes little_endian(const NamedTensor& tensor) {
  Bytes bytes = tensor.bytes;
  if (!tensor.whole) append_floats(bytes, tensor.values);
  if (!tensor.whole) return bytes;
  for (const float value : tensor.values) {
    append_number(bytes, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)), 8);
  }
  return bytes;
}

namespace {

const Dtype& dtype_of(const NamedTensor& tensor) {
  const std::string_view name = tensor.whole ? "I64" : tensor.bytes.empty() ? "F32" : "U8";
  return *std::find_if(std::begin(kDtypes), std::end(kDtypes),
                       [name](const Dtype& dtype) { return name == dtype.name; });
}

}  // namespace

Bytes write_safetensors(std::vector<NamedTensor> tensors, const Metadata& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
    const std::uint64_t size = dtype_of(a).bytes, other = dtype_of(b).bytes;
    return size != other ? size > other : a.name < b.name;
  });
  Json header = Json::object();
  for (const auto& [name, value] : metadata) header["__metadata__"][name] = value;
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    const Dtype& dtype = dtype_of(tensor);
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

}  // namespace reluscope
