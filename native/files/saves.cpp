#include "files/saves.h"

#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "files/output.h"

namespace reluscope {

void check_saves(const Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images) {
  for (const std::string& path : paths) {
    check_save(session.trainer(), save_format_of(path), npz_images);
  }
  for (const std::string& path : paths) check_writable(path, "save");
}

void write_saves(Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images, std::FILE* out) {
  for (const std::string& path : paths) {
    try {
      write_file(path, "save", session.save(save_format_of(path), npz_images));
      print_lines(out, {"Saved " + path});
    } catch (const Error& error) {
      warn_output(error.what());
    }
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
