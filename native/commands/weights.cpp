// `reluscope eval`, `predict` and `export`: the commands that start from saved weights.
#include <functional>

#include "commands/commands.h"
#include "commands/devices.h"
#include "core/error.h"
#include "data/grey.h"
#include "files/data_files.h"
#include "files/output.h"
#include "files/png_image.h"
#include "run/inspect.h"

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

// Opens the files of --jsonl and --csv, then prints and writes the result of work().
int write_result(const Arguments& arguments, const std::string& notice,
                 const std::function<Reported()>& work) {
  const std::string jsonl = arguments.text("jsonl"), csv = arguments.text("csv");
  check_outputs({{"jsonl", jsonl}, {"csv", csv}});
  LineFile json("jsonl", jsonl);
  if (!notice.empty()) print_lines(json.people(), {notice});
  const Reported progress = work();
  print_lines(json.people(), progress.lines);
  json.write(progress.json);
  if (!csv.empty()) write_or_say(csv, "csv", progress.values["csv"].get<std::string>());
  return 0;
}

}  // namespace

int eval_command(const Arguments& arguments) {
  const SavedWeights weights = read_weights(arguments);
  const auto data = load_dataset(weights.config.data, arguments.program, arguments.budget());
  ChosenDevice device = choose_device(weights.config);
  Session session(data, weights.config, std::move(device.backend));
  session.load(weights.bytes);
  return write_result(arguments, device.notice, [&] { return evaluate_weights(session); });
}

int predict_command(const Arguments& arguments) {
  const SavedWeights weights = read_weights(arguments);
  if (arguments.arguments.empty()) {
    throw Error("image: name one, such as reluscope predict digit.png --weights FILE.safetensors");
  }
  const std::string& path = arguments.arguments.front();
  const auto data = load_dataset(weights.config.data, arguments.program, arguments.budget());
  const PngImage image = decode_png(read_bytes(path, "image"), "image", path);
  const std::vector<std::uint8_t> pixels =
      network_input({path, image.height, image.width, image.channels, image.pixels},
                    data->train().height(), data->train().width(), arguments.flags.has("invert"));
  ChosenDevice device = choose_device(weights.config);
  Session session(data, weights.config, std::move(device.backend));
  session.load(weights.bytes);
  return write_result(arguments, device.notice,
                      [&] { return predict_image(session, path, pixels); });
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
