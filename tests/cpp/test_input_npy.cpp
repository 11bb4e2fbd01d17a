// .npy files: accepted files, and every error message.
#include "core/error.h"
#include "data/dataset.h"
#include "data/npy.h"
#include "network.h"
#include "refusals.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

// A header as numpy.lib.format writes it.
Bytes npy(const std::string& dict, const Bytes& data, int version = 1) {
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  std::string header = dict;
  while ((8 + length_bytes + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  Bytes bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', static_cast<std::uint8_t>(version), 0};
  for (std::size_t b = 0; b < length_bytes; ++b) {
    bytes.push_back(static_cast<std::uint8_t>(header.size() >> (8 * b)));
  }
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

std::string dict(const std::string& type, const std::string& shape, const char* order = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

std::string npy_refusal(const Bytes& bytes) {
  return refusal([&] { read_npy(bytes, "x_train.npy"); });
}

std::string array_refusal(const Bytes& images, const Bytes& labels, int classes = 0) {
  return refusal([&] { const ImageSet set(images, labels, classes, "training"); });
}

std::string data_refusal(const Bytes& images, const Bytes& labels) {
  return refusal([&] { Dataset("made", {images, labels, images, labels}, Dataset::kFromLabels); });
}

const Bytes kSixBytes = {1, 2, 3, 4, 5, 6};

}  // namespace

TEST_SUITE_BEGIN("input");

TEST_CASE("npy: integers of every size and sign, of every version, keys in any order") {
  const NpyArray bytes = read_npy(npy(dict("|u1", "(1, 2, 3)"), kSixBytes), "x");
  CHECK(bytes.kind == 'u');
  CHECK(bytes.size == 1);
  CHECK(bytes.shape == std::vector<std::int64_t>{1, 2, 3});
  CHECK(bytes.begin % 64 == 0);
  CHECK(element_count(bytes.shape) == 6);
  struct Case {
    const char* type;
    Bytes data;
    std::int64_t value;
  };
  for (const Case& c :
       {Case{"|u1", {255}, 255}, Case{"|i1", {255}, -1}, Case{"<u2", {1, 2}, 513},
        Case{"<i2", {0, 128}, -32768}, Case{"<u4", {1, 0, 0, 128}, 2147483649},
        Case{"<i4", {254, 255, 255, 255}, -2}, Case{"<i8", {7, 0, 0, 0, 0, 0, 0, 0}, 7},
        Case{"<i8", {255, 255, 255, 255, 255, 255, 255, 255}, -1},
        Case{"<u8", {255, 255, 255, 255, 255, 255, 255, 255}, INT64_MAX}}) {
    CAPTURE(c.type);
    for (const int version : {1, 2, 3}) {
      const Bytes file = npy(dict(c.type, "(1,)"), c.data, version);
      const NpyArray array = read_npy(file, "x");
      CHECK(array.is_integer());
      CHECK(array.integer(file, 0) == c.value);
    }
  }
  CHECK(npy_refusal(npy("{\"shape\":(6,),\"fortran_order\":False,\"descr\":\"|u1\"}", kSixBytes)) ==
        "accepted");
  CHECK(npy_refusal(npy(dict("<f4", "(1, 1)"), {0, 0, 0, 0})) == "accepted");
  CHECK(element_count(read_npy(npy(dict("|u1", "()"), {5}), "x").shape) == 1);
  CHECK(element_count(read_npy(npy(dict("|u1", "(0, 9)"), {}), "x").shape) == 0);
  CHECK(is_npy(npy(dict("|u1", "()"), {5})));
  CHECK(!is_npy(kSixBytes));
  CHECK(!is_npy({}));
}

TEST_CASE("npy: every truncation is refused, and none reads beyond the end") {
  const Bytes whole = npy(dict("|u1", "(1, 2, 3)"), kSixBytes);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    // A copy of exactly that length, so that sanitizers detect reads beyond the end.
    const std::string message =
        npy_refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    CAPTURE(length);
    check_says(message, {"x_train.npy: "});
    CHECK(message != "accepted");
  }
  check_says(npy_refusal(Bytes(whole.begin(), whole.end() - 1)),
             {"5 bytes of data", "announces 6", "truncated"});
  Bytes longer = whole;
  longer.push_back(0);
  check_says(npy_refusal(longer), {"7 bytes of data", "announces 6", "too long"});
}

TEST_CASE("npy: other formats, orders and types") {
  check_says(npy_refusal(kSixBytes), {"x_train.npy: this is not a .npy file"});
  Bytes file = npy(dict("|u1", "(6,)"), kSixBytes);
  file[6] = 4;
  check_says(npy_refusal(file), {"version 4", "1 to 3"});
  file[6] = 0;
  check_says(npy_refusal(file), {"version 0", "1 to 3"});
  check_says(npy_refusal(npy(dict("|u1", "(2, 3)", "True"), kSixBytes)),
             {"Fortran", "ascontiguousarray"});
  check_says(npy_refusal(npy(dict(">i2", "(3,)"), kSixBytes)),
             {"\">i2\"", "big-endian", "\"<i2\""});
  for (const char* type :
       {"|O", "|O8", "<U3", "|S1", "<c8", "<i3", "<f1", "|b2", "", "u1", "<i16"}) {
    CAPTURE(type);
    check_says(npy_refusal(npy(dict(type, "(6,)"), kSixBytes)),
               {"type is", "whole numbers and floats"});
  }
  check_says(npy_refusal(npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }",
                             kSixBytes)),
             {"structured type"});
  Bytes huge = npy(dict("|u1", "(6,)"), kSixBytes, 2);
  huge[9] = 255;
  check_says(npy_refusal(huge), {"header has", "10000"});
}

