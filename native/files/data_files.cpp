#include "files/data_files.h"

#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <vector>

#include "core/bytes.h"
#include "core/error.h"
#include "core/text.h"
#include "data/folder.h"
#include "files/png_image.h"

namespace reluscope {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 4;  // folders in folders: MNIST/raw, or digits/train/7
constexpr std::size_t kMostFiles = 2'000'000;
constexpr std::uintmax_t kLargestFile = std::uintmax_t{1} << 36;
// Of 4096 x 4096 pixels, stored without compression.
constexpr std::uint64_t kMostPng = std::uint64_t{1} << 28;

// A folder or a ZIP archive as a set of named files.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Paths of all files, relative and with '/', in any order.
  virtual std::vector<std::string> paths() const = 0;
  // The unpacked size that an archive states for a file; 0 for a file on disk.
  virtual std::uint64_t announced(const std::string& path) const = 0;
  // A file's first bytes, up to a limit. Throws Error naming the file if it cannot be read.
  virtual Bytes read(const std::string& path, std::uint64_t most) const = 0;
};

class Folder : public FileSource {
 public:
  explicit Folder(fs::path top) : top_(std::move(top)) {}

  std::vector<std::string> paths() const override {
    std::vector<std::string> paths;
    std::error_code error;
    using Walk = fs::recursive_directory_iterator;
    constexpr auto kOptions = fs::directory_options::follow_directory_symlink |
                              fs::directory_options::skip_permission_denied;
    for (Walk at(top_, kOptions, error), end; !error && at != end; at.increment(error)) {
      std::error_code unknown;
      if (at->is_directory(unknown)) {
        if (at.depth() + 1 >= kDeepest) at.disable_recursion_pending();
      } else {
        paths.push_back(at->path().lexically_relative(top_).generic_string());
      }
      if (paths.size() > kMostFiles) {
        throw Error("data: the folder " + in_quotes(top_.string()) + " has more than " +
                    std::to_string(kMostFiles) + " files");
      }
    }
    if (error) throw Error("data: the folder " + in_quotes(top_.string()) + " cannot be read");
    return paths;
  }

  std::uint64_t announced(const std::string&) const override { return 0; }

  Bytes read(const std::string& path, std::uint64_t most) const override {
    const fs::path whole = top_ / path;
    std::error_code error;
    const std::uintmax_t size = fs::file_size(whole, error);  // fails unless it is a regular file
    std::ifstream file;
    if (!error && size <= kLargestFile) file.open(whole, std::ios::binary);
    if (!file.is_open()) {
      throw Error("data: " + in_quotes(whole.string()) +
                  " cannot be read: it is no file or not readable");
    }
    Bytes bytes(std::min<std::uint64_t>(size, most));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
  }

 private:
  fs::path top_;
};

// libzip is maintained (PHP and KDE use it), checks offsets, sizes and CRCs, and is packaged
// everywhere; zlib's contributed minizip is not maintained.
class Archive : public FileSource {
 public:
  explicit Archive(const fs::path& path) : name_(path.string()) {
    int code = 0;
    zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!zip_) throw Error("data: " + in_quotes(name_) + " is not a whole ZIP archive");
    const zip_int64_t entries = zip_get_num_entries(zip_.get(), 0);
    for (zip_int64_t i = 0; i < entries; ++i) {
      const char* const entry =
          zip_get_name(zip_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
      if (entry == nullptr || std::string_view(entry).ends_with('/')) continue;
      entries_.emplace(entry, static_cast<zip_uint64_t>(i));
    }
  }

  std::vector<std::string> paths() const override {
    std::vector<std::string> paths;
    for (const auto& [path, index] : entries_) paths.push_back(path);
    return paths;
  }

