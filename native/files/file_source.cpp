#include "files/file_source.h"

#include <zip.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 4;  // folders in folders: MNIST/raw, or digits/train/7
constexpr std::size_t kMostFiles = 2'000'000;
constexpr std::uintmax_t kLargestFile = std::uintmax_t{1} << 36;

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

  std::uint64_t announced(const std::string&) override { return 0; }

  std::vector<std::uint8_t> read(const std::string& path, std::uint64_t most) override {
    const fs::path whole = top_ / path;
    std::error_code error;
    const std::uintmax_t size = fs::is_regular_file(whole) ? fs::file_size(whole, error) : 0;
    std::ifstream file(whole, std::ios::binary);
    if (error || !fs::is_regular_file(whole) || size > kLargestFile || !file) {
      throw Error("data: " + in_quotes(whole.string()) +
                  " cannot be read: it is no file or not readable");
    }
    std::vector<std::uint8_t> bytes(std::min<std::uint64_t>(size, most));
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
      if (entry == nullptr || std::string(entry).back() == '/') continue;
      entries_.emplace(entry, static_cast<zip_uint64_t>(i));
    }
  }

  std::vector<std::string> paths() const override {
    std::vector<std::string> paths;
    for (const auto& [path, index] : entries_) paths.push_back(path);
    return paths;
  }

  std::uint64_t announced(const std::string& path) override {
    const zip_stat_t about = stat(path);
    return (about.valid & ZIP_STAT_SIZE) != 0 ? about.size : 0;
  }
  std::vector<std::uint8_t> read(const std::string& path, std::uint64_t most) override {
    const auto refuse = [&](const std::string& reason) {
      throw Error("data: " + in_quotes(path) + " in " + in_quotes(name_) +
                  " cannot be read: " + reason);
    };
    const zip_stat_t about = stat(path);
    constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    if ((about.valid & kNeeded) != kNeeded) {
      refuse("the archive does not say how long it is");
    }
    // Deflate expands one byte to at most 1,032, so the file's size bounds a credible stated size.
    if (about.size / 1032 > about.comp_size) refuse("it announces more than it can hold");
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
        zip_fopen_index(zip_.get(), entries_.at(path), 0), &zip_fclose);
    if (!file) refuse(zip_strerror(zip_.get()));
    std::vector<std::uint8_t> bytes(std::min<std::uint64_t>(about.size, most));
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

}  // namespace

std::unique_ptr<FileSource> open_source(const fs::path& path) {
  if (fs::is_directory(path)) return std::make_unique<Folder>(path);
  char magic[2] = {};
  if (fs::is_regular_file(path)) std::ifstream(path, std::ios::binary).read(magic, 2);
  if (magic[0] == 'P' && magic[1] == 'K') return std::make_unique<Archive>(path);
  throw Error("data: " + in_quotes(path.string()) +
              " is neither a folder nor a .zip or .npz archive; mnist, fashion-mnist or one of "
              "these is allowed");
}

}  // namespace reluscope
