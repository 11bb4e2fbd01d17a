// Convolution, pooling, normalisation and residual blocks against PyTorch: small networks in
// training and evaluation, and the losses of fifty steps, on every target, one thread and two.
#include "backend/cpu/cpu_backend.h"
#include "matrices.h"
#include "network.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

Model make_model(const Json& c, int rows, Backend& backend) {
  const Shape input = c["input"].get<Shape>();
  return Model({.architecture = c["model"],
                .input = input,
                .classes = c["classes"],
                .init = "he_normal",
                .seed = 1,
                .train_rows = rows,
                .evaluate_rows = rows},
               backend);
}

// By name: PyTorch's state_dict and ours have the same.
void set_initial(Model& model, const Json& initial) {
  std::size_t known = 0;
  for (const Model::Parameter& p : model.parameter_list()) {
    if (!initial.contains(p.name)) {
      REQUIRE(p.name.rfind("act", 0) == 0);  // starts at the same default
      continue;
    }
    ++known;
    Model::scatter(p, numbers<float>(initial[p.name]), model.parameters());
  }
  REQUIRE(known == initial.size());
  model.parameters_changed();
}

void check_state(const std::vector<Model::Parameter>& list, std::span<const float> buffer,
                 const Json& expected) {
  REQUIRE(list.size() == expected.size());
  for (const Model::Parameter& p : list) {
    INFO(p.name);
    REQUIRE(expected.contains(p.name));
    check_close(Model::gather(p, buffer), expected[p.name], 1e-5);
  }
}

std::vector<std::uint8_t> bytes_of(const Json& labels) {
  std::vector<std::uint8_t> bytes;
  for (const int label : numbers<int>(labels)) bytes.push_back(static_cast<std::uint8_t>(label));
  return bytes;
}

struct Pass {
  double loss;
  std::vector<float> logits;
};

// Forward in the given mode, loss and backward.
Pass run(Model& model, Backend& backend, Mode mode, ConstMatrixView x,
         const std::vector<std::uint8_t>& labels, std::uint32_t step) {
  const ConstMatrixView logits = model.forward(mode, {x}, step);
  const int n = logits.rows();
  std::vector<float> losses(static_cast<std::size_t>(n));
  std::vector<std::uint8_t> correct(losses.size());
  backend.softmax_cross_entropy({logits, labels.data(), 1.0f / static_cast<float>(n), losses.data(),
                                 correct.data(), model.logits_gradient().data});
  backend.finish();
  Pass pass{0.0, {}};
  for (int row = 0; row < n; ++row) {
    for (int c = 0; c < logits.cols(); ++c) pass.logits.push_back(logits.at(row, c));
    pass.loss += static_cast<double>(losses[static_cast<std::size_t>(row)]) / n;
  }
  model.backward();
  return pass;
}

}  // namespace

TEST_SUITE_BEGIN("golden");

TEST_CASE("networks of images equal PyTorch's in training and in evaluation") {
  for (const std::string& simd : cpu::simd_names()) {
    for (const int threads : {1, 2}) {
      cpu::CpuBackend backend(simd, threads);
      for (const Json& c : golden("layers")["networks"]) {
        INFO(simd, ", ", threads, " threads, ", c["model"].get<std::string>());
        const std::vector<std::uint8_t> labels = bytes_of(c["labels"]);
        const int n = static_cast<int>(labels.size());
        Model model = make_model(c, n, backend);
        set_initial(model, c["initial"]);
        const std::vector<float> values = numbers<float>(c["x"]);
        const Panels x(n, static_cast<int>(values.size()) / n, values, 1e30f);
        for (const char* const mode : {"train", "eval"}) {
          INFO(mode);
          const Json& expected = c[mode];
          const bool train = mode == std::string("train");
          const Pass pass =
              run(model, backend, train ? Mode::kTrain : Mode::kEvaluate, x.view(), labels, 0);
          check_close(pass.logits, expected["logits"], 1e-5);
          CHECK(close(pass.loss, expected["loss"], 1e-5));
          check_state(model.parameter_list(), model.gradients(), expected["gradients"]);
          check_state(model.state_list(), model.state(), c["running"]);
        }
      }
    }
  }
}

TEST_CASE(
    "the losses of fifty steps of a deep, a convolutional and a scheduled network follow "
    "PyTorch's") {
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : golden("layers")["traces"]) {
      INFO(simd, ", ", c["model"].get<std::string>());
      const int batch = c["batch"];
      const std::vector<std::uint8_t> labels = bytes_of(c["labels"]);
      const std::vector<float> x = numbers<float>(c["x"]);
      const std::size_t features = x.size() / labels.size();
      Model model = make_model(c, batch, backend);
      set_initial(model, c["initial"]);
      OptimizerOptions options;
      const Json& o = c["optimizer"];
      if (o.contains("momentum")) options.momentum = o["momentum"];
      if (o.contains("weight_decay")) options.weight_decay = o["weight_decay"];
      ScheduleOptions rates;
      rates.updates_per_epoch = static_cast<std::int64_t>(labels.size()) / batch;
      if (o.contains("cosine_epochs")) {
        rates.schedule = "cosine";
        rates.epochs = o["cosine_epochs"];
      }
      const Schedule schedule(rates);
      const auto optimizer =
          make_optimizer(o["name"].get<std::string>(), options, model.parameters().size());
      const std::vector<double> losses = numbers<double>(c["losses"]);
      for (std::size_t step = 0; step < losses.size(); ++step) {
        const std::size_t first = step * static_cast<std::size_t>(batch) % labels.size();
        const auto count = static_cast<std::size_t>(batch);
        const std::vector<float> rows(
            x.begin() + static_cast<std::ptrdiff_t>(first * features),
            x.begin() + static_cast<std::ptrdiff_t>((first + count) * features));
        const Panels panels(batch, static_cast<int>(features), rows, 0.0f);
        const std::vector<std::uint8_t> some(
            labels.begin() + static_cast<std::ptrdiff_t>(first),
            labels.begin() + static_cast<std::ptrdiff_t>(first + count));
        const double loss =
            run(model, backend, Mode::kTrain, panels.view(), some, static_cast<std::uint32_t>(step))
                .loss;
        INFO("step ", step, ": ", loss, " instead of ", losses[step]);
        REQUIRE(close(loss, losses[step], 1e-4));
        optimizer->begin_step(schedule.at(static_cast<std::int64_t>(step), o["lr"]).lr);
        optimizer->apply_to(backend, model);
      }
    }
  }
}

TEST_SUITE_END();
