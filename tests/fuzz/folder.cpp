// Folders and archives, given by their file names, one on each line.
#include "data/folder.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    std::vector<std::string> paths;
    const std::string_view text = fuzz::text_of(data, size);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      paths.emplace_back(text.substr(at, end - at));
      at = end + 1;
    }
    FolderImages images(plan_files(paths, "the folder"));
    const std::uint8_t pixel = 7;
    while (!images.next().empty()) images.add(1, 1, 1, {&pixel, 1});
    if (images.plan().files.empty()) images.finish("folder");
  });
}
