#include "experiments/planned_run.h"

#include <algorithm>

#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "nn/architecture.h"

namespace reluscope {
namespace {

constexpr const char* kChangeNoBit[] = {"log_every", "threads", "input", "device", "simd"};

// As a shell reads it back.
std::string shell_word(const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-+._,:/").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') word += '\\';
    word += c;
  }
  return word + "\"";
}

}  // namespace

bool changes_bits(const std::string& field) {
  return std::none_of(std::begin(kChangeNoBit), std::end(kChangeNoBit),
                      [&field](const char* name) { return field == name; });
}

std::string run_id(const Config& config) {
  Json fields = Json::array();
  for (const auto& [name, text] : config_to_fields(config)) {
    if (changes_bits(name)) fields.push_back({name, text});
  }
  const std::string text = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  Sha256 hash;
  hash.add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return hash.hex().substr(0, 16);
}

Config with_changes(const std::string& text, const Config& base) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    const std::string part(trim(std::string_view(text).substr(at, end - at)));
    at = end + 1;
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) {
      throw Error(in_quotes(part) + " is not a setting: FIELD=VALUE was expected, such as lr=0.1");
    }
    fields.emplace_back(trim(part.substr(0, equals)), trim(part.substr(equals + 1)));
  }
  return config_from_fields(fields, base);
}

std::string train_command(const Config& config) {
  std::string command = "reluscope train";
  for (const auto& [name, text] : config_to_fields(config)) {
    command += " --" + name + " " + shell_word(text);
  }
  return command;
}

void check_model(const Config& config, const Dataset& data) {
  parse_architecture(config.model, data.shape(), data.classes());
}

Json changed_fields(const Config& config) {
  const Json all = config_to_json(config);
  Json changed = Json::object();
  for (const auto& [name, text] : config_to_fields(config)) changed[name] = all[name];
  return changed;
}

}  // namespace reluscope
