// Tests of the tests: the double references of oracle.h compared with PyTorch's values, and their
// gradients with central differences.
#include "oracle.h"

#include "support.h"

using namespace reluscope::test;

namespace {

// The golden files carry nine digits of float64 results.
constexpr double kNineDigits = 2e-8;

// Golden inputs are float32 in short decimal: read as such, then widened.
Values inputs(const Json& json) {
  const std::vector<float> narrow = numbers<float>(json);
  return Values(narrow.begin(), narrow.end());
}

void check_all(const Values& actual, const Values& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t k = 0; k < actual.size(); ++k) {
    CAPTURE(k);
    REQUIRE(std::abs(actual[k] - expected[k]) <= kNineDigits * (1e-3 + std::abs(expected[k])));
  }
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("the dense oracle is PyTorch's Linear") {
  for (const Json& c : golden("dense")["cases"]) {
    const int i = c["in"], o = c["out"], n = c["batch"];
    CAPTURE(i);
    const Values x = inputs(c["x"]), w = inputs(c["weight"]), b = inputs(c["bias"]),
                 dy = inputs(c["dy"]);
    check_all(values_of(oracle::dense_forward(x, w, b, n, i, o)), numbers<double>(c["y"]));
    check_all(values_of(oracle::dense_dx(dy, w, n, i, o)), numbers<double>(c["dx"]));
    check_all(values_of(oracle::dense_dweight(x, dy, n, i, o)), numbers<double>(c["dweight"]));
    check_all(values_of(oracle::dense_dbias(dy, n, o)), numbers<double>(c["dbias"]));
  }
}

TEST_CASE("the cross-entropy oracle is PyTorch's, and its gradient is one") {
  for (const Json& c : golden("loss")["cases"]) {
    const int n = c["shape"][0], classes = c["shape"][1];
    const std::vector<int> labels = numbers<int>(c["labels"]);
    const Values logits = inputs(c["logits"]);
    CAPTURE(c["name"].get<std::string>());
    const oracle::Loss loss = oracle::cross_entropy(logits, labels, n, classes);
    check_all({loss.mean}, {c["loss"].get<double>()});
    check_all(loss.per_sample, numbers<double>(c["per_sample"]));
    check_all(loss.dlogits, numbers<double>(c["dlogits"]));
    for (std::size_t k = 0; k < logits.size(); ++k) {
      Values up = logits, down = logits;
      up[k] += 1e-5;
      down[k] -= 1e-5;
      const double slope = (oracle::cross_entropy(up, labels, n, classes).mean -
                            oracle::cross_entropy(down, labels, n, classes).mean) /
                           2e-5;
      REQUIRE(std::abs(slope - loss.dlogits[k]) <= 1e-6 * std::abs(slope) + 1e-8);
    }
  }
}

TEST_CASE("the optimizer oracles are PyTorch's SGD and Adam") {
  const Json& file = golden("optimizers");
  for (const Json& c : file["cases"]) {
    CAPTURE(c.dump().substr(0, 120));
    const Json& options = c["options"];
    Values p = inputs(file["start"]);
    oracle::Sgd sgd;
    oracle::Adam adam;
    const bool is_adam = c["name"] == "adam";
    if (is_adam) {
      adam = {.lr = options["lr"],
              .beta1 = options["betas"][0],
              .beta2 = options["betas"][1],
              .eps = options["eps"]};
    } else {
      REQUIRE(c["name"] == "sgd");
      sgd = {.lr = options["lr"], .momentum = options["momentum"], .nesterov = options["nesterov"]};
    }
    for (std::size_t step = 0; step < file["grads"].size(); ++step) {
      const Values g = inputs(file["grads"][step]);
      if (is_adam) {
        adam.step(p, g);
      } else {
        sgd.step(p, g);
      }
      CAPTURE(step);
      check_all(p, numbers<double>(c["after"][step]));
    }
  }
}

TEST_SUITE_END();
