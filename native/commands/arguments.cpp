#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "commands/commands.h"
#include "core/error.h"
#include "core/text.h"
#include "files/output.h"
#include "run/checkpoint.h"

namespace reluscope {
namespace {

constexpr std::uint64_t kMostConfig = 1 << 20;

// Every field of the config is a flag of the same name. Flags are read as texts; config/config.h
// parses them.
void add_command(CLI::App& app, const Command& command) {
  CLI::App& own = *app.add_subcommand(command.name, command.about);
  const auto add = [&](const std::string& name, const std::string& help, const std::string& type) {
    return own.add_option(name, CLI::callback_t(), help)->type_name(type);
  };
  if (command.fields) {
    for (const Field& field : config_fields())
      add("--" + field.name, std::string(field.help), "TEXT");
    own.allow_extras();  // Arguments::config() refuses them, with a suggestion
  }
  constexpr int kAnyNumber = CLI::detail::expected_max_vector_size;
  for (const CommandFlag& flag : command.flags) {
    if (flag.value.empty()) {
      own.add_flag("--" + flag.name, flag.help);
    } else {
      CLI::Option* const option = add("--" + flag.name, flag.help, flag.value);
      if (flag.repeats) option->expected(kAnyNumber)->allow_extra_args(false);
    }
  }
  if (command.argument[0] == '\0') return;
  CLI::Option* const argument = add(command.argument, command.argument_help, "TEXT");
  if (command.many_arguments) argument->expected(kAnyNumber);
}

Arguments arguments_of(const CLI::App& given, const char* program) {
  Arguments read{
      .command = &find_command(given.get_name()), .program = program, .unknown = given.remaining()};
  const std::vector<CommandFlag>& known = read.command->flags;
  std::vector<std::pair<std::string, std::string>> flags;
  for (const CLI::Option* const option : given.get_options()) {
    const std::string name = option->get_single_name();
    const bool is_flag = std::any_of(known.begin(), known.end(),
                                     [&](const CommandFlag& flag) { return flag.name == name; });
    for (const std::string& text : option->results()) {
      if (option->get_positional()) {
        read.arguments.push_back(text);
      } else if (option->get_expected_max() > 0 || text == "true") {  // not a switch, or on
        (is_flag ? flags : read.fields).emplace_back(name, text);
      }
    }
  }
  read.flags = FlagValues(std::move(flags));
  return read;
}

// The arguments, with the default value added to flags whose value is optional: CLI11 has no
// repeatable flag with an optional value.
std::vector<std::string> complete(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments[0].starts_with('-')) return arguments;
  const std::vector<CommandFlag>& flags = find_command(arguments[0]).flags;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--")) continue;
    for (const CommandFlag& flag : flags) {
      if (!flag.otherwise.empty() && arguments[i] == "--" + flag.name)
        arguments[i] += "=" + flag.otherwise;
    }
  }
  return arguments;
}

}  // namespace

Config Arguments::config(Config config) const {
  for (const std::string& extra : unknown) {
    if (!extra.starts_with("--")) {
      throw Error("argument " + in_quotes(extra) + " was not expected: flags start with --");
    }
    config_from_fields({{extra.substr(2, extra.find('=') - 2), ""}});  // throws
  }
  for (const CommandFlag& flag : command->flags) {
    if (flag.file && flags.has(flag.name) && flags.has("config")) {
      throw Error("config: --" + std::string(flag.name) +
                  " takes the settings of its checkpoint, so give no --config beside it");
    }
  }
  if (const std::string file = text("config"); !file.empty()) {
    const Bytes bytes = read_bytes(file, "config", kMostConfig);
    config = config_from_json(std::string(bytes.begin(), bytes.end()), config);
  }
  return config_from_fields(fields, config);
}

Config Arguments::resumed(std::span<const std::uint8_t> checkpoint) const {
  Config config = resumed_config(portable_config(config_of_checkpoint(checkpoint)), fields);
  const std::string notice = checkpoint_notice(checkpoint);
  if (!notice.empty()) std::fprintf(stderr, "note: %s\n", notice.c_str());
  return config;
}

DataBudget Arguments::budget() const {
  if (!flags.has("max_data")) return DataBudget();
  return DataBudget(static_cast<std::uint64_t>(flags.whole("max_data", 0, 1, 1'000'000)) << 20);
}

std::optional<int> Arguments::saved_images() const {
  if (!flags.has("npz_images")) return {};
  return flags.whole("npz_images", 0, 1, 1 << 30);
}

std::optional<Arguments> read_arguments(int argc, char** argv) {
  CLI::App app(
      "reluscope trains small neural networks on images and shows what their activation\n"
      "functions do. The same seed gives the same bits on every machine.",
      argv[0]);
  app.require_subcommand(1);
  std::vector<std::string> arguments = complete({argv + 1, argv + argc});
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 expects them
  for (const Command& command : commands()) add_command(app, command);
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp& help) {
    app.exit(help);
    return {};
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();  // "--epochs: 1 required TEXT missing"
    throw Error("flag " + what.substr(0, what.find(':')) + " needs exactly one value");
  } catch (const CLI::ParseError& error) {
    throw Error(error.what());
  }
  return arguments_of(*app.get_subcommands().front(), argv[0]);
}

}  // namespace reluscope
