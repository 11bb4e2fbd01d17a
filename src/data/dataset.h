// Labelled images, kept as the bytes they came as, and the table that makes numbers of them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

inline constexpr int kMaxClasses = 256;  // labels are bytes

// One part (training or test) of a data set: the bytes of an image and of a label file.
class ImageSet {
 public:
  // Files: IDX, or .npy of images (N, H, W) as uint8 and of labels (N) as integers. classes: labels
  // are below it; 0: as many as the largest label needs, which must have samples each (but for 0,
  // as some sets count from 1). Throws Error naming `what` ("training") if a file is wrong, the
  // counts differ, or a label is out of range.
  ImageSet(std::vector<std::uint8_t> image_file, std::vector<std::uint8_t> label_file, int classes,
           const std::string& what);
  // Images of (H, W) bytes one after the other, one label each.
  ImageSet(int height, int width, std::vector<std::uint8_t> pixels,
           std::vector<std::uint8_t> labels);

  std::size_t memory_bytes() const { return images_.capacity() + labels_.capacity(); }
  int count() const { return count_; }
  int height() const { return height_; }
  int width() const { return width_; }
  int pixels() const { return height_ * width_; }
  std::span<const std::uint8_t> image(int index) const {  // (H, W)
    return {images_.data() + image_header_ +
                static_cast<std::size_t>(index) * static_cast<std::size_t>(pixels()),
            static_cast<std::size_t>(pixels())};
  }
  std::uint8_t label(int index) const {
    return labels_[label_header_ + static_cast<std::size_t>(index)];
  }
  std::span<const std::uint8_t> labels() const {
    return {labels_.data() + label_header_, static_cast<std::size_t>(count_)};
  }

 private:
  void read_images(const std::string& what);
  int read_labels(const std::string& what);  // how many

  std::vector<std::uint8_t> images_, labels_;  // whole files, headers included: never copied
  std::size_t image_header_ = 0, label_header_ = 0;
  int count_ = 0, height_ = 0, width_ = 0;
};

class Dataset {
 public:
  struct Files {
    std::vector<std::uint8_t> train_images, train_labels, test_images, test_labels;
  };
  static constexpr int kFromLabels = 0;

  // classes: how many, or kFromLabels: as many as the training labels need. Throws Error for
  // unusable files or parts whose image sizes differ.
  Dataset(std::string name, Files files, int classes = 10);
  // Labels are below class_names.size(), which is 2 to kMaxClasses.
  Dataset(std::string name, ImageSet train, ImageSet test, std::vector<std::string> class_names);

  std::size_t memory_bytes() const { return train_.memory_bytes() + test_.memory_bytes(); }
  const std::string& name() const { return name_; }
  const ImageSet& train() const { return train_; }
  const ImageSet& test() const { return test_; }
  int classes() const { return static_cast<int>(class_names_.size()); }
  // "0", "1", ... where the data has no names for its classes.
  const std::vector<std::string>& class_names() const { return class_names_; }
  std::vector<std::int64_t> shape() const { return {1, train_.height(), train_.width()}; }
  int background() const { return background_; }  // the most common training pixel value
  double density() const { return density_; }     // share of training pixels that differ from it
  // How many training pixels have each value.
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

// How many of a set's samples have each label; a label is below `classes`.
std::vector<std::int64_t> class_counts(const ImageSet& set, int classes);

// Mean and standard deviation (of the whole population) of pixels scaled to 0..1, given how many
// have each value. In double, values ascending: the same bits everywhere.
struct PixelStatistics {
  double mean, std;
};
PixelStatistics pixel_statistics(const std::array<std::int64_t, 256>& counts);

// ToTensor and Normalize: pixel p becomes (p / 255 - mean) / std. Split as values[p] + offset,
// where values[background] is exactly 0.
struct PixelTable {
  std::array<float, 256> values;
  float offset;
};
PixelTable split_pixel_table(double mean, double std, int background);
PixelTable whole_pixel_table(double mean, double std);  // offset 0

}  // namespace reluscope