  std::uint64_t announced(const std::string& path) const override {
    const zip_stat_t about = stat(path);
    return (about.valid & ZIP_STAT_SIZE) != 0 ? about.size : 0;
  }
  Bytes read(const std::string& path, std::uint64_t most) const override {
    const auto refuse = [&](const std::string& reason) {
      throw Error("data: " + in_quotes(path) + " in " + in_quotes(name_) +
                  " cannot be read: " + reason);
    };
    const zip_stat_t about = stat(path);
    constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    if ((about.valid & kNeeded) != kNeeded) refuse("the archive does not say how long it is");
    // Deflate expands one byte to at most 1,032, so the file's size bounds a credible stated size.
    if (about.size / 1032 > about.comp_size) refuse("it announces more than it can hold");
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
        zip_fopen_index(zip_.get(), entries_.at(path), 0), &zip_fclose);
    if (!file) refuse(zip_strerror(zip_.get()));
    Bytes bytes(std::min<std::uint64_t>(about.size, most));
    const zip_int64_t got = zip_fread(file.get(), bytes.data(), bytes.size());
    std::uint8_t more = 0;
    // libzip compares the checksum only when the file is read to its end.
    const bool to_the_end = bytes.size() == about.size;
    if (got != static_cast<zip_int64_t>(bytes.size()) ||
        (to_the_end && zip_fread(file.get(), &more, 1) != 0)) {
      refuse("its data is damaged");
    }
    return bytes;
  }

 private:
  zip_stat_t stat(const std::string& path) const {  // valid: 0 after a failure
    zip_stat_t about;
    zip_stat_init(&about);
    zip_stat_index(zip_.get(), entries_.at(path), 0, &about);
    return about;
  }

  std::string name_;
  std::unique_ptr<zip_t, void (*)(zip_t*)> zip_{nullptr, &zip_discard};
  std::map<std::string, zip_uint64_t> entries_;  // the first of equal names
};

// Throws Error if the path is neither a folder nor a ZIP archive.
std::unique_ptr<FileSource> open_source(const fs::path& path) {
  if (fs::is_directory(path)) return std::make_unique<Folder>(path);
  char magic[2] = {};
  if (fs::is_regular_file(path)) std::ifstream(path, std::ios::binary).read(magic, 2);
  if (magic[0] == 'P' && magic[1] == 'K') return std::make_unique<Archive>(path);
  throw Error("data: " + in_quotes(path.string()) +
              " is neither a folder nor a .zip or .npz archive; mnist, fashion-mnist or one of "
              "these is allowed");
}

// Unpacks gzip data until there are `most` bytes or the data ends.
Bytes gunzip(const Bytes& packed, std::size_t most, const std::string& name) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);  // gzip with the largest window
  const std::unique_ptr<z_stream, int (*)(z_streamp)> owner(&stream, &inflateEnd);
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes bytes;
  for (bool ended = false; bytes.size() < most && !ended;) {
    const std::size_t have = bytes.size(), want = std::min<std::size_t>(most - have, 1 << 24);
    bytes.resize(have + want);
    stream.next_out = bytes.data() + have;
    stream.avail_out = static_cast<uInt>(want);
    const int status = inflate(&stream, Z_NO_FLUSH);
    bytes.resize(have + want - stream.avail_out);
    if (status == Z_STREAM_END) {
      ended = stream.avail_in < 2 || stream.next_in[0] != 0x1f;  // or another member follows
      inflateReset(&stream);
    } else if (status != Z_OK) {
      throw Error("data: " + in_quotes(name) + " cannot be read: its gzip data " +
                  (status == Z_BUF_ERROR ? "ends too early" : "is damaged"));
    }
  }
  bytes.shrink_to_fit();
  return bytes;
}

Bytes read_unpacked(const FileSource& source, const std::string& name, DataBudget& budget) {
  const Bytes head = source.read(name, kHeadBytes);
  if (head.size() < 2 || head[0] != 0x1f || head[1] != 0x8b) {
    const std::uint64_t size = source.announced(name), wanted = budget.bytes_of(name, head, size);
    return source.read(name, size == 0 ? UINT64_MAX : wanted);
  }
  budget.claim(name, static_cast<double>(source.announced(name)));
  const Bytes packed = source.read(name, UINT64_MAX);
  return gunzip(packed, budget.bytes_of(name, gunzip(packed, kHeadBytes, name), 0), name);
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
