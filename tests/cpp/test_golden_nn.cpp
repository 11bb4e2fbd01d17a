// Loss, dense layer, activation layers, optimizers and initialisation against PyTorch's values.
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "core/text.h"
#include "matrices.h"
#include "network.h"
#include "nn/init.h"
#include "one_layer.h"
#include "optim/optimizer.h"
#include "parameter_slope.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

constexpr StepContext kContext{Mode::kTrain, 1, 0, 0};

// A layer that owns its memory.
struct Harness {
  const Layer& layer;
  Buffer parameters, gradients, scratch, cache;
  std::vector<Model::Parameter> list;
  LayerSlices slices;

  Harness(const Layer& l, int rows) : layer(l) {
    std::size_t floats = 0;
    for (const ParameterSpec& spec : layer.parameters()) {
      list.push_back({spec.name, spec, floats});
      floats += align_up(spec.layout.size());
    }
    parameters = Buffer(floats);
    gradients = Buffer(floats);
    scratch = Buffer(layer.scratch_floats(rows));
    cache = Buffer(layer.cache_floats());
    for (std::size_t k = 0; k < scratch.size(); ++k) scratch.data()[k] = kNan;
    for (std::size_t k = 0; k < cache.size(); ++k) cache.data()[k] = kNan;
    for (std::size_t k = 0; k < gradients.size(); ++k) gradients.data()[k] = kNan;
    for (const Model::Parameter& p : list) {
      slices.parameters.push_back(parameters.data() + p.offset);
      slices.gradients.push_back(gradients.data() + p.offset);
      slices.updates.push_back({.gradient = slices.gradients.back()});
    }
    slices.scratch = scratch.data();
    slices.cache = cache.data();
  }
  void set(std::size_t at, const std::vector<float>& values) {
    Model::scatter(list[at], values, {parameters.data(), parameters.size()});
  }
  std::vector<float> gradient(std::size_t at) const {
    return Model::gather(list[at], {gradients.data(), gradients.size()});
  }
};

double largest(const std::vector<float>& values) {
  double most = 0.0;
  for (const float value : values) most = std::max(most, std::abs(static_cast<double>(value)));
  return most;
}

}  // namespace

TEST_SUITE_BEGIN("golden");

TEST_CASE("softmax cross-entropy equals PyTorch on every target") {
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : golden("loss")["cases"]) {
      INFO(simd, ", ", c["name"].get<std::string>());
      const int n = c["shape"][0], classes = c["shape"][1];
      const Panels logits(n, classes, numbers<float>(c["logits"]), 1e30f);
      Panels dlogits(n, classes, kNan);
      std::vector<std::uint8_t> labels, correct(static_cast<std::size_t>(n));
      for (const int label : numbers<int>(c["labels"]))
        labels.push_back(static_cast<std::uint8_t>(label));
      std::vector<float> losses(static_cast<std::size_t>(n), kNan);
      backend.softmax_cross_entropy({logits.view(), labels.data(), 1.0f / static_cast<float>(n),
                                     losses.data(), correct.data(), dlogits.data()});
      backend.finish();
      check_close(losses, c["per_sample"]);
      check_close(dlogits.logical(), c["dlogits"]);
      double mean = 0.0;
      for (const float loss : losses) mean += static_cast<double>(loss) / n;
      CHECK(close(mean, c["loss"], 1e-5));
    }
  }
}

TEST_CASE(
    "the dense layer equals PyTorch's Linear on every target, plain and with an offset input") {
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : golden("dense")["cases"]) {
      const int i = c["in"], o = c["out"], n = c["batch"];
      for (const float offset : {0.0f, -0.42421296f, 1.5f}) {
        INFO(simd, ", ", i, " to ", o, ", offset ", offset);
        const auto owned = parse_layer("dense " + std::to_string(o), {{1, 1, i}});
        const Layer& layer = *owned;
        Harness h(layer, n);
        h.set(0, numbers<float>(c["weight"]));
        h.set(1, numbers<float>(c["bias"]));
        std::vector<float> values = numbers<float>(c["x"]);
        for (float& value : values) value -= offset;
        const Panels x(n, i, values, 0.0f), dy(n, o, numbers<float>(c["dy"]), 0.0f);
        Panels y(n, o, kNan), dx(n, i, kNan);
        layer.forward({{backend, kContext, h.slices, {x.view(), offset}}, y.view()});
        layer.backward({{backend, kContext, h.slices, {x.view(), offset}}, dy.view(), dx.view()});
        backend.finish();
        check_close(y.logical(), c["y"]);
        check_close(dx.logical(), c["dx"]);
        check_close(h.gradient(0), c["dweight"]);
        check_close(h.gradient(1), c["dbias"]);
        CHECK(dx.padding_is_zero());
        CHECK((y.guard_is_intact() && dx.guard_is_intact()));

        // A first layer has no dx.
        Harness again(layer, n);
        again.set(0, numbers<float>(c["weight"]));
        again.set(1, numbers<float>(c["bias"]));
        layer.backward({{backend, kContext, again.slices, {x.view(), offset}}, dy.view(), {}});
        CHECK(first_difference(again.gradient(0), h.gradient(0)) == "");
      }
    }
  }
}

