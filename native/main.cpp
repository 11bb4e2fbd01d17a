// The command line. Every field of the config is a flag of its name; flags are read as texts and
// handed to the one parser in config/config.h.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <new>

#include "commands/commands.h"
#include "core/error.h"
#include "core/text.h"
#include "experiments/experiment.h"
#include "files/output.h"
#include "files/saves.h"
#include "run/checkpoint.h"
#include "run/inspect.h"

namespace reluscope {
namespace {

constexpr int kBadInput = 2;
constexpr std::uint64_t kMostConfig = 1 << 20;

// What the flags of one subcommand said.
struct Flags {
  std::map<std::string, std::string> fields;  // of the config, by name
  std::string config_file, jsonl, csv, checkpoint, resume, max_data;
  std::vector<std::string> saves;
  std::string npz_images;

  void add_to(CLI::App& command, bool reads_data = true) {
    for (const Field& field : config_fields()) {
      command.add_option("--" + field.name, fields[field.name], field.help);
    }
    command.add_option("--config", config_file, "JSON file with config fields; flags win over it");
    if (reads_data)
      command.add_option("--max_data", max_data,
                         "megabytes that data may take once it is unpacked [1024]");
    command.allow_extras();  // refused below, with a suggestion
  }

  DataBudget budget(const CLI::App& command) const {
    if (command.count("--max_data") == 0) return DataBudget();
    const auto megabytes = parse_number(max_data);
    if (!megabytes || !(*megabytes >= 1 && *megabytes <= 1e6) ||
        *megabytes != std::floor(*megabytes)) {
      throw Error("max_data is " + in_quotes(max_data) +
                  ", but it must be a whole number from 1 to 1000000");
    }
    return DataBudget(static_cast<std::uint64_t>(*megabytes) << 20);
  }

  // What --npz_images says, if it is given.
  std::optional<int> saved_images(const CLI::App& command) const {
    if (command.count("--npz_images") == 0) return {};
    return read_npz_images(npz_images);
  }

  // Of the commands that write a network.
  void add_saves(CLI::App& command) {
    std::vector<std::string> ends;
    for (const SaveFormat& format : save_formats()) ends.push_back("." + std::string(format.name));
    command
        .add_option("--save", saves,
                    "write the network to this file, whose end says how: " + join_or(ends) +
                        "; may be repeated; without a name it is " + kSaveDefault)
        ->allow_extra_args(false);
    command.add_option("--npz_images", npz_images,
                       "how many test images an .npz holds the activations for [" +
                           std::to_string(kSavedImages) + ", or all]");
  }

  // base: what holds where neither a flag nor the file says anything.
  Config config(const CLI::App& command, Config config = {}) const {
    for (const std::string& extra : command.remaining()) {
      if (extra.rfind("--", 0) != 0) {
        throw Error("argument " + in_quotes(extra) + " was not expected: flags start with --");
      }
      config_from_fields({{extra.substr(2, extra.find('=') - 2), ""}});  // throws
    }
    if (!config_file.empty()) {
      const std::vector<std::uint8_t> bytes = read_bytes(config_file, "config", kMostConfig);
      config = config_from_json(std::string(bytes.begin(), bytes.end()), config);
    }
    return config_from_fields(given(command), config);
  }

  // The fields that flags name, with their texts.
  std::vector<std::pair<std::string, std::string>> given(const CLI::App& command) const {
    std::vector<std::pair<std::string, std::string>> given;
    for (const Field& field : config_fields()) {
      if (command.count("--" + field.name) > 0)
        given.emplace_back(field.name, fields.at(field.name));
    }
    return given;
  }
};

// The subcommands that train many networks: a flag for each that the kind has, and where results
// go.
struct ExperimentCommand {
  const ExperimentKind& kind;
  CLI::App* command;
  Flags flags = {};
  std::map<std::string, std::vector<std::string>> texts = {};  // of the kind's flags that take one
  std::map<std::string, bool> switches = {};                   // and of those that take none
  std::string jobs = "0", csv = {};
  bool list = false;

  void add_flags() {
    flags.add_to(*command);
    for (const ExperimentFlag& flag : kind.flags) {
      const std::string name = "--" + std::string(flag.name);
      if (flag.value[0] == '\0') {
        command->add_flag(name, switches[flag.name], flag.about);
      } else if (flag.repeats) {
        command->add_option(name, texts[flag.name], flag.about)->allow_extra_args(false);
      } else {
        command->add_option(name, texts[flag.name], flag.about)->expected(1);
      }
    }
    command->add_option("--jobs", jobs, "how many runs at the same time; 0: one a core");
    command->add_option("--jsonl", flags.jsonl,
                        "write results as JSON lines to this file, - for standard output; a sweep "
                        "goes on where the file ends");
    command->add_option("--csv", csv, "write results as comma-separated values to this file");
    if (std::string_view(kind.name) == "lessons") {
      command->add_flag("--list", list, "only print each lesson's name and claim");
    }
  }

