// `reluscope info`: prints the model as torchinfo does. `reluscope simd`: prints instruction sets.
#include <cstdio>

#include "backend/cpu/cpu_backend.h"
#include "commands/commands.h"
#include "train/describe.h"

namespace reluscope {

int info_command(const Arguments& arguments) {
  const Config config = arguments.config();
  const ModelSummary summary = describe_model(config.model, {1, 28, 28}, 10, config.batch);
  for (const std::string& line : to_table(summary)) std::puts(line.c_str());
  return 0;
}

int simd_command(const Arguments&) {
  for (const std::string& name : cpu::simd_names()) std::puts(name.c_str());
  return 0;
}

}  // namespace reluscope
