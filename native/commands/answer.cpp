// The commands that only report, such as `reluscope info` and `eval`: they ask the question that
// their row of run/commands.h names, and print and write the answer. And `reluscope export`.
#include "commands/commands.h"
#include "commands/devices.h"
#include "core/error.h"
#include "data/grey.h"
#include "experiments/experiment_queries.h"
#include "files/data_files.h"
#include "files/output.h"
#include "files/png_image.h"
#include "run/checkpoint.h"

namespace reluscope {
namespace {

struct SavedWeights {
  std::vector<std::uint8_t> bytes;
  Config config;  // the file's, with the changes of flags and --config
};

// Throws Error if --weights is missing or its file holds no weights.
SavedWeights read_weights(const Arguments& arguments) {
  const std::string path = arguments.text("weights");
  if (path.empty()) {
    throw Error("weights: give --weights FILE.safetensors, as train --save writes it");
  }
  SavedWeights weights{.bytes = read_bytes(path, "weights"), .config = {}};
  weights.config = arguments.config(config_of_weights(weights.bytes));
  return weights;
}

// The pixels of a PNG file as a network for these data reads them.
std::vector<std::uint8_t> read_picture(const std::string& path, const Dataset& data, bool invert) {
  const PngImage image = decode_png(read_bytes(path, "image"), "image", path);
  return network_input({path, image.height, image.width, image.channels, image.pixels},
                       data.train().height(), data.train().width(), invert);
}

}  // namespace

int answer_command(const Arguments& arguments) {
  const Command& command = *arguments.command;
  const Query& query = find_query(command.question);
  SavedWeights weights;
  if (query.about == About::kRun) {
    weights = read_weights(arguments);
  } else {
    weights.config = arguments.config();
  }
  if (*command.argument != '\0' && arguments.arguments.empty()) throw Error(command.no_argument);
  std::shared_ptr<const Dataset> data;
  if (query.about == About::kRun) {
    data = load_dataset(weights.config.data, arguments.program, arguments.budget());
  }
  Json files = Json::array();
  for (const std::string& path : arguments.arguments) {
    files.push_back(Json::binary(command.pictures
                                     ? read_picture(path, *data, arguments.flags.has("invert"))
                                     : read_bytes(path, command.name)));
  }
  std::optional<Session> session;
  std::string notice;
  if (data) {
    ChosenDevice device = choose_device(weights.config);
    notice = device.notice;
    session.emplace(data, weights.config, std::move(device.backend));
    session->load(weights.bytes);
  }
  const std::string jsonl = arguments.text("jsonl"), csv = arguments.text("csv");
  check_outputs({{"jsonl", jsonl}, {"csv", csv}});
  std::FILE* const people = jsonl == "-" ? stderr : stdout;
  if (!notice.empty()) print_lines(people, {notice});

  const Json answer = ask(query, {.run = session ? &*session : nullptr},
                          {config_to_json(weights.config), arguments.arguments, std::move(files)});
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
  const SavedWeights weights = read_weights(arguments);
  const std::optional<int> images = arguments.saved_images();
  const std::vector<std::string> saves = arguments.flags.all("save");
  if (saves.empty()) throw Error("save: give --save FILE, at least once");
  const auto data = load_dataset(weights.config.data, arguments.program, arguments.budget());
  Session session(data, weights.config);
  session.load(weights.bytes);
  check_saves(session, saves, images);
  write_saves(session, saves, images, stdout);
  return 0;
}

}  // namespace reluscope