TEST_CASE(
    "activation layers equal PyTorch's, their learnt parameter's gradient summed over all "
    "elements") {
  const Json& file = golden("activations");
  const std::vector<float> x = numbers<float>(file["x"]), dy = numbers<float>(file["dy"]);
  REQUIRE(x.size() == 45);
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : file["cases"]) {
      for (const int rows : {1, 45, 5}) {
        const int cols = 45 / rows;
        INFO(simd, ", ", c["name"].get<std::string>(), " with ", c["parameters"].dump(), ", (",
             rows, ", ", cols, ")");
        const ActivationId id = find_activation(c["name"].get<std::string>());
        REQUIRE(id >= 0);
        std::string text = activation_info(id).name;
        for (const double value : numbers<double>(c["parameters"]))
          text += " " + number_text(value);
        const auto owned = parse_layer(text, {.in = {cols}});
        const Layer& layer = *owned;
        Harness h(layer, rows);
        REQUIRE(h.list.size() == (c.contains("dparam") ? 1u : 0u));
        if (!h.list.empty()) h.set(0, {static_cast<float>(h.list[0].spec.constant)});
        const Panels px(rows, cols, x, 0.5f), pdy(rows, cols, dy, 0.0f);
        Panels y(rows, cols, kNan), dx(rows, cols, kNan);
        const StepContext context{Mode::kEvaluate, 1, 0, 0};  // random ones in their middle
        layer.forward({{backend, context, h.slices, {px.view(), 0.0f}}, y.view()});
        layer.backward({{backend, context, h.slices, {px.view(), 0.0f}}, pdy.view(), dx.view()});
        backend.finish();
        check_close(y.logical(), c["y"]);
        check_close(dx.logical(), c["dx"]);
        CHECK(dx.padding_is_zero());
        if (!h.list.empty()) {
          // Terms up to 180 cancel: the tolerance is relative to the sum of their magnitudes.
          double size = 1.0;
          for (std::size_t k = 0; k < x.size(); ++k) {
            size += std::abs(static_cast<double>(dy[k]) *
                             activation_parameter_derivative(id, static_cast<double>(x[k]),
                                                             numbers<double>(c["parameters"])));
          }
          CHECK(std::abs(static_cast<double>(h.gradient(0)[0]) - c["dparam"][0].get<double>()) <=
                1e-5 * size);
        }
      }
    }
  }
}

TEST_CASE("optimizers take PyTorch's ten steps on every target") {
  const Json& file = golden("optimizers");
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : file["cases"]) {
      INFO(simd, ", ", c["name"].get<std::string>(), " ", c["options"].dump());
      const Json& o = c["options"];
      OptimizerOptions options;
      if (c["name"] == "sgd") {
        options.momentum = o["momentum"];
        options.nesterov = o["nesterov"];
      } else {
        options.beta1 = o["betas"][0];
        options.beta2 = o["betas"][1];
        options.epsilon = o["eps"];
      }
      const Layout layout{1, 12};
      const std::unique_ptr<Optimizer> optimizer =
          make_optimizer(c["name"].get<std::string>(), options, layout.size());
      Panels w(1, 12, numbers<float>(file["start"]), 0.0f);
      for (std::size_t step = 0; step < file["grads"].size(); ++step) {
        CAPTURE(step);
        Panels g(1, 12, numbers<float>(file["grads"][step]), 0.0f);
        optimizer->begin_step(o["lr"]);
        backend.update(optimizer->update_at(0, w.data(), g.data()), layout.size());
        backend.finish();
        check_close(w.logical(), c["after"][step]);
        CHECK(w.padding_is_zero());
      }
    }
  }
}

TEST_CASE("optimizer defaults are PyTorch's") {
  const OptimizerOptions options;
  for (const Json& c : golden("optimizers")["cases"]) {
    if (c["name"] == "adam" && c["options"]["eps"] == 1e-8) {
      CHECK(options.beta1 == c["options"]["betas"][0]);
      CHECK(options.beta2 == c["options"]["betas"][1]);
      CHECK(options.epsilon == c["options"]["eps"]);
    }
    if (c["name"] == "sgd" && c["options"]["momentum"] == 0.0) {
      CHECK(options.momentum == 0.0);
      CHECK(!options.nesterov);
    }
  }
}

TEST_CASE("gains of rectifiers are PyTorch's calculate_gain") {
  for (const Json& g : golden("init")["gains"]) {
    const std::string name = g["name"];
    CAPTURE(name);
    // PyTorch's gains for sigmoid (1) and tanh (5/3) are conventions, not second moments.
    if (name == "sigmoid" || name == "tanh") continue;
    const std::string entry = name == "linear" ? "identity" : name;
    const std::vector<double> p =
        g["parameter"].is_null() ? std::vector<double>{} : std::vector<double>{g["parameter"]};
    CHECK(activation_gain(find_activation(entry), p) ==
          doctest::Approx(g["gain"].get<double>()).epsilon(1e-7));
  }
}

