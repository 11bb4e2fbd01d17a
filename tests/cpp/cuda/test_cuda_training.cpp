// Training on the emulated device, whose losses stay close to those on the CPU. Kernels are queued
// and run late, as on a device, which exposes a host that reads too early.
#include <cmath>
#include <memory>

#include "../mnist.h"
#include "../runs.h"
#include "../support.h"
#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "cuda/backend/cuda_backend.h"
#include "cuda/emulator/emulated_device.h"
#include "run/report.h"
#include "run/session.h"

using namespace reluscope;
using namespace reluscope::test;
using cuda::CudaBackend;
using cuda::emulated::EmulatedDevice;

namespace {

struct Trace {
  std::vector<double> losses;  // of the steps, and of a part of the test set before and after them
  std::vector<float> weights;
};

// Runs steps one by one, or at most so many at once.
Trace train(Backend& backend, const Config& config, int steps, int at_once = 1) {
  Trainer trainer(mnist(), config, backend);
  Trace trace;
  const auto score = [&] { trace.losses.push_back(trainer.evaluate(0, 40).loss()); };
  score();
  for (int step = 0, epoch = 0; step < steps;) {
    const int batch = step % trainer.batches();
    if (batch == 0) trainer.start_epoch(++epoch);
    const std::vector<StepRates> rates(
        static_cast<std::size_t>(std::min({at_once, steps - step, trainer.batches() - batch})),
        {config.lr, {}});
    for (const StepResult& result : trainer.steps(batch, rates)) {
      REQUIRE(result.diverged_layer < 0);
      trace.losses.push_back(result.score.loss());
      ++step;
    }
  }
  score();
  backend.finish();
  for (const Model::Parameter& p : trainer.model().parameter_list()) {
    for (const float w : Model::gather(p, trainer.model().parameters())) trace.weights.push_back(w);
  }
  return trace;
}

struct Network {
  const char* text;
  std::vector<std::pair<std::string, std::string>> fields;
};

// Before batch normalisation, the gradients of biases and of constant pixels are rounding errors
// around 0. Optimizers that divide by the size of a gradient turn them into full steps, so these
// networks use plain descent.
const Network kNetworks[] = {
    {"dense 33 | relu | dense 10",
     {{"optimizer", "sgd"}, {"momentum", "0.9"}, {"nesterov", "true"}, {"lr", "0.01"}}},
    {"dense 20 | prelu | dense 40 | swish | dense 10",
     {{"optimizer", "adamw"}, {"weight_decay", "0.01"}}},
    {"dense 20 | prelu channel | dropout 0.3 | dense 10",
     {{"optimizer", "rmsprop"}, {"centered", "true"}, {"momentum", "0.5"}}},
    {"dense 24 | bn | relu | dense 24 | ln | gelu | dense 10",
     {{"optimizer", "sgd"}, {"lr", "0.05"}}},
    {"dense 24 | ln | gelu | dense 24 | celu | dense 10", {{"optimizer", "nadam"}}},
    {"dense 24 | rrelu | dense 48 | maxout 2 | dense 10",
     {{"optimizer", "adagrad"}, {"lr", "0.01"}}},
    {"conv 5x3 p1 | bn | relu | pool 2 | conv 9x3 s2 | leaky_relu | avgpool 2 | flatten | dense 10",
     {{"optimizer", "sgd"}, {"lr", "0.05"}}},
    {"conv 6x3 | maxout 2 | ln | elu | dropout 0.1 | gap | dense 10", {}},
    {"dense 40 | relu | dense 24 | tanh | dense 10", {{"optimizer", "muon"}}},
    {"dense 20 | tanh | dense 10",
     {{"optimizer", "lion"}, {"lr", "0.0003"}, {"weight_decay", "0.1"}}},
    {"dense 20 | relu | dense 10",
     {{"l1", "0.001"}, {"l2", "0.002"}, {"clip_norm", "0.5"}, {"clip_value", "0.1"}}},
    {"dense 20 | relu | dense 10",
     {{"accumulate", "3"},
      {"ema", "0.9"},
      {"label_smoothing", "0.1"},
      {"class_weights", "1,2,1,1,1,0.5,1,1,1,1"}}},
    {"dense 20 | gelu_tanh | residual ( dense 20 | relu | dense 20 ) | relu6 | dense 10",
     {{"optimizer", "sgd"}, {"lr", "0.05"}}},
    {"dense 20 | mish | dense 10", {{"augment_rotate", "10"}, {"augment_translate", "2"}}},
    {"dense 20 | relu | dense 10",
     {{"augment_elastic", "34"},
      {"augment_noise", "20"},
      {"augment_erase", "0.5"},
      {"validation", "20"}}},
};

}  // namespace

TEST_SUITE_BEGIN("cuda");