  // The settings of the run that a checkpoint holds, with what flags may change of them.
  Config resumed(const std::vector<std::uint8_t>& checkpoint) const {
    return resumed_config(portable_config(config_of_checkpoint(checkpoint)), flags.given(*command));
  }

  int run(const char* program) const {
    if (list) return lesson_list_command();
    for (const ExperimentFlag& flag : kind.flags) {
      if (flag.file && !texts.at(flag.name).empty() && !flags.config_file.empty()) {
        throw Error("config: --" + std::string(flag.name) +
                    " takes the settings of its checkpoint, so give no --config beside it");
      }
    }
    ExperimentOptions options{kind.name, flags.config(*command), {}, program, 0, flags.jsonl,
                              csv,       flags.budget(*command)};
    for (const ExperimentFlag& flag : kind.flags) {
      if (flag.file) {
        for (const std::string& path : texts.at(flag.name)) {
          const std::vector<std::uint8_t> bytes = read_bytes(path, flag.name, kMostCheckpoint);
          options.config = resumed(bytes);
          note_checkpoint(bytes);
          options.flags.emplace_back(flag.name, std::string(bytes.begin(), bytes.end()));
        }
        continue;
      }
      if (flag.value[0] == '\0') {
        if (switches.at(flag.name)) options.flags.emplace_back(flag.name, "");
        continue;
      }
      for (const std::string& text : texts.at(flag.name))
        options.flags.emplace_back(flag.name, text);
    }
    const auto count = parse_number(jobs);
    if (!count || *count != static_cast<int>(*count) || *count < 0 || *count > 256) {
      throw Error("jobs is " + in_quotes(jobs) +
                  ", but it must be a whole number from 0 to 256; 0 is one a core");
    }
    options.jobs = static_cast<int>(*count);
    return experiment_command(options);
  }
};

// eval, predict and export.
struct WeightsCommand {
  CLI::App* command;
  Flags flags = {};
  bool saves = false;  // export
  WeightsOptions options = {};

  void add_weights() {
    flags.add_to(*command);
    command->add_option("--weights", options.weights,
                        ".safetensors file, as train --save writes it");
  }
  void add_export_flags() {
    add_weights();
    flags.add_saves(*command);
    saves = true;
  }
  void add_flags() {
    add_weights();
    command->add_option("--jsonl", options.jsonl,
                        "also write the result as a JSON line to this file");
    command->add_option("--csv", options.csv,
                        "also write it as comma-separated values to this file");
  }

