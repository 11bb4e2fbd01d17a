// The contents of a folder or an archive, planned from its file names; assembled images; and every
// error message.
#include <set>

#include "core/error.h"
#include "data/folder.h"
#include "data/grey.h"
#include "network.h"
#include "refusals.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Paths = std::vector<std::string>;

std::string folder_refusal(const Paths& paths) {
  return refusal([&] { plan_files(paths, "the folder \"mine\""); });
}

Paths found(const std::vector<FilePlan::Image>& images) {
  Paths paths;
  for (const auto& image : images) paths.push_back(image.path + "=" + std::to_string(image.label));
  return paths;
}

const Paths kIdx = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                    "t10k-labels-idx1-ubyte"};
const Paths kNpy = {"x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"};

}  // namespace

TEST_SUITE_BEGIN("input");

TEST_CASE(
    "folder: IDX and npy files are found, packed, dotted, below other folders, among others") {
  CHECK(plan_files(kIdx, "x").files == kIdx);
  CHECK(plan_files(kNpy, "x").files == kNpy);
  CHECK(
      plan_files({"t10k-labels.idx1-ubyte", "t10k-images-idx3-ubyte.gz", "train-labels-idx1-ubyte",
                  "train-images.idx3-ubyte.gz", "README.md", "a/b.png"},
                 "x")
          .files == Paths{"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte",
                          "t10k-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte"});
  Paths below;
  for (const std::string& name : kIdx) below.push_back("MNIST/raw/" + name);
  CHECK(plan_files(below, "x").files == below);
  below.push_back("__MACOSX/MNIST/raw/._x");
  below.push_back(".DS_Store");
  CHECK(plan_files(below, "x").files.size() == 4);
  for (std::size_t left_out = 0; left_out < 4; ++left_out) {
    for (Paths files : {kIdx, kNpy}) {
      const std::string name = files[left_out];
      files.erase(files.begin() + static_cast<std::ptrdiff_t>(left_out));
      check_says(folder_refusal(files), {"data: the folder \"mine\" has no file " + name});
    }
  }
}

TEST_CASE("folder: images by class, with their test set") {
  const FilePlan plan =
      plan_files({"train/dog/b.PNG", "train/dog/a.png", "train/cat/1.png", "test/dog/z.png",
                  "notes.txt", "train/.hidden/x.png", "train/labels.csv"},
                 "x");
  CHECK(plan.files.empty());
  CHECK(plan.class_names == Paths{"cat", "dog"});
  CHECK(found(plan.train) == Paths{"train/cat/1.png=0", "train/dog/a.png=1", "train/dog/b.PNG=1"});
  CHECK(found(plan.test) == Paths{"test/dog/z.png=1"});
  // Numbers are ordered by value.
  const FilePlan numbers = plan_files(
      {"d/train/10/a.png", "d/train/9/a.png", "d/train/0/a.png", "d/test/10/a.png"}, "x");
  CHECK(numbers.class_names == Paths{"0", "9", "10"});
  CHECK(found(numbers.test) == Paths{"d/test/10/a.png=2"});
}

TEST_CASE("folder: without a test set a sixth of each class becomes one, always the same") {
  Paths paths;
  for (int i = 0; i < 60; ++i) paths.push_back("a/" + std::to_string(i) + ".png");
  for (int i = 0; i < 30; ++i) paths.push_back("b/" + std::to_string(i) + ".png");
  const FilePlan plan = plan_files(paths, "x");
  CHECK(plan.train.size() == 75);
  CHECK(plan.test.size() == 15);
  int of_a = 0;
  std::set<std::string> all;
  for (const auto& image : plan.test) of_a += image.label == 0;
  for (const auto* part : {&plan.train, &plan.test}) {
    for (const auto& image : *part) {
      all.insert(image.path);
      CHECK(image.path[0] == (image.label == 0 ? 'a' : 'b'));
    }
  }
  CHECK(of_a == 10);
  CHECK(all.size() == 90);
  Paths turned(paths.rbegin(), paths.rend());
  CHECK(found(plan_files(turned, "x").test) == found(plan.test));
  Paths below;
  for (const std::string& path : paths) below.push_back("train/" + path);
  CHECK(plan_files(below, "x").test.size() == 15);
}

TEST_CASE("folder: what is no data set, or not all of one") {
  check_says(folder_refusal({}), {"the folder \"mine\" holds no data set",
                                  "train-images-idx3-ubyte", "x_train.npy", ".png"});
  check_says(folder_refusal({"a.txt", "b/c.jpg"}), {"holds no data set"});
  check_says(folder_refusal({"a.png", "b.png"}), {"has 0 folders", "2 to 256"});
  check_says(folder_refusal({"only/a.png", "only/b.png", "x.txt"}), {"has 1 folders", "2 to 256"});
  check_says(folder_refusal({"a/1.png", "b/1.jpg"}), {"\"b/1.jpg\"", "not a .png file"});
  check_says(folder_refusal({"a/1.png", "b/c/1.png"}), {"\"b/c/1.png\"", "CLASS/*.png"});
  check_says(folder_refusal({"train/a/1.png", "train/b/1.png", "test/c/1.png"}),
             {"test images of the class \"c\"", "no training images"});
  check_says(folder_refusal({"a/1.png", "b/1.png"}), {"2 images", "at least 6"});
  Paths many;
  for (int c = 0; c < 257; ++c) many.push_back(std::to_string(c) + "/1.png");
  check_says(folder_refusal(many), {"has 257 folders", "2 to 256"});
}