TEST_CASE("the default network on the emulated device follows the CPU's losses within 1e-4") {
  Config config;
  config.batch = 32;
  config.train_samples = 32 * 17;
  config.input = "dense";
  constexpr int kSteps = 19;  // more than an epoch
  cpu::CpuBackend cpu;
  const Trace expected = train(cpu, config, kSteps);
  auto owned = std::make_unique<EmulatedDevice>();
  EmulatedDevice& device = *owned;
  CudaBackend backend(std::move(owned));
  const Trace trace = train(backend, config, kSteps, cuda::kStepsAhead);
  REQUIRE(trace.losses.size() == expected.losses.size());
  for (std::size_t i = 0; i < trace.losses.size(); ++i) {
    INFO("step ", i, ": ", trace.losses[i], " and ", expected.losses[i]);
    CHECK(std::abs(trace.losses[i] - expected.losses[i]) <= 1e-4);
  }
  CHECK(expected.losses.back() < 0.3 * expected.losses.front());  // it has learnt
  // Steps are replayed: one graph, in which each step sets the few arguments that change.
  CHECK(backend.graphs_made() >= 1);
  CHECK(backend.graphs_made() <= 3);
  CHECK(backend.arguments_set() <= 8 * kSteps);
  // The number of nodes of a step in web/docs/gpu.md. Evaluations and the first step differ.
  int launches = 0;
  for (const auto& [name, count] : device.record.launches) launches += count;
  MESSAGE("in ", kSteps, " steps and two evaluations: ", launches, " kernels, ", device.products,
          " products, ", backend.graphs_made(), " graphs, ", backend.arguments_set(),
          " arguments set");
}

TEST_CASE("every kind of layer, optimizer and option trains on the emulated device as on the CPU") {
  for (const Network& network : kNetworks) {
    auto fields = network.fields;
    fields.insert(fields.end(), {{"model", network.text},
                                 {"train_samples", "40"},
                                 {"batch", "8"},
                                 {"test_batch", "25"},
                                 {"input", "dense"}});
    const Config config = config_from_fields(fields);
    INFO(std::string(network.text), ", ", config.optimizer);
    cpu::CpuBackend cpu;
    const Trace expected = train(cpu, config, 6);
    CudaBackend backend(std::make_unique<EmulatedDevice>());
    const Trace trace = train(backend, config, 6, 3);
    REQUIRE(trace.losses.size() == expected.losses.size());
    for (std::size_t i = 0; i < trace.losses.size(); ++i) {
      INFO("step ", i, ": ", trace.losses[i], " and ", expected.losses[i]);
      CHECK(std::abs(trace.losses[i] - expected.losses[i]) <=
            1e-4 * std::max(1.0, expected.losses[i]));
    }
  }
}

TEST_CASE(
    "a session on the emulated device goes from start to end, and saves what it has trained") {
  Config config = config_from_fields({{"model", "dense 16 | relu | dense 10"},
                                      {"epochs", "2"},
                                      {"lr", "0.01"},
                                      {"device", "cuda"},
                                      {"validation", "100"},
                                      {"early_stopping", "3"},
                                      {"probe", "5"}});
  const auto data = few_digits(640, 200);
  Session session(data, config, std::make_unique<CudaBackend>(std::make_unique<EmulatedDevice>()));
  CHECK(report(session.start()).values.at("device") == "cuda");
  CHECK(report(session.start()).values.at("input") == "dense");
  config.device = "cpu";
  Session cpu(data, config);
  for (Session* one : {&session, &cpu}) {
    Reported progress = report(one->advance());
    for (int i = 0; i < 1000 && progress.event() != "done"; ++i) progress = report(one->advance());
    CHECK(progress.event() == "done");
  }
  CHECK(std::abs(session.evaluate().loss() - cpu.evaluate().loss()) < 1e-3);
  Session loaded(data, config);
  CHECK(std::abs(loaded.evaluate().loss() - session.evaluate().loss()) > 0.1);
  loaded.load(session.save("safetensors"));
  CHECK(std::abs(loaded.evaluate().loss() - session.evaluate().loss()) < 1e-4);
}

TEST_CASE("what the device does not do is refused by name, what it runs out of is said") {
  const auto message = [](const auto& work) -> std::string {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const Config sparse = config_from_fields({{"input", "sparse"}, {"train_samples", "64"}});
  CHECK(message([&] {
          CudaBackend backend(std::make_unique<EmulatedDevice>());
          Trainer trainer(mnist(), sparse, backend);
        }) ==
        "input is \"sparse\", but device \"cuda\" multiplies dense input only: auto and dense are "
        "allowed");
  CHECK(message([&] {
          auto device = std::make_unique<EmulatedDevice>();
          device->most_bytes = std::size_t{6} << 20;
          CudaBackend backend(std::move(device));
          Trainer trainer(mnist(), Config{}, backend);
        }).find("out of memory: ") != std::string::npos);
}

TEST_SUITE_END();
