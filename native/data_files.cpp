#include "data_files.h"

#include <zlib.h>

#include <memory>
#include <vector>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileNames[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                      "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

// A file that announces a size is read at most one byte past it, so that a small compressed file
// cannot fill the memory; that one byte makes the IDX reader refuse it.
std::size_t announced_size(const std::vector<std::uint8_t>& head) {
  if (head.size() < 4 || head[3] == 0 || head[3] > 3) return head.size();
  std::size_t size = 1;
  for (std::size_t d = 0; d < head[3]; ++d) {
    std::size_t side = 0;
    for (std::size_t b = 4 + 4 * d; b < 8 + 4 * d && b < head.size(); ++b) {
      side = side << 8 | head[b];
    }
    if (side != 0 && size > (std::size_t{1} << 36) / side) return head.size();
    size *= side;
  }
  return 4 + 4 * head[3] + size;
}

// zlib reads files that are not compressed as they are.
std::vector<std::uint8_t> read_file(const fs::path& path) {
  const auto refuse = [&path](const char* reason) {
    throw Error("data: " + in_quotes(path.string()) + " " + reason);
  };
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), &gzclose);
  if (!file) refuse("cannot be read");
  gzbuffer(file.get(), 1 << 17);
  std::vector<std::uint8_t> bytes(16);
  const int head = gzread(file.get(), bytes.data(), 16);
  if (head < 0) refuse("cannot be read: it is a folder or damaged gzip data");
  bytes.resize(static_cast<std::size_t>(head));
  const std::size_t most = announced_size(bytes) + 1;
  while (bytes.size() < most) {
    const std::size_t have = bytes.size();
    const std::size_t want = std::min<std::size_t>(most - have, 1 << 24);
    bytes.resize(have + want);
    const int got = gzread(file.get(), bytes.data() + have, static_cast<unsigned>(want));
    if (got < 0) refuse("cannot be read: its gzip data is damaged");
    bytes.resize(have + static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < want) break;
  }
  bytes.shrink_to_fit();
  int status = Z_OK;
  gzerror(file.get(), &status);
  if (status == Z_BUF_ERROR) refuse("cannot be read: its gzip data ends too early");
  return bytes;
}

fs::path find_file(const fs::path& folder, const std::string& name) {
  // Some copies of MNIST have a dot in place of the second hyphen's "-idx".
  std::string dotted = name;
  dotted.replace(dotted.rfind("-idx"), 1, ".");
  for (const std::string& base : {name, dotted}) {
    for (const char* const ending : {"", ".gz"}) {
      if (fs::path path = folder / (base + ending); fs::exists(path)) return path;
    }
  }
  throw Error("data: the folder " + in_quotes(folder.string()) + " has no file " + name +
              " (plain or .gz)");
}

fs::path find_folder(const std::string& data, const fs::path& program) {
  if (data != "mnist" && data != "fashion-mnist") {
    if (!fs::is_directory(data)) {
      throw Error("data: " + in_quotes(data) +
                  " is not a folder; mnist, fashion-mnist or a folder of IDX files is allowed");
    }
    return data;
  }
  std::vector<fs::path> places = {fs::path("build/data") / data};
  if (program.has_parent_path()) places.push_back(program.parent_path() / "../data" / data);
  if (data == "fashion-mnist") places.push_back("/usr/share/datasets/fashion-mnist");
  for (const fs::path& place : places) {
    if (fs::is_directory(place)) return place;
  }
  throw Error("data: " + data + " is not in " + in_quotes(places.front().string()) +
              "; web/start --build-only fetches it, or give --data a folder of IDX files");
}

}  // namespace

std::shared_ptr<const Dataset> load_dataset(const std::string& data, const fs::path& program) {
  const fs::path folder = find_folder(data, program);
  return std::make_shared<const Dataset>(
      data, Dataset::Files{read_file(find_file(folder, kFileNames[0])),
                           read_file(find_file(folder, kFileNames[1])),
                           read_file(find_file(folder, kFileNames[2])),
                           read_file(find_file(folder, kFileNames[3]))});
}

}  // namespace reluscope