TEST_CASE("folder: grey is Pillow's integer formula") {
  const std::vector<std::uint8_t> rgb = {0, 0,   0, 255, 255, 255, 255, 0,   0,
                                         0, 255, 0, 0,   0,   255, 10,  200, 30};
  std::vector<std::uint8_t> grey(6);
  to_grey(3, rgb, grey.data());
  CHECK(grey == std::vector<std::uint8_t>{0, 255, 76, 150, 29, 124});
}

TEST_CASE("folder: images become a data set, in the order of the plan") {
  const FilePlan plan =
      plan_files({"train/x/1.png", "train/y/1.png", "train/y/2.png", "test/x/1.png"}, "here");
  FolderImages images(plan);
  CHECK(images.next() == "train/x/1.png");
  images.add(1, 2, 1, std::vector<std::uint8_t>{1, 2});
  CHECK(images.next() == "train/y/1.png");
  images.add(1, 2, 3, std::vector<std::uint8_t>{255, 255, 255, 255, 0, 0});
  CHECK_THROWS_WITH_AS(images.add(2, 1, 1, std::vector<std::uint8_t>{5, 6}),
                       "data: \"train/y/2.png\" is 1x2 pixels, but \"train/x/1.png\" is 2x1; all "
                       "images must have one size",
                       Error);
  CHECK_THROWS_WITH_AS(images.add(1, 2, 1, std::vector<std::uint8_t>{5, 6, 7}),
                       doctest::Contains("decoded to 3 bytes"), Error);
  CHECK_THROWS_WITH_AS(images.add(1, 5000, 1, std::vector<std::uint8_t>(5000)),
                       doctest::Contains("5000x1 pixels, but 1x1 to 4096x4096"), Error);
  CHECK_THROWS_WITH_AS(images.finish("made"), "data: \"train/y/2.png\" was not added", Error);
  images.add(1, 2, 1, std::vector<std::uint8_t>{5, 6});
  images.add(1, 2, 1, std::vector<std::uint8_t>{7, 8});
  CHECK(images.next() == "");
  CHECK_THROWS_WITH_AS(images.add(1, 2, 1, std::vector<std::uint8_t>{7, 8}),
                       doctest::Contains("more images than planned"), Error);
  const Dataset data = images.finish("made");
  CHECK(data.name() == "made");
  CHECK(data.class_names() == Paths{"x", "y"});
  CHECK(data.train().count() == 3);
  CHECK(data.train().image(1)[0] == 255);
  CHECK(data.train().image(1)[1] == 76);
  CHECK(data.train().label(2) == 1);
  CHECK(data.test().image(0)[1] == 8);
}

TEST_CASE("folder: 2 to 256 classes, 6 images or more, sides up to 4096") {
  const auto classes = [](int count) {
    Paths paths;
    for (int c = 0; c < count; ++c) {
      for (const char* const part : {"train/", "test/"})
        paths.push_back(part + std::to_string(c) + "/x.png");
    }
    return paths;
  };
  CHECK(folder_refusal(classes(2)) == "accepted");
  CHECK(folder_refusal(classes(256)) == "accepted");
  CHECK(plan_files(classes(256), "x").train.back().label == 255);
  for (const int count : {1, 257}) {
    CHECK(folder_refusal(classes(count)) ==
          "data: the folder \"mine\" has " + std::to_string(count) +
              " folders of .png files, one a class, but 2 to 256 are allowed");
  }
  Paths few = {"a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"};
  CHECK(folder_refusal(few) ==
        "data: the folder \"mine\" has 5 images, but without a folder test at least 6 are needed");
  few.push_back("b/3.png");
  const FilePlan plan = plan_files(few, "x");
  CHECK(plan.train.size() == 5);
  CHECK(plan.test.size() == 1);

  const auto add = [&plan](int height, int width) {
    return refusal([&] {
      const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height) *
                                             static_cast<std::size_t>(width));
      FolderImages(plan).add(height, width, 1, pixels);
    });
  };
  CHECK(add(4096, 1) == "accepted");
  CHECK(add(1, 4096) == "accepted");
  CHECK(add(1, 1) == "accepted");
  for (const auto& [height, width] :
       {std::pair{4097, 1}, std::pair{1, 4097}, std::pair{0, 1}, std::pair{1, 0}}) {
    CHECK(add(height, width)
              .ends_with(" is " + std::to_string(width) + "x" + std::to_string(height) +
                         " pixels, but 1x1 to 4096x4096 are allowed"));
  }
}

TEST_SUITE_END();
