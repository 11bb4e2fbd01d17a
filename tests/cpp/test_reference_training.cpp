// Whole training steps: networks with dead units, and errors at the begin of a run.
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "matrices.h"
#include "mnist.h"
#include "network.h"
#include "train/trainer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// A few digits of MNIST, so that thousands of steps are fast.
std::shared_ptr<const Dataset> some_digits(int train, int test) {
  const auto part = [](const ImageSet& set, int count) {
    std::vector<std::uint8_t> pixels, labels;
    for (int k = 0; k < count; ++k) {
      const auto image = set.image(k);
      pixels.insert(pixels.end(), image.begin(), image.end());
      labels.push_back(set.label(k));
    }
    const auto n = static_cast<std::uint32_t>(count);
    return std::pair{idx_bytes({n, 28, 28}, pixels), idx_bytes({n}, labels)};
  };
  const auto [train_images, train_labels] = part(mnist()->train(), train);
  const auto [test_images, test_labels] = part(mnist()->test(), test);
  return std::make_shared<const Dataset>(
      "digits", Dataset::Files{train_images, train_labels, test_images, test_labels});
}

void fill(Model& model, const std::string& name, float value) {
  for (const Model::Parameter& p : model.parameter_list()) {
    if (p.name != name) continue;
    const std::vector<float> values(static_cast<std::size_t>(element_count(p.spec.shape)), value);
    Model::scatter(p, values, model.parameters());
    model.parameters_changed();
    return;
  }
  FAIL("no parameter is called ", name);
}

std::vector<float> parameter(const Model& model, const std::string& name,
                             std::span<const float> buffer) {
  for (const Model::Parameter& p : model.parameter_list()) {
    if (p.name == name) return Model::gather(p, buffer);
  }
  FAIL("no parameter is called ", name);
  return {};
}

// The number of values that are denormal, infinite or NaN.
int abnormal(std::span<const float> values) {
  int count = 0;
  for (const float value : values) count += !(value == 0.0f || std::isnormal(value));
  return count;
}

int all_abnormal(const Trainer& trainer) {
  int count = abnormal(trainer.model().parameters());
  for (const Optimizer::State& state : trainer.optimizer().state()) count += abnormal(state.values);
  for (int l = 0; l < trainer.model().layer_count(); ++l) {
    const ConstMatrixView y = trainer.model().output(l);
    count += abnormal({y.data, y.layout.size()});
  }
  return count;
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("a network whose units are all dead trains on: only its last bias moves") {
  const std::shared_ptr<const Dataset> data = some_digits(40, 10);
  for (const std::string input : {"dense", "sparse"}) {
    for (const std::string optimizer : {"adam", "sgd"}) {
      for (const int threads : {1, 2}) {
        CAPTURE(input);
        CAPTURE(optimizer);
        CAPTURE(threads);
        Config config;
        config.model = "dense 33 | relu | dense 10";
        config.input = input;
        config.optimizer = optimizer;
        config.momentum = 0.9;
        config.batch = 8;
        cpu::CpuBackend backend("auto", threads);
        Trainer trainer(data, config, backend);
        fill(trainer.model(), "fc1.bias", -1e6f);
        const auto of = [&](const char* name) {
          return parameter(trainer.model(), name, trainer.model().parameters());
        };
        const std::vector<float> weight1 = of("fc1.weight"), bias1 = of("fc1.bias"),
                                 weight2 = of("fc2.weight"), bias2 = of("fc2.bias");
        double first_loss = 0.0, last_loss = 0.0;
        for (int epoch = 1; epoch <= 10; ++epoch) {
          trainer.start_epoch(epoch);
          last_loss = 0.0;
          for (int batch = 0; batch < trainer.batches(); ++batch) {
            const StepResult result = trainer.step(batch, 0.01);
            REQUIRE(result.diverged_layer == -1);
            REQUIRE(std::isfinite(result.score.loss_sum));
            last_loss += result.score.loss_sum;
          }
          if (epoch == 1) first_loss = last_loss;
        }
        CHECK(all_abnormal(trainer) == 0);
        const ConstMatrixView hidden = trainer.model().output(1);
        for (int r = 0; r < hidden.rows(); ++r) {
          for (int c = 0; c < hidden.cols(); ++c) REQUIRE(hidden.at(r, c) == 0.0f);
        }
        CHECK(first_difference(of("fc1.weight"), weight1) == "");
        CHECK(first_difference(of("fc1.bias"), bias1) == "");
        CHECK(first_difference(of("fc2.weight"), weight2) == "");
        CHECK(first_difference(of("fc2.bias"), bias2) != "");
        CHECK(last_loss < first_loss);  // the classes' shares can still be learnt

        // All gradients are exactly zero, except that of the last bias.
        Batcher batcher({.pixels = 784,
                         .train_rows = 8,
                         .evaluate_rows = 8,
                         .table = pixel_table(trainer.normalisation().mean,
                                              trainer.normalisation().std, data->background()),
                         .sparse = input == "sparse",
                         .background = data->background()},
                        backend);
        batcher.shuffle(1, 1, 40);
        const Batch batch = batcher.shuffled(data->train(), 0, 8);
        float_pass(trainer.model(), backend, batch.input, batch.labels);
        for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight"}) {
          CAPTURE(name);
          int other = 0;
          for (const float g : parameter(trainer.model(), name, trainer.model().gradients()))
            other += g != 0.0f;
          CHECK(other == 0);
        }
        CHECK(abnormal(trainer.model().gradients()) == 0);
      }
    }
  }
}

