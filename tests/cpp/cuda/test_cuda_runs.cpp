// Whole runs on the emulated device: losses read once for several steps, precisions, benchmark
// reports, and a device that fails during a run.
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "../runs.h"
#include "../support.h"
#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/text.h"
#include "cuda/backend/cuda_backend.h"
#include "cuda/emulator/emulated_device.h"
#include "run/checkpoint.h"

using namespace reluscope;
using namespace reluscope::test;
using cuda::CudaBackend;
using cuda::Precision;
using cuda::emulated::EmulatedDevice;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Config config_of(const Fields& changes) {
  Config config = config_from_fields({{"model", "dense 16 | relu | dense 10"},
                                      {"batch", "8"},
                                      {"epochs", "2"},
                                      {"test_batch", "30"},
                                      {"log_every", "1"},
                                      {"lr", "0.01"}});
  return config_from_fields(changes, config);
}

// A session on an emulated device that the test can inspect.
struct Run {
  EmulatedDevice* device;
  CudaBackend* backend;
  std::unique_ptr<Session> session;

  explicit Run(const Config& config,
               const std::shared_ptr<const Dataset>& data = few_digits(150, 60),
               Precision precision = Precision::kFloat32) {
    auto owned = std::make_unique<EmulatedDevice>();
    device = owned.get();
    auto made = std::make_unique<CudaBackend>(std::move(owned), precision);
    backend = made.get();
    session = std::make_unique<Session>(data, config, std::move(made));
  }
};

// All lines and JSON of a session to its end.
std::vector<std::string> told(Session& session) {
  std::vector<std::string> all;
  for (;;) {
    const Reported progress = report(session.advance());
    all.insert(all.end(), progress.lines.begin(), progress.lines.end());
    for (const std::string& line : progress.json) all.push_back(timeless(Json::parse(line)).dump());
    if (is_last(progress)) return all;
  }
}

// The losses of a run that makes every step separately: several steps at once must give the same.
std::vector<std::string> single_losses(const Config& config,
                                       const std::shared_ptr<const Dataset>& data) {
  std::vector<std::string> losses;
  Run run(config, data);
  Trainer* const trainer = &run.session->trainer();
  for (int epoch = 1; epoch <= config.epochs; ++epoch) {
    if (epoch > 1) trainer->start_epoch(epoch);
    for (int batch = 0; batch < trainer->batches(); ++batch) {
      const StepResult result = trainer->step(batch, config.lr);
      losses.push_back(number_text(result.score.loss()));
    }
  }
  return losses;
}

}  // namespace

TEST_SUITE_BEGIN("cuda");

TEST_CASE("losses are read once in many steps, and are those of steps that are made one by one") {
  const auto data = few_digits(150, 60);
  for (const Fields& changes : {Fields{},
                                Fields{{"model", "dense 12 | bn | prelu | dropout 0.2 | dense 10"},
                                       {"optimizer", "sgd"},
                                       {"momentum", "0.9"}},
                                Fields{{"l2", "0.01"},
                                       {"ema", "0.9"},
                                       {"accumulate", "3"},
                                       {"class_weights", "1,2,1,1,1,1,1,3,1,1"}}}) {
    Config config = config_of(changes);
    config.probe = 0;  // a look waits for the steps before it
    INFO(config.model);
    Run run(config, data);
    std::vector<std::string> losses;
    int calls = 0;
    for (Reported progress = report(run.session->advance()); progress.event() != "done";
         progress = report(run.session->advance())) {
      calls += progress.event() == "batch";
      for (const std::string& line : progress.json) {
        const Json json = Json::parse(line);
        if (json["event"] == "batch") losses.push_back(number_text(json["loss"].get<double>()));
      }
    }
    CHECK(losses == single_losses(config, data));
    CHECK(losses.size() == 2 * 19);
    CHECK(calls == 2 * 2);  // 16 steps and 3, in each epoch
  }
}

