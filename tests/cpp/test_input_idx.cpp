// Invalid IDX files: each error message is one sentence that names the file, the value found and
// the allowed values.
#include "core/error.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "network.h"
#include "refusals.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

std::string image_refusal(const Bytes& bytes) {
  return refusal([&] { read_idx(bytes, 3, "training images"); });
}

std::string label_refusal(const Bytes& bytes) {
  return refusal([&] { read_idx(bytes, 1, "test labels"); });
}

std::string set_refusal(const Bytes& images, const Bytes& labels) {
  return refusal([&] { ImageSet(images, labels, 10, "training"); });
}

// All parts are in the message, and it is one sentence.
const Bytes kSix = {1, 2, 3, 4, 5, 6};

}  // namespace

TEST_SUITE_BEGIN("input");

TEST_CASE("good files are read, and the header tells where the data starts") {
  CHECK(read_idx(idx_bytes({1, 2, 3}, kSix), 3, "training images") == std::vector<int>{1, 2, 3});
  CHECK(idx_header(3) == 16);
  CHECK(read_idx(idx_bytes({6}, kSix), 1, "training labels") == std::vector<int>{6});
  CHECK(idx_header(1) == 8);
  const ImageSet set(idx_bytes({3, 1, 2}, kSix), idx_bytes({3}, {0, 9, 5}), 10, "training");
  CHECK(set.count() == 3);
  CHECK(set.image(1)[0] == 3);
  CHECK(set.image(1)[1] == 4);
  CHECK(set.label(1) == 9);
}

TEST_CASE("an empty file, a header cut off, and gzip that was not unpacked") {
  check_says(image_refusal({}), {"training images", "empty"});
  check_says(label_refusal({}), {"test labels", "empty"});
  const Bytes whole = idx_bytes({1, 2, 3}, kSix);
  for (std::size_t length = 1; length < 16; ++length) {
    check_says(
        image_refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length))),
        {"training images", std::to_string(length) + " bytes", "16"});
  }
  for (std::size_t length = 1; length < 8; ++length) {
    const Bytes labels = idx_bytes({6}, kSix);
    check_says(
        label_refusal(Bytes(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(length))),
        {"test labels", std::to_string(length) + " bytes", "8"});
  }
  Bytes gzip = whole;
  gzip[0] = 0x1f;
  gzip[1] = 0x8b;
  check_says(image_refusal(gzip), {"training images", "gzip"});
}

TEST_CASE("a wrong magic number, type or number of dimensions") {
  Bytes bytes = idx_bytes({1, 2, 3}, kSix);
  bytes[0] = 0x89;
  bytes[1] = 0x50;
  check_says(image_refusal(bytes), {"training images", "89500803", "00000803"});
  bytes = idx_bytes({1, 2, 3}, kSix);
  bytes[1] = 1;
  check_says(image_refusal(bytes), {"00010803"});
  for (const int type : {0x00, 0x09, 0x0b, 0x0c, 0x0d, 0x0e, 0xff}) {
    bytes = idx_bytes({1, 2, 3}, kSix);
    bytes[2] = static_cast<std::uint8_t>(type);
    char text[8];
    std::snprintf(text, sizeof text, "0x%02x", type);
    check_says(image_refusal(bytes), {"training images", text, "0x08"});
  }
  for (const int dimensions : {0, 1, 2, 4, 255}) {
    bytes = idx_bytes({1, 2, 3}, kSix);
    bytes[3] = static_cast<std::uint8_t>(dimensions);
    check_says(image_refusal(bytes),
               {"training images", std::to_string(dimensions) + " dimension", "3"});
  }
  // The two files swapped, the most likely mistake.
  check_says(label_refusal(idx_bytes({1, 2, 3}, kSix)), {"test labels", "3 dimensions", "1"});
  check_says(image_refusal(idx_bytes({60}, Bytes(60))), {"training images", "1 dimension", "3"});
}

TEST_CASE("a size of zero, and sizes whose product overflows 32 and 64 bits") {
  check_says(image_refusal(idx_bytes({0, 28, 28}, {})), {"training images", "count", "0", "1"});
  check_says(image_refusal(idx_bytes({1, 0, 28}, {})), {"training images", "height", "0"});
  check_says(image_refusal(idx_bytes({1, 28, 0}, {})), {"training images", "width", "0"});
  check_says(label_refusal(idx_bytes({0}, {})), {"test labels", "count", "0"});
  const std::vector<std::vector<std::uint32_t>> too_large = {
      {0xffffffffu, 0xffffffffu, 0xffffffffu},
      {65536, 65536, 1},
      {65536, 256, 256},
      {0x80000000u, 2, 1},
      {2, 0x80000000u, 1},
      {1, 1, 0xffffffffu}};
  for (const auto& sizes : too_large) {
    const std::string message = image_refusal(idx_bytes(sizes, kSix));
    CAPTURE(message);
    CHECK(message != "accepted");
    CHECK(message.find("training images") != std::string::npos);
  }
  CHECK(image_refusal(idx_bytes({65536, 65536, 1}, {})) != "accepted");  // 2^32 is 0 in 32 bits
  check_says(label_refusal(idx_bytes({0xffffffffu}, kSix)), {"test labels", "4294967295"});
}

