// Networks of images, normalisation and residual blocks as Model runs them: every gradient compared
// with central differences in double, the same bits for every way to run a step, and no
// allocations.
#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "layers.h"
#include "network.h"
#include "nn/architecture.h"
#include "optim/optimizer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// The numbers in a layer's text: "conv 3x5 s2 p1" -> {3, 5, 2, 1}.
struct Numbers {
  std::string name;
  int first = 0, kernel = 0, stride = 0, padding = 0;
  explicit Numbers(const std::string& text) {
    name = text.substr(0, text.find(' '));
    int used = 0;
    if (name == "conv") {
      REQUIRE(std::sscanf(text.c_str(), "conv %dx%d%n", &first, &kernel, &used) == 2);
    } else if (name == "pool" || name == "avgpool") {
      REQUIRE(std::sscanf(text.c_str() + name.size(), " %d%n", &kernel, &used) == 1);
      used += static_cast<int>(name.size());
    }
    stride = name == "conv" ? 1 : kernel;
    const std::string rest = text.substr(static_cast<std::size_t>(used));
    if (const auto at = rest.find(" s"); at != std::string::npos) {
      stride = std::atoi(rest.c_str() + at + 2);
    }
    if (const auto at = rest.find(" p"); at != std::string::npos) {
      padding = std::atoi(rest.c_str() + at + 2);
    }
  }
};

// The mean loss of a network in double, layer by layer in NCHW.
double double_loss(const Model& model, const State& state, const Values& input, const Shape& shape,
                   const std::vector<int>& labels, std::uint64_t seed, std::uint32_t step) {
  const int n = static_cast<int>(labels.size());
  std::vector<Values> outputs;
  Shape in = shape;
  Values x = input;
  for (int l = 0; l < model.layer_count(); ++l) {
    const Layer& layer = model.layer(l);
    const Numbers text(layer.text());
    const auto own = [&](const char* name) -> const Values& {
      return state.at(model.layer_name(l) + "." + name);
    };
    const bool image = in.size() == 3;
    const ImageSize size = image ? ImageSize{n, static_cast<int>(in[0]), static_cast<int>(in[1]),
                                             static_cast<int>(in[2])}
                                 : ImageSize{n, static_cast<int>(in[0]), 1, 1};
    const auto features = static_cast<std::size_t>(size.c * size.h * size.w);
    if (layer.activation() >= 0) {
      Values p;
      for (const auto& info : activation_info(layer.activation()).parameters)
        p.push_back(info.initial);
      if (!layer.parameters().empty()) p[0] = own(layer.parameters()[0].name.c_str())[0];
      for (double& value : x) value = activation_value(layer.activation(), value, p);
    } else if (layer.kind() == "dense") {
      x = values_of(oracle::dense_forward(x, own("weight"), own("bias"), n,
                                          static_cast<int>(features),
                                          static_cast<int>(layer.out_shape()[0])));
    } else if (layer.kind() == "conv") {
      const Window window{size.h, size.w, text.kernel, text.kernel, text.stride, text.padding};
      const ImageSize out = out_size(size, window, text.first);
      x = values_of(
          oracle::convolution(size, out, window, x, own("weight"), own("bias"), Values(out.count()))
              .y);
    } else if (layer.kind() == "pool") {
      const bool all = text.name == "gap";
      const Window window{size.h,
                          size.w,
                          all ? size.h : text.kernel,
                          all ? size.w : text.kernel,
                          all ? 1 : text.stride,
                          0};
      const ImageSize out = out_size(size, window, size.c);
      x = oracle::pool(text.name == "pool" ? Pooling::kMax : Pooling::kAverage, size, out, window,
                       x, Values(out.count()))
              .y;
    } else if (layer.kind() == "gn") {
      const auto groups = static_cast<std::size_t>(std::atoi(layer.text().c_str() + 3));
      const auto pixels = static_cast<std::size_t>(size.h * size.w);
      x = oracle::normalise(
              x, own("weight"), own("bias"), Values(x.size()), static_cast<std::size_t>(n) * groups,
              [&](std::size_t k) { return k / (features / groups); },
              [&](std::size_t k) { return k / pixels % static_cast<std::size_t>(size.c); })
              .y;
    } else if (layer.kind() == "bn" || layer.kind() == "ln") {
      const bool batch = layer.kind() == "bn";
      const auto pixels = static_cast<std::size_t>(size.h * size.w);
      const auto channels = static_cast<std::size_t>(size.c);
      const auto channel = [&](std::size_t k) { return k / pixels % channels; };
      x = oracle::normalise(
              x, own("weight"), own("bias"), Values(x.size()),
              batch ? channels : static_cast<std::size_t>(n),
              [&](std::size_t k) { return batch ? channel(k) : k / features; },
              [&](std::size_t k) { return batch ? channel(k) : k % features; })
              .y;
    } else if (layer.kind() == "dropout") {
      const double p = std::atof(layer.text().c_str() + 8);
      const Rng rng(seed, Purpose::kDropout, step);
      const auto pixels = static_cast<std::size_t>(size.h * size.w);
      for (std::size_t k = 0; k < x.size(); ++k) {
        // Row and column of the element in the layout of the core.
        const std::size_t row = k / features * pixels + k % pixels;
        const std::size_t column = k % features / pixels;
        const auto draw =
            static_cast<std::uint64_t>(row / 4) * static_cast<std::uint64_t>(size.c) + column;
        const auto word = rng.bits((static_cast<std::uint64_t>(l) << 40) + draw)[row % 4];
        x[k] = word >= static_cast<std::uint32_t>(p * 0x1p32) ? x[k] / (1.0 - p) : 0.0;
      }
    } else if (layer.kind() == "residual") {
      const Values& skip = outputs[static_cast<std::size_t>(layer.skip_from())];
      for (std::size_t k = 0; k < x.size(); ++k) x[k] += skip[k];
    } else {
      REQUIRE(layer.kind() == "flatten");
    }
    outputs.push_back(x);
    in = layer.out_shape();
  }
  return oracle::cross_entropy(x, labels, n, static_cast<int>(x.size()) / n).mean;
}