// Moments fade once gradients are zero. They must become zero and not denormal, which is many
// times slower to compute with.
TEST_CASE("units that die while they train leave no denormal numbers behind") {
  const std::shared_ptr<const Dataset> data = some_digits(16, 10);
  for (const std::string input : {"dense", "sparse"}) {
    for (const std::string optimizer : {"adam", "sgd"}) {
      CAPTURE(input);
      CAPTURE(optimizer);
      Config config;
      config.model = "dense 20 | relu | dense 10";
      config.input = input;
      config.optimizer = optimizer;
      config.momentum = 0.9;
      config.beta2 = 0.95;  // fades within this test
      config.batch = 8;
      cpu::CpuBackend backend("auto", 2);
      Trainer trainer(data, config, backend);
      int epoch = 0;
      const auto train = [&](int epochs) {
        for (int end = epoch + epochs; epoch < end;) {
          trainer.start_epoch(++epoch);
          for (int batch = 0; batch < trainer.batches(); ++batch) {
            REQUIRE(trainer.step(batch, 0.001).diverged_layer == -1);
            CAPTURE(epoch);
            REQUIRE(all_abnormal(trainer) == 0);
          }
        }
      };
      train(5);
      fill(trainer.model(), "fc1.bias", -1e6f);
      train(900);
      for (const Optimizer::State& state : trainer.optimizer().state()) {
        CAPTURE(state.name);
        for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight"}) {
          CAPTURE(name);
          int other = 0;
          for (const float moment : parameter(trainer.model(), name, state.values))
            other += moment != 0.0f;
          CHECK(other == 0);
        }
      }
    }
  }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("input");

TEST_CASE("sparse input to a layer that is not dense is refused, automatic input goes by density") {
  cpu::CpuBackend backend;
  const std::shared_ptr<const Dataset> digits = some_digits(20, 10);
  Config config;
  config.input = "sparse";
  config.model = "relu | dense 10";
  CHECK_THROWS_WITH_AS(
      Trainer(digits, config, backend),
      "input is \"sparse\", but the first layer is relu: only a dense layer reads sparse input",
      Error);
  config.model = "leaky_relu 0.2 | dense 10";
  CHECK_THROWS_WITH_AS(Trainer(digits, config, backend), doctest::Contains("leaky_relu 0.2"),
                       Error);
  config.input = "auto";
  CHECK(!Trainer(digits, config, backend).sparse_input());
  config.model = "dense 10";
  CHECK(Trainer(digits, config, backend).sparse_input());
  config.input = "dense";
  CHECK(!Trainer(digits, config, backend).sparse_input());

  // Images without a background: most of every batch has to be multiplied anyway.
  TestRandom random(test_seed() + 60);
  std::vector<std::uint8_t> pixels, labels;
  for (int k = 0; k < 20; ++k) {
    for (int at = 0; at < 64; ++at) pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    labels.push_back(static_cast<std::uint8_t>(k % 10));
  }
  const auto noise = std::make_shared<const Dataset>(
      "noise", Dataset::Files{idx_bytes({20, 8, 8}, pixels), idx_bytes({20}, labels),
                              idx_bytes({20, 8, 8}, pixels), idx_bytes({20}, labels)});
  config.input = "auto";
  Trainer automatic(noise, config, backend);
  CHECK(!automatic.sparse_input());
  config.input = "sparse";
  Trainer forced(noise, config, backend);
  CHECK(forced.sparse_input());
  for (Trainer* trainer : {&automatic, &forced}) {
    trainer->start_epoch(1);
    for (int batch = 0; batch < trainer->batches(); ++batch) trainer->step(batch, 0.01);
  }
  const auto values = [](const Trainer& trainer) {
    const std::span<const float> parameters = trainer.model().parameters();
    return std::vector<float>(parameters.begin(), parameters.end());
  };
  CHECK(first_difference(values(automatic), values(forced)) == "");
}

TEST_CASE("an input that is none of the three is refused") {
  CHECK_THROWS_WITH_AS(config_from_fields({{"input", "sprase"}}), doctest::Contains("input"),
                       Error);
}

TEST_SUITE_END();
