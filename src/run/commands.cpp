#include "run/commands.h"

#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"
#include "train/save_formats.h"

namespace reluscope {
namespace {

using Flags = std::vector<CommandFlag>;

// usage: the name and, except for a switch, a placeholder for the value. more: its other members.
CommandFlag flag(std::string_view usage, std::string_view help, CommandFlag more = {}) {
  const std::size_t space = usage.find(' ');
  more.name = usage.substr(0, space);
  if (space != std::string_view::npos) more.value = usage.substr(space + 1);
  more.help = help;
  return more;
}

CommandFlag config_flag() {
  return flag("config FILE", "JSON file with settings; flags override it");
}

CommandFlag csv_flag() {
  return flag("csv FILE", "write results as comma-separated values to this file");
}

// Flags of a command that reads data, placed before its own flags.
Flags with_data(Flags own) {
  own.insert(own.begin(),
             {config_flag(),
              flag("max_data MB", "maximum size of the unpacked data in megabytes [1024]")});
  return own;
}

// Flags of a command that writes a network, placed after its own flags.
Flags with_saves(Flags own) {
  std::vector<std::string> ends;
  for (const SaveFormat& format : save_formats()) ends.push_back("." + std::string(format.name));
  own.push_back(flag("save FILE",
                     "write the network to this file in the format of its extension: " +
                         join_or(ends) + "; may be repeated; without a name: " + kSaveDefault,
                     {.repeats = true, .otherwise = kSaveDefault}));
  own.push_back(flag("npz_images N", "number of test images whose activations an .npz contains [" +
                                         std::to_string(kSavedImages) + ", or all]"));
  return own;
}

// Flags of a command that reads saved weights.
Flags with_weights(Flags own) {
  own.insert(own.begin(), flag("weights FILE", ".safetensors file written by train --save"));
  return with_data(std::move(own));
}

// race, sweep or lessons. own: the flags of its plan (experiments/plan.h).
Command experiment(const char* name, const char* about, Flags own, const Flags& more = {}) {
  for (CommandFlag& each : own) each.plan = true;
  own.push_back(
      flag("jobs N", "number of runs at the same time; 0: one per core (in Node one) [0]"));
  own.push_back(flag("jsonl FILE",
                     "write results as JSON lines to this file, or to standard output for -; a "
                     "sweep resumes from this file"));
  own.push_back(csv_flag());
  own.insert(own.end(), more.begin(), more.end());
  return {.name = name, .about = about, .flags = with_data(std::move(own))};
}

}  // namespace

const std::vector<Command>& commands() {
  static const CommandFlag seeds =
      flag("seeds N",
           "number of seeds for each configuration, starting at --seed [1; lessons: 5, quick 3]");
  static const CommandFlag result =
      flag("jsonl FILE",
           "also write the result as a JSON line to this file, or to standard output for -");
  static const std::vector<Command> all = {
      {.name = "train",
       .about = "train a network and score it",
       .flags = with_data(with_saves(
           {flag("jsonl FILE",
                 "also write events as JSON lines to this file, or to standard output for -"),
            flag("csv FILE", "also write each logged batch and each epoch as a row to this file"),
            flag("checkpoint FILE",
                 "save the whole run to this file after every epoch and when it is interrupted"),
            flag("resume FILE",
                 "resume the run in this checkpoint with its settings; --epochs may increase, and "
                 "settings without effect on the result may change",
                 {.file = true})}))},
      experiment(
          "race", "train several configurations side by side on the same draws",
          {flag("entry TEXT",
                "a configuration: \"lr=0.1; optimizer=sgd\", optionally after a name and a colon",
                {.repeats = true}),
           flag("activations NAMES",
                "a configuration for each of these activations, separated by commas [the five "
                "classic ones]"),
           flag("from FILE",
                "a checkpoint: each configuration continues its run with its own changes",
                {.file = true}),
           seeds}),
      experiment(
          "sweep", "train with all combinations of settings, or with random ones",
          {flag("grid FIELD=VALUES",
                "all of these values, separated by commas (or by ; if values contain commas)",
                {.repeats = true}),
           flag("random FIELD=RANGE",
                "random values from log:LOW:HIGH, lin:LOW:HIGH, int:LOW:HIGH or a list",
                {.repeats = true}),
           flag("runs N", "number of random draws"), seeds,
           flag("shard PART/PARTS", "only this part of the runs, such as 1/4")}),
      experiment("lessons", "test claims about ReLU and print the numbers",
                 {flag("only NAMES", "only these lessons, separated by commas", {.repeats = true}),
                  flag("quick", "less data, fewer epochs and fewer seeds"), seeds},
                 {flag("list", "only print each lesson's name and claim")}),
      {.name = "merge",
       .about = "merge the results of the parts of a sweep",
       .fields = false,
       .argument = "files",
       .argument_help = "JSON lines files of sweeps",
       .many_arguments = true,
       .no_argument = "merge: name the files, such as merge 1.jsonl 2.jsonl --jsonl all.jsonl",
       .flags = {flag("jsonl FILE", "write all rows to this file, or to standard output for -"),
                 csv_flag()},
       .question = "mergeResults"},
      {.name = "eval",
       .about = "score saved weights on the test set",
       .flags = with_weights({result, csv_flag()}),
       .question = "evaluateWeights"},
      {.name = "predict",
       .about = "classify an image with saved weights",
       .argument = "image",
       .argument_help = "PNG file, light on dark",
       .pictures = true,
       .no_argument = "image: name one, such as predict digit.png --weights FILE.safetensors",
       .flags = with_weights({result, csv_flag(), flag("invert", "the image is dark on light")}),
       .question = "predictImage"},
      {.name = "export",
       .about = "write saved weights in another format",
       .flags = with_weights(with_saves({}))},
      {.name = "info",
       .about = "print the model layer by layer",
       .flags = {config_flag()},
       .question = "modelTable"},
      {.name = "bench",
       .about = "measure the training speed of this machine, and of a GPU's kernels",
       .native = true,
       .flags = with_data({flag("seconds S", "training time in seconds, from 0.01 to 3600 [2]")})},
      {.name = "simd",
       .about = "list the instruction sets that --simd accepts on this machine",
       .fields = false,
       .native = true,
       .question = "simdNames"},
      {.name = "gpu-selftest",
       .about = "compare the GPU's results with the CPU's",
       .fields = false,
       .native = true},
  };
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
                               command.argument, "many_arguments", command.many_arguments,
                               "pictures", command.pictures, "no_argument", command.no_argument,
                               "question", command.question, "flags", std::move(flags)));
  }
  return rows;
}

}  // namespace reluscope
