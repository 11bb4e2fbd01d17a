// A folder or a ZIP archive, seen as named files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace reluscope {

class FileSource {
 public:
  virtual ~FileSource() = default;
  // Paths of all files, relative and with '/', in any order.
  virtual std::vector<std::string> paths() const = 0;
  // What an archive says that a file has, unpacked; of a file on disk 0: it is what it is.
  virtual std::uint64_t announced(const std::string& path) = 0;
  // A file's first bytes, at most so many. Throws Error naming the file if it cannot be read.
  virtual std::vector<std::uint8_t> read(const std::string& path, std::uint64_t most) = 0;
};

// Throws Error if it is neither a folder nor a ZIP archive.
std::unique_ptr<FileSource> open_source(const std::filesystem::path& path);

}  // namespace reluscope
