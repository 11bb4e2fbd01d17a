// Fifty steps of small networks from PyTorch's initial weights: losses and final weights, through
// the data path, layers, loss and optimizers of training.
#include "backend/cpu/cpu_backend.h"
#include "data/batcher.h"
#include "matrices.h"
#include "network.h"
#include "optim/optimizer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

ImageSet images(const Json& file) {
  std::vector<std::uint8_t> pixels, labels;
  for (const int p : numbers<int>(file["pixels"])) pixels.push_back(static_cast<std::uint8_t>(p));
  for (const int l : numbers<int>(file["labels"])) labels.push_back(static_cast<std::uint8_t>(l));
  const auto count = static_cast<std::uint32_t>(labels.size());
  return ImageSet(idx_bytes({count, file["image"][1], file["image"][2]}, pixels),
                  idx_bytes({count}, labels), 4, "trace");
}

std::vector<float> logical_values(const ConstMatrixView& m) {
  std::vector<float> values;
  for (int r = 0; r < m.rows(); ++r) {
    for (int c = 0; c < m.cols(); ++c) values.push_back(m.at(r, c));
  }
  return values;
}

enum class Input { kLists, kSplit, kWhole };

void set_parameters(Model& model, const Json& initial) {
  for (const Model::Parameter& p : model.parameter_list()) {
    if (p.spec.role == ParameterRole::kConstant)
      continue;  // parameters of activations start at the same default
    REQUIRE(initial.contains(p.name));
    Model::scatter(p, numbers<float>(initial[p.name]), model.parameters());
  }
}

}  // namespace

TEST_SUITE_BEGIN("golden");

TEST_CASE("the losses of fifty steps follow PyTorch's") {
  const Json& file = golden("traces");
  const ImageSet set = images(file);
  const int batch = file["batch"], count = set.count();
  const double mean = file["mean"], std = file["std"];
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : file["cases"]) {
      for (const Input input : {Input::kLists, Input::kSplit, Input::kWhole}) {
        const bool split = input != Input::kWhole;
        INFO(simd, ", ", c["activation"].get<std::string>(), ", ", c["optimizer"].dump(),
             input == Input::kLists ? ", in lists"
             : split                ? ", background split off"
                                    : ", whole pixels");
        const std::string activation = c["activation"];
        Model model({.architecture =
                         "dense 16 | " + activation + " | dense 8 | " + activation + " | dense 4",
                     .input = {1, set.height(), set.width()},
                     .classes = 4,
                     .init = "he_normal",
                     .seed = 1,
                     .train_rows = batch,
                     .evaluate_rows = 1},
                    backend);
        set_parameters(model, file["initial"]);
        const Json& o = c["optimizer"];
        OptimizerOptions options;
        if (o.contains("momentum")) options.momentum = o["momentum"];
        if (o.contains("nesterov")) options.nesterov = o["nesterov"];
        const auto optimizer =
            make_optimizer(o["name"].get<std::string>(), options, model.parameters().size());
        Batcher batcher({.pixels = set.pixels(),
                         .train_rows = batch,
                         .evaluate_rows = batch,
                         .table = split ? pixel_table(mean, std, 0) : pixel_table(mean, std),
                         .sparse = false,
                         .background = 0},
                        backend);
        const std::vector<double> losses = numbers<double>(c["losses"]);
        for (std::size_t step = 0; step < losses.size(); ++step) {
          const Batch samples =
              batcher.in_order(set, static_cast<int>(step) * batch % count, batch);
          const InputSizes sizes{batch, set.pixels()};
          const SparseInput lists(logical_values(samples.input.values), sizes);
          const double loss = float_pass(
              model, backend,
              input == Input::kLists ? lists.signal(samples.input.offset) : samples.input,
              samples.labels);
          INFO("step ", step, ": ", loss, " instead of ", losses[step]);
          REQUIRE(close(loss, losses[step], 1e-4));
          optimizer->begin_step(o["lr"]);
          optimizer->apply_to(backend, model);
        }
        if (!c.contains("final")) continue;
        const State state = state_of(model, model.parameters());
        CHECK(state.size() == c["final"].size());
        for (const auto& item : c["final"].items()) {
          const std::string name = item.key();
          REQUIRE_MESSAGE(state.contains(name), "no parameter is called ", name);
          const std::vector<double> expected = numbers<double>(item.value());
          const Values& actual = state.at(name);
          REQUIRE(actual.size() == expected.size());
          for (std::size_t k = 0; k < expected.size(); ++k) {
            INFO(name, "[", k, "]: ", actual[k], " instead of ", expected[k]);
            REQUIRE(close(actual[k], expected[k], 1e-4));
          }
        }
      }
    }
  }
}

TEST_CASE("every activation of the registry that PyTorch has, has a trace") {
  for (const std::string& name : activation_names()) {
    const ActivationInfo& info = activation_info(find_activation(name));
    bool found = *info.pytorch == '\0' || info.random;
    for (const Json& c : golden("traces")["cases"]) found = found || c["activation"] == name;
    INFO(name, " has no trace: add it to make_golden.py");
    CHECK(found);
  }
}

TEST_SUITE_END();
