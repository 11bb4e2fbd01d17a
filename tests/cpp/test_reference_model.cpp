// Whole networks: Model's forward and backward against the same network in double, for every
// activation of the registry, with a plain and with an offset input; the double network's own
// gradient against central differences.
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "matrices.h"
#include "network.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct Sizes {
  int n, features, classes;
};

struct Problem {
  int n, features, classes;
  std::vector<float> x;
  std::vector<int> labels;
  std::vector<std::uint8_t> bytes;

  Problem(TestRandom& random, int n_, int features_, int classes_)
      : n(n_), features(features_), classes(classes_) {
    x = random.reals(static_cast<std::size_t>(n) * static_cast<std::size_t>(features), -1.5, 1.5);
    for (int k = 0; k < n; ++k) {
      labels.push_back(random.below(classes));
      bytes.push_back(static_cast<std::uint8_t>(labels.back()));
    }
  }
};

// Biases start at zero: small random ones make every term of every formula matter.
void shake_biases(Model& model, TestRandom& random) {
  for (const Model::Parameter& p : model.parameter_list()) {
    if (p.spec.role != ParameterRole::kBias) continue;
    Model::scatter(p,
                   random.reals(static_cast<std::size_t>(element_count(p.spec.shape)), -0.3, 0.3),
                   model.parameters());
  }
}

