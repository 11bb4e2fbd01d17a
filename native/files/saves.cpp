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

}  // namespace reluscope
