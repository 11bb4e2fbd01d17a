// The monitors give the same bits on every target, from any number of threads, dense or sparse, and
// change none of the weights'.
#include "core/sha256.h"
#include "core/thread_pool.h"
#include "mnist.h"
#include "probe/probe_report.h"
#include "probes.h"
#include "run/report.h"
#include "run/unit_history.h"
#include "support.h"

using namespace reluscope;

namespace {

Config probed_config() {
  Config config;
  config.model = "dense 45 | relu | dense 33 | prelu | dense 17 | swish | dense 10";
  config.batch = 50;
  config.probe = 4;
  return config;
}

std::string sha256_of(const std::string& text) {
  Sha256 hash;
  hash.add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return hash.hex();
}

// Everything that live and recorded looks report, over 12 steps. After a deliberate change of the
// report or the arithmetic, the failure prints the new hash.
std::string all_there_is(const Config& config) {
  Session session(test::mnist(), config);
  std::string text;
  for (int step = 0; step < 12; ++step) {
    if (step % 4 == 0) {
      Json json = to_json(session.probe({.gradients = true, .components_of = {step / 4 * 2 + 1}}));
      json["components"] = Json(json["components"][0]);  // the hash is of a single layer's
      text += json.dump() + "\n";
    }
    session.advance();
  }
  Json everywhere = to_json(session.probe({.everywhere = true}));
  // Its own tests are in test_reference_probe.cpp; the hash is of the report without it.
  for (Json& layer : everywhere["layers"]) layer.erase("dead");
  text += everywhere.dump() + "\n";
  text += looks_json(session.units(), 0).dump() + "\n";
  for (const std::int64_t step : {0, 4, 8, 12}) {
    text += look_json(session.units(), step).dump() + "\n";
  }
  text += to_json(session.classes(20)).dump() + "\n";
  return text;
}

}  // namespace

TEST_SUITE_BEGIN("bits");

// Outside `tests/run full`, each target uses one input with one thread, the other with two.
TEST_CASE("what a probe tells has the known hash on every SIMD target, dense or sparse, threaded") {
  for (const int threads : {1, 2}) {
    if (ThreadPool(threads).size() != threads) continue;
    int turn = threads;
    for (const std::string& simd : cpu::simd_names()) {
      ++turn;
      for (const char* input : {"dense", "sparse"}) {
        if (!test::full_tier() && (input == std::string("sparse")) != (turn % 2 == 0)) continue;
        Config config = probed_config();
        config.threads = threads;
        config.simd = simd;
        config.input = input;
        INFO(simd, ", ", threads, " threads, ", input);
        CHECK(sha256_of(all_there_is(config)) ==
              "485291e233c4adedf9704cf14c1d771e3a0ddd6411720e2ef92e53a31ed96e97");
      }
    }
  }
}

TEST_CASE("looking changes no weight and no moment, whatever is asked and however often") {
  const auto data = test::small_images(230, 70);
  for (const char* optimizer : {"adam", "sgd"}) {
    for (const char* input : {"dense", "sparse"}) {
      Config config = probed_config();
      config.optimizer = optimizer;
      config.momentum = 0.9;
      config.input = input;
      config.epochs = 2;
      config.batch = 20;
      config.test_batch = 30;
      const auto hashes = [&](int every, bool by_hand) {
        config.probe = every;
        Session session(data, config);
        int step = 0;
        for (;;) {
          const std::string event(session.advance().event());
          if (event == "done") break;
          if (by_hand && ++step % 3 == 0) {
            session.probe({.gradients = step % 2 == 0,
                           .everywhere = step % 9 == 0,
                           .components_of = {step % 7}});
          }
          if (by_hand && step % 5 == 0) session.classes(3);
        }
        return session.weights_sha256() + session.optimizer_sha256();
      };
      CAPTURE(optimizer);
      CAPTURE(input);
      const std::string alone = hashes(0, false);
      CHECK(hashes(1, false) == alone);
      CHECK(hashes(7, false) == alone);
      CHECK(hashes(0, true) == alone);
      CHECK(hashes(5, true) == alone);
    }
  }
}

TEST_CASE("a run with monitors says what they found before, during and after each epoch") {
  Config config = probed_config();
  config.batch = 50;  // 5 steps an epoch
  config.test_batch = 30;
  config.epochs = 2;
  config.probe = 3;
  Session session(test::small_images(230, 70), config);
  std::vector<std::string> said;
  for (;;) {
    const Reported progress = report(session.advance());
    for (const std::string& line : progress.json) {
      const Json json = Json::parse(line);
      const std::string event = json["event"];
      if (event == "probe") {
        said.push_back("probe " + std::to_string(json["step"].get<int>()));
        CHECK(json["gradients"].is_null() == (json["step"] == 0));
        if (json["step"] != 0) CHECK(json["gradients"]["step"] == json["step"]);
      } else if (event == "classes") {
        said.push_back("classes " + std::to_string(json["epoch"].get<int>()));
        CHECK(json["samples"] == 70);
        CHECK(json["hardest"].size() == 10);
      } else if (event == "epoch") {
        said.push_back(event);
      }
    }
    if (progress.event() == "done") break;
  }
  CHECK(said == std::vector<std::string>{"probe 0", "probe 3", "probe 5", "epoch", "classes 1",
                                         "probe 6", "probe 9", "probe 10", "epoch", "classes 2"});
}

TEST_SUITE_END();
