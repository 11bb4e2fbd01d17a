// Labelled images, stored as the bytes of their files, and the table that converts pixels to
// floats.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/rng.h"

namespace reluscope {

inline constexpr int kMaxClasses = 256;  // labels are bytes

// One part (training or test) of a data set: the bytes of an image and of a label file.
class ImageSet {
 public:
  // Files: IDX, or .npy with images (N, H, W) of uint8 and labels (N) of integers. Labels must be
  // below `classes`, unless that is Dataset::kFromLabels. Throws Error naming `what` ("training")
  // if a file is invalid, the counts differ, or a label is out of range.
  ImageSet(std::vector<std::uint8_t> image_file, std::vector<std::uint8_t> label_file, int classes,
           const std::string& what);
  // pixels (N, H, W), labels (N).
  ImageSet(int height, int width, std::vector<std::uint8_t> pixels,
           std::vector<std::uint8_t> labels);

  std::size_t memory_bytes() const { return images_.capacity() + labels_.capacity(); }
  int count() const { return count_; }
  int height() const { return height_; }
  int width() const { return width_; }
  int pixels() const { return height_ * width_; }
  std::span<const std::uint8_t> image(int index) const {  // (H, W)
    return std::span(images_).subspan(image_header_ + std::size_t{1} * index * pixels(), pixels());
  }
  std::uint8_t label(int index) const { return labels_[label_header_ + index]; }
  std::span<const std::uint8_t> labels() const {
    return std::span(labels_).subspan(label_header_, count_);
  }

 private:
  void read_images(const std::string& what);
  int read_labels(const std::string& what);  // returns their number

  std::vector<std::uint8_t> images_, labels_;  // whole files with their headers: never copied
  std::size_t image_header_ = 0, label_header_ = 0;
  int count_ = 0, height_ = 0, width_ = 0;
};

class Dataset {
 public:
  struct Files {
    std::vector<std::uint8_t> train_images, train_labels, test_images, test_labels;
  };
  static constexpr int kFromLabels = 0;

  // classes: their number, or kFromLabels: the largest training label + 1, where every label from 1
  // on must occur (some sets count from 1). Throws Error for invalid files, or if the image sizes
  // of the parts differ.
  Dataset(std::string name, Files files, int classes = 10);
  // Labels are below class_names.size(), which is 2 to kMaxClasses.
  Dataset(std::string name, ImageSet train, ImageSet test, std::vector<std::string> class_names);

  std::size_t memory_bytes() const { return train_.memory_bytes() + test_.memory_bytes(); }
  const std::string& name() const { return name_; }
  const ImageSet& train() const { return train_; }
  const ImageSet& test() const { return test_; }
  int classes() const { return static_cast<int>(class_names_.size()); }
  // "0", "1", ... if the data does not name its classes.
  const std::vector<std::string>& class_names() const { return class_names_; }
  std::vector<std::int64_t> shape() const { return {1, train_.height(), train_.width()}; }
  int background() const { return background_; }  // the most common training pixel value
  double density() const { return density_; }  // share of the training pixels that differ from it
  // The number of training pixels of each value.
  const std::array<std::int64_t, 256>& pixel_counts() const { return pixel_counts_; }

 private:
  void look_at_pixels();

  std::string name_;
  ImageSet train_, test_;
  std::vector<std::string> class_names_;
  std::array<std::int64_t, 256> pixel_counts_{};
  int background_ = 0;
  double density_ = 1.0;
};

// The number of samples of each class. All labels must be below `classes`.
std::vector<std::int64_t> class_counts(const ImageSet& set, int classes);

// The samples by the first word of rng.bits(sample); ties by number.
std::vector<int> in_random_order(std::span<const int> samples, const Rng& rng);

// The indices, ascending, of `count` (0 to labels.size()) samples. Each class contributes count *
// its size / labels.size(), rounded down; the classes with the largest remainders, lower classes
// first, contribute one more. Within a class, the first in_random_order() are taken.
std::vector<int> stratified_sample(std::span<const std::uint8_t> labels, int count, const Rng& rng);

// Mean and population standard deviation of pixels scaled to 0..1, from the number of pixels of
// each value. Computed in double over ascending values: the same bits everywhere.
struct PixelStatistics {
  double mean, std;
};
PixelStatistics pixel_statistics(const std::array<std::int64_t, 256>& counts);

// PyTorch's ToTensor and Normalize: pixel p becomes (p / 255 - mean) / std = values[p] + offset.
// With a background values[background] is exactly 0; without one offset is 0.
struct PixelTable {
  std::array<float, 256> values;
  float offset;
};
PixelTable pixel_table(double mean, double std, std::optional<int> background = {});

}  // namespace reluscope
