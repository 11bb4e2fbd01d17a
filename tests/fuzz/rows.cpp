// Result rows of sweeps: read, merged with themselves and reported.
#include "experiments/sweep.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    const std::string text(fuzz::text_of(data, size));
    const std::vector<Json> rows = merge_rows({{"a", text}, {"b", text}});
    if (!rows.empty()) report_rows(rows);
  });
}