TEST_CASE("npy: headers that are no such dict, and sizes that overflow") {
  for (const char* bad :
       {"", "{", "{}", "[]", "{'descr': '|u1'}", "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '|u1', 'fortran_order': Perhaps, 'shape': (6,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': 6}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6,",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-6,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6.0,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), 'more': 1}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)} x", "{'descr: (6,)}"}) {
    CAPTURE(bad);
    check_says(npy_refusal(npy(bad, kSixBytes)), {"x_train.npy: the .npy header is not a dict"});
  }
  for (const char* shape : {"(2, 9223372036854775807)", "(18446744073709551615,)",
                            "(1099511627777,)", "(99999999999999999999999999,)"}) {
    CAPTURE(shape);
    check_says(npy_refusal(npy(dict("|u1", shape), kSixBytes)), {"size over 1099511627776"});
  }
  check_says(npy_refusal(npy(dict("|u1", "(1099511627776, 1099511627776)"), kSixBytes)),
             {"6 bytes of data", "far more", "truncated"});
  check_says(npy_refusal(npy(dict("<i8", "(4294967296, 4294967296, 0)"), kSixBytes)), {"far more"});
}

TEST_CASE("npy: images and labels of a data set") {
  const Bytes images = npy(dict("|u1", "(3, 1, 2)"), kSixBytes);
  for (const Bytes& labels :
       {npy(dict("|u1", "(3,)"), {0, 1, 2}), npy(dict("<i2", "(3,)"), {0, 0, 1, 0, 2, 0}),
        idx_bytes({3}, {0, 1, 2})}) {
    const Dataset data("made", {images, labels, idx_bytes({3, 1, 2}, kSixBytes), labels},
                       Dataset::kFromLabels);
    CHECK(data.classes() == 3);
    CHECK(data.class_names() == std::vector<std::string>{"0", "1", "2"});
    CHECK(data.train().image(1)[1] == 4);
    CHECK(data.train().label(2) == 2);
    CHECK(class_counts(data.train(), 3) == std::vector<std::int64_t>{1, 1, 1});
    CHECK(data.train().labels().size() == 3);
  }
  const Bytes labels = npy(dict("|u1", "(3,)"), {0, 1, 2});
  check_says(array_refusal(npy(dict("|u1", "(6,)"), kSixBytes), labels),
             {"training images", "[6]", "u1"});
  check_says(array_refusal(npy(dict("|i1", "(3, 1, 2)"), kSixBytes), labels),
             {"training images", "i1"});
  check_says(array_refusal(npy(dict("|u1", "(0, 1, 2)"), {}), labels), {"count is 0", "from 1"});
  check_says(array_refusal(npy(dict("|u1", "(1, 1, 6)"), kSixBytes), labels),
             {"1 images", "3 labels"});
  check_says(array_refusal(npy(dict("|u1", "(1, 0, 2)"), {}), labels), {"height is 0", "4096"});
  check_says(array_refusal(npy(dict("|u1", "(1, 5000, 0)"), {}), labels),
             {"height is 5000", "4096"});
  check_says(array_refusal(images, npy(dict("<f4", "(1,)"), {0, 0, 0, 0})),
             {"training labels", "f4"});
  check_says(array_refusal(images, npy(dict("|u1", "(3, 1)"), {0, 1, 2})),
             {"training labels", "[3, 1]"});
  check_says(array_refusal(images, npy(dict("<i2", "(3,)"), {0, 0, 0, 1, 2, 0})),
             {"training labels", "label 256", "sample 1", "0 to 255"});
  check_says(array_refusal(images, npy(dict("|i1", "(3,)"), {0, 255, 2})),
             {"label -1", "sample 1"});
}