TEST_CASE("a plain step neither copies to the host nor waits for the device") {
  const auto data = few_digits(512, 60);
  Run run(config_of({}), data);
  Trainer& trainer = run.session->trainer();
  const std::vector<StepRates> rates(cuda::kStepsAhead, {0.01, {}});
  trainer.steps(0, rates);  // the first step copies the data to the device
  const int copies = run.device->copies, waits = run.device->waits;
  trainer.steps(cuda::kStepsAhead, rates);
  CHECK(run.device->copies - copies == 1);
  CHECK(run.device->waits - waits == 1);
  // One by one, as in a measured run.
  trainer.step(2 * cuda::kStepsAhead, 0.01);
  trainer.step(2 * cuda::kStepsAhead + 1, 0.01);
  CHECK(run.device->copies - copies == 3);
  // The order of an epoch is copied to the host once.
  const int before = run.device->copies;
  trainer.start_epoch(2);
  CHECK(run.device->copies - before == 1);
}

TEST_CASE("orders and augmented batches are made on the device alone, and are the CPU's") {
  const auto data = few_digits(150, 60);
  Config config = config_of({{"augment_rotate", "12"},
                             {"augment_elastic", "30"},
                             {"augment_noise", "9"},
                             {"augment_erase", "0.3"},
                             {"validation", "20"},
                             {"input", "dense"},
                             {"probe", "0"}});
  Run run(config, data);
  const std::vector<std::string> lines = told(*run.session);
  auto& launches = run.device->record.launches;
  CHECK(launches["make_keys"] == 2);  // an epoch each
  CHECK(launches["gather_augmented"] == 2 * 17);
  CHECK(launches["draw_changes"] == 2 * 17);
  CHECK(launches["smooth_rows"] == 2 * 17);
  CHECK(launches["gather"] ==
        2 * (1 + 2));  // what is scored stays as it is: a batch of validation, two of the test set
  // The first loss has the same pixels: only the order of its sums differs.
  Session cpu(data, config);
  Run again(config, data);
  const auto first_loss = [](Session& session) {
    return session.trainer().step(0, 0.01).score.loss();
  };
  CHECK(std::abs(first_loss(*again.session) - first_loss(cpu)) < 1e-6);
}

TEST_CASE(
    "steps at once stop where something happens: live changes, monitors, the end of an epoch") {
  const Config config =
      config_of({{"events", "5:lr:0.002,21:lr:0.02"}, {"probe", "7"}, {"validation", "20"}});
  const auto data = few_digits(150, 60);
  Run run(config, data);
  std::vector<int> seen;
  int probes = 0;
  for (Reported progress = report(run.session->advance()); progress.event() != "done";
       progress = report(run.session->advance())) {
    if (progress.event() == "batch") seen.push_back(progress.values["step"].get<int>());
    for (const std::string& line : progress.json) probes += Json::parse(line)["event"] == "probe";
  }
  // 17 batches in an epoch: every 7th step and the last of each epoch are watched and run alone.
  CHECK(seen == std::vector<int>{5, 6, 7, 13, 14, 16, 17, 20, 21, 27, 28, 33, 34});
  CHECK(probes == 1 + 2 + 1 + 2 + 1);
  // The same rates as on the CPU.
  Config plain = config;
  plain.device = "cpu";
  Session cpu(data, plain);
  Run again(config, data);
  const auto rates_of = [](Session& session) {
    std::vector<double> rates;
    for (const std::string& line : told(session)) {
      if (line.rfind("{\"event\":\"batch\"", 0) == 0)
        rates.push_back(Json::parse(line)["lr"].get<double>());
    }
    return rates;
  };
  CHECK(rates_of(*again.session) == rates_of(cpu));
}

TEST_CASE("a run that diverges among steps at once ends as one that is made step by step") {
  const auto data = few_digits(150, 60);
  // Linear, so that a rate that is too large makes the weights grow instead of killing units.
  const char* const deep =
      "dense 8 | dense 8 | dense 8 | dense 8 | dense 8 | dense 8 | dense 8 | dense 10";
  for (Fields fields :
       {Fields{{"model", "dense 16 | dense 10"}, {"optimizer", "sgd"}, {"momentum", "0.5"}},
        Fields{{"model", "dense 16 | bn | dense 12 | dense 10"}, {"optimizer", "sgd"}},
        Fields{{"model", deep}, {"optimizer", "adam"}}}) {
    fields.insert(fields.end(), {{"ema", "0.9"}, {"events", "20:lr:1e6"}});
    const Config config = config_of(fields);
    INFO(config.model);
    Run run(config, data);
    Reported last = report(run.session->advance());
    while (!is_last(last)) last = report(run.session->advance());
    REQUIRE(last.event() == "diverged");
    const int step = last.values["step"].get<int>();
    CHECK(step > 21);  // within the 16 from the 21st on
    CHECK(step <= 36);
    // The same steps one by one: as many succeed, and the weights are the same.
    Run single(config, data);
    Trainer& trainer = single.session->trainer();
    for (int done = 0; done < step - 1; ++done) {
      const int batch = done % trainer.batches();
      if (batch == 0 && done > 0) trainer.start_epoch(done / trainer.batches() + 1);
      REQUIRE(trainer.step(batch, done < 20 ? 0.01 : 1e6).diverged_layer < 0);
    }
    CHECK(trainer.step((step - 1) % trainer.batches(), 1e6).diverged_layer ==
          last.values["layer"].get<int>() - 1);
    CHECK(run.session->weights_sha256() == single.session->weights_sha256());
    CHECK(run.session->optimizer_sha256() == single.session->optimizer_sha256());
  }
}