// Held to the scale of the parameter's largest gradient, and to what a rounding error of p makes of
// the slope (p - 1) / N at the logits where p is near 1.
void check_gradients(const Model& model, int n, const State& actual, const DoublePass& expected) {
  REQUIRE(actual.size() == expected.gradients.size());
  for (const Model::Parameter& p : model.parameter_list()) {
    const Values& a = actual.at(p.name);
    const Values& e = expected.gradients.at(p.name);
    REQUIRE(a.size() == e.size());
    double largest = 0.1 / n;
    for (const double scale : expected.scales.at(p.name)) largest = std::max(largest, scale);
    for (std::size_t k = 0; k < a.size(); ++k) {
      INFO(p.name, "[", k, "]: ", a[k], " instead of ", e[k]);
      REQUIRE(std::abs(a[k] - e[k]) <= 1e-5 * largest);
    }
  }
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("forward and backward of a network of every activation equal the network in double") {
  const std::uint64_t seed = test_seed() + 20;
  TestRandom random(seed);
  cpu::CpuBackend backend;
  for (const std::string& name : activation_names()) {
    if (activation_info(find_activation(name)).random) continue;  // test_reference_random.cpp
    for (const Sizes& sizes : {Sizes{13, 35, 10}, Sizes{1, 3, 2}, Sizes{64, 48, 17}}) {
      const int n = sizes.n, features = sizes.features, classes = sizes.classes;
      const std::string text =
          "dense 33 | " + name + " | dense 16 | " + name + " | dense " + std::to_string(classes);
      INFO("seed ", seed, ", ", text, ", N ", n, ", features ", features);
      Model model({.architecture = text,
                   .input = {1, 1, features},
                   .classes = classes,
                   .init = "he_normal",
                   .seed = seed,
                   .train_rows = n,
                   .evaluate_rows = 1},
                  backend);
      shake_biases(model, random);
      const Problem problem(random, n, features, classes);
      const Panels x(n, features, problem.x, 0.0f);
      const double loss = float_pass(model, backend, {x.view(), 0.0f}, problem.bytes.data());
      const State state = state_of(model, model.parameters());
      const DoublePass expected =
          double_pass(model, state, widened(problem.x), features, problem.labels);
      CHECK(close(loss, expected.loss, 1e-5));
      check_gradients(model, n, state_of(model, model.gradients()), expected);

      // The same input, split into values and an offset, as the data path gives it.
      const float offset = -0.42421296f;
      std::vector<float> shifted = problem.x;
      for (float& value : shifted) value -= offset;
      Values whole;
      for (const float value : shifted)
        whole.push_back(static_cast<double>(value) + static_cast<double>(offset));
      const Panels s(n, features, shifted, 0.0f);
      const double split_loss =
          float_pass(model, backend, {s.view(), offset}, problem.bytes.data());
      const DoublePass split = double_pass(model, state, whole, features, problem.labels);
      CHECK(close(split_loss, split.loss, 1e-5));
      check_gradients(model, n, state_of(model, model.gradients()), split);
    }
  }
}

TEST_CASE("the double network's gradient equals central differences of its loss") {
  const std::uint64_t seed = test_seed() + 21;
  TestRandom random(seed);
  cpu::CpuBackend backend;
  for (const std::string& name : activation_names()) {
    Model model({.architecture = "dense 7 | " + name + " | dense 3",
                 .input = {1, 1, 5},
                 .classes = 3,
                 .init = "he_normal",
                 .seed = seed,
                 .train_rows = 4,
                 .evaluate_rows = 1},
                backend);
    shake_biases(model, random);
    const Problem problem(random, 4, 5, 3);
    State state = state_of(model, model.parameters());
    const DoublePass pass = double_pass(model, state, widened(problem.x), 5, problem.labels);
    for (auto& entry : state) {
      const std::string& key = entry.first;
      Values& values = entry.second;
      for (std::size_t k = 0; k < values.size(); ++k) {
        const double at = values[k], h = 1e-6;
        values[k] = at + h;
        const double up = double_pass(model, state, widened(problem.x), 5, problem.labels).loss;
        values[k] = at - h;
        const double down = double_pass(model, state, widened(problem.x), 5, problem.labels).loss;
        values[k] = at;
        INFO("seed ", seed, ", ", name, ", ", key, "[", k, "]");
        REQUIRE(std::abs((up - down) / (2 * h) - pass.gradients.at(key)[k]) <=
                1e-6 * std::abs(pass.gradients.at(key)[k]) + 1e-8);
      }
    }
  }
}

TEST_CASE(
    "evaluation mode computes the same logits, in larger batches, and leaves gradients alone") {
  const std::uint64_t seed = test_seed() + 22;
  INFO("seed ", seed);
  TestRandom random(seed);
  cpu::CpuBackend backend;
  Model model({.architecture = "dense 20 | swish | dense 4",
               .input = {1, 2, 9},
               .classes = 4,
               .init = "he_normal",
               .seed = 3,
               .train_rows = 5,
               .evaluate_rows = 40},
              backend);
  const Problem problem(random, 40, 18, 4);
  const Panels all(40, 18, problem.x, 0.0f);
  const Panels first(5, 18, std::vector<float>(problem.x.begin(), problem.x.begin() + 5 * 18),
                     0.0f);
  float_pass(model, backend, {first.view(), 0.0f}, problem.bytes.data());
  const std::vector<float> gradients(model.gradients().begin(), model.gradients().end());
  std::vector<float> trained;
  const ConstMatrixView few = model.output(model.layer_count() - 1);
  for (int c = 0; c < 4; ++c) trained.push_back(few.at(3, c));
  const ConstMatrixView logits = model.forward(Mode::kEvaluate, {all.view(), 0.0f});
  std::vector<float> evaluated;
  for (int c = 0; c < 4; ++c) evaluated.push_back(logits.at(3, c));
  CHECK(first_difference(trained, evaluated) == "");
  CHECK(first_difference(gradients, {model.gradients().begin(), model.gradients().end()}) == "");
}

TEST_CASE("gather and scatter are each other's inverse in PyTorch's order, and leave the padding") {
  cpu::CpuBackend backend;
  Model model({.architecture = "dense 33 | prelu | dense 10",
               .input = {1, 5, 7},
               .classes = 10,
               .init = "pytorch",
               .seed = 1,
               .train_rows = 2,
               .evaluate_rows = 2},
              backend);
  CHECK(model.parameter_count() == 35 * 33 + 33 + 1 + 33 * 10 + 10);
  std::vector<std::string> names;
  float next = 1.0f;
  for (const Model::Parameter& p : model.parameter_list()) {
    names.push_back(p.name);
    std::vector<float> values;
    for (std::int64_t k = 0; k < element_count(p.spec.shape); ++k) values.push_back(next++);
    Model::scatter(p, values, model.parameters());
    CHECK(first_difference(Model::gather(p, model.parameters()), values) == "");
  }
  CHECK(names == std::vector<std::string>{"fc1.weight", "fc1.bias", "act1.weight", "fc2.weight",
                                          "fc2.bias"});
  int nonzero = 0;
  for (const float value : model.parameters()) nonzero += value != 0.0f;
  CHECK(nonzero == model.parameter_count());
}

TEST_SUITE_END();
