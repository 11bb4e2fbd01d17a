// `reluscope train`: runs a Session to its end and prints its reports.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "commands/commands.h"
#include "commands/devices.h"
#include "commands/progress_bar.h"
#include "core/error.h"
#include "files/data_files.h"
#include "files/output.h"
#include "run/report.h"
#include "run/run_lines.h"
#include "run/session.h"

namespace reluscope {
namespace {

// The signal that asked the run to stop. A second signal ends the program at once.
volatile std::sig_atomic_t stop_signal = 0;

void watch_signals() {
  struct sigaction action = {}, before;
  action.sa_handler = [](int signal) { stop_signal = signal; };
  action.sa_flags = SA_RESETHAND;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // With nohup a run continues after its terminal closes.
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
}

// The text of a Session::position(): "step 12 (epoch 2)".
std::string place(const Json& at) {
  return "step " + std::to_string(at["step"].get<std::int64_t>()) + " (epoch " +
         std::to_string(at["epoch"].get<int>()) + ")";
}

// Writes the file of --checkpoint. A failure is reported once, and training continues.
class CheckpointWriter {
 public:
  // Throws Error if another process writes its run there.
  CheckpointWriter(const std::string& path, Session& session) : path_(path), session_(session) {
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
      if (!std::exchange(told_, true)) {
        warn_output(std::string(error.what()) + "; training continues" +
                    (kept_ || before_ ? ", and the checkpoint before is kept"
                                      : ", and no checkpoint is there"));
      }
      return false;
    }
  }
  // Shows other processes that this one is alive.
  void touch() {
    if (lock_) lock_->touch();
  }
  // Runs the session's next step. An error, such as a lost device, ends the run; its message then
  // names the last checkpoint.
  Progress advance() {
    try {
      return session_.advance();
    } catch (const Error& error) {
      if (!kept_) throw;
      throw Error(std::string(error.what()) + "; resume with --resume " + path_);
    }
  }
  // After a signal: writes the checkpoint and reports it. Returns the exit code that shells use.
  int stop(std::FILE* out, int signal) {
    const bool saved = save();
    const Json at = session_.position();
    print_lines(out,
                {"Interrupted at " + place(at) +
                 (saved ? ": resume with --resume " : "; the run could not be kept in ") + path_});
    return 128 + signal;
  }

 private:
  const std::string path_;
  Session& session_;
  std::unique_ptr<FileLock> lock_;
  bool before_ = false;  // the file existed before
  bool told_ = false, kept_ = false;
};

}  // namespace

int train_command(const Arguments& arguments) {
  Config config = arguments.config();
  const std::vector<std::string> saves = arguments.flags.all("save");
  const std::optional<int> images = arguments.saved_images();
  const DataBudget budget = arguments.budget();
  const std::string jsonl = arguments.text("jsonl"), csv_path = arguments.text("csv");
  const std::string checkpoint = arguments.text("checkpoint");
  const bool resumes = !arguments.text("resume").empty();
  Bytes before;
  if (resumes) {
    before = read_bytes(arguments.text("resume"), "resume", kMostCheckpoint);
    config = arguments.resumed(before);
  }
  const auto data = load_dataset(config.data, arguments.program, budget);
  ChosenDevice device = choose_device(config);
  Session session(data, config, std::move(device.backend));
  if (resumes) session.restore(before);
  Bytes().swap(before);
  // Checks everything before it changes any file.
  check_saves(session, saves, images);
  std::vector<std::pair<const char*, std::string>> outputs = {
      {"checkpoint", checkpoint}, {"jsonl", jsonl}, {"csv", csv_path}};
  for (const std::string& path : saves) outputs.emplace_back("save", path);
  if (!checkpoint.empty()) check_writable(checkpoint, "checkpoint", true);
  check_outputs(outputs);
  const Json at = session.position();
  CheckpointWriter writer(checkpoint, session);
  LineFile::Keep events, rows;
  if (resumes) {
    events = [&](const std::string& text) { return events_until(text, jsonl, config, at); };
    rows = [&](const std::string& text) { return rows_until(text, csv_path, at); };
  }
  LineFile json("jsonl", jsonl, events), csv("csv", csv_path, rows);
  std::FILE* const out = json.people();
  ProgressBar bar(out);

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
  if (resumes) print_lines(out, {"Resumed at " + place(at)});
  for (;;) {
    if (const int signal = stop_signal; signal != 0) {
      bar.clear();
      return writer.stop(out, signal);
    }
    const Progress progress = writer.advance();
    tell(report(progress));
    if (const auto* step = progress.as<StepEvent>()) {
      bar.draw(static_cast<double>(step->step) / static_cast<double>(step->total_steps),
               step->samples + (step->epoch - 1.0) * step->total);
    }
    writer.touch();
    if (progress.as<EpochEvent>()) {
      // Lines first, so that after a power failure no line is missing that the checkpoint includes.
      json.sync();
      csv.sync();
      writer.save();
    }
    if (progress.as<DivergedEvent>()) return 1;
    if (progress.as<DoneEvent>()) break;
  }
  write_saves(session, saves, images, out);
  return 0;
}

}  // namespace reluscope
