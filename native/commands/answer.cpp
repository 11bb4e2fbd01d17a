// The commands that only report, such as `reluscope info` and `eval`: they ask the question that
// their row of run/commands.h names, and print and write the answer. And `reluscope export`.
#include "commands/commands.h"
#include "commands/devices.h"
#include "core/bytes.h"
#include "core/error.h"
#include "data/grey.h"
#include "experiments/experiment_queries.h"
#include "files/data_files.h"
#include "files/output.h"
#include "files/png_image.h"
#include "run/checkpoint.h"

namespace reluscope {
namespace {

// The file of --weights.
Bytes read_weights(const Arguments& arguments) {
  const std::string path = arguments.text("weights");
  if (!path.empty()) return read_bytes(path, "weights");
  throw Error("weights: give --weights FILE.safetensors, as train --save writes it");
}

}  // namespace

int answer_command(const Arguments& arguments) {
  const Command& command = *arguments.command;
  const Query& query = find_query(command.question);
  const bool of_run = query.about == About::kRun;
  const Bytes weights = of_run ? read_weights(arguments) : Bytes();
  const Config config = arguments.config(of_run ? config_of_weights(weights) : Config());
  if (*command.argument != '\0' && arguments.arguments.empty()) throw Error(command.no_argument);
  const auto data =
      of_run ? load_dataset(config.data, arguments.program, arguments.budget()) : nullptr;
  Json files = Json::array();
  for (const std::string& path : arguments.arguments) {
    Bytes bytes = read_bytes(path, command.pictures ? "image" : command.name);
    if (command.pictures) {  // decoded as the network for these data reads them
      const PngImage image = decode_png(bytes, "image", path);
      bytes = network_input({path, image.height, image.width, image.channels, image.pixels},
                            data->train().height(), data->train().width(),
                            arguments.flags.has("invert"));
    }
    files.push_back(Json::binary(std::move(bytes)));
  }
  std::optional<Session> session;
  ChosenDevice device;
  if (data) {
    device = choose_device(config);
    session.emplace(data, config, std::move(device.backend));
    session->load(weights);
  }
  const std::string jsonl = arguments.text("jsonl"), csv = arguments.text("csv");
  check_outputs({{"jsonl", jsonl}, {"csv", csv}});
  std::FILE* const people = jsonl == "-" ? stderr : stdout;
  if (!device.notice.empty()) print_lines(people, {device.notice});

  const Json answer = ask(query, {.run = session ? &*session : nullptr},
                          {config_to_json(config), arguments.arguments, std::move(files)});
  print_lines(people, answer["lines"]);
  if (!csv.empty()) write_or_say(csv, "csv", answer["csv"].get<std::string>());
  std::string json;
  for (const Json& line : answer["json"]) json += line.get<std::string>() + "\n";
  if (jsonl == "-") {
    std::fputs(json.c_str(), stdout);
  } else if (!jsonl.empty()) {
    write_or_say(jsonl, "jsonl", json);
  }
  return 0;
}

int export_command(const Arguments& arguments) {
  const Bytes weights = read_weights(arguments);
  const Config config = arguments.config(config_of_weights(weights));
  const std::optional<int> images = arguments.saved_images();
  const std::vector<std::string> saves = arguments.flags.all("save");
  if (saves.empty()) throw Error("save: give --save FILE, at least once");
  Session session(load_dataset(config.data, arguments.program, arguments.budget()), config);
  session.load(weights);
  check_saves(session, saves, images);
  write_saves(session, saves, images, stdout);
  return 0;
}

}  // namespace reluscope
