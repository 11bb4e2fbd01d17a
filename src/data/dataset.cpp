#include "data/dataset.h"

#include <algorithm>

#include "core/error.h"
#include "data/idx.h"

namespace reluscope {

ImageSet::ImageSet(std::vector<std::uint8_t> image_file, std::vector<std::uint8_t> label_file,
                   int classes, const std::string& what)
    : images_(std::move(image_file)), labels_(std::move(label_file)) {
  const IdxImages images = read_idx_images(images_, what + " images");
  const IdxLabels labels = read_idx_labels(labels_, what + " labels");
  if (images.count != labels.count) {
    throw Error(what + " data: there are " + std::to_string(images.count) + " images but " +
                std::to_string(labels.count) + " labels; the counts must be equal");
  }
  count_ = images.count;
  height_ = images.height;
  width_ = images.width;
  image_header_ = images.header;
  label_header_ = labels.header;
  for (int i = 0; i < count_; ++i) {
    if (label(i) >= classes) {
      throw Error(what + " labels: label " + std::to_string(label(i)) + " of sample " +
                  std::to_string(i) + " is out of range; with " + std::to_string(classes) +
                  " classes labels are 0 to " + std::to_string(classes - 1));
    }
  }
}

Dataset::Dataset(std::string name, Files files, int classes)
    : name_(std::move(name)),
      classes_(classes),
      train_(std::move(files.train_images), std::move(files.train_labels), classes, "training"),
      test_(std::move(files.test_images), std::move(files.test_labels), classes, "test") {
  if (train_.height() != test_.height() || train_.width() != test_.width()) {
    const auto size = [](const ImageSet& set) {
      return std::to_string(set.height()) + "x" + std::to_string(set.width());
    };
    throw Error("test images: they are " + size(test_) + " pixels, but the training images are " +
                size(train_) + "; the sizes must be equal");
  }
  std::array<std::int64_t, 256> counts{};
  const auto total = static_cast<std::int64_t>(train_.count()) * train_.pixels();
  for (int i = 0; i < train_.count(); ++i) {
    for (const std::uint8_t pixel : train_.image(i)) ++counts[pixel];
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  background_ = static_cast<int>(most - counts.begin());
  density_ = 1.0 - static_cast<double>(*most) / static_cast<double>(total);
}

PixelTable split_pixel_table(double mean, double std, int background) {
  PixelTable table;
  for (int p = 0; p < 256; ++p) {
    table.values[static_cast<std::size_t>(p)] =
        static_cast<float>((p - background) / 255.0 / std);
  }
  table.offset = static_cast<float>((background / 255.0 - mean) / std);
  return table;
}

PixelTable whole_pixel_table(double mean, double std) {
  PixelTable table;
  for (int p = 0; p < 256; ++p) {
    table.values[static_cast<std::size_t>(p)] = static_cast<float>((p / 255.0 - mean) / std);
  }
  table.offset = 0.0f;
  return table;
}

}  // namespace reluscope
