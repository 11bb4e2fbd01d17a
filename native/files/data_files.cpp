#include "files/data_files.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "files/file_source.h"
#include "files/png_image.h"

namespace reluscope {
namespace {

namespace fs = std::filesystem;

using Bytes = std::vector<std::uint8_t>;

// Of 4096 x 4096 pixels, stored without compression.
constexpr std::uint64_t kMostPng = std::uint64_t{1} << 28;

// Unpacks gzip data on demand.
class Gunzip {
 public:
  Gunzip(const Bytes& packed, const std::string& name) : packed_(packed), name_(name) {
    inflateInit2(&stream_, 15 + 16);  // gzip with the largest window
    stream_.next_in = const_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(packed_.size());
  }
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Unpacks until `bytes` has `most` bytes or the data ends.
  void fill(Bytes& bytes, std::size_t most) {
    while (bytes.size() < most && !ended_) {
      const std::size_t have = bytes.size();
      const std::size_t want = std::min<std::size_t>(most - have, 1 << 24);
      bytes.resize(have + want);
      stream_.next_out = bytes.data() + have;
      stream_.avail_out = static_cast<uInt>(want);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      bytes.resize(have + want - stream_.avail_out);
      if (status == Z_STREAM_END) {
        ended_ = stream_.avail_in < 2 || stream_.next_in[0] != 0x1f;  // or another member follows
        inflateReset(&stream_);
      } else if (status != Z_OK) {
        throw Error("data: " + in_quotes(name_) + " cannot be read: its gzip data " +
                    (status == Z_BUF_ERROR ? "ends too early" : "is damaged"));
      }
    }
  }

 private:
  const Bytes& packed_;
  const std::string& name_;
  z_stream stream_{};
  bool ended_ = false;
};

Bytes read_unpacked(FileSource& source, const std::string& name, DataBudget& budget) {
  Bytes head = source.read(name, kHeadBytes);
  if (head.size() < 2 || head[0] != 0x1f || head[1] != 0x8b) {
    const std::uint64_t size = source.announced(name), wanted = budget.bytes_of(name, head, size);
    return source.read(name, size == 0 ? UINT64_MAX : wanted);
  }
  budget.claim(name, static_cast<double>(source.announced(name)));
  const Bytes packed = source.read(name, UINT64_MAX);
  Gunzip gunzip(packed, name);
  Bytes bytes;
  gunzip.fill(bytes, kHeadBytes);
  const std::uint64_t wanted = budget.bytes_of(name, bytes, 0);
  gunzip.fill(bytes, wanted);
  bytes.resize(std::min<std::uint64_t>(bytes.size(), wanted));
  bytes.shrink_to_fit();
  return bytes;
}

fs::path find_path(const std::string& data, const fs::path& program) {
  if (data != "mnist" && data != "fashion-mnist") {
    if (fs::exists(data)) return data;
    throw Error("data: " + in_quotes(data) +
                " does not exist; mnist, fashion-mnist, a folder or a .zip or .npz archive is "
                "allowed");
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

std::shared_ptr<const Dataset> load_dataset(const std::string& data, const fs::path& program,
                                            DataBudget budget) {
  const fs::path path = find_path(data, program);
  const std::unique_ptr<FileSource> source = open_source(path);
  FilePlan plan =
      plan_files(source->paths(), (fs::is_directory(path) ? "the folder " : "the archive ") +
                                      in_quotes(path.string()));
  if (!plan.files.empty()) {
    const auto part = [&](std::size_t at) {
      return read_unpacked(*source, plan.files[at], budget);
    };
    return std::make_shared<const Dataset>(data, Dataset::Files{part(0), part(1), part(2), part(3)},
                                           Dataset::kFromLabels);
  }
  FolderImages images(std::move(plan), budget);
  while (!images.next().empty()) {
    const std::string name(images.next());
    if (source->announced(name) > kMostPng) {
      throw Error("data: " + in_quotes(name) + " has " + std::to_string(source->announced(name)) +
                  " bytes, but a PNG image may have at most " + std::to_string(kMostPng));
    }
    const PngImage image = decode_png(source->read(name, kMostPng), "data", name);
    images.add(image.height, image.width, image.channels, image.pixels);
  }
  return std::make_shared<const Dataset>(images.finish(data));
}

}  // namespace reluscope
