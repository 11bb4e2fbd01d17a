// Same seed, same bits: hashes after a short run on real MNIST are compared with constants. The
// same test runs natively for every SIMD target, from several compilers, with sanitizers, and as
// WebAssembly, so equal constants mean equal bits among all of them.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/thread_pool.h"
#include "data/batcher.h"
#include "matrices.h"
#include "mnist.h"
#include "network.h"
#include "optim/optimizer.h"
#include "run/session.h"
#include "runs.h"
#include "support.h"

namespace reluscope {
namespace {

struct Run {
  const char* model;
  const char* init;
  const char* optimizer;
  const char* weights;  // sha256 after 40 steps
  const char* moments;
};

// Odd widths test padding, edges of tiles and a last panel of 16. After a deliberate change of the
// arithmetic, update the hashes from the output of tests/run bits.
constexpr Run kRuns[] = {
#include "../golden/hashes.inc"
};

Config config_of(const Run& run) {
  Config config;
  config.model = run.model;
  config.init = run.init;
  config.optimizer = run.optimizer;
  if (config.optimizer == "sgd") {
    config.lr = 0.05;
    config.momentum = 0.9;
    config.nesterov = true;
  }
  config.batch = 50;
  return config;
}

std::map<std::string, std::string> hashes(const Config& config) {
  Session session(test::mnist(), config);
  for (int step = 0; step < 40; ++step) {
    REQUIRE(session.advance().event() == "batch");
  }
  return {{"weights", session.weights_sha256()}, {"moments", session.optimizer_sha256()}};
}

// The same training by separate steps: stores gradients if they are watched, and applies them
// afterwards.
struct Apart {
  Model model;
  std::unique_ptr<Optimizer> optimizer;
  Batcher batcher;
  Backend& backend;
  std::vector<float> losses;
  std::vector<std::uint8_t> correct;

  Apart(const Dataset& data, const Config& config, Backend& on)
      : model({config.model, data.shape(), data.classes(), config.init,
               static_cast<std::uint64_t>(config.seed), config.batch, config.batch},
              on),
        optimizer(make_optimizer(config.optimizer,
                                 {.momentum = config.momentum,
                                  .nesterov = config.nesterov,
                                  .beta1 = config.beta1,
                                  .beta2 = config.beta2,
                                  .epsilon = config.epsilon},
                                 model.parameters().size())),
        batcher(
            {.pixels = data.train().pixels(),
             .train_rows = config.batch,
             .evaluate_rows = config.batch,
             .table = model.takes_offset() ? pixel_table(kMnistMean, kMnistStd, data.background())
                                           : pixel_table(kMnistMean, kMnistStd),
             .sparse = config.input == "sparse",
             .background = data.background()},
            on),
        backend(on),
        losses(static_cast<std::size_t>(config.batch)),
        correct(losses.size()) {
    batcher.shuffle(static_cast<std::uint64_t>(config.seed), 1, data.train().count());
  }

