// Same seed, same bits: hashes after a short run on real MNIST are compared with constants. The
// same test runs natively for every SIMD target, from several compilers, with sanitizers, and as
// WebAssembly, so equal constants mean equal bits among all of them.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "mnist.h"
#include "train/session.h"

namespace reluscope {
namespace {

struct Run {
  const char* model;
  const char* init;
  const char* optimizer;
  const char* weights;  // sha256 after 40 steps
  const char* moments;
};

// Odd widths on purpose: padding, tile edges and a last panel of 16. To set them anew after a
// deliberate change of the arithmetic: tests/run bits prints what it found.
constexpr Run kRuns[] = {
#include "../golden/hashes.inc"
};

std::map<std::string, std::string> hashes(const Run& run, const std::string& simd) {
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
  config.simd = simd;
  Session session(test::mnist(), config);
  for (int step = 0; step < 40; ++step) {
    REQUIRE(session.advance().event() == "batch");
  }
  return {{"weights", session.weights_sha256()}, {"moments", session.optimizer_sha256()}};
}

TEST_SUITE("bits") {
  TEST_CASE("a short run gives the known hash on every SIMD target") {
    for (const std::string& simd : cpu::simd_names()) {
      for (const Run& run : kRuns) {
        CAPTURE(simd);
        CAPTURE(run.model);
        auto found = hashes(run, simd);
        CHECK(found["weights"] == run.weights);
        CHECK(found["moments"] == run.moments);
      }
    }
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