TEST_CASE("classes follow from the labels: from 0 or 1, without a gap, at least two") {
  const auto data = [](const Bytes& labels) {
    const auto n = static_cast<std::uint32_t>(labels.size());
    return data_refusal(idx_bytes({n, 1, 1}, labels), idx_bytes({n}, labels));
  };
  CHECK(data({0, 1}) == "accepted");
  CHECK(data({2, 1, 1}) == "accepted");  // EMNIST's letters are 1 to 26
  check_says(data({0, 0}), {"training labels", "at least two classes"});
  check_says(data({0, 1, 200, 2}), {"label 200", "sample 2", "no sample has label 3", "gap"});
  Bytes all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<std::uint8_t>(c));
  CHECK(data(all) == "accepted");
  // A test label above those of the training set.
  const Bytes one = idx_bytes({2, 1, 1}, {5, 6});
  CHECK_THROWS_WITH_AS(
      Dataset("made", {one, idx_bytes({2}, {0, 1}), one, idx_bytes({2}, {1, 2})},
              Dataset::kFromLabels),
      "test labels: label 2 of sample 1 is out of range: with 2 classes labels are "
      "0 to 1",
      Error);
}

TEST_CASE("npy: exactly at each limit an array is read, and one more is refused") {
  const auto long_header = [](std::size_t length) {
    std::string header = dict("|u1", "(6,)");
    header.resize(length, ' ');
    Bytes bytes = {0x93,
                   'N',
                   'U',
                   'M',
                   'P',
                   'Y',
                   1,
                   0,
                   static_cast<std::uint8_t>(length & 255),
                   static_cast<std::uint8_t>(length >> 8)};
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), kSixBytes.begin(), kSixBytes.end());
    return bytes;
  };
  CHECK(npy_refusal(long_header(10000)) == "accepted");
  CHECK(npy_refusal(long_header(10001)) ==
        "x_train.npy: the .npy header has 10001 bytes, but at most 10000 are allowed");

  const auto ones = [](int count) {
    std::string shape = "(";
    for (int k = 0; k < count; ++k) shape += "1,";
    return npy(dict("|u1", shape + ")"), {7});
  };
  CHECK(npy_refusal(ones(32)) == "accepted");
  CHECK(npy_refusal(ones(33)) ==
        "x_train.npy: the .npy header is not a dict of descr, fortran_order and shape");

  const std::string announces = "x_train.npy: 0 bytes of data follow the header, but it announces ";
  const std::string truncated = " (the file is truncated)";
  CHECK(npy_refusal(npy(dict("|u1", "(1099511627776,)"), {})) ==
        announces + "1099511627776" + truncated);
  CHECK(npy_refusal(npy(dict("|u1", "(1099511627777,)"), {})) ==
        "x_train.npy: the array's shape has a size over 1099511627776");
  CHECK(npy_refusal(npy(dict("<f8", "(1048576, 131072)"), {})) ==
        announces + "1099511627776" + truncated);
  CHECK(npy_refusal(npy(dict("<f8", "(1048576, 131073)"), {})) ==
        announces + "far more" + truncated);
}

TEST_CASE("npy: images up to 4096 pixels a side, labels up to 255") {
  const Bytes label = npy(dict("|u1", "(1,)"), {0});
  CHECK(array_refusal(npy(dict("|u1", "(1, 4096, 1)"), Bytes(4096)), label, 10) == "accepted");
  CHECK(array_refusal(npy(dict("|u1", "(1, 1, 4096)"), Bytes(4096)), label, 10) == "accepted");
  CHECK(array_refusal(npy(dict("|u1", "(1, 4097, 1)"), Bytes(4097)), label, 10) ==
        "training images: the height is 4097, but it must be from 1 to 4096");
  CHECK(array_refusal(npy(dict("|u1", "(1, 1, 4097)"), Bytes(4097)), label, 10) ==
        "training images: the width is 4097, but it must be from 1 to 4096");
  const Bytes image = npy(dict("|u1", "(1, 1, 1)"), {3});
  CHECK(array_refusal(image, npy(dict("<i2", "(1,)"), {255, 0}), 256) == "accepted");
  CHECK(ImageSet(image, npy(dict("<i2", "(1,)"), {255, 0}), 256, "x").label(0) == 255);
  CHECK(array_refusal(image, npy(dict("<i2", "(1,)"), {0, 1}), 256) ==
        "training labels: label 256 of sample 0 is out of range: with 256 classes labels are 0 to "
        "255");
  CHECK(array_refusal(image, npy(dict("<i2", "(1,)"), {255, 255}), 256) ==
        "training labels: label -1 of sample 0 is out of range: with 256 classes labels are 0 to "
        "255");
  CHECK(array_refusal(image, npy(dict("|u1", "(1,)"), {9}), 10) == "accepted");
  CHECK(array_refusal(image, npy(dict("|u1", "(1,)"), {10}), 10) ==
        "training labels: label 10 of sample 0 is out of range: with 10 classes labels are 0 to 9");
}

TEST_SUITE_END();
