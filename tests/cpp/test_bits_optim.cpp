// Every optimizer of the table gives the same bits on every SIMD target and any number of threads,
// fused behind the gradient or not, dense or sparse; and live changes replay under any schedule.
#include <doctest/doctest.h>

#include <map>

#include "backend/cpu/cpu_backend.h"
#include "core/thread_pool.h"
#include "mnist.h"
#include "run/report.h"
#include "run/session.h"
#include "runs.h"
#include "support.h"

namespace reluscope {
namespace {

struct OptimizerRun {
  const char* optimizer;
  const char* weights;  // sha256 after 12 steps
  const char* moments;
};

constexpr OptimizerRun kOptimizerRuns[] = {
#include "../golden/hashes_optim.inc"
};

// Every branch of every rule: weight decay, momentum, centring, a rate and momentum that change.
Config config_of(const std::string& optimizer) {
  Config config;
  config.model = "dense 33 | prelu | dense 47 | elu | dense 10";
  config.optimizer = optimizer;
  config.lr = 0.002;
  config.momentum = 0.8;
  config.nesterov = optimizer == "sgd";
  config.centered = true;
  config.weight_decay = 0.01;
  config.initial_accumulator = 0.1;
  config.lr_decay = 0.01;
  config.schedule = "one_cycle";
  config.lr_rise = 0.01;  // to step 4
  config.epochs = 1;
  config.batch = 128;
  return config;
}

using Hashes = std::map<std::string, std::string>;

Hashes optimizer_hashes(const Config& config) {
  Session session(test::mnist(), config);
  for (int step = 0; step < 12; ++step) REQUIRE(session.advance().event() == "batch");
  return {{"weights", session.weights_sha256()}, {"moments", session.optimizer_sha256()}};
}

TEST_SUITE("bits") {
  // There are eight ways to compute a run. `tests/run full` takes all; otherwise each optimizer on
  // each target takes two that are opposite in everything, varying from case to case.
  TEST_CASE("every optimizer gives its known hash however it is computed") {
    REQUIRE(std::size(kOptimizerRuns) == optimizer_rows().size());
    for (const int threads : {1, 2}) {
      if (ThreadPool(threads).size() != threads) {
        MESSAGE("this machine or build has no ", threads, " threads to run on");
        continue;
      }
      std::size_t target = 0;
      for (const std::string& simd : cpu::simd_names()) {
        ++target;
        for (std::size_t k = 0; k < std::size(kOptimizerRuns); ++k) {
          CHECK(kOptimizerRuns[k].optimizer == std::string(optimizer_rows()[k].name));
          const std::size_t pair = (k + target) % 4;
          for (const char* input : {"dense", "sparse"}) {
            // Gradients are stored for clipping, but are too small to be clipped.
            for (const double clip_norm : {0.0, 1e9}) {
              const std::size_t way = (threads == 2 ? 4 : 0) +
                                      (input == std::string("sparse") ? 2 : 0) +
                                      (clip_norm > 0.0 ? 1 : 0);
              if (!test::full_tier() && way != pair && way != 7 - pair) continue;
              Config config = config_of(kOptimizerRuns[k].optimizer);
              config.simd = simd;
              config.threads = threads;
              config.input = input;
              config.clip_norm = clip_norm;
              INFO(std::string(kOptimizerRuns[k].optimizer), ", ", simd, ", ", threads,
                   " threads, ", std::string(input), ", clipped at ", clip_norm);
              Hashes found = optimizer_hashes(config);
              CHECK(found["weights"] == kOptimizerRuns[k].weights);
              CHECK(found["moments"] == kOptimizerRuns[k].moments);
            }
          }
        }
      }
    }
  }

  TEST_CASE("clipping, accumulation and averages do not depend on target, threads or input") {
    Config config = config_of("adamw");
    config.batch = 100;
    config.accumulate = 3;
    config.clip_value = 0.01;
    config.clip_norm = 0.05;
    config.ema = 0.7;
    const auto data = test::few_digits(2000, 300);
    const auto run = [&data](const Config& c) {
      Session session(data, c);
      for (int step = 0; step < 10; ++step) session.advance();
      const Score score = session.evaluate();
      Hashes found = {
          {"weights", session.weights_sha256()},
          {"score", std::to_string(score.correct) + " " + std::to_string(score.loss_sum)}};
      return found;
    };
    const Hashes expected = run(config);
    for (const std::string& simd : cpu::simd_names()) {
      for (const int threads : {1, 2}) {
        for (const char* input : {"dense", "sparse"}) {
          config.simd = simd;
          config.threads = threads;
          config.input = input;
          INFO(simd, ", ", threads, " threads, ", std::string(input));
          CHECK(run(config) == expected);
        }
      }
    }
    config.clip_norm = 0.0;
    CHECK(run(config).at("weights") != expected.at("weights"));
  }

  TEST_CASE("a live change of the rate replays under every schedule, and becomes its base") {
    const auto data = test::few_digits(600, 50);
    for (const ScheduleRow& row : schedule_rows()) {
      if (row.needs_validation) continue;
      CAPTURE(row.name);
      Config config;
      config.model = "dense 10";
      config.schedule = row.name;
      config.lr_warmup = 7;
      config.batch = 60;
      config.epochs = 3;
      config.lr_step = 1;
      config.lr_milestones = "1,2";
      config.lr_restart = 2;
      std::vector<double> rates;
      const auto train = [&rates](Session& session, int change_at) {
        rates.clear();
        for (int step = 0; step < 25;) {
          if (step == change_at) session.set("lr", 0.002);
          const Reported progress = report(session.advance());
          if (progress.event() != "batch") continue;
          rates.push_back(progress.values["lr"].get<double>());
          ++step;
        }
      };
      Session live(data, config), unchanged(data, config);
      train(unchanged, -1);
      const std::vector<double> before = rates;
      train(live, 12);
      Session replayed(data, live.config());
      for (std::size_t step = 0; step < rates.size(); ++step) {
        CAPTURE(step);  // twice the base rate is twice the rate: the lowest is 0 here
        CHECK(rates[step] == doctest::Approx((step < 12 ? 1.0 : 2.0) * before[step]));
      }
      const std::vector<double> lived = rates;
      train(replayed, -1);
      CHECK(rates == lived);
      CHECK(replayed.weights_sha256() == live.weights_sha256());
      CHECK(unchanged.weights_sha256() != live.weights_sha256());
    }
  }
}

}  // namespace
}  // namespace reluscope
