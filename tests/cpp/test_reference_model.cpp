// Whole networks: Model's forward and backward against the same network in double, for every
// activation of the registry, with a plain and with an offset input; the double network's own
// gradient against central differences; and its bits against the back end's operations one by one.
#include <algorithm>
#include <cmath>
#include <utility>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "matrices.h"
#include "network.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct ProblemSizes {
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

// Biases start at zero; small random biases make every term of every formula matter.
void shake_biases(Model& model, TestRandom& random) {
  for (const Model::Parameter& p : model.parameter_list()) {
    if (p.spec.role != ParameterRole::kBias) continue;
    Model::scatter(p,
                   random.reals(static_cast<std::size_t>(element_count(p.spec.shape)), -0.3, 0.3),
                   model.parameters());
  }
}

// Computes a model of dense and activation layers by separate operations of the back end: products
// without fused activations, and activations alone.
struct OneByOne {
  std::vector<Panels> outputs;                // of each layer
  std::vector<std::vector<float>> gradients;  // in state_dict order, as they are stored

  OneByOne(Model& model, Backend& backend, const Signal& x, ConstMatrixView dlogits) {
    const int n = x.values.rows(), layers = model.layer_count();
    const auto width = [&](int l) {
      return static_cast<int>(element_count(model.layer(l).out_shape()));
    };
    const auto id_of = [&](int l) { return model.layer(l).activation(); };
    // The parameters of a layer; for activations without learnt parameters, those of the text.
    const auto parameter = [&](int l, const std::string& name) -> float* {
      for (const Model::Parameter& p : model.parameter_list()) {
        if (p.name == model.layer_name(l) + "." + name) return model.parameters().data() + p.offset;
      }
      return nullptr;
    };
    std::vector<std::vector<float>> fixed(static_cast<std::size_t>(layers));
    std::vector<const float*> p(static_cast<std::size_t>(layers), nullptr);
    for (int l = 0; l < layers; ++l) {
      if (id_of(l) < 0) continue;
      const auto at = static_cast<std::size_t>(l);
      const auto infos = activation_info(id_of(l)).parameters;
      for (const ActivationParameter& info : infos)
        fixed[at].push_back(static_cast<float>(info.initial));
      p[at] = !infos.empty() && infos[0].learnable ? parameter(l, infos[0].name) : fixed[at].data();
    }

    const auto input_of = [&](int l) {
      return l == 0 ? x : Signal{std::as_const(outputs[static_cast<std::size_t>(l - 1)]).view()};
    };
    for (int l = 0; l < layers; ++l) {
      const Signal in = input_of(l);
      outputs.emplace_back(n, width(l), kNan);
      Panels& y = outputs.back();
      if (id_of(l) < 0) {
        const ConstMatrixView w{parameter(l, "weight"), {in.values.cols(), width(l)}};
        backend.matmul(in, w, parameter(l, "bias"), y.view(), {});
      } else {
        backend.activate(ActivationOp::kForward, id_of(l), p[static_cast<std::size_t>(l)],
                         in.values.data, nullptr, y.data(), y.layout().size());
      }
    }

    Panels dy(n, width(layers - 1), 0.0f);
    std::copy(dlogits.data, dlogits.data + dlogits.layout.size(), dy.data());
    for (int l = layers - 1; l >= 0; --l) {
      const auto at = static_cast<std::size_t>(l);
      const Signal in = input_of(l);
      const int features = in.values.cols();
      Panels dx(n, features, kNan);
      std::vector<std::vector<float>> own;
      if (id_of(l) < 0) {
        const ConstMatrixView w{parameter(l, "weight"), {features, width(l)}};
        Panels dw(features, width(l), kNan), db(1, width(l), kNan);
        backend.weight_gradient(in, dy.view(), nullptr, {.gradient = dw.data()}, nullptr);
        backend.column_sums(dy.view(), db.data());
        own = {everything(dw), everything(db)};
        Row scratch(input_gradient_scratch(n, features, width(l)));
        if (l > 0) backend.input_gradient(dy.view(), w, dx.view(), scratch.data(), {});
      } else {
        if (!model.layer(l).parameters().empty()) {
          Panels products(n, width(l), kNan), sums(1, width(l), kNan);
          backend.activate(ActivationOp::kParameter, id_of(l), p[at], in.values.data, dy.data(),
                           products.data(), products.layout().size());
          backend.column_sums(products.view(), sums.data());
          double sum = 0.0;
          for (const float value : sums.logical()) sum += static_cast<double>(value);
          own = {{static_cast<float>(sum)}};
        }
        if (l > 0) {
          backend.activate(ActivationOp::kBackward, id_of(l), p[at], in.values.data, dy.data(),
                           dx.data(), dx.layout().size());
        }
      }
      backend.finish();
      gradients.insert(gradients.begin(), own.begin(), own.end());
      dy = std::move(dx);
    }
  }
};

