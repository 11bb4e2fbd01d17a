// Limits the unpacked size of a data set, because a small archive or gzip file can expand without
// bound. The size of a file comes from its header, and nothing beyond it or beyond the limit is
// unpacked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace reluscope {

inline constexpr std::uint64_t kMostData = std::uint64_t{1} << 30;
inline constexpr std::size_t kHeadBytes = 12 * 1024;  // enough for the header of IDX or .npy

class DataBudget {
 public:
  explicit DataBudget(std::uint64_t most = kMostData) : most_(most) {}

  // The number of bytes to unpack of an IDX or .npy file: the size in its header and one byte more,
  // so that its reader detects a longer file. For other files kHeadBytes: their reader refuses
  // them. head: the first kHeadBytes of the file, or all of it. size: the size that an archive
  // states; 0: unknown. Throws Error if the two sizes differ, or if all files together exceed the
  // limit.
  std::uint64_t bytes_of(const std::string& name, std::span<const std::uint8_t> head,
                         std::uint64_t size);

  // Counts bytes against the limit. Throws Error naming `name` if they exceed it.
  void claim(const std::string& name, double bytes);

 private:
  std::uint64_t most_;
  double claimed_ = 0.0;
};

}  // namespace reluscope
