#include "run/commands.h"

#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"
#include "train/save_formats.h"

namespace reluscope {
namespace {

using Flags = std::vector<CommandFlag>;

// usage: the name and, except for a switch, a placeholder for the value.
CommandFlag flag(std::string_view usage, std::string_view help) {
  const std::size_t space = usage.find(' ');
  const std::string_view value =
      space == std::string_view::npos ? std::string_view() : usage.substr(space + 1);
  return {.name = std::string(usage.substr(0, space)),
          .value = std::string(value),
          .help = std::string(help)};
}

CommandFlag repeated(CommandFlag flag) {
  flag.repeats = true;
  return flag;
}

CommandFlag of_checkpoint(CommandFlag flag) {
  flag.file = true;
  return flag;
}

CommandFlag config_flag() {
  return flag("config FILE", "JSON file with config fields; flags win over it");
}

CommandFlag csv_flag() {
  return flag("csv FILE", "write results as comma-separated values to this file");
}

// Flags of a command that reads data, placed before its own flags.
Flags with_data(Flags own) {
  own.insert(own.begin(),
             {config_flag(),
              flag("max_data MB", "megabytes that data may take once it is unpacked [1024]")});
  return own;
}

// Flags of a command that writes a network, placed after its own flags.
Flags with_saves(Flags own) {
  std::vector<std::string> ends;
  for (const SaveFormat& format : save_formats()) ends.push_back("." + std::string(format.name));
  CommandFlag save =
      flag("save FILE", "write the network to this file, whose end says how: " + join_or(ends) +
                            "; may be repeated; without a name it is " + kSaveDefault);
  save.otherwise = kSaveDefault;
  own.push_back(repeated(save));
  own.push_back(flag("npz_images N", "how many test images an .npz holds the activations for [" +
                                         std::to_string(kSavedImages) + ", or all]"));
  return own;
}

// Flags of a command that reads saved weights.
Flags with_weights(Flags own) {
  own.insert(own.begin(), flag("weights FILE", ".safetensors file, as train --save writes it"));
  return with_data(std::move(own));
}

// race, sweep or lessons. own: the flags of its plan (experiments/plan.h).
Command experiment(const char* name, const char* about, Flags own, const Flags& more = {}) {
  for (CommandFlag& each : own) each.plan = true;
  own.push_back(flag("jobs N", "how many runs at the same time; 0: one a core (in Node 1)"));
  own.push_back(flag("jsonl FILE",
                     "write results as JSON lines to this file, - for standard output; a sweep "
                     "goes on where the file ends"));
  own.push_back(csv_flag());
  own.insert(own.end(), more.begin(), more.end());
  return {.name = name, .about = about, .flags = with_data(std::move(own))};
}

std::vector<Command> make_commands() {
  const CommandFlag seeds = flag(
      "seeds N", "seeds to run each configuration with, from --seed on [1; lessons: 5, quick 3]");
  const CommandFlag result = flag(
      "jsonl FILE", "also write the result as a JSON line to this file; - for standard output");
  return {
      {.name = "train",
       .about = "train a network and score it",
       .flags = with_data(with_saves(
           {flag("jsonl FILE",
                 "also write events as JSON lines to this file; - for standard output"),
            flag("csv FILE", "also write each logged batch and each epoch as a row of this table"),
            flag("checkpoint FILE",
                 "keep the whole run in this file, after every epoch and when it is interrupted"),
            of_checkpoint(flag("resume FILE",
                               "go on from this checkpoint, with its settings; epochs may grow, "
                               "and speed may change"))}))},
      experiment(
          "race", "train several configurations side by side on the same draws",
          {repeated(flag("entry TEXT",
                         "a racer: \"lr=0.1; optimizer=sgd\", after a name and a colon if wanted")),
           flag("activations NAMES",
                "a racer for each of these activations, separated by commas [the five classic "
                "ones]"),
           of_checkpoint(flag("from FILE",
                              "a checkpoint: the racers are that run, each with its change from "
                              "there on")),
           seeds}),
      experiment(
          "sweep", "train with every combination or many random ones of settings",
          {repeated(flag("grid FIELD=VALUES",
                         "every one of these values, separated by commas (or by ; where values "
                         "hold commas)")),
           repeated(
               flag("random FIELD=RANGE",
                    "drawn from log:LOW:HIGH, lin:LOW:HIGH, int:LOW:HIGH or a list of values")),
           flag("runs N", "how many random draws"), seeds,
           flag("shard PART/PARTS", "only this part of the runs, such as 1/4")}),
      experiment("lessons", "try what is said about ReLU and show the numbers",
                 {repeated(flag("only NAMES", "only these lessons, separated by commas")),
                  flag("quick", "less data, fewer epochs and seeds: a first look"), seeds},
                 {flag("list", "only print each lesson's name and claim")}),
      {.name = "merge",
       .about = "put the results of a sweep's parts together",
       .fields = false,
       .argument = "files",
       .argument_help = "JSON lines files of sweeps",
       .many_arguments = true,
       .flags = {flag("jsonl FILE", "write all rows to this file; - for standard output"),
                 csv_flag()}},
      {.name = "eval",
       .about = "score saved weights on the test set",
       .flags = with_weights({result, csv_flag()})},
      {.name = "predict",
       .about = "what saved weights say of an image",
       .argument = "image",
       .argument_help = "PNG file, light on dark",
       .flags = with_weights({result, csv_flag(), flag("invert", "the image is dark on light")})},
      {.name = "export",
       .about = "write saved weights in another format",
       .flags = with_weights(with_saves({}))},
      {.name = "info", .about = "print the model layer by layer", .flags = {config_flag()}},
      {.name = "bench",
       .about = "measure how fast this machine trains, and a GPU's kernels",
       .native = true,
       .flags = with_data({flag("seconds S", "how long to train for, from 0.01 to 3600 [2]")})},
      {.name = "simd",
       .about = "list the instruction sets --simd takes here",
       .fields = false,
       .native = true},
      {.name = "gpu-selftest",
       .about = "compare the GPU's results with the CPU's",
       .fields = false,
       .native = true},
  };
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> all = make_commands();
  return all;
}

const Command& find_command(std::string_view name) {
  std::vector<std::string> known;
  for (const Command& command : commands()) {
    if (name == command.name) return command;
    known.emplace_back(command.name);
  }
  throw Error("unknown command " + in_quotes(name) + ": known are " + join_or(known));
}

Json commands_json() {
  Json rows = Json::array();
  for (const Command& command : commands()) {
    Json flags = Json::array();
    for (const CommandFlag& flag : command.flags) {
      flags.push_back(json_object("name", flag.name, "value", flag.value, "help", flag.help,
                                  "repeats", flag.repeats, "file", flag.file, "plan", flag.plan,
                                  "otherwise", flag.otherwise));
    }
    rows.push_back(json_object("name", command.name, "about", command.about, "fields",
                               command.fields, "native", command.native, "argument",
                               command.argument, "flags", std::move(flags)));
  }
  return rows;
}

}  // namespace reluscope
