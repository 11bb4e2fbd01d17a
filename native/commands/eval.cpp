// `reluscope eval`: what saved weights score on the test set, and which digits they confuse.
#include "commands/commands.h"
#include "commands/devices.h"
#include "files/data_files.h"
#include "files/output.h"
#include "run/inspect.h"

namespace reluscope {

int eval_command(const WeightsOptions& options) {
  const auto data = load_dataset(options.config.data, options.program, options.budget);
  ChosenDevice device = choose_device(options.config);
  Session session(data, options.config, std::move(device.backend));
  session.load(read_bytes(options.weights, "weights"));
  check_distinct({{"jsonl", options.jsonl}, {"csv", options.csv}});
  if (!options.csv.empty()) check_writable(options.csv, "csv");
  LineFile json("jsonl", options.jsonl);
  if (!device.notice.empty()) print_lines(json.people(), {device.notice});
  const Reported progress = evaluate_weights(session);
  print_lines(json.people(), progress.lines);
  json.write(progress.json);
  if (!options.csv.empty()) {
    write_or_say(options.csv, "csv", progress.values["csv"].get<std::string>());
  }
  return 0;
}

}  // namespace reluscope