struct Network {
  const char* text;
  Shape input;
};

const Network kNetworks[] = {
    {"conv 3x3 p1 | tanh | pool 2 | conv 4x2 | dense 3", {2, 6, 5}},
    {"conv 5x3 s2 p2 | relu | conv 2x2 p1 | avgpool 2 s1 | dense 3", {1, 7, 7}},
    {"conv 3x3 | bn | relu | conv 4x3 p1 | bn | prelu | gap | dense 3", {1, 6, 6}},
    {"conv 17x1 | ln | elu | conv 3x1 s2 | dropout 0.3 | dense 3", {2, 3, 4}},
    {"dense 6 | bn | swish | dropout 0.5 | dense 5 | ln | tanh | dense 3", {1, 3, 3}},
    {"conv 4x3 p1 | residual ( bn | relu | conv 4x3 p1 | bn | relu | conv 4x3 p1 ) | relu | "
     "residual ( conv 4x1 ) | gap | dense 3",
     {1, 4, 4}},
    {"dense 7 | relu | residual ( dense 7 | relu | residual ( dense 7 | tanh | dense 7 ) | dense 7 "
     ") "
     "| residual ( residual ( dense 7 ) | relu ) | dense 3",
     {1, 3, 3}},
    {"relu | conv 3x3 p1 | sigmoid | flatten | ln | dense 3", {2, 3, 3}},
    {"bn | dropout 0.2 | pool 2 s1 | conv 3x2 | gap", {3, 4, 4}},
    {"conv 40x3 p1 | tanh | conv 3x3 p1 | pool 3 | dense 3", {1, 3, 3}},
    {"conv 6x3 p1 | gn 2 | swish | conv 34x1 | gn 17 | tanh | pool 2 | dense 3", {2, 4, 5}},
    {"gn 1 | conv 4x3 | residual ( gn 4 | elu ) | dense 20 | gn 5 | tanh | dense 3", {3, 4, 4}},
};

