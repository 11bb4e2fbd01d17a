// `reluscope train`: runs a Session to its end, printing what it says.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "commands/commands.h"
#include "commands/devices.h"
#include "core/error.h"
#include "files/data_files.h"
#include "files/output.h"
#include "files/saves.h"
#include "run/checkpoint.h"
#include "run/report.h"
#include "run/run_lines.h"
#include "run/session.h"

namespace reluscope {
namespace {

// One line that is redrawn, on a terminal only.
class ProgressBar {
 public:
  explicit ProgressBar(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO)) {}
  void draw(const StepEvent& step) {
    if (!wanted_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    const double share = static_cast<double>(step.step) / static_cast<double>(step.total_steps);
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double left = seconds / share - seconds;
    const double rate = (step.samples + (step.epoch - 1.0) * step.total) / seconds;
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
  struct sigaction action = {}, before;
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESETHAND;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // Under nohup a terminal that closes is no reason to stop.
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
}

// Of a Session::position(): "step 12 (epoch 2)".
std::string place(const Json& at) {
  return "step " + std::to_string(at["step"].get<std::int64_t>()) + " (epoch " +
         std::to_string(at["epoch"].get<int>()) + ")";
}

// The file that keeps the run. One that cannot be written is said once, and training goes on.
class Keeper {
 public:
  // Throws Error where another process keeps its run there.
  Keeper(const std::string& path, Session& session) : path_(path), session_(session) {
    if (path.empty()) return;
    const std::filesystem::path file = resolve_links(path);
    lock_ = std::make_unique<FileLock>(file, "checkpoint");
    remove_parts(path);
    before_ = std::filesystem::exists(file);
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
        warn_output(std::string(error.what()) + "; training goes on" +
                    (kept_ || before_ ? ", and the checkpoint before is kept"
                                      : ", and no checkpoint is there"));
      }
      told_ = true;
      return false;
    }
  }
  // Shows other processes that this one is alive.
  void touch() {
    if (lock_) lock_->touch();
  }
  // The session's next step. An error, such as a device that is lost, ends the run: then what is
  // left of it is said as well.
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
    print_lines(out,
                {"Interrupted at " + place(at) +
                 (saved ? ": go on with --resume " : "; the run could not be kept in ") + path_});
    return 128 + signal;
  }

 private:
  const std::string path_;
  Session& session_;
  std::unique_ptr<FileLock> lock_;
  bool before_ = false;  // there was a file already
  bool told_ = false, kept_ = false;
};

}  // namespace

int train_command(const TrainOptions& options) {
  const bool resumes = !options.resume.empty();
  std::vector<std::uint8_t> before;
  if (resumes) before = read_bytes(options.resume, "resume", kMostCheckpoint);
  const Config config =
      resumes ? resumed_config(portable_config(config_of_checkpoint(before)), options.given)
              : options.config;
  if (resumes) note_checkpoint(before);
  const auto data = load_dataset(config.data, options.program, options.budget);
  ChosenDevice device = choose_device(config);
  Session session(data, config, std::move(device.backend));
  if (resumes) session.restore(before);
  std::vector<std::uint8_t>().swap(before);
  // All that can be refused is refused before anything is touched.
  check_saves(session, options.saves, options.npz_images);
  std::vector<std::pair<const char*, std::string>> outputs = {
      {"checkpoint", options.checkpoint}, {"jsonl", options.jsonl}, {"csv", options.csv}};
  if (!options.checkpoint.empty()) check_regular(options.checkpoint, "checkpoint");
  for (const auto& [flag, path] : outputs) {
    if (!path.empty() && path != "-") check_writable(path, flag);
  }
  for (const std::string& path : options.saves) outputs.emplace_back("save", path);
  check_distinct(outputs);
  const Json at = session.position();
  Keeper keeper(options.checkpoint, session);
  LineFile::Keep events, rows;
  if (resumes) {
    events = [&](const std::string& text) { return events_until(text, options.jsonl, config, at); };
    rows = [&](const std::string& text) { return rows_until(text, options.csv, at); };
  }
  LineFile json("jsonl", options.jsonl, events), csv("csv", options.csv, rows);
  std::FILE* const out = json.people();
  ProgressBar bar(isatty(fileno(out)) != 0);

  const auto tell = [&](const Reported& said) {
    if (!said.lines.empty()) bar.clear();
    print_lines(out, said.lines);
    json.write(said.json);
    csv.write(said.csv);
  };
  if (!device.notice.empty()) print_lines(out, {device.notice});
  Reported start = report(session.start());
  if (json.goes_on()) start.json.clear();
  if (csv.goes_on()) start.csv.clear();
  tell(start);
  if (resumes) {
    print_lines(out, {"Resumed at " + place(at)});
  }
  for (;;) {
    if (const int signal = stop_signal; signal != 0) {
      bar.clear();
      return keeper.stop(out, signal);
    }
    const Progress progress = keeper.advance();
    tell(report(progress));
    if (const auto* step = progress.as<StepEvent>()) bar.draw(*step);
    keeper.touch();
    if (progress.as<EpochEvent>()) {
      // First the lines, so that after a loss of power none is missing that the checkpoint counts
      // on.
      json.sync();
      csv.sync();
      keeper.save();
    }
    if (progress.as<DivergedEvent>()) return 1;
    if (progress.as<DoneEvent>()) break;
  }
  write_saves(session, options.saves, options.npz_images, out);
  return 0;
}

}  // namespace reluscope
