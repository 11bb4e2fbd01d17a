// Labelled images, kept as the bytes they came as, and the table that makes numbers of them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

// One part (training or test) of a data set: the bytes of two IDX files.
class ImageSet {
 public:
  // Throws Error naming `what` ("training") if a file is wrong, the counts differ, or a label is
  // not below `classes`.
  ImageSet(std::vector<std::uint8_t> image_file, std::vector<std::uint8_t> label_file,
           int classes, const std::string& what);

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

 private:
  std::vector<std::uint8_t> images_, labels_;  // whole files, headers included: never copied
  std::size_t image_header_, label_header_;
  int count_, height_, width_;
};

class Dataset {
 public:
  struct Files {
    std::vector<std::uint8_t> train_images, train_labels, test_images, test_labels;
  };
  // Throws Error for unusable files or parts whose image sizes differ.
  Dataset(std::string name, Files files, int classes = 10);

  std::size_t memory_bytes() const { return train_.memory_bytes() + test_.memory_bytes(); }
  const std::string& name() const { return name_; }
  const ImageSet& train() const { return train_; }
  const ImageSet& test() const { return test_; }
  int classes() const { return classes_; }
  std::vector<std::int64_t> shape() const { return {1, train_.height(), train_.width()}; }
  int background() const { return background_; }  // the most common training pixel value
  double density() const { return density_; }     // share of training pixels that differ from it

 private:
  std::string name_;
  int classes_;
  ImageSet train_, test_;
  int background_ = 0;
  double density_ = 1.0;
};

// ToTensor and Normalize: pixel p becomes (p / 255 - mean) / std. Split as values[p] + offset,
// where values[background] is exactly 0.
struct PixelTable {
  std::array<float, 256> values;
  float offset;
};
PixelTable split_pixel_table(double mean, double std, int background);
PixelTable whole_pixel_table(double mean, double std);  // offset 0

}  // namespace reluscope
