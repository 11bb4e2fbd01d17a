// The bytes of model files: archives, pickles, protocol buffers, arrays, and activations for which
// a format has no name.
#include <cstring>

#include "core/error.h"
#include "data/npy.h"
#include "io/protobuf.h"
#include "io/saved_network.h"
#include "io/zip.h"
#include "network.h"
#include "nn/activations.h"
#include "nn/traced.h"
#include "refusals.h"
#include "run/session.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

std::uint64_t number_at(const Bytes& bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  for (int i = count; i-- > 0;) value = value << 8 | bytes.at(at + static_cast<std::size_t>(i));
  return value;
}

std::string text_at(const Bytes& bytes, std::size_t at, std::size_t count) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(at),
          bytes.begin() + static_cast<std::ptrdiff_t>(at + count)};
}

struct Entry {
  std::string name;
  std::size_t data, size;
};

// The entries in the directory of an archive, each compared with its local header.
std::vector<Entry> entries_of(const Bytes& zip) {
  const std::size_t end = zip.size() - 22;
  REQUIRE(number_at(zip, end, 4) == 0x06054B50u);
  std::size_t at = number_at(zip, end + 16, 4);
  CHECK(at + number_at(zip, end + 12, 4) == end);
  std::vector<Entry> entries(number_at(zip, end + 10, 2));
  for (Entry& entry : entries) {
    REQUIRE(number_at(zip, at, 4) == 0x02014B50u);
    const std::size_t local = number_at(zip, at + 42, 4), name = number_at(zip, at + 28, 2);
    REQUIRE(number_at(zip, local, 4) == 0x04034B50u);
    CHECK(number_at(zip, local + 6, 2) == 0x0800u);  // no data descriptor
    CHECK(number_at(zip, local + 8, 2) == 0);        // stored
    entry.name = text_at(zip, at + 46, name);
    entry.data = local + 30 + name + number_at(zip, local + 28, 2);
    entry.size = number_at(zip, local + 18, 4);
    CHECK(text_at(zip, local + 30, name) == entry.name);
    CHECK(number_at(zip, local + 14, 4) == crc32(std::span(zip).subspan(entry.data, entry.size)));
    CHECK(number_at(zip, at + 16, 4) == number_at(zip, local + 14, 4));
    at += 46 + name;
  }
  return entries;
}

double evaluate(const Trace& trace, double x, double parameter) {
  std::vector<double> v;
  for (const TraceNode& n : trace.nodes) {
    const double a = n.a < 0 ? 0.0 : v[static_cast<std::size_t>(n.a)];
    const double b = n.b < 0 ? 0.0 : v[static_cast<std::size_t>(n.b)];
    const double c = n.c < 0 ? 0.0 : v[static_cast<std::size_t>(n.c)];
    double y = 0.0;
    switch (n.op) {
      case TraceOp::kInput: y = x; break;
      case TraceOp::kParameter: y = parameter; break;
      case TraceOp::kConstant: y = n.constant; break;
      case TraceOp::kAdd: y = a + b; break;
      case TraceOp::kSubtract: y = a - b; break;
      case TraceOp::kMultiply: y = a * b; break;
      case TraceOp::kDivide: y = a / b; break;
      case TraceOp::kNegate: y = -a; break;
      case TraceOp::kSquareRoot: y = std::sqrt(a); break;
      case TraceOp::kExp: y = std::exp(a); break;
      case TraceOp::kExpm1: y = std::expm1(a); break;
      case TraceOp::kLog: y = std::log(a); break;
      case TraceOp::kLog1p: y = std::log1p(a); break;
      case TraceOp::kSigmoid: y = 1.0 / (1.0 + std::exp(-a)); break;
      case TraceOp::kTanh: y = std::tanh(a); break;
      case TraceOp::kErf: y = std::erf(a); break;
      case TraceOp::kLess: y = a < b; break;
      case TraceOp::kGreater: y = a > b; break;
      case TraceOp::kSelect: y = a != 0.0 ? b : c; break;
    }
    v.push_back(y);
  }
  return v.at(static_cast<std::size_t>(trace.result));
}

// A new entry of the registry, without names in other programs.
template <class V>
struct BentIdentity : scalar::NothingLearnt<V> {
  static V f(V x, const V*) { return V(0.5) * (sqrt(x * x + V(1.0)) - V(1.0)) + x; }
};
template <class V>
struct Pulled {
  static V f(V x, const V* p) { return select(x < V(0.0), p[0] * tanh(x), p[1] * x); }
};

std::shared_ptr<const Dataset> tiny_data() {
  const std::vector<std::uint8_t> pixels = {0, 255, 7, 9, 30, 0, 255, 7, 9, 30, 1, 2};
  const Bytes images = idx_bytes({3, 2, 2}, pixels), labels = idx_bytes({3}, {0, 1, 1});
  return std::make_shared<const Dataset>("tiny", Dataset::Files{images, labels, images, labels}, 2);
}

}  // namespace

TEST_SUITE_BEGIN("formats");

