// `reluscope predict FILE.png`: the probabilities that saved weights give an image, best first.
#include "commands/commands.h"
#include "commands/devices.h"
#include "core/error.h"
#include "data/grey.h"
#include "files/data_files.h"
#include "files/output.h"
#include "files/png_image.h"
#include "run/inspect.h"

namespace reluscope {

int predict_command(const WeightsOptions& options) {
  if (options.image.empty()) {
    throw Error("image: name one, such as reluscope predict digit.png --weights FILE.safetensors");
  }
  const auto data = load_dataset(options.config.data, options.program, options.budget);
  const PngImage image = decode_png(read_bytes(options.image, "image"), "image", options.image);
  const std::vector<std::uint8_t> pixels =
      network_input({options.image, image.height, image.width, image.channels, image.pixels},
                    data->train().height(), data->train().width(), options.invert);
  ChosenDevice device = choose_device(options.config);
  Session session(data, options.config, std::move(device.backend));
  session.load(read_bytes(options.weights, "weights"));
  check_distinct({{"jsonl", options.jsonl}, {"csv", options.csv}});
  if (!options.csv.empty()) check_writable(options.csv, "csv");
  LineFile json("jsonl", options.jsonl);
  if (!device.notice.empty()) print_lines(json.people(), {device.notice});
  const Reported progress = predict_image(session, options.image, pixels);
  print_lines(json.people(), progress.lines);
  json.write(progress.json);
  if (!options.csv.empty()) {
    write_or_say(options.csv, "csv", progress.values["csv"].get<std::string>());
  }
  return 0;
}

}  // namespace reluscope