TEST_CASE("a file that is too short or too long for what it announces") {
  check_says(image_refusal(idx_bytes({1, 2, 3}, {1, 2, 3, 4, 5})),
             {"training images", "5", "6", "truncated"});
  check_says(image_refusal(idx_bytes({1, 2, 3}, {})), {"training images", "0", "6", "truncated"});
  check_says(image_refusal(idx_bytes({1, 2, 3}, {1, 2, 3, 4, 5, 6, 7})),
             {"training images", "7", "6", "long"});
  check_says(label_refusal(idx_bytes({7}, kSix)), {"test labels", "6", "7", "truncated"});
  check_says(label_refusal(idx_bytes({5}, kSix)), {"test labels", "6", "5", "long"});
}

TEST_CASE("counts that differ and labels out of range") {
  check_says(set_refusal(idx_bytes({3, 1, 2}, kSix), idx_bytes({6}, kSix)),
             {"training", "3 images", "6 labels"});
  check_says(set_refusal(idx_bytes({3, 1, 2}, kSix), idx_bytes({3}, {0, 9, 10})),
             {"training labels", "10", "sample 2", "0 to 9"});
  check_says(set_refusal(idx_bytes({3, 1, 2}, kSix), idx_bytes({3}, {255, 0, 0})),
             {"training labels", "255", "sample 0", "0 to 9"});
}

TEST_CASE("training and test images of different size, and which of four files is bad") {
  const Bytes images = idx_bytes({3, 1, 2}, kSix), turned = idx_bytes({3, 2, 1}, kSix),
              labels = idx_bytes({3}, {1, 2, 3});
  const auto refusal = [](Dataset::Files files) -> std::string {
    try {
      Dataset("own", std::move(files));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(refusal({images, labels, images, labels}) == "accepted");
  check_says(refusal({images, labels, turned, labels}), {"test images", "2x1", "1x2"});
  check_says(refusal({{}, labels, images, labels}), {"training images"});
  check_says(refusal({images, {}, images, labels}), {"training labels"});
  check_says(refusal({images, labels, {}, labels}), {"test images"});
  check_says(refusal({images, labels, images, {}}), {"test labels"});
}

TEST_CASE("no bytes at all make the reader do worse than refuse") {
  const std::uint64_t seed = test_seed() + 40;
  TestRandom random(seed);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes = idx_bytes({1, 2, 3}, kSix);
    for (int change = 1 + random.below(3); change > 0; --change) {
      const auto at = static_cast<std::size_t>(random.below(static_cast<int>(bytes.size())));
      bytes[at] = static_cast<std::uint8_t>(random.below(4) == 0 ? random.below(256)
                                                                 : (random.below(2) ? 0xff : 0));
    }
    bytes.resize(static_cast<std::size_t>(random.below(static_cast<int>(bytes.size()) + 4)));
    INFO("seed ", seed, ", round ", round);
    const std::string message =
        image_refusal(bytes);  // any exception other than Error fails the test
    REQUIRE(!message.empty());
    label_refusal(bytes);
  }
}

TEST_CASE("exactly the largest sizes are read, and one more is not") {
  CHECK(image_refusal(idx_bytes({1, 4096, 1}, Bytes(4096))) == "accepted");
  CHECK(image_refusal(idx_bytes({1, 1, 4096}, Bytes(4096))) == "accepted");
  CHECK(image_refusal(idx_bytes({1, 4097, 1}, Bytes(4097))) ==
        "training images: the height is 4097, but it must be from 1 to 4096");
  CHECK(image_refusal(idx_bytes({1, 1, 4097}, Bytes(4097))) ==
        "training images: the width is 4097, but it must be from 1 to 4096");
  // An allowed count is refused because the data is missing.
  CHECK(image_refusal(idx_bytes({100000000, 1, 1}, {})) ==
        "training images: 0 bytes of data follow the header, but it announces 100000000 (the file "
        "is truncated)");
  CHECK(image_refusal(idx_bytes({100000001, 1, 1}, {})) ==
        "training images: the count is 100000001, but it must be from 1 to 100000000");
  CHECK(label_refusal(idx_bytes({100000000}, {})) ==
        "test labels: 0 bytes of data follow the header, but it announces 100000000 (the file is "
        "truncated)");
  CHECK(label_refusal(idx_bytes({100000001}, {})) ==
        "test labels: the count is 100000001, but it must be from 1 to 100000000");
  CHECK(image_refusal(idx_bytes({1, 1, 1}, {7})) == "accepted");
  CHECK(set_refusal(idx_bytes({1, 1, 1}, {7}), idx_bytes({1}, {9})) == "accepted");
}

TEST_SUITE_END();
