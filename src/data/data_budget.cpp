#include "data/data_budget.h"

#include <optional>

#include "core/error.h"
#include "core/text.h"
#include "data/idx.h"
#include "data/npy.h"

namespace reluscope {
namespace {

// The size of the IDX file that `head` begins, if it begins one.
std::optional<double> idx_bytes(std::span<const std::uint8_t> head) {
  constexpr std::size_t kMostDimensions = 3;
  if (head.size() < 4 || head[0] != 0 || head[1] != 0 || head[3] == 0 || head[3] > kMostDimensions)
    return {};
  const std::size_t header = idx_header(head[3]);
  if (head.size() < header) return {};
  double bytes = 1.0;
  for (std::size_t d = 0; d < head[3]; ++d) bytes *= static_cast<double>(idx_size(head, d));
  return static_cast<double>(header) + bytes;
}

std::string megabytes(double bytes) { return format("%.1f MB", bytes / 1e6); }

}  // namespace

std::uint64_t DataBudget::bytes_of(const std::string& name, std::span<const std::uint8_t> head,
                                   std::uint64_t size) {
  const std::optional<double> announced = is_npy(head) ? npy_bytes(head) : idx_bytes(head);
  if (!announced) return kHeadBytes;
  if (size != 0 && static_cast<double>(size) != *announced) {
    throw Error("data: ", in_quotes(name), " has ", size, " bytes, but its header announces ",
                format("%.0f", *announced),
                static_cast<double>(size) < *announced ? " (the file is truncated)"
                                                       : " (the file is too long)");
  }
  claim(name, *announced);
  return static_cast<std::uint64_t>(*announced) + 1;
}

void DataBudget::claim(const std::string& name, double bytes) {
  claimed_ += bytes;
  if (claimed_ <= static_cast<double>(most_)) return;
  throw Error("data: with ", in_quotes(name), " the data takes ", megabytes(claimed_),
              " unpacked, but at most ", megabytes(static_cast<double>(most_)),
              " are allowed; --max_data allows more");
}

}  // namespace reluscope