TEST_CASE("tf32 and bf16 round what is multiplied, by no more than their digits allow") {
  const std::uint64_t seed = test_seed() + 710;
  INFO("seed ", seed);
  constexpr int kRows = 9, kDepth = 70, kCols = 40;
  for (const auto& [precision, digits] :
       {std::pair{Precision::kTf32, 11}, std::pair{Precision::kBfloat16, 8}}) {
    CudaBackend backend(std::make_unique<EmulatedDevice>(), precision);
    CHECK(backend.precision() == cuda::kPrecisionNames[static_cast<int>(precision)]);
    TestRandom random(seed);
    Buffer x(Layout{kRows, kDepth}.size(), backend.memory()),
        w(Layout{kDepth, kCols}.size(), backend.memory());
    Buffer y(Layout{kRows, kCols}.size(), backend.memory());
    const MatrixView left{x.data(), {kRows, kDepth}}, right{w.data(), {kDepth, kCols}},
        product{y.data(), {kRows, kCols}};
    for (int k = 0; k < kDepth; ++k) {
      for (int r = 0; r < kRows; ++r) left.at(r, k) = random.real(-1, 1);
      for (int c = 0; c < kCols; ++c) right.at(k, c) = random.real(-1, 1);
    }
    backend.matmul({left}, right, nullptr, product, {});
    backend.finish();
    double largest_share = 0.0;
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kCols; ++c) {
        double exact = 0.0, sizes = 0.0;
        for (int k = 0; k < kDepth; ++k) {
          const double term = static_cast<double>(left.at(r, k)) * right.at(k, c);
          exact += term;
          sizes += std::abs(term);
        }
        // The error of each factor is at most half a unit of its last digit, and sums have float32
        // rounding errors.
        const double bound = (2.0 * std::ldexp(1.0, -digits) + kDepth * 0x1p-23) * sizes;
        const double error = std::abs(product.at(r, c) - exact);
        CHECK(error <= bound);
        largest_share = std::max(largest_share, error / sizes);
      }
    }
    CHECK(largest_share > std::ldexp(1.0, -digits - 4));  // it did round
    CHECK(largest_share > 20 * 0x1p-24);                  // far more than float32 does
  }
}

TEST_CASE("a run in bf16 learns, a precision the device does not have is refused by name") {
  const auto data = few_digits(400, 100);
  Run exact(config_of({{"epochs", "3"}}), data),
      coarse(config_of({{"epochs", "3"}, {"precision", "bf16"}}), data, Precision::kBfloat16);
  told(*exact.session);
  told(*coarse.session);
  const double loss = exact.session->evaluate().loss(),
               coarse_loss = coarse.session->evaluate().loss();
  CHECK(coarse_loss != loss);
  CHECK(std::abs(coarse_loss - loss) < 0.05);
  CHECK(report(coarse.session->start()).values.at("simd") == "emulated, bf16");
  const Config config = config_of({{"precision", "tf32"}});
  CHECK(refusal([&] { Session(data, config); }) ==
        "precision is \"tf32\", but device \"cpu\" multiplies in fp32 here: tf32 and bf16 need an "
        "NVIDIA GPU");
  CHECK(refusal([&] {
          config_of({{"precision", "fp16"}});
        }) == "precision is \"fp16\", but it must be fp32, tf32 or bf16");
  // A checkpoint continues in another precision on request.
  const auto saved = coarse.session->checkpoint();
  CHECK(config_of_checkpoint(saved).precision == "bf16");
  CHECK(resumed_config(config_of_checkpoint(saved), {{"precision", "fp32"}, {"epochs", "4"}})
            .precision == "fp32");
}

