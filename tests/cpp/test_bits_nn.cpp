// Same seed, same bits, for the layers, initialisations and losses that test_bits.cpp does not
// cover: hashes after a short run on real MNIST, on every SIMD target and any number of threads.
#include <doctest/doctest.h>

#include "backend/cpu/cpu_backend.h"
#include "core/thread_pool.h"
#include "mnist.h"
#include "run/session.h"
#include "support.h"

namespace reluscope {
namespace {

struct ConfigRun {
  const char* config;
  const char* weights;  // sha256 after 20 steps
};

// After a deliberate change of the arithmetic, update the hashes from the output of the failure.
constexpr ConfigRun kConfigRuns[] = {
    {R"({"model": "dense 33 | gelu | dense 24 | mish | maxout 2 | dense 10", "init": "orthogonal"})",
     "66ef2e7a7b15e1ca2d5414ec7caf8fdf6593853c2fbd8cbdf1465591b482b600"},
    {R"({"model": "dense 35 | rrelu | dense 18 | swish channel | dense 10", "init": "lecun_normal"})",
     "bf9ce541cfe33087df6e26471bf9b44ca56afac34612dfbb213bec3f4e791d01"},
    {R"({"model": "dense 34 | prelu channel | dense 17 | gelu_tanh | dense 10", "optimizer": "sgd",
         "lr": 0.05, "l1": 0.0001, "l2": 0.001, "init": "lecun_uniform"})",
     "47291229d689d1345764a2fcc101a0e4160a225704dd4d7a9002297be132dac2"},
    {R"({"model": "dense 20 | softplus 2 | dense 20 | celu 0.5 | dense 20 | selu | dense 10",
         "label_smoothing": 0.1, "class_weights": [1, 2, 0.5, 1, 1, 3, 1, 0.7, 1, 1.5]})",
     "87016a95aa7b1a391e608f6d450bc9b25b0979ce865264a73c1fbbc83b90ec26"},
    {R"({"model": "dense 20 | silu | dense 20 | relu6 | dense 20 | hard_swish | dense 20 | relu_squared | dense 10",
         "l2": 0.0001})",
     "80c2fe3473e9e1c9becfbf6f51ede3d8bca84b63b7fa1b3b1b3dd25b04ed0d97"},
};

}  // namespace

TEST_SUITE("bits") {
  // Outside `tests/run full`, each run on each target uses one input with one and three threads,
  // the other with two.
  TEST_CASE("layers, losses and initialisations give the known hash on every target and thread") {
    int turn = 0;
    for (const ConfigRun& run : kConfigRuns) {
      for (const std::string& simd : cpu::simd_names()) {
        ++turn;
        for (const int threads : {1, 2, 3}) {
          if (ThreadPool(threads).size() != threads) continue;
          for (const char* input : {"dense", "sparse"}) {
            if (!test::full_tier() &&
                (input == std::string("sparse")) != ((turn + threads) % 2 == 0))
              continue;
            INFO(std::string(run.config), ", ", simd, ", ", threads, " threads, ",
                 std::string(input));
            Config config = config_from_json(run.config);
            config.simd = simd;
            config.threads = threads;
            config.input = input;
            config.batch = 50;
            Session session(test::mnist(), config);
            for (int step = 0; step < 20; ++step) REQUIRE(session.advance().event() == "batch");
            CHECK(session.weights_sha256() == std::string(run.weights));
          }
        }
      }
    }
  }

  TEST_CASE("looking at a network that draws random slopes does not change its run") {
    Config config;
    config.model = "dense 33 | rrelu | dense 10";
    Session plain(test::mnist(), config), watched(test::mnist(), config);
    for (int step = 0; step < 10; ++step) {
      plain.advance();
      watched.advance();
      watched.predict(test::mnist()->test().image(step));
      if (step == 5) watched.evaluate();
    }
    CHECK(plain.weights_sha256() == watched.weights_sha256());
  }
}

}  // namespace reluscope
