// A folder or a ZIP archive as a set of named files.
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
  // The unpacked size that an archive states for a file; 0 for a file on disk.
  virtual std::uint64_t announced(const std::string& path) = 0;
  // A file's first bytes, up to a limit. Throws Error naming the file if it cannot be read.
  virtual std::vector<std::uint8_t> read(const std::string& path, std::uint64_t most) = 0;
};

// Throws Error if the path is neither a folder nor a ZIP archive.
std::unique_ptr<FileSource> open_source(const std::filesystem::path& path);

}  // namespace reluscope