  WeightsOptions read(const char* program) const {
    if (options.weights.empty()) {
      throw Error("weights: give --weights FILE.safetensors, as train --save writes it");
    }
    WeightsOptions all = options;
    all.config = flags.config(*command, config_of_weights(read_bytes(options.weights, "weights")));
    all.program = program;
    all.budget = flags.budget(*command);
    all.saves = flags.saves;
    all.npz_images = saves ? flags.saved_images(*command) : std::nullopt;
    return all;
  }
};

// The arguments, where a --save that stands alone gets its name: CLI11 has no flag with a value
// that may be left out and that may be repeated.
std::vector<std::string> with_save_names(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const bool alone = i + 1 == arguments.size() || arguments[i + 1].rfind("--", 0) == 0;
    if (arguments[i] == "--save" && alone) arguments[i] += std::string("=") + kSaveDefault;
  }
  return arguments;
}

int run(int argc, char** argv) {
  CLI::App app(
      "reluscope trains small neural networks on images and shows what their activation\n"
      "functions do. The same seed gives the same bits on every machine.");
  std::vector<std::string> commands = {"train"};
  for (const ExperimentKind& kind : experiment_kinds()) commands.emplace_back(kind.name);
  commands.insert(commands.end(),
                  {"merge", "eval", "predict", "export", "info", "bench", "simd", "gpu-selftest"});
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
  train->add_option("--csv", train_flags.csv,
                    "also write each logged batch and each epoch as a row of this table");
  train_flags.add_saves(*train);
  train->add_option(
      "--checkpoint", train_flags.checkpoint,
      "keep the whole run in this file, after every epoch and when it is interrupted");
  train->add_option(
      "--resume", train_flags.resume,
      "go on from this checkpoint, with its settings; epochs may grow, and speed may change");
  std::vector<ExperimentCommand> experiments;
  for (const ExperimentKind& kind : experiment_kinds()) {
    experiments.push_back({kind, app.add_subcommand(kind.name, kind.about)});
  }
  for (ExperimentCommand& experiment : experiments) experiment.add_flags();
  MergeOptions merging;
  CLI::App* const merge =
      app.add_subcommand("merge", "put the results of a sweep's parts together");
  merge->add_option("files", merging.files, "JSON lines files of sweeps");
  merge->add_option("--jsonl", merging.jsonl, "write all rows to this file; - for standard output");
  merge->add_option("--csv", merging.csv, "write them as comma-separated values to this file");
  WeightsCommand eval{app.add_subcommand("eval", "score saved weights on the test set")};
  eval.add_flags();
  WeightsCommand predict{app.add_subcommand("predict", "what saved weights say of an image")};
  predict.add_flags();
  predict.command->add_option("image", predict.options.image, "PNG file, light on dark");
  predict.command->add_flag("--invert", predict.options.invert, "the image is dark on light");
  WeightsCommand exporting{app.add_subcommand("export", "write saved weights in another format")};
  exporting.add_export_flags();
  CLI::App* const info = app.add_subcommand("info", "print the model layer by layer");
  info_flags.add_to(*info, false);
  Flags bench_flags;
  std::string bench_seconds = "2";
  CLI::App* const bench =
      app.add_subcommand("bench", "measure how fast this machine trains, and a GPU's kernels");
  bench_flags.add_to(*bench);
  bench->add_option("--seconds", bench_seconds, "how long to train for, from 0.01 to 3600 [2]");
  CLI::App* const simd = app.add_subcommand("simd", "list the instruction sets --simd takes here");
  CLI::App* const gpu =
      app.add_subcommand("gpu-selftest", "compare the GPU's results with the CPU's");
  try {
    const std::vector<std::string> arguments = with_save_names(argc, argv);
    std::vector<const char*> texts;
    for (const std::string& argument : arguments) texts.push_back(argument.c_str());
    app.parse(static_cast<int>(texts.size()), texts.data());
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();  // "--epochs: 1 required TEXT missing"
    throw Error("flag " + what.substr(0, what.find(':')) + " needs exactly one value");
  } catch (const CLI::ParseError& error) {
    throw Error(error.what());
  }
  for (const ExperimentCommand& experiment : experiments) {
    if (*experiment.command) return experiment.run(argv[0]);
  }
  if (*merge) return merge_command(merging);
  if (*eval.command) return eval_command(eval.read(argv[0]));
  if (*predict.command) return predict_command(predict.read(argv[0]));
  if (*exporting.command) return export_command(exporting.read(argv[0]));
  if (*simd) return simd_command();
  if (*gpu) return gpu_selftest_command();
  if (*bench) {
    const auto seconds = parse_number(bench_seconds);
    if (!seconds || !(*seconds >= 0.01 && *seconds <= 3600.0)) {
      throw Error("seconds is " + in_quotes(bench_seconds) +
                  ", but it must be a number from 0.01 to 3600");
    }
    return bench_command(
        {bench_flags.config(*bench), argv[0], *seconds, bench_flags.budget(*bench)});
  }
  if (*info) return info_command(info_flags.config(*info));
  if (!train_flags.resume.empty() && !train_flags.config_file.empty()) {
    throw Error(
        "config: --resume takes the settings of its checkpoint, so give no --config beside it");
  }
  return train_command({train_flags.config(*train), argv[0], train_flags.jsonl, train_flags.saves,
                        train_flags.csv, train_flags.saved_images(*train), train_flags.checkpoint,
                        train_flags.resume, train_flags.given(*train), train_flags.budget(*train)});
}

}  // namespace
}  // namespace reluscope

int main(int argc, char** argv) {
  try {
    const int code = reluscope::run(argc, argv);
    // Whatever was printed last, by help texts too, has to have come out.
    reluscope::flush_lines(stdout);
    return code == 0 && reluscope::output_failed() ? reluscope::kOutputFailed : code;
  } catch (const reluscope::Error& error) {
    std::fprintf(stderr, "error: %s\n", reluscope::printable(error.what()).c_str());
    return reluscope::kBadInput;
  } catch (const std::bad_alloc&) {
    std::fputs(
        "error: out of memory: the model and its batches need more than this machine gives\n",
        stderr);
    return reluscope::kBadInput;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", reluscope::printable(error.what()).c_str());
    return 1;
  }
}