TEST_CASE("initial weights have PyTorch's deviations and bounds") {
  cpu::CpuBackend backend;
  const Json& cases = golden("init")["cases"];
  REQUIRE(cases[0]["in"] == 784);
  REQUIRE(cases[1]["in"] == 512);
  struct Draws {
    std::vector<float> w1, b1, w2, b2;
  };
  const auto draw = [&](const std::string& activation, const std::string& init,
                        std::uint64_t seed) {
    Model model({.architecture = "dense 512 | " + activation + " | dense 10",
                 .input = {1, 28, 28},
                 .classes = 10,
                 .init = init,
                 .seed = seed,
                 .train_rows = 1,
                 .evaluate_rows = 1},
                backend);
    std::map<std::string, std::vector<float>> values;
    for (const Model::Parameter& p : model.parameter_list())
      values[p.name] = Model::gather(p, model.parameters());
    return Draws{values["fc1.weight"], values["fc1.bias"], values["fc2.weight"],
                 values["fc2.bias"]};
  };
  // The relative error of a deviation from n draws is 1/sqrt(2 n): 0.11% for 401,408, 1% for 5,120.
  // The tolerance is five of those.
  const double near1 = 0.0056, near2 = 0.05;

  for (const std::string activation : {"relu", "leaky_relu", "prelu"}) {
    CAPTURE(activation);
    const char* const key = activation == "relu"         ? "kaiming_std_relu"
                            : activation == "leaky_relu" ? "kaiming_std_leaky_0.01"
                                                         : "kaiming_std_prelu_0.25";
    const Draws normal = draw(activation, "he_normal", 1);
    CHECK(root_mean_square(normal.w1) ==
          doctest::Approx(cases[0][key].get<double>()).epsilon(near1));
    CHECK(largest(normal.w1) > 4.0 * cases[0][key].get<double>());  // a normal's tail
    CHECK(root_mean_square(normal.w2) ==
          doctest::Approx(cases[1]["kaiming_std_relu"].get<double>()).epsilon(near2));
    CHECK(largest(normal.b1) == 0.0);
    CHECK(largest(normal.b2) == 0.0);
  }
  const Draws uniform = draw("relu", "he_uniform", 2);
  CHECK(largest(uniform.w1) <= cases[0]["kaiming_bound_relu"].get<double>() * (1 + 1e-6));
  CHECK(largest(uniform.w1) >= cases[0]["kaiming_bound_relu"].get<double>() * 0.9999);
  CHECK(root_mean_square(uniform.w1) ==
        doctest::Approx(cases[0]["kaiming_std_relu"].get<double>()).epsilon(near1));

  const Draws glorot = draw("relu", "glorot_uniform", 3);
  const Draws pytorch = draw("relu", "pytorch", 4);
  const Draws xavier = draw("relu", "glorot_normal", 5);
  const double gains[] = {std::sqrt(2.0), 1.0};  // calculate_gain("relu"), and none behind the last
  for (const int layer : {0, 1}) {
    const Json& c = cases[static_cast<std::size_t>(layer)];
    const double edge = layer == 0 ? 0.9999 : 0.99, gain = gains[layer];
    const std::vector<float>& g = layer == 0 ? glorot.w1 : glorot.w2;
    CHECK(largest(g) <= gain * c["xavier_bound"].get<double>() * (1 + 1e-6));
    CHECK(largest(g) >= gain * c["xavier_bound"].get<double>() * edge);
    CHECK(
        root_mean_square(layer == 0 ? xavier.w1 : xavier.w2) ==
        doctest::Approx(gain * c["xavier_std"].get<double>()).epsilon(layer == 0 ? near1 : near2));
    const std::vector<float>& w = layer == 0 ? pytorch.w1 : pytorch.w2;
    CHECK(largest(w) <= c["pytorch_weight_bound"].get<double>() * (1 + 1e-6));
    CHECK(largest(w) >= c["pytorch_weight_bound"].get<double>() * edge);
    const std::vector<float>& b = layer == 0 ? pytorch.b1 : pytorch.b2;
    CHECK(largest(b) <= c["pytorch_bias_bound"].get<double>() * (1 + 1e-6));
    CHECK(largest(b) >= c["pytorch_bias_bound"].get<double>() * (layer == 0 ? 0.98 : 0.5));
  }
  CHECK(largest(glorot.b1) == 0.0);

  // Equal seeds give equal weights, different seeds different ones.
  CHECK(first_difference(draw("relu", "he_normal", 7).w1, draw("relu", "he_normal", 7).w1) == "");
  CHECK(first_difference(draw("relu", "he_normal", 7).w1, draw("relu", "he_normal", 8).w1) != "");
  CHECK(draw("relu", "he_normal", 7).w1[0] != draw("relu", "he_normal", 7).w2[0]);
}

TEST_SUITE_END();
