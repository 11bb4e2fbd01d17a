#include "run/checkpoint.h"

#include <algorithm>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"
#include "optim/schedule.h"

namespace reluscope {
namespace {

constexpr const char* kFormat = "reluscope.checkpoint";

const std::string* metadata_of(const SafetensorsFile& file, std::string_view key) {
  for (const auto& [name, value] : file.metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

bool is_checkpoint(const SafetensorsFile& file) {
  const std::string* const format = metadata_of(file, "format");
  return format != nullptr && *format == kFormat;
}

const std::string& needed_metadata(const SafetensorsFile& file, const char* key) {
  const std::string* const text = metadata_of(file, key);
  if (text == nullptr) throw Error("checkpoint: its metadata has no " + in_quotes(key));
  return *text;
}

Json metadata_json(const SafetensorsFile& file, const char* key) {
  return parse_json(needed_metadata(file, key), std::string("checkpoint: ") + key, "an object");
}

// Throws unless the file is an undamaged checkpoint of a known version.
SafetensorsFile read_checkpoint(std::span<const std::uint8_t> bytes) {
  SafetensorsFile file = read_safetensors(bytes);
  if (!is_checkpoint(file)) {
    throw Error(
        "checkpoint: the file contains only weights; give a file written by train --checkpoint");
  }
  const std::string* const version = metadata_of(file, "version");
  // 0: missing or not a number.
  const double number = version == nullptr ? 0.0 : parse_number(*version).value_or(0.0);
  if (number != kCheckpointVersion && number != kUncheckedVersion) {
    const std::string found = version == nullptr ? "none" : in_quotes(*version);
    throw Error("checkpoint: its version is " + found + ", but this program reads versions " +
                std::to_string(kUncheckedVersion) + " and " + std::to_string(kCheckpointVersion) +
                (number > kCheckpointVersion ? "; a newer program wrote it" : ""));
  }
  const Checksum checksum = check_checksum(bytes);
  if (checksum == Checksum::kWrong ||
      (checksum == Checksum::kNone && number != kUncheckedVersion)) {
    throw Error(
        std::string("checkpoint: the file is damaged: its SHA-256 ") +
        (checksum == Checksum::kWrong ? "differs from the one stored in it" : "is missing"));
  }
  return file;
}

}  // namespace

Config config_of_checkpoint(std::span<const std::uint8_t> file) {
  return config_from_json(needed_metadata(read_checkpoint(file), "config"));
}

std::int64_t steps_of_checkpoint(std::span<const std::uint8_t> file) {
  return steps_of(metadata_json(read_checkpoint(file), "state"));
}

std::vector<std::uint8_t> write_checkpoint(const Config& config, const Json& data,
                                           EncodedState run) {
  std::vector<std::uint8_t> file =
      write_safetensors(std::move(run.tensors), {{"format", kFormat},
                                                 {"version", std::to_string(kCheckpointVersion)},
                                                 checksum_entry(),
                                                 {"config", json_line(config_to_json(config))},
                                                 {"data", json_line(data)},
                                                 {"state", json_line(run.state)}});
  write_checksum(file);
  return file;
}

SavedRun open_checkpoint(std::span<const std::uint8_t> bytes) {
  SafetensorsFile file = read_checkpoint(bytes);
  return {.config = config_from_json(needed_metadata(file, "config")),
          .data = metadata_json(file, "data"),
          .state = metadata_json(file, "state"),
          .tensors = std::move(file.tensors)};
}

void check_resume(const Config& saved, const Config& resumed) {
  const Json was = config_to_json(saved), is = config_to_json(resumed);
  std::vector<std::string> free;
  for (const Field& field : config_fields()) {
    if (field.may_differ_on_resume()) free.push_back(field.name);
  }
  for (const Field& field : config_fields()) {
    if (was[field.name] == is[field.name]) continue;
    const std::string differs = field.name + " is " + json_line(is[field.name]) +
                                ", but the checkpoint's run has " + json_line(was[field.name]);
    if (!field.may_differ_on_resume()) {
      throw Error(differs + ": a resumed run can only change " + join_or(free));
    }
    if (field.name != "epochs") continue;
    if (resumed.epochs < saved.epochs) {
      throw Error(differs + ": a resumed run can have more epochs, not fewer");
    }
    if (schedule_row(saved.schedule).depends_on_epochs(schedule_options(saved, 1))) {
      throw Error(differs + ", and the rates of its schedule " + in_quotes(saved.schedule) +
                  " depend on the number of epochs");
    }
  }
}

Config resumed_config(const Config& saved,
                      const std::vector<std::pair<std::string, std::string>>& given) {
  Config resumed = config_from_fields(given, saved);
  check_resume(saved, resumed);
  return resumed;
}

Config portable_config(Config config) {
  const auto names = cpu::simd_names();
  if (std::find(names.begin(), names.end(), config.simd) == names.end()) config.simd = "auto";
  if (config.device != "cpu") config.device = "auto";
  return config;
}

std::string checkpoint_notice(std::span<const std::uint8_t> file) {
  return check_checksum(file) == Checksum::kNone ? "The checkpoint has an older version without a "
                                                   "checksum, so damage cannot be detected"
                                                 : "";
}

SafetensorsFile read_weights(std::span<const std::uint8_t> bytes) {
  SafetensorsFile file = read_safetensors(bytes);
  if (!is_checkpoint(file)) return file;
  file = read_checkpoint(bytes);
  const bool averaged =
      std::any_of(file.tensors.begin(), file.tensors.end(),
                  [](const StoredTensor& tensor) { return tensor.name.starts_with("average."); });
  SafetensorsFile weights{std::move(file.metadata), {}};
  for (const std::string_view prefix : {averaged ? "average." : "model.", "running."}) {
    for (StoredTensor& tensor : file.tensors) {
      if (!tensor.name.starts_with(prefix)) continue;
      tensor.name.erase(0, prefix.size());
      weights.tensors.push_back(tensor);
    }
  }
  return weights;
}

}  // namespace reluscope
