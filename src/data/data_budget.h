// How much a data set may take once it is unpacked. A small archive or gzip file can announce, or
// be, far more: what a file needs is told from its header, and nothing is unpacked that is not
// needed or not allowed.
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
  DataBudget() = default;
  explicit DataBudget(std::uint64_t most) : most_(most) {}

  // How many bytes of an IDX or .npy file are to be unpacked: what its header announces and one
  // more, which makes its reader refuse a longer one; of another file kHeadBytes, for its reader to
  // refuse. head: its first kHeadBytes, or all of it. size: what an archive says that it has; 0:
  // nobody knows. Throws Error where the header and that size differ, and where all files together
  // pass the limit.
  std::uint64_t bytes_of(const std::string& name, std::span<const std::uint8_t> head,
                         std::uint64_t size);

  // Takes so many bytes off. Throws Error, naming what they are for.
  void claim(const std::string& name, double bytes);

 private:
  std::uint64_t most_ = kMostData;
  double claimed_ = 0.0;
};

}  // namespace reluscope
