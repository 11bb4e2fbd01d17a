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

std::string metadata_of(const SafetensorsFile& file, std::string_view key) {
  for (const auto& [name, value] : file.metadata) {
    if (name == key) return value;
  }
  return "";
}

// Throws unless the file is an undamaged checkpoint of a known version.
SafetensorsFile read_checkpoint(std::span<const std::uint8_t> bytes) {
  SafetensorsFile file = read_safetensors(bytes);
  if (metadata_of(file, "format") != kFormat) {
    throw Error(
        "checkpoint: the file contains only weights; give a file written by train --checkpoint");
  }
  const std::string version = metadata_of(file, "version");
  const double number = parse_number(version).value_or(0.0);
  if (number != kCheckpointVersion && number != kUncheckedVersion) {
    throw Error("checkpoint: its version is " + (version.empty() ? "none" : in_quotes(version)) +
                ", but this program reads versions " + std::to_string(kUncheckedVersion) + " and " +
                std::to_string(kCheckpointVersion) +
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

// "lr is 0.1, but WHOSE has 0.2"
std::string difference_text(const Field& field, const Config& now, const Config& saved,
                            const std::string& whose) {
  return field.name + " is " + json_line(config_to_json(now)[field.name]) + ", but " + whose +
         " has " + json_line(config_to_json(saved)[field.name]);
}

}  // namespace

Config config_of_checkpoint(std::span<const std::uint8_t> file) {
  return open_checkpoint(file).config;
}

std::int64_t steps_of_checkpoint(std::span<const std::uint8_t> file) {
  return steps_of(open_checkpoint(file).state);
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
  const auto text = [&file](const char* key) {
    std::string found = metadata_of(file, key);
    if (found.empty()) throw Error("checkpoint: its metadata has no " + in_quotes(key));
    return found;
  };
  const auto json = [&text](const char* key) {
    return parse_json(text(key), std::string("checkpoint: ") + key, "an object");
  };
  return {.config = config_from_json(text("config")),
          .data = json("data"),
          .state = json("state"),
          .tensors = std::move(file.tensors)};
}

void check_resume(const Config& saved, const Config& resumed) {
  for (const Field* const field : differing_fields(saved, resumed)) {
    const std::string differs = difference_text(*field, resumed, saved, "the checkpoint's run");
    if (!field->may_differ_on_resume()) {
      throw Error(differs + ": a resumed run can only change " +
                  join_or(field_names([](const Field& f) { return f.may_differ_on_resume(); })));
    }
    if (field->name != "epochs") continue;
    if (resumed.epochs < saved.epochs) {
      throw Error(differs + ": a resumed run can have more epochs, not fewer");
    }
    if (schedule_row(saved.schedule).depends_on_epochs(schedule_options(saved, 1))) {
      throw Error(differs + ", and the rates of its schedule " + in_quotes(saved.schedule) +
                  " depend on the number of epochs");
    }
  }
}

void check_fork(const Config& saved, const Config& forked) {
  for (const Field* const field : differing_fields(saved, forked)) {
    if (field->forkable) continue;
    throw Error(difference_text(*field, forked, saved, "the run to fork") +
                ": a fork cannot change it, nor " +
                join_or(field_names([](const Field& f) { return !f.forkable; })));
  }
  if (schedule_row(saved.schedule).needs_validation !=
          schedule_row(forked.schedule).needs_validation &&
      saved.validation == 0 && saved.early_stopping == 0) {
    throw Error("schedule is " + in_quotes(forked.schedule) + ", but the run to fork has " +
                in_quotes(saved.schedule) +
                ": a fork cannot change whether validation samples are held out for it");
  }
}

Config resumed_config(const Config& saved, const NamedTexts& given) {
  Config resumed = config_from_fields(given, saved);
  check_resume(saved, resumed);
  return resumed;
}

Config forked_config(const Config& saved, std::int64_t steps, const std::string& changes) {
  Config now = saved;  // with the live changes up to this step
  for (const Event& event : saved.events) {
    if (event.step <= steps) set_live(now, event.field, event.value);
  }
  Config forked = with_changes(changes, now);
  if (forked.events != now.events) {
    throw Error("events is set, but a fork applies its changes at once");
  }
  const Json first = config_to_json(saved), before = config_to_json(now),
             after = config_to_json(forked);
  for (const Field& field : config_fields()) {
    if (!field.live) continue;
    set_live(forked, field.name, first[field.name].get<double>());
    if (before[field.name] == after[field.name]) continue;
    std::erase_if(forked.events, [steps](const Event& event) { return event.step > steps; });
    forked.events.push_back({steps, field.name, after[field.name].get<double>()});
  }
  check_fork(saved, forked);
  return forked;
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
  if (metadata_of(file, "format") != kFormat) return file;
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

Config config_of_weights(std::span<const std::uint8_t> bytes) {
  const std::string saved = metadata_of(read_safetensors(bytes), "config");
  Config config = saved.empty() ? Config{} : config_from_json(saved);
  config.train_samples = 0;
  config.device = "auto";  // independent of where they were trained
  config.precision = "fp32";
  config.events.clear();
  return config;
}

}  // namespace reluscope
