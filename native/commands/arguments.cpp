#include "commands/arguments.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <list>
#include <map>

#include "core/error.h"
#include "core/text.h"
#include "files/output.h"
#include "files/saves.h"

namespace reluscope {
namespace {

constexpr std::uint64_t kMostConfig = 1 << 20;

// A CLI11 subcommand and the variables that it fills. Every field of the config is a flag of the
// same name. Flags are read as texts and passed to the parser in config/config.h.
class Parsed {
 public:
  Parsed(const Command& command, CLI::App& app)
      : command_(command), app_(*app.add_subcommand(command.name, command.about)) {
    if (command.fields) {
      for (const Field& field : config_fields()) {
        app_.add_option("--" + field.name, texts_[field.name], std::string(field.help));
      }
      app_.allow_extras();  // refused by Arguments::config(), with a suggestion
    }
    for (const CommandFlag& flag : command.flags) {
      const std::string name = "--" + flag.name;
      if (flag.value.empty()) {
        app_.add_flag(name, switches_[flag.name], flag.help);
      } else if (flag.repeats) {
        app_.add_option(name, lists_[flag.name], flag.help)
            ->allow_extra_args(false)
            ->type_name(flag.value);
      } else {
        app_.add_option(name, texts_[flag.name], flag.help)->type_name(flag.value);
      }
    }
    if (command.argument[0] == '\0') return;
    if (command.many_arguments) {
      app_.add_option(command.argument, arguments_, command.argument_help);
    } else {
      app_.add_option(command.argument, argument_, command.argument_help);
    }
  }

  bool was_named() const { return app_.parsed(); }

  Arguments read(const char* program) const {
    Arguments read{.command = &command_, .program = program, .arguments = arguments_};
    const auto given = [&](const std::string& name) { return app_.count("--" + name) > 0; };
    if (command_.fields) {
      for (const Field& field : config_fields()) {
        if (given(field.name)) read.fields.emplace_back(field.name, texts_.at(field.name));
      }
    }
    for (const CommandFlag& flag : command_.flags) {
      if (!given(flag.name)) continue;
      if (flag.value.empty()) {
        if (switches_.at(flag.name)) read.flags.emplace_back(flag.name, "");
      } else if (flag.repeats) {
        for (const std::string& text : lists_.at(flag.name))
          read.flags.emplace_back(flag.name, text);
      } else {
        read.flags.emplace_back(flag.name, texts_.at(flag.name));
      }
    }
    if (!argument_.empty()) read.arguments.push_back(argument_);
    read.unknown = app_.remaining();
    return read;
  }

 private:
  const Command& command_;
  CLI::App& app_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::string>> lists_;
  std::map<std::string, bool> switches_;
  std::vector<std::string> arguments_;
  std::string argument_;
};

// The arguments, with the default value added to flags whose value is optional: CLI11 has no
// repeatable flag with an optional value.
std::vector<const char*> complete(int argc, char** argv, std::list<std::string>& texts) {
  std::vector<const char*> arguments(argv, argv + argc);
  const std::vector<CommandFlag>* const flags =
      argc > 1 && argv[1][0] != '-' ? &find_command(argv[1]).flags : nullptr;
  if (flags == nullptr) return arguments;
  for (int i = 2; i < argc; ++i) {
    if (i + 1 < argc && std::string_view(argv[i + 1]).rfind("--", 0) != 0) continue;
    for (const CommandFlag& flag : *flags) {
      if (flag.otherwise.empty() || argv[i] != "--" + flag.name) continue;
      texts.push_back(argv[i] + std::string("=") + flag.otherwise);
      arguments[static_cast<std::size_t>(i)] = texts.back().c_str();
    }
  }
  return arguments;
}

}  // namespace

bool Arguments::has(std::string_view flag) const { return !texts(flag).empty(); }

std::string Arguments::text(std::string_view flag) const {
  const std::vector<std::string> all = texts(flag);
  return all.empty() ? "" : all.front();
}

std::vector<std::string> Arguments::texts(std::string_view flag) const {
  std::vector<std::string> found;
  for (const auto& [name, text] : flags) {
    if (name == flag) found.push_back(text);
  }
  return found;
}

Config Arguments::config(Config config) const {
  for (const std::string& extra : unknown) {
    if (extra.rfind("--", 0) != 0) {
      throw Error("argument " + in_quotes(extra) + " was not expected: flags start with --");
    }
    config_from_fields({{extra.substr(2, extra.find('=') - 2), ""}});  // throws
  }
  for (const CommandFlag& flag : command->flags) {
    if (flag.file && has(flag.name) && has("config")) {
      throw Error("config: --" + std::string(flag.name) +
                  " takes the settings of its checkpoint, so give no --config beside it");
    }
  }
  if (const std::string file = text("config"); !file.empty()) {
    const std::vector<std::uint8_t> bytes = read_bytes(file, "config", kMostConfig);
    config = config_from_json(std::string(bytes.begin(), bytes.end()), config);
  }
  return config_from_fields(fields, config);
}

DataBudget Arguments::budget() const {
  if (!has("max_data")) return DataBudget();
  const auto megabytes = parse_number(text("max_data"));
  if (!megabytes || !(*megabytes >= 1 && *megabytes <= 1e6) ||
      *megabytes != std::floor(*megabytes)) {
    throw Error("max_data is " + in_quotes(text("max_data")) +
                ", but it must be a whole number from 1 to 1000000");
  }
  return DataBudget(static_cast<std::uint64_t>(*megabytes) << 20);
}

std::optional<int> Arguments::saved_images() const {
  if (!has("npz_images")) return {};
  return read_npz_images(text("npz_images"));
}

std::optional<Arguments> read_arguments(int argc, char** argv) {
  CLI::App app(
      "reluscope trains small neural networks on images and shows what their activation\n"
      "functions do. The same seed gives the same bits on every machine.");
  app.require_subcommand(1);
  std::list<std::string> texts;
  const std::vector<const char*> arguments = complete(argc, argv, texts);
  std::list<Parsed> all;
  for (const Command& command : commands()) all.emplace_back(command, app);
  try {
    app.parse(argc, arguments.data());
  } catch (const CLI::CallForHelp& help) {
    app.exit(help);
    return {};
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();  // "--epochs: 1 required TEXT missing"
    throw Error("flag " + what.substr(0, what.find(':')) + " needs exactly one value");
  } catch (const CLI::ParseError& error) {
    throw Error(error.what());
  }
  for (const Parsed& parsed : all) {
    if (parsed.was_named()) return parsed.read(argv[0]);
  }
  return {};
}

}  // namespace reluscope