// The tolerance is relative to the largest gradient of the parameter, plus the effect of a rounding
// error of p on the slope (p - 1) / N at the logits, where p is near 1.
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
    for (const ProblemSizes& sizes :
         {ProblemSizes{13, 35, 10}, ProblemSizes{1, 3, 2}, ProblemSizes{64, 48, 17}}) {
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

      // The same input split into values and an offset, as in the data path.
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

TEST_CASE("activations inside the products beside them give the bits of layers one by one") {
  const std::uint64_t seed = test_seed() + 23;
  TestRandom random(seed);
  std::vector<std::string> texts = {
      "dense 33 | prelu | dense 10",  // learns, so that its gradient is needed
      "relu | dense 17 | dense 33 | tanh | dense 10",
      "dense 97 | relu | leaky_relu | prelu | elu | dense 513 | swish | dense 10 | sigmoid",
      "prelu | elu | dense 10 | swish",
  };
  for (const std::string& name : activation_names()) {
    if (activation_info(find_activation(name)).random) continue;  // never inside a product
    texts.push_back("dense 64 | " + name + " | dense 48 | " + name + " | dense 10 | " + name);
  }
  constexpr int kFeatures = 75;
  for (const std::string& text : texts) {
    for (const int n : {1, 29, 64}) {
      const Problem problem(random, n, kFeatures, 10);
      const Panels x(n, kFeatures, problem.x, 0.0f);
      for (const std::string& simd : cpu::simd_names()) {
        for (const int threads : {1, 2}) {
          cpu::CpuBackend backend(simd, threads);
          INFO("seed ", seed, ", ", text, ", N ", n, ", ", simd, ", ", threads, " threads");
          Model model({.architecture = text,
                       .input = {1, 1, kFeatures},
                       .classes = 10,
                       .init = "he_normal",
                       .seed = seed,
                       .train_rows = 64,
                       .evaluate_rows = 1},
                      backend);
          TestRandom same(seed);
          shake_biases(model, same);
          for (float& gradient : model.gradients()) gradient = kNan;
          float_pass(model, backend, {x.view()}, problem.bytes.data());
          const OneByOne expected(model, backend, {x.view()}, model.logits_gradient());
          for (int l = 0; l < model.layer_count(); ++l) {
            CAPTURE(l);
            const ConstMatrixView y = model.output(l);
            CHECK(first_difference({y.data, y.data + y.layout.size()},
                                   everything(expected.outputs[static_cast<std::size_t>(l)])) ==
                  "");
          }
          REQUIRE(expected.gradients.size() == model.parameter_list().size());
          for (std::size_t k = 0; k < expected.gradients.size(); ++k) {
            const Model::Parameter& parameter = model.parameter_list()[k];
            CAPTURE(parameter.name);
            const float* const found = model.gradients().data() + parameter.offset;
            CHECK(first_difference({found, found + expected.gradients[k].size()},
                                   expected.gradients[k]) == "");
          }
        }
      }
    }
  }
}

TEST_CASE(
    "what need not be kept of a forward pass is read by nobody: destroyed, it changes no bit") {
  const std::uint64_t seed = test_seed() + 24;
  TestRandom random(seed);
  cpu::CpuBackend backend;
  constexpr int kFeatures = 20;
  struct Network {
    const char* text;
    std::vector<int> unread;  // layers
  };
  for (const Network& network : std::initializer_list<Network>{
           {"dense 12 | relu | dense 9 | gelu_tanh | dense 9 | relu6 | dense 10", {0, 4}},
           {"dense 12 | relu | relu | dense 10 | relu", {0, 3}},
           {"dense 12 | residual ( relu | dense 12 ) | dense 9 | residual ( dense 9 | relu ) | "
            "dense 10",
            {5}}}) {
    INFO("seed ", seed, ", ", network.text);
    Model model({.architecture = network.text,
                 .input = {1, 1, kFeatures},
                 .seed = seed,
                 .train_rows = 6,
                 .evaluate_rows = 6},
                backend);
    const Problem problem(random, 6, kFeatures, 10);
    const Panels x(6, kFeatures, problem.x, 0.0f);
    const auto bits = [](std::span<const float> values) {
      std::vector<std::uint32_t> all;
      for (const float value : values) all.push_back(bits_as<std::uint32_t>(value));
      return all;
    };
    const auto logits_of = [&](Mode mode, Outputs outputs) {
      const ConstMatrixView logits = model.forward(mode, {x.view(), 0.0f}, 0, outputs);
      backend.finish();
      return bits({logits.data, logits.layout.size()});
    };
    float_pass(model, backend, {x.view(), 0.0f}, problem.bytes.data());
    const auto expected = bits(model.gradients());
    std::vector<float> dlogits(
        model.logits_gradient().data,
        model.logits_gradient().data + model.logits_gradient().layout.size());
    logits_of(Mode::kTrain, Outputs::kNeeded);
    for (const int layer : network.unread) {
      const ConstMatrixView y = model.output(layer);
      std::fill_n(const_cast<float*>(y.data), y.layout.size(),
                  std::numeric_limits<float>::quiet_NaN());
    }
    std::copy(dlogits.begin(), dlogits.end(), model.logits_gradient().data);
    model.backward();
    backend.finish();
    CHECK(bits(model.gradients()) == expected);
    const auto evaluated = logits_of(Mode::kEvaluate, Outputs::kAll);
    CHECK(logits_of(Mode::kEvaluate, Outputs::kNeeded) == evaluated);
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
