// Whole runs on real MNIST reach the accuracy of the reference program.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mnist.h"
#include "nn/activation.h"
#include "run/report.h"
#include "run/session.h"

namespace reluscope {
namespace {

// Test accuracy after each epoch.
std::vector<double> accuracies(const Config& config) {
  Session session(test::mnist(), config);
  std::vector<double> found;
  for (;;) {
    const Reported progress = report(session.advance());
    if (progress.event() == "epoch")
      found.push_back(progress.values["test_accuracy"].get<double>());
    if (progress.event() == "done") return found;
    REQUIRE(progress.event() != "diverged");
  }
}

double mean_after_ten_epochs(const std::string& init) {
  double sum = 0.0;
  for (int seed = 1; seed <= 5; ++seed) {
    Config config;
    config.init = init;
    config.seed = seed;
    sum += accuracies(config).back() / 5.0;
  }
  return sum;
}

// At full length: only in tests/run full.
TEST_SUITE("learning-full") {
  // PyTorch 1.13.1's means over the same five seeds: 0.9784 with He, 0.9800 with its own init.
  TEST_CASE("784-512-10 with He, ten epochs, mean of seeds 1 to 5") {
    const double mean = mean_after_ten_epochs("he_normal");
    MESSAGE("mean accuracy ", mean);
    CHECK(mean >= 0.9785);  // 97.7% and no more than 0.15 below the better of the two
  }

  TEST_CASE("784-512-10 with PyTorch's init, ten epochs, mean of seeds 1 to 5") {
    const double mean = mean_after_ten_epochs("pytorch");
    MESSAGE("mean accuracy ", mean);
    CHECK(mean >= 0.9785);
  }

  TEST_CASE("each of the five activations passes 96.6% after three epochs") {
    for (const std::string name : {"relu", "leaky_relu", "prelu", "elu", "swish"}) {
      CAPTURE(name);
      Config config;
      config.model = "dense 512 | " + name + " | dense 10";
      config.epochs = 3;
      CHECK(accuracies(config).back() >= 0.966);
    }
  }
}

TEST_SUITE("learning") {
  TEST_CASE("seed 1 passes 95.5% after one epoch and 97.2% after ten") {
    const std::vector<double> found = accuracies({});
    CHECK(found.front() >= 0.955);
    CHECK(found.back() >= 0.972);
  }

  TEST_CASE("every activation of the registry learns") {
    for (const std::string& name : activation_names()) {
      CAPTURE(name);
      Config config;
      config.model = "dense 64 | " + name + " | dense 10";
      config.epochs = 1;
      CHECK(accuracies(config).back() >= 0.88);  // the identity is a linear classifier
    }
  }

  TEST_CASE("SGD learns, with and without momentum") {
    Config config;
    config.epochs = 1;
    config.optimizer = "sgd";
    config.lr = 0.1;
    CHECK(accuracies(config).back() >= 0.94);
    config.momentum = 0.9;
    config.nesterov = true;
    config.lr = 0.02;
    CHECK(accuracies(config).back() >= 0.95);
  }

  TEST_CASE("three hidden layers learn") {
    Config config;
    config.model = "dense 128 | relu | dense 96 | relu | dense 64 | relu | dense 10";
    config.epochs = 2;
    CHECK(accuracies(config).back() >= 0.955);
  }
}

}  // namespace
}  // namespace reluscope
