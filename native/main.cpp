// The command line. Every field of the config is a flag of its name; flags are read as texts and
// handed to the one parser in train/config.h.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <new>

#include "commands.h"
#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

constexpr int kBadInput = 2;

// What the flags of one subcommand said.
struct Flags {
  std::map<std::string, std::string> fields;  // of the config, by name
  std::string config_file, jsonl, save;

  void add_to(CLI::App& command) {
    for (const Field& field : config_fields()) {
      command.add_option("--" + field.name, fields[field.name], field.help);
    }
    command.add_option("--config", config_file, "JSON file with config fields; flags win over it");
    command.allow_extras();  // refused below, with a suggestion
  }

  Config config(const CLI::App& command) const {
    for (const std::string& extra : command.remaining()) {
      if (extra.rfind("--", 0) != 0) {
        throw Error("argument " + in_quotes(extra) + " was not expected: flags start with --");
      }
      config_from_fields({{extra.substr(2, extra.find('=') - 2), ""}});  // throws
    }
    Config config;
    if (!config_file.empty()) {
      std::ifstream file(config_file);
      if (!file || std::filesystem::is_directory(config_file)) {
        throw Error("config: " + in_quotes(config_file) + " cannot be read");
      }
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      config = config_from_json(text);
    }
    std::vector<std::pair<std::string, std::string>> given;
    for (const Field& field : config_fields()) {
      if (command.count("--" + field.name) > 0) given.emplace_back(field.name, fields.at(field.name));
    }
    return config_from_fields(given, config);
  }
};

int run(int argc, char** argv) {
  CLI::App app("reluscope trains small neural networks on images and shows what their activation\n"
               "functions do. The same seed gives the same bits on every machine.");
  const std::vector<std::string> commands = {"train", "info", "simd"};
  if (argc > 1 && argv[1][0] != '-' &&
      std::find(commands.begin(), commands.end(), argv[1]) == commands.end()) {
    throw Error("unknown command " + in_quotes(argv[1]) + ": known are " + join_or(commands));
  }
  app.require_subcommand(1);
  Flags train_flags, info_flags;
  CLI::App* const train = app.add_subcommand("train", "train a network and score it");
  train_flags.add_to(*train);
  train->add_option("--jsonl", train_flags.jsonl,
                    "also write events as JSON lines to this file; - for standard output");
  train->add_option("--save", train_flags.save, "write the weights to this .safetensors file");
  CLI::App* const info = app.add_subcommand("info", "print the model layer by layer");
  info_flags.add_to(*info);
  CLI::App* const simd = app.add_subcommand("simd", "list the instruction sets --simd takes here");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();  // "--epochs: 1 required TEXT missing"
    throw Error("flag " + what.substr(0, what.find(':')) + " needs exactly one value");
  } catch (const CLI::ParseError& error) {
    throw Error(error.what());
  }
  if (*simd) return simd_command();
  if (*info) return info_command(info_flags.config(*info));
  return train_command({train_flags.config(*train), argv[0], train_flags.jsonl, train_flags.save});
}

}  // namespace
}  // namespace reluscope

int main(int argc, char** argv) {
  try {
    return reluscope::run(argc, argv);
  } catch (const reluscope::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return reluscope::kBadInput;
  } catch (const std::bad_alloc&) {
    std::fputs("error: out of memory: the model and its batches need more than this machine gives\n",
               stderr);
    return reluscope::kBadInput;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