TEST_CASE(
    "a device that is lost at any call ends with one message, and the last checkpoint goes on") {
  const auto data = few_digits(150, 60);
  const Config config = config_of({{"augment_rotate", "9"}});
  Run whole(config, data);
  const int calls_of_all = [&] {
    whole.device->fails_at = 1 << 30;
    told(*whole.session);
    return (1 << 30) - whole.device->fails_at;
  }();
  const std::string expected = whole.session->weights_sha256();
  CHECK(calls_of_all > 60);
  for (int call = 1; call < calls_of_all; call += full_tier() ? 7 : 41) {
    INFO("call ", call, " of ", calls_of_all);
    Run run(config, data);
    std::vector<std::uint8_t> kept = run.session->checkpoint();
    run.device->fails_at = call;
    std::string said = "accepted";
    for (bool done = false; !done && said == "accepted";) {
      said = refusal([&] {
        const Reported progress = report(run.session->advance());
        done = is_last(progress);
        if (progress.event() == "epoch") kept = run.session->checkpoint();
      });
    }
    REQUIRE(said.find("device cuda: ") == 0);
    CHECK(said.find(" failed: unspecified launch failure; this program cannot use the device any "
                    "more, but earlier checkpoints are intact") != std::string::npos);
    // A later attempt to save fails with the same message, and the previous checkpoint is
    // unchanged.
    CHECK(refusal([&] { run.session->checkpoint(); }).find("cannot use the device") !=
          std::string::npos);
    Run again(resumed_config(config_of_checkpoint(kept), {}), data);
    again.session->restore(kept);
    told(*again.session);
    CHECK(again.session->weights_sha256() == expected);
  }
  // Insufficient memory is reported too, without losing the device.
  auto small = std::make_unique<EmulatedDevice>();
  small->most_bytes = std::size_t{20} << 20;
  CHECK(refusal([&] {
          Session(data, config_of({{"model", "dense 2048 | relu | dense 10"}}),
                  std::make_unique<CudaBackend>(std::move(small)));
        }).find("out of memory: ") != std::string::npos);
}

TEST_CASE(
    "a benchmark's report: the bytes and kernels of a step, and a share of what a copy reaches") {
  Config config;
  constexpr int kMeasured = 8;  // steps: enough to make one-time costs negligible
  config.batch = 16;
  config.train_samples = 16 * (3 + 2 * kMeasured);
  Run run(config, mnist());
  Trainer& trainer = run.session->trainer();
  int batch = 0;
  const auto steps = [&](int count) {
    const std::vector<StepRates> rates(static_cast<std::size_t>(count), {0.001, {}});
    trainer.steps(batch, rates);
    batch += count;
  };
  steps(3);
  const cuda::CostReport report = cuda::report_costs(*run.backend, steps, kMeasured, 4096);
  CHECK(report.step_seconds > 0.0);
  CHECK(report.copy_rate > 0.0);
  // Two products each way for the first layer's and the last's 407,050 parameters, but no gradient
  // of the input.
  CHECK(report.step_operations > 2.0 * 16 * (2 * 407050 + 5120) * 0.99);
  CHECK(report.step_operations <
        2.0 * 16 * (2 * 407050 + 5120) * 1.15);  // padding of the last layer
  // Weights read twice, gradients written and read, Adam's seven, and column sums:
  // web/docs/gpu.md.
  CHECK(report.step_bytes > 4.0 * 407050 * 10);
  CHECK(report.step_bytes < 4.0 * 407050 * 13);
  CHECK(report.lines.size() > 10);
  for (const std::string& line : report.lines) MESSAGE(line);
  const auto named = [&](const char* name) {
    return std::any_of(report.lines.begin(), report.lines.end(), [&](const std::string& line) {
      return line.find(name) != std::string::npos;
    });
  };
  for (const char* const name : {"Kernels: ", "GB/s", "of the rate of a copy", "update<adam>",
                                 "product", "gather", "softmax_cross_entropy"})
    CHECK(named(name));
  CHECK(!named("activation_forward"));  // fused with the product
}

TEST_SUITE_END();
