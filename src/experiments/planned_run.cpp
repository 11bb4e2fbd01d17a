#include "experiments/planned_run.h"

#include <algorithm>

#include "nn/architecture.h"

namespace reluscope {
namespace {

// Quoted for a shell.
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

}  // namespace reluscope
