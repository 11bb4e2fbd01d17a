// Data sets in a folder or an archive: plans from the file names alone which files hold what, and
// assembles decoded images. The caller reads and decodes files (native/ and web/engine), so that
// all builds agree on everything else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/data_budget.h"
#include "data/dataset.h"

namespace reluscope {

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