constexpr std::uint64_t kSeed = 11;

Model make_model(const Network& network, int rows, Backend& backend) {
  return Model({.architecture = network.text,
                .input = network.input,
                .classes = 3,
                .init = "he_normal",
                .seed = kSeed,
                .train_rows = rows,
                .evaluate_rows = rows},
               backend);
}

void shake(Model& model, TestRandom& random) {
  for (const Model::Parameter& p : model.parameter_list()) {
    if (p.spec.role == ParameterRole::kWeight) continue;
    std::vector<float> values = Model::gather(p, model.parameters());
    for (float& value : values) value += random.real(-0.3, 0.3);
    Model::scatter(p, values, model.parameters());
  }
}

double train_pass(Model& model, Backend& backend, ConstMatrixView x,
                  const std::vector<std::uint8_t>& labels, std::uint32_t step, Optimizer* fused) {
  const ConstMatrixView logits = model.forward(Mode::kTrain, {x}, step);
  const int n = logits.rows();
  std::vector<float> losses(labels.size());
  std::vector<std::uint8_t> correct(labels.size());
  backend.softmax_cross_entropy({logits, labels.data(), 1.0f / static_cast<float>(n), losses.data(),
                                 correct.data(), model.logits_gradient().data});
  if (fused != nullptr) {
    model.backward_and_update(fused->update_of(model));
  } else {
    model.backward();
  }
  double sum = 0.0;
  for (const float loss : losses) sum += static_cast<double>(loss);
  return sum / n;
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("gradients of networks of every layer equal central differences in double") {
  const std::uint64_t seed = test_seed() + 71;
  for (const Network& network : kNetworks) {
    INFO("seed ", seed, ", ", std::string(network.text));
    TestRandom random(seed);
    cpu::CpuBackend backend;
    const int n = 6, features = static_cast<int>(element_count(network.input));
    Model model = make_model(network, n, backend);
    shake(model, random);
    const std::vector<float> x =
        random.reals(static_cast<std::size_t>(n) * static_cast<std::size_t>(features), -1.5, 1.5);
    std::vector<int> labels;
    std::vector<std::uint8_t> bytes;
    for (int k = 0; k < n; ++k) {
      labels.push_back(random.below(3));
      bytes.push_back(static_cast<std::uint8_t>(labels.back()));
    }
    const Panels panels(n, features, x, 1e30f);
    const std::uint32_t step = 3;
    const double loss = train_pass(model, backend, panels.view(), bytes, step, nullptr);
    State state = state_of(model, model.parameters());
    const auto reference = [&] {
      return double_loss(model, state, widened(x), network.input, labels, kSeed, step);
    };
    CHECK(close(loss, reference(), 1e-5));
    const State gradients = state_of(model, model.gradients());
    for (const Model::Parameter& p : model.parameter_list()) {
      Values& values = state.at(p.name);
      Values expected;
      for (double& value : values) {
        const double kept = value, h = 1e-5;
        value = kept + h;
        const double above = reference();
        value = kept - h;
        expected.push_back((above - reference()) / (2.0 * h));
        value = kept;
      }
      const Values& found = gradients.at(p.name);
      double largest = 0.1;
      for (const double value : expected) largest = std::max(largest, std::abs(value));
      for (std::size_t k = 0; k < expected.size(); ++k) {
        INFO(p.name, "[", k, "]: ", found[k], " instead of ", expected[k]);
        REQUIRE(std::abs(found[k] - expected[k]) <= 1e-5 * largest);
      }
    }
  }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("bits");

TEST_CASE(
    "steps of networks of every layer give the same bits on every target and thread, fused or "
    "not") {
  const std::uint64_t seed = test_seed() + 72;
  for (const Network& network : kNetworks) {
    for (const char* const rule : {"adam", "sgd"}) {
      std::vector<float> first;
      for (const std::string& simd : cpu::simd_names()) {
        for (const int threads : {1, 2}) {
          for (const bool fused : {false, true}) {
            INFO("seed ", seed, ", ", std::string(network.text), ", ", rule, ", ", simd, ", ",
                 threads, " threads, ", fused ? "fused" : "apart");
            TestRandom random(seed);
            cpu::CpuBackend backend(simd, threads);
            const int n = 37, features = static_cast<int>(element_count(network.input));
            Model model = make_model(network, n, backend);
            const auto optimizer =
                make_optimizer(rule, {.momentum = 0.9}, model.parameters().size());
            std::vector<std::uint8_t> labels;
            for (int k = 0; k < n; ++k) labels.push_back(static_cast<std::uint8_t>(k % 3));
            for (std::uint32_t step = 0; step < 4; ++step) {
              const std::size_t count = static_cast<std::size_t>(n * features);
              const Panels x(n, features, random.reals(count, -1.5, 1.5), 5.0f);
              optimizer->begin_step(0.01);
              train_pass(model, backend, x.view(), labels, step, fused ? optimizer.get() : nullptr);
              if (!fused) optimizer->apply_to(backend, model);
            }
            std::vector<float> found;
            const auto add = [&](const auto& list, std::span<const float> buffer) {
              for (const Model::Parameter& p : list) {
                const std::vector<float> values = Model::gather(p, buffer);
                found.insert(found.end(), values.begin(), values.end());
              }
            };
            add(model.parameter_list(), model.parameters());
            add(model.state_list(), model.state());
            for (const Optimizer::State& s : optimizer->state())
              add(model.parameter_list(), s.values);
            if (first.empty()) first = found;
            REQUIRE(first_difference(found, first) == "");
          }
        }
      }
    }
  }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ops");

TEST_CASE("padding of weights and gradients stays zero in networks of every layer") {
  for (const Network& network : kNetworks) {
    INFO(std::string(network.text));
    TestRandom random(test_seed() + 73);
    cpu::CpuBackend backend;
    const int n = 5, features = static_cast<int>(element_count(network.input));
    Model model = make_model(network, n, backend);
    const auto optimizer = make_optimizer("adam", {}, model.parameters().size());
    const std::vector<std::uint8_t> labels = {0, 1, 2, 1, 0};
    const Panels x(n, features, random.reals(static_cast<std::size_t>(n * features)), 5.0f);
    for (std::uint32_t step = 0; step < 2; ++step) {
      train_pass(model, backend, x.view(), labels, step, nullptr);
      optimizer->begin_step(0.01);
      optimizer->apply_to(backend, model);
    }
    for (const std::span<float> buffer : {model.parameters(), model.gradients()}) {
      double all = 0.0, logical = 0.0;
      for (const float value : buffer) all += std::abs(static_cast<double>(value));
      for (const Model::Parameter& p : model.parameter_list()) {
        for (const float value : Model::gather(p, buffer))
          logical += std::abs(static_cast<double>(value));
      }
      CHECK(std::abs(all - logical) <= 1e-9 * all);
    }
  }
}

TEST_CASE("a layer's output for one sample is in PyTorch's order") {
  cpu::CpuBackend backend;
  Model model({.architecture = "conv 3x3 p1 | flatten | dense 3",
               .input = {2, 4, 5},
               .classes = 3,
               .init = "he_normal",
               .seed = 1,
               .train_rows = 4,
               .evaluate_rows = 4},
              backend);
  TestRandom random(test_seed() + 74);
  const Panels x(4, 40, random.reals(160), 0.0f);
  model.forward(Mode::kEvaluate, {x.view()});
  for (int sample = 0; sample < 4; ++sample) {
    CHECK(first_difference(model.sample_output(0, sample), model.sample_output(1, sample)) == "");
    CHECK(model.sample_output(0, sample).size() == 60);
  }
}

TEST_SUITE_END();