  void step(const ImageSet& set, int step, double lr, bool gradients) {
    const int rows = static_cast<int>(losses.size());
    const Batch batch = batcher.shuffled(set, step * rows, rows);
    const ConstMatrixView logits =
        model.forward(Mode::kTrain, batch.input, static_cast<std::uint32_t>(step));
    backend.softmax_cross_entropy({logits, batch.labels, 1.0f / static_cast<float>(rows),
                                   losses.data(), correct.data(), model.logits_gradient().data});
    optimizer->begin_step(lr);
    if (gradients) {
      for (float& gradient : model.gradients()) gradient = 0.0f;
      model.backward();
      optimizer->apply_to(backend, model);
    } else {
      model.backward_and_update(optimizer->update_of(model));
    }
    backend.finish();
  }
  // A forward pass of other samples in between.
  void look(const ImageSet& set) {
    model.forward(Mode::kEvaluate, batcher.in_order(set, 0, 7).input);
  }
};

std::string differs(const Apart& apart, const Model& model, const Optimizer& optimizer) {
  const auto vector_of = [](std::span<const float> values) {
    return std::vector<float>(values.begin(), values.end());
  };
  const std::string weights =
      test::first_difference(vector_of(apart.model.parameters()), vector_of(model.parameters()));
  if (!weights.empty()) return "weights: " + weights;
  const auto ours = apart.optimizer->state(), theirs = optimizer.state();
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t k = 0; k < ours.size(); ++k) {
    const std::string moments =
        test::first_difference(vector_of(ours[k].values), vector_of(theirs[k].values));
    if (!moments.empty()) return ours[k].name + ": " + moments;
  }
  return "";
}

TEST_SUITE("bits") {
  // Outside `tests/run full`, each run on each target uses one input with one thread, the other
  // with two.
  TEST_CASE("a short run gives the known hash on every SIMD target, dense or sparse, threaded") {
    for (const int threads : {1, 2, 3, 4}) {
      if (ThreadPool(threads).size() != threads) {
        MESSAGE("this machine or build has no ", threads, " threads to run on");
        continue;
      }
      std::size_t target = 0;
      for (const std::string& simd : cpu::simd_names()) {
        ++target;
        for (const Run& run : kRuns) {
          const auto turn =
              static_cast<std::size_t>(&run - kRuns) + target + static_cast<std::size_t>(threads);
          for (const char* input : {"dense", "sparse"}) {
            const bool sparse = input == std::string("sparse"),
                       both = std::string(run.model).starts_with("dense");
            if (sparse && !both) continue;  // the first layer cannot read it
            if (!test::full_tier() && both && sparse != (turn % 2 == 0)) continue;
            Config config = config_of(run);
            config.simd = simd;
            config.threads = threads;
            config.input = input;
            INFO(simd, ", ", threads, " threads, ", input, ", ", run.model);
            auto found = hashes(config);
            CHECK(found["weights"] == run.weights);
            CHECK(found["moments"] == run.moments);
          }
        }
      }
    }
  }

  // Possibly more threads than the machine has cores. Outside `tests/run full`, one input uses
  // three threads, the other four.
  TEST_CASE("three and four threads give the bits of one") {
    const std::shared_ptr<const Dataset> data = test::mnist();
    for (const Run& run : kRuns) {
      Config config = config_of(run);
      for (const char* input : {"dense", "sparse"}) {
        if (input == std::string("sparse") && !std::string(run.model).starts_with("dense"))
          continue;
        config.input = input;
        cpu::CpuBackend one;
        Apart alone(*data, config, one);
        for (int step = 0; step < 10; ++step) alone.step(data->train(), step, config.lr, false);
        for (const int threads : {3, 4}) {
          if (!test::full_tier() && std::string(run.model).starts_with("dense") &&
              (threads == 4) != (config.input == "sparse"))
            continue;
          cpu::CpuBackend many("auto", threads, false, threads);
          if (many.threads() != threads) {
            MESSAGE("this build has no ", threads, " threads");
            continue;
          }
          INFO(run.model, ", ", input, ", ", threads, " threads");
          Apart together(*data, config, many);
          for (int step = 0; step < 10; ++step) {
            together.step(data->train(), step, config.lr, false);
          }
          CHECK(differs(alone, together.model, *together.optimizer) == "");
        }
      }
    }
  }

  // Whole epochs: the last batch is smaller, batches are prepared and dropped, and the test set is
  // scored in between. The pixels of an image do not fill a panel.
  TEST_CASE("whole epochs on few odd images give one hash on every target, dense or sparse") {
    const std::uint64_t seed = test::test_seed() + 70;
    test::TestRandom random(seed);
    const auto files = [&](int count) {
      std::vector<std::uint8_t> pixels, labels;
      for (int k = 0; k < count; ++k) {
        labels.push_back(static_cast<std::uint8_t>(random.below(10)));
        for (int at = 0; at < 9 * 7; ++at) {
          const bool there = random.below(5) == 0 || at % 10 == labels.back();
          pixels.push_back(static_cast<std::uint8_t>(there ? 1 + random.below(255) : 0));
        }
      }
      const auto n = static_cast<std::uint32_t>(count);
      return std::pair{test::idx_bytes({n, 9, 7}, pixels), test::idx_bytes({n}, labels)};
    };
    const auto [train_images, train_labels] = files(230);
    const auto [test_images, test_labels] = files(70);
    const auto data = std::make_shared<const Dataset>(
        "made", Dataset::Files{train_images, train_labels, test_images, test_labels});
    for (const char* optimizer : {"adam", "sgd"}) {
      for (const int batch : {50, 7}) {
        Config config;
        config.model = "dense 17 | relu | dense 513 | prelu | dense 3 | elu | dense 10";
        config.optimizer = optimizer;
        config.momentum = 0.9;
        config.lr = 0.003;
        config.epochs = 3;
        config.batch = batch;
        config.test_batch = 32;
        std::string first_weights, first_moments;
        for (const int threads : {1, 2}) {
          if (ThreadPool(threads).size() != threads) continue;
          for (const std::string& simd : cpu::simd_names()) {
            for (const char* input : {"dense", "sparse"}) {
              config.threads = threads;
              config.simd = simd;
              config.input = input;
              INFO("seed ", seed, ", ", config.optimizer, ", batches of ", batch, ", ", simd, ", ",
                   threads, " threads, ", config.input);
              Session session(data, config);
              const std::string untrained = session.weights_sha256();
              std::string event;
              do {
                event = session.advance().event();
                REQUIRE(event != "diverged");
              } while (event != "done");
              if (first_weights.empty()) {
                first_weights = session.weights_sha256();
                first_moments = session.optimizer_sha256();
              }
              CHECK(session.weights_sha256() == first_weights);
              CHECK(session.optimizer_sha256() == first_moments);
              CHECK(session.weights_sha256() != untrained);
            }
          }
        }
      }
    }
  }

  // Outside `tests/run full`, each run uses one input with one thread, the other with two.
  TEST_CASE("asking for gradients, always or now and then, does not change the run") {
    const std::shared_ptr<const Dataset> data = test::few_digits(1000, 10);
    for (const Run& run : kRuns) {
      for (const bool sparse : {false, true}) {
        for (const int threads : {1, 2}) {
          if (!test::full_tier() && sparse != ((threads + (&run - kRuns)) % 2 == 0)) continue;
          Config config = config_of(run);
          config.mean = kMnistMean;  // as in Apart
          config.std = kMnistStd;
          config.input = sparse ? "sparse" : "dense";
          cpu::CpuBackend backend("auto", threads);
          INFO(run.model, ", ", config.input, ", ", backend.threads(), " threads");
          if (sparse && !std::string(run.model).starts_with("dense")) continue;
          Trainer fused(data, config, backend);
          fused.start_epoch(1);
          Apart apart(*data, config, backend), mixed(*data, config, backend);
          for (int step = 0; step < 12; ++step) {  // four of each kind, with a probe between them
            REQUIRE(fused.step(step, config.lr).diverged_layer == -1);
            apart.step(data->train(), step, config.lr, true);
            mixed.step(data->train(), step, config.lr, step % 3 == 1);
            if (step % 4 == 2) mixed.look(data->test());
            INFO("step ", step);
            REQUIRE(differs(apart, fused.model(), fused.optimizer()) == "");
            REQUIRE(differs(mixed, fused.model(), fused.optimizer()) == "");
          }
        }
      }
    }
  }

  TEST_CASE("the input that is chosen by itself is the one that pays, and any gives the same") {
    const auto hash_of = [](const Config& config, bool sparse) {
      Session session(test::mnist(), config);
      CHECK(session.trainer().sparse_input() == sparse);
      for (int step = 0; step < 5; ++step) session.advance();
      return session.weights_sha256();
    };
    // A mean of 0 makes the background exactly 0: no offset is left to fold into the bias.
    for (const double mean : {0.1307, 0.0, 0.5}) {
      CAPTURE(mean);
      Config config;
      config.model = "dense 33 | relu | dense 10";
      config.mean = mean;
      const std::string automatic = hash_of(config, true);
      config.input = "sparse";
      CHECK(hash_of(config, true) == automatic);
      config.input = "dense";
      CHECK(hash_of(config, false) == automatic);
    }
    Config config;
    config.model = "relu | dense 10";  // needs every pixel's value
    hash_of(config, false);
  }

  TEST_CASE("fused multiply-add gives other bits, and the same wherever there is one") {
    std::set<std::string> seen;
    for (const cpu::Target& target : cpu::available_targets()) {
      Config config;
      config.simd = target.separate->name;
      config.fused = true;
      if (target.fused == nullptr) {
        CHECK_THROWS_WITH_AS(Session(test::mnist(), config),
                             doctest::Contains("has no fused multiply-add"), Error);
        continue;
      }
      Session session(test::mnist(), config);
      for (int step = 0; step < 40; ++step) REQUIRE(session.advance().event() == "batch");
      seen.insert(session.weights_sha256());
    }
    CHECK(seen.size() <= 1);
    Session separate(test::mnist(), {});
    for (int step = 0; step < 40; ++step) separate.advance();
    CHECK(seen.count(separate.weights_sha256()) == 0);
  }

  TEST_CASE("another seed gives another hash") {
    std::set<std::string> seen;
    for (const std::int64_t seed : {1LL, 2LL, 4294967297LL}) {  // the third differs above bit 31
      Config config;
      config.model = "dense 10";
      config.seed = seed;
      Session session(test::mnist(), config);
      session.advance();
      seen.insert(session.weights_sha256());
    }
    CHECK(seen.size() == 3);
  }

  TEST_CASE("looking does not change the run") {
    Config config;
    config.model = "dense 33 | prelu | dense 10";
    Session plain(test::mnist(), config), watched(test::mnist(), config);
    for (int step = 0; step < 20; ++step) {
      plain.advance();
      watched.advance();
      watched.predict(test::mnist()->test().image(step));
      if (step == 10) watched.evaluate();
    }
    CHECK(plain.weights_sha256() == watched.weights_sha256());
  }

  TEST_CASE("a live change replays from the config it left behind") {
    Config config;
    config.model = "dense 16 | relu | dense 10";
    Session live(test::mnist(), config);
    for (int step = 0; step < 30; ++step) {
      if (step == 12) live.set("lr", 0.02);
      live.advance();
    }
    Session replayed(test::mnist(), live.config()), unchanged(test::mnist(), config);
    for (int step = 0; step < 30; ++step) {
      replayed.advance();
      unchanged.advance();
    }
    CHECK(replayed.weights_sha256() == live.weights_sha256());
    CHECK(unchanged.weights_sha256() != live.weights_sha256());
  }
}

}  // namespace
}  // namespace reluscope
