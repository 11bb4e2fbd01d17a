// `reluscope train`: runs a Session to its end, printing what it says.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "commands.h"
#include "core/error.h"
#include "core/text.h"
#include "data_files.h"
#include "train/session.h"

namespace reluscope {
namespace {

// Where JSON lines go: a file, standard output, or nowhere.
class JsonLines {
 public:
  explicit JsonLines(const std::string& path) : to_stdout_(path == "-") {
    if (path.empty() || to_stdout_) return;
    file_.open(path, std::ios::trunc);
    if (!file_) throw Error("jsonl: " + in_quotes(path) + " cannot be written");
  }
  bool to_stdout() const { return to_stdout_; }
  void write(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      if (to_stdout_) {
        std::puts(line.c_str());
        std::fflush(stdout);
      } else if (file_.is_open()) {
        file_ << line << std::endl;
      }
    }
  }

 private:
  bool to_stdout_;
  std::ofstream file_;
};

// Throws unless a file could be written at `path`: known before training, not after it. Leaves
// what stands there as it is.
void check_writable(const std::string& path, const char* flag) {
  const auto refuse = [&] { throw Error(std::string(flag) + ": " + in_quotes(path) + " cannot be written"); };
  if (std::filesystem::is_directory(path)) refuse();
  const bool existed = std::filesystem::exists(path);
  if (!std::ofstream(path, std::ios::binary | std::ios::app)) refuse();
  std::error_code ignored;
  if (!existed) std::filesystem::remove(path, ignored);
}

// Writes beside the wanted file and renames, so that no half-written file ever has its name.
void write_file(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  const std::string part = path + ".part";
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code failure;
  if (file) std::filesystem::rename(part, path, failure);
  if (file && !failure) return;
  std::filesystem::remove(part, failure);
  throw Error("save: " + in_quotes(path) + " cannot be written; is the disk full?");
}

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
  Session session(data, options.config);
  if (!options.save.empty()) check_writable(options.save, "save");
  if (!options.jsonl.empty() && options.jsonl != "-") check_writable(options.jsonl, "jsonl");
  JsonLines json(options.jsonl);
  std::FILE* const out = json.to_stdout() ? stderr : stdout;
  ProgressBar bar(isatty(fileno(out)) != 0);

  const auto tell = [&](const Progress& progress) {
    if (!progress.lines.empty()) bar.clear();
    for (const std::string& line : progress.lines) std::fprintf(out, "%s\n", line.c_str());
    if (!progress.lines.empty()) std::fflush(out);
    json.write(progress.json);
    bar.draw(progress);
  };
  tell(session.start());
  for (;;) {
    const Progress progress = session.advance();
    tell(progress);
    if (progress.event() == "diverged") return 1;
    if (progress.event() == "done") break;
  }
  if (!options.save.empty()) {
    write_file(options.save, session.save("safetensors"));
    std::fprintf(out, "Saved %s\n", options.save.c_str());
  }
  return 0;
}

}  // namespace reluscope