TEST_CASE("zip: the published CRC, stored entries, aligned data") {
  CHECK(crc32(bytes_of("123456789")) == 0xCBF43926u);
  CHECK(crc32({}) == 0);
  ZipWriter zip;
  zip.add("a", bytes_of("first"));
  for (const int align : {64, 16})
    zip.add("folder/" + std::to_string(align), bytes_of("data"), align);
  zip.add("empty", {}, 64);
  const Bytes bytes = zip.finish();
  const std::vector<Entry> entries = entries_of(bytes);
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].name == "a");
  CHECK(text_at(bytes, entries[0].data, 5) == "first");
  CHECK(entries[1].data % 64 == 0);
  CHECK(entries[2].data % 16 == 0);
  CHECK(text_at(bytes, entries[2].data, 4) == "data");
  CHECK(entries[3].data % 64 == 0);
  CHECK(entries[3].size == 0);
  CHECK(entries_of(ZipWriter().finish()).empty());
}

TEST_CASE("pth: the records, the pickle's instructions, the data") {
  const Bytes bytes = write_torch({{"w", {2, 300}, std::vector<float>(600, 1.5f)},
                                   {"bn1.num_batches_tracked", {}, {7.0f}, {}, true}});
  const std::vector<Entry> entries = entries_of(bytes);
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{"archive/data.pkl", "archive/byteorder", "archive/data/0",
                                          "archive/data/1", "archive/version"});
  for (const std::size_t i : {2u, 3u}) CHECK(entries[i].data % 64 == 0);
  CHECK(text_at(bytes, entries[1].data, entries[1].size) == "little");
  CHECK(text_at(bytes, entries[4].data, entries[4].size) == "3\n");
  CHECK(entries[2].size == 2400);
  CHECK(number_at(bytes, entries[2].data, 4) == 0x3FC00000u);
  CHECK(entries[3].size == 8);
  CHECK(number_at(bytes, entries[3].data, 8) == 7);

  const std::string pickle = text_at(bytes, entries[0].data, entries[0].size);
  const std::string wanted = std::string(
                                 "\x80\x02"
                                 "ccollections\nOrderedDict\n)R(") +
                             std::string("X\x01\0\0\0w", 6) +
                             "ctorch._utils\n_rebuild_tensor_v2\n((" +
                             std::string("X\x07\0\0\0storage", 12) + "ctorch\nFloatStorage\n" +
                             std::string(
                                 "X\x01\0\0\0"
                                 "0",
                                 6) +
                             std::string(
                                 "X\x03\0\0\0"
                                 "cpu",
                                 8) +
                             "M\x58\x02tQ" + std::string("K\0", 2) +
                             "K\x02M\x2c\x01\x86M\x2c\x01K\x01\x86\x89"
                             "ccollections\nOrderedDict\n)RtR";
  CHECK(pickle.substr(0, wanted.size()) == wanted);
  CHECK(pickle.find("ctorch\nLongStorage\n") != std::string::npos);
  CHECK(pickle.substr(pickle.size() - 3) == "Ru.");
}

TEST_CASE("protocol buffers: the encoding's own examples") {
  CHECK(ProtoMessage().number(1, 150).bytes() == Bytes{0x08, 0x96, 0x01});
  CHECK(ProtoMessage().text(2, "testing").bytes() ==
        Bytes{0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67});
  CHECK(ProtoMessage().message(3, ProtoMessage().number(1, 150)).bytes() ==
        Bytes{0x1a, 0x03, 0x08, 0x96, 0x01});
  CHECK(ProtoMessage().real(2, 1.0f).bytes() == Bytes{0x15, 0, 0, 0x80, 0x3f});
  CHECK(ProtoMessage().number(20, 0).bytes() == Bytes{0xa0, 0x01, 0});
}

TEST_CASE("npy: what is written is read back, data at a multiple of 64") {
  for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0, 4}, Shape{1, 2, 3, 4}}) {
    const auto count = static_cast<std::size_t>(element_count(shape));
    const Bytes floats = write_npy(shape, std::vector<float>(count, 1.0f));
    const NpyArray array = read_npy(floats, "written");
    CHECK(array.shape == shape);
    CHECK(array.kind == 'f');
    CHECK(array.size == 4);
    CHECK(array.begin % 64 == 0);
    if (count > 0) CHECK(number_at(floats, array.begin, 4) == 0x3F800000u);
    const Bytes whole = write_npy(shape, Bytes(count, 9));
    CHECK(read_npy(whole, "written").kind == 'u');
  }
  const Bytes bytes = write_npy({3}, Bytes{1, 2, 3});
  CHECK(text_at(bytes, 10, 61) == "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }    ");
}

TEST_CASE("every activation, traced, is its function") {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    CAPTURE(info.name);
    std::vector<double> values;
    for (const ActivationParameter& p : info.parameters) values.push_back(p.initial);
    const Trace trace = trace_activation(id, values);
    if (activation_learns(info)) values[0] = 0.7;  // which a trace does not determine
    for (double x = -30.0; x <= 30.0; x += 0.37) {
      CAPTURE(x);
      CHECK(close(evaluate(trace, x, 0.7), activation_value(id, x, values), 1e-9));
    }
    for (const TraceNode& node : trace.nodes) {
      for (const int operand : {node.a, node.b, node.c})
        CHECK(operand < &node - trace.nodes.data());
    }
  }
}

