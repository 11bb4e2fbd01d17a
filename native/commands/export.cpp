// `reluscope export`: saved weights in other formats.
#include "commands/commands.h"
#include "core/error.h"
#include "files/data_files.h"
#include "files/output.h"
#include "files/saves.h"

namespace reluscope {

int export_command(const WeightsOptions& options) {
  if (options.saves.empty()) throw Error("save: give --save FILE, at least once");
  const auto data = load_dataset(options.config.data, options.program, options.budget);
  Session session(data, options.config);
  session.load(read_bytes(options.weights, "weights"));
  check_saves(session, options.saves, options.npz_images);
  write_saves(session, options.saves, options.npz_images, stdout);
  return 0;
}

}  // namespace reluscope
