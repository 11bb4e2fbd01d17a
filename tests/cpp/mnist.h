// Real MNIST for tests, read once. Under Node, NODERAWFS gives access to the host's file system.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace reluscope::test {

inline std::shared_ptr<const Dataset> mnist() {
  static const std::shared_ptr<const Dataset> data = [] {
    const auto read = [](const char* name) {
      std::ifstream file(std::string(RELUSCOPE_MNIST_DIR) + "/" + name, std::ios::binary);
      REQUIRE_MESSAGE(file.good(), "cannot read ", RELUSCOPE_MNIST_DIR, "/", name);
      file.seekg(0, std::ios::end);
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(file.tellg()));
      file.seekg(0);
      file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      return bytes;
    };
    return std::make_shared<const Dataset>(
        "mnist", Dataset::Files{read("train-images-idx3-ubyte"), read("train-labels-idx1-ubyte"),
                                read("t10k-images-idx3-ubyte"), read("t10k-labels-idx1-ubyte")});
  }();
  return data;
}

}  // namespace reluscope::test
