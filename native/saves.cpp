#include "saves.h"

#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "output.h"

namespace reluscope {

CsvLines::CsvLines(const std::string& path, bool append) {
  if (path.empty()) return;
  file_.open(path, append ? std::ios::app | std::ios::ate : std::ios::out);
  if (!file_) throw Error("csv: " + in_quotes(path) + " cannot be written");
  named_ = append && file_.tellp() > 0;
}

void CsvLines::write(const std::vector<std::string>& lines) {
  if (!file_.is_open() || std::exchange(named_, false)) return;
  for (const std::string& line : lines) file_ << line << std::endl;
}

void check_saves(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) save_format_of(path);
  for (const std::string& path : paths) check_writable(path, "save");
}

void write_saves(Session& session, const std::vector<std::string>& paths, int npz_images,
                 std::FILE* out) {
  for (const std::string& path : paths) {
    write_file(path, "save", session.save(save_format_of(path), npz_images));
    std::fprintf(out, "Saved %s\n", path.c_str());
  }
}

int read_npz_images(const std::string& text) {
  const auto number = parse_number(text);
  constexpr int kMost = 1 << 30;
  if (!number || !(*number >= 1 && *number <= kMost) || *number != static_cast<int>(*number)) {
    throw Error("npz_images is " + in_quotes(text) + ", but it must be a whole number from 1 to " +
                std::to_string(kMost));
  }
  return static_cast<int>(*number);
}

}  // namespace reluscope
