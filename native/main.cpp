// The native command line: finds the subcommand, runs it, and reports errors.
#include <cstdio>
#include <map>
#include <new>

#include "commands/commands.h"
#include "core/error.h"
#include "core/text.h"
#include "files/output.h"

namespace reluscope {
namespace {

constexpr int kBadInput = 2;

int run(int argc, char** argv) {
  using Run = int (*)(const Arguments&);
  static const std::map<std::string_view, Run> runs = {{"train", train_command},
                                                       {"export", export_command},
                                                       {"bench", bench_command},
                                                       {"gpu-selftest", gpu_selftest_command}};
  const std::optional<Arguments> arguments = read_arguments(argc, argv);
  if (!arguments) return 0;
  const Command& command = *arguments->command;
  if (*command.question != '\0') return answer_command(*arguments);
  const auto found = runs.find(command.name);
  return found == runs.end() ? experiment_command(*arguments) : found->second(*arguments);
}

}  // namespace
}  // namespace reluscope

int main(int argc, char** argv) {
  try {
    const int code = reluscope::run(argc, argv);
    // Flushes all printed text, including help texts, and checks that it was written.
    reluscope::flush_lines(stdout);
    return code == 0 && reluscope::output_failed() ? reluscope::kOutputFailed : code;
  } catch (const reluscope::Error& error) {
    std::fprintf(stderr, "error: %s\n", reluscope::printable(error.what()).c_str());
    return reluscope::kBadInput;
  } catch (const std::bad_alloc&) {
    std::fputs(
        "error: out of memory: the model and its batches need more memory than is available\n",
        stderr);
    return reluscope::kBadInput;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", reluscope::printable(error.what()).c_str());
    return 1;
  }
}