TEST_CASE("an activation that no format has a name for") {
  const Trace bent = trace_of<BentIdentity<scalar::Traced>>({}, false);
  CHECK(close(evaluate(bent, 2.0, 0.0), 0.5 * (std::sqrt(5.0) - 1.0) + 2.0, 1e-15));
  CHECK(pytorch_lines(bent, "") ==
        std::vector<std::string>{"return (0.5 * (torch.sqrt((x * x) + 1) - 1)) + x"});
  const double values[] = {0.1, 3.0};
  const Trace pulled = trace_of<Pulled<scalar::Traced>>(values, true);
  CHECK(evaluate(pulled, 2.0, 0.7) == 6.0);
  CHECK(close(evaluate(pulled, -2.0, 0.7), 0.7 * std::tanh(-2.0), 1e-15));
  CHECK(pytorch_lines(pulled, "slope") ==
        std::vector<std::string>{"return torch.where(x < 0, slope * torch.tanh(x), 3 * x)"});
}

TEST_CASE("formats by the ends of names, and those that are none") {
  for (const SaveFormat& format : save_formats()) {
    CHECK(save_format_of("a.b/c." + std::string(format.name)) == format.name);
  }
  for (const char* const path : {"weights.txt", "pth", "a.pth/b", "w.PTH", ""}) {
    CHECK(refusal([&] { save_format_of(path); }) ==
          "save: \"" + std::string(path) + "\" must end in .pth, .safetensors, .onnx, .npz or .py");
  }
  Config config;
  config.model = "dense 3 | relu | dense 2";
  config.epochs = 1;
  Session session(tiny_data(), config);
  CHECK(refusal([&] { session.save("txt"); }) ==
        "format is \"txt\", but it must be pth, safetensors, onnx, npz or py");
  for (const int count : {0, 4, -1}) {
    CHECK(refusal([&] { session.save("npz", count); }) ==
          "npz_images is " + std::to_string(count) +
              ", but it must be from 1 to 3, the number of test images");
  }
}

TEST_CASE("npz: images, labels and each layer's output, whatever the batch") {
  Config config;
  config.model = "dense 3 | relu | dense 2";
  config.test_batch = 2;
  Session session(tiny_data(), config);
  const Bytes bytes = session.save("npz", 3);
  const std::vector<Entry> entries = entries_of(bytes);
  REQUIRE(entries.size() == 5);
  const std::pair<const char*, Shape> wanted[] = {{"images.npy", {3, 2, 2}},
                                                  {"labels.npy", {3}},
                                                  {"fc1.npy", {3, 3}},
                                                  {"act1.npy", {3, 3}},
                                                  {"fc2.npy", {3, 2}}};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(entries[i].name == wanted[i].first);
    const auto file = std::span(bytes).subspan(entries[i].data, entries[i].size);
    CHECK(read_npy(file, "entry").shape == wanted[i].second);
  }
  for (int s = 0; s < 3; ++s) {
    const auto image = session.trainer().data().test().image(s);
    const std::vector<float> logits = session.predict(image).layers.back().values;
    const std::size_t at = entries[4].data + entries[4].size - 24 + 8 * static_cast<std::size_t>(s);
    CHECK(std::memcmp(logits.data(), bytes.data() + at, 8) == 0);
  }
}

TEST_CASE("whole numbers of a state_dict: int64 in files, and back") {
  Config config;
  config.model = "dense 3 | bn | relu | dense 2";
  config.epochs = 1;
  config.batch = 3;
  Session session(tiny_data(), config);
  while (session.advance().event() != "done") {
  }
  const Bytes bytes = session.save("safetensors");
  const SafetensorsFile file = read_safetensors(bytes);
  CHECK(file.tensors.front().name == "bn1.num_batches_tracked");
  CHECK(file.tensors.front().dtype == "I64");
  CHECK(file.tensors.front().shape.empty());
  CHECK(float_values(file.tensors.front(), true) == std::vector<float>{1.0f});
  Session other(tiny_data(), config);
  CHECK(other.weights_sha256() != session.weights_sha256());
  other.load(bytes);
  CHECK(other.weights_sha256() == session.weights_sha256());
  // A float, as in older files.
  std::vector<NamedTensor> floats;
  for (const StoredTensor& tensor : file.tensors) {
    floats.push_back({tensor.name, tensor.shape, float_values(tensor, true)});
  }
  Session third(tiny_data(), config);
  third.load(write_safetensors(floats, {}));
  CHECK(third.weights_sha256() == session.weights_sha256());
}

TEST_CASE("zip: as many entries as its directory can count, and not one more") {
  ZipWriter zip;
  for (int k = 0; k < 65535; ++k) zip.add("x", {});
  CHECK(refusal([&] { zip.add("x", {}); }) ==
        "the archive would pass the 4,294,967,295 bytes or 65,535 entries that a .zip can hold");
  const Bytes bytes = zip.finish();
  CHECK(number_at(bytes, bytes.size() - 12, 2) == 65535);
}

TEST_SUITE_END();
