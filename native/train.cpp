// `reluscope train`: runs a Session to its end, printing what it says.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "commands.h"
#include "data_files.h"
#include "devices.h"
#include "output.h"
#include "saves.h"
#include "train/session.h"

namespace reluscope {
namespace {

// One line that is redrawn, on a terminal only.
class ProgressBar {
 public:
  explicit ProgressBar(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO)) {}
  void draw(const Progress& progress) {
    if (!wanted_ || progress.event() != "batch") return;
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    const Json& values = progress.values;
    const auto step = values["step"].get<double>();
    const auto share = step / values["total_steps"].get<double>();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double left = seconds / share - seconds;
    const double rate = (values["samples"].get<double>() +
                         (values["epoch"].get<double>() - 1) * values["total"].get<double>()) /
                        seconds;
    constexpr int kWidth = 30;
    const int filled = static_cast<int>(share * kWidth);
    std::fprintf(stderr, "\r[%s%s] %3.0f%%  %.0f samples/s  %.0f s left \x1b[K",
                 std::string(static_cast<std::size_t>(filled), '#').c_str(),
                 std::string(static_cast<std::size_t>(kWidth - filled), '.').c_str(), 100 * share,
                 rate, left);
    shown_ = true;
  }
  void clear() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }

 private:
  bool wanted_, shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), drawn_;
};

}  // namespace

int train_command(const TrainOptions& options) {
  const auto data = load_dataset(options.config.data, options.program);
  ChosenDevice device = choose_device(options.config);
  Session session(data, options.config, std::move(device.backend));
  check_saves(options.saves);
  if (!options.jsonl.empty() && options.jsonl != "-") check_writable(options.jsonl, "jsonl");
  if (!options.csv.empty()) check_writable(options.csv, "csv");
  JsonLines json(options.jsonl);
  CsvLines csv(options.csv);
  std::FILE* const out = json.people();
  ProgressBar bar(isatty(fileno(out)) != 0);

  const auto tell = [&](const Progress& progress) {
    if (!progress.lines.empty()) bar.clear();
    print_lines(out, progress.lines);
    json.write(progress.json);
    csv.write(progress.csv);
    bar.draw(progress);
  };
  if (!device.notice.empty()) std::fprintf(out, "%s\n", device.notice.c_str());
  tell(session.start());
  for (;;) {
    const Progress progress = session.advance();
    tell(progress);
    if (progress.event() == "diverged") return 1;
    if (progress.event() == "done") break;
  }
  write_saves(session, options.saves, options.npz_images, out);
  return 0;
}

}  // namespace reluscope
