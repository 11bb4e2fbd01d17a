// Checkpoints. The first byte of an input selects the meaning of the rest: a whole file, changes to
// single bytes of a valid file, the JSON of its state, or the JSON of its monitors. A restored run
// continues for some calls.
#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "io/safetensors.h"
#include "run/session.h"

using namespace reluscope;

namespace {

std::shared_ptr<const Dataset> some_data() {
  std::vector<std::uint8_t> pixels, labels;
  for (int k = 0; k < 12; ++k) {
    labels.push_back(static_cast<std::uint8_t>(k % 2));
    for (int at = 0; at < 4; ++at) pixels.push_back(static_cast<std::uint8_t>(20 * k + at));
  }
  const ImageSet set(2, 2, pixels, labels);
  return std::make_shared<const Dataset>("some", set, set, std::vector<std::string>{"a", "b"});
}

Config some_config() {
  return config_from_fields({{"model", "dense 4 | bn | relu | dense 2"},
                             {"batch", "3"},
                             {"epochs", "3"},
                             {"test_batch", "5"},
                             {"accumulate", "2"},
                             {"ema", "0.5"},
                             {"probe", "2"},
                             {"validation", "3"},
                             {"early_stopping", "2"},
                             {"threads", "1"}});
}

// A checkpoint after some calls: 8 stop in the middle of a group, 4 during scoring.
std::vector<std::uint8_t> good_file(int calls) {
  Session session(some_data(), some_config());
  for (int call = 0; call < calls; ++call) session.advance();
  return session.checkpoint();
}

// A valid file in which `text` replaces the entry `where`.
std::vector<std::uint8_t> with_text(std::span<const std::uint8_t> bytes, std::string_view where,
                                    std::string_view text) {
  const SafetensorsFile file = read_safetensors(bytes);
  Metadata metadata = file.metadata;
  for (auto& [key, value] : metadata) {
    if (key == where) value = text;
  }
  std::vector<NamedTensor> tensors;
  for (const StoredTensor& tensor : file.tensors) {
    if (tensor.dtype == "F32") {
      tensors.push_back({tensor.name, tensor.shape, float_values(tensor)});
    } else if (where == tensor.name) {
      tensors.push_back(
          {tensor.name, {static_cast<std::int64_t>(text.size())}, {}, {text.begin(), text.end()}});
    } else {
      tensors.push_back(
          {tensor.name, tensor.shape, {}, {tensor.bytes.begin(), tensor.bytes.end()}});
    }
  }
  return write_safetensors(std::move(tensors), metadata);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto images = some_data();
  static const std::vector<std::uint8_t> training = good_file(8), scoring = good_file(4);
  if (size == 0) return 0;
  return fuzz::feed([&] {
    const std::vector<std::uint8_t>& good = data[0] & 1 ? scoring : training;
    const std::span<const std::uint8_t> rest(data + 1, size - 1);
    std::vector<std::uint8_t> file;
    switch (data[0] >> 1 & 3) {
      case 0: file.assign(rest.begin(), rest.end()); break;
      case 1:
        file = good;
        for (std::size_t at = 0; at + 3 <= rest.size(); at += 3) {
          file[(rest[at] | std::size_t{rest[at + 1]} << 8) % file.size()] ^= rest[at + 2];
        }
        break;
      case 2: file = with_text(good, "state", fuzz::text_of(rest.data(), rest.size())); break;
      default: file = with_text(good, "monitors", fuzz::text_of(rest.data(), rest.size())); break;
    }
    Session session(images, some_config());
    session.restore(file);
    for (int call = 0; call < 12; ++call) session.advance();
    session.checkpoint();
  });
}
