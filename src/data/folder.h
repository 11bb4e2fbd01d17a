// Data sets in a folder or an archive: plans from the file names alone which files hold what,
// limits what is unpacked, and assembles decoded images. The caller reads and decodes files
// (native/ and web/engine), so that all builds agree on everything else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace reluscope {

inline constexpr std::uint64_t kMostData = std::uint64_t{1} << 30;
inline constexpr std::size_t kHeadBytes = 12 * 1024;  // enough for the header of IDX or .npy

// Limits the unpacked size of a data set, because a small archive or gzip file can expand without
// bound. The size of a file comes from its header, and nothing beyond it or beyond the limit is
// unpacked.
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

struct FilePlan {
  // Training images, training labels, test images, test labels, as IDX or .npy. If empty, the data
  // are the images below.
  std::vector<std::string> files;

  struct Image {
    std::string path;
    std::uint8_t label;
  };
  std::vector<std::string> class_names;
  std::vector<Image> train, test;  // by class, then by path
};

// paths: relative paths of all files, separated by '/', in any order. Paths with a component that
// begins with "." or "__MACOSX" are ignored. Recognised, in this order, also inside folders that
// contain all files:
//   train-images-idx3-ubyte and the other three files of MNIST, plain or .gz, "-idx" or ".idx"
//   x_train.npy, y_train.npy, x_test.npy, y_test.npy
//   train/CLASS/*.png and test/CLASS/*.png
//   CLASS/*.png, or no test folder: a stratified sixth of the images becomes the test set, the same
//     images for the same paths
// Classes are numbered in the byte order of their names, or by value if all names are numbers.
// where: names the folder in messages. Throws Error if nothing is recognised or files are missing.
FilePlan plan_files(std::vector<std::string> paths, const std::string& where);

// Collects the decoded images of a plan, one by one.
class FolderImages {
 public:
  explicit FolderImages(FilePlan plan, DataBudget budget = DataBudget())
      : plan_(std::move(plan)), budget_(budget) {}

  const FilePlan& plan() const { return plan_; }
  DataBudget& budget() { return budget_; }  // for the plan's files
  // The path of the next image to add; training images come first. "" after the last.
  std::string_view next() const;
  // channels: 1 (grey) or 3 (RGB); pixels (H, W, channels). Throws Error if the size differs from
  // that of the first image.
  void add(int height, int width, int channels, std::span<const std::uint8_t> pixels);
  // Moves the added images into a data set. Throws Error if any is missing.
  Dataset finish(std::string name);

 private:
  const FilePlan::Image& image(std::size_t at) const {
    return at < plan_.train.size() ? plan_.train[at] : plan_.test[at - plan_.train.size()];
  }

  FilePlan plan_;
  DataBudget budget_;
  std::size_t added_ = 0;
  int height_ = 0, width_ = 0;
  std::vector<std::uint8_t> train_, test_;
};

}  // namespace reluscope
