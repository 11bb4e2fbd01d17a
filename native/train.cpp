// `reluscope train`: runs a Session to its end, printing what it says.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "commands.h"
#include "data_files.h"
#include "core/error.h"
#include "devices.h"
#include "output.h"
#include "saves.h"
#include "train/checkpoint.h"
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

// The signal that asked the run to stop; a second one ends the program at once.
volatile std::sig_atomic_t stop_signal = 0;

void note_signal(int signal) { stop_signal = signal; }

void watch_signals() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// The file that keeps the run. One that cannot be written is said once, and training goes on.
class Keeper {
 public:
  Keeper(const std::string& path, Session& session) : path_(path), session_(session) {
    if (path.empty()) return;
    check_writable(path, "checkpoint");
    watch_signals();
  }
  bool save() {
    if (path_.empty()) return true;
    try {
      write_file(path_, "checkpoint", session_.checkpoint());
      told_ = false;
      kept_ = true;
      return true;
    } catch (const Error& error) {
      if (!told_) {
        std::fprintf(stderr, "warning: %s; training goes on, and the checkpoint before is kept\n",
                     error.what());
      }
      told_ = true;
      return false;
    }
  }
  // The session's next step. An error, such as a device that is lost, ends the run: then what is left of it
  // is said as well.
  Progress advance() {
    try {
      return session_.advance();
    } catch (const Error& error) {
      if (!kept_) throw;
      throw Error(std::string(error.what()) + "; go on with --resume " + path_);
    }
  }
  // After a signal: keeps the run and says so. The exit code, as shells have it.
  int stop(std::FILE* out, int signal) {
    const bool saved = save();
    const Json at = session_.position();
    std::fprintf(out, "Interrupted at step %lld (epoch %d)%s%s\n",
                 static_cast<long long>(at["step"].get<std::int64_t>()), at["epoch"].get<int>(),
                 saved ? ": go on with --resume " : "; the run could not be kept in ", path_.c_str());
    return 128 + signal;
  }

 private:
  const std::string path_;
  Session& session_;
  bool told_ = false, kept_ = false;
};

}  // namespace

int train_command(const TrainOptions& options) {
  const bool resumes = !options.resume.empty();
  std::vector<std::uint8_t> before;
  if (resumes) before = read_bytes(options.resume, "resume");
  const Config config =
      resumes ? resumed_config(portable_config(config_of_checkpoint(before)), options.given)
              : options.config;
  const auto data = load_dataset(config.data, options.program);
  ChosenDevice device = choose_device(config);
  Session session(data, config, std::move(device.backend));
  if (resumes) session.restore(before);
  std::vector<std::uint8_t>().swap(before);
  check_saves(options.saves);
  if (!options.jsonl.empty() && options.jsonl != "-") check_writable(options.jsonl, "jsonl");
  if (!options.csv.empty()) check_writable(options.csv, "csv");
  Keeper keeper(options.checkpoint, session);
  JsonLines json(options.jsonl, resumes);
  CsvLines csv(options.csv, resumes);
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
  if (resumes) {
    const Json at = session.position();
    std::fprintf(out, "Resumed at step %lld (epoch %d)\n",
                 static_cast<long long>(at["step"].get<std::int64_t>()), at["epoch"].get<int>());
  }
  for (;;) {
    if (const int signal = stop_signal; signal != 0) {
      bar.clear();
      return keeper.stop(out, signal);
    }
    const Progress progress = keeper.advance();
    tell(progress);
    if (progress.event() == "epoch") keeper.save();
    if (progress.event() == "diverged") return 1;
    if (progress.event() == "done") break;
  }
  write_saves(session, options.saves, options.npz_images, out);
  return 0;
}

}  // namespace reluscope
