// Predicted learning rates, compared with values computed by hand and with those of the run.
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "config/config.h"
#include "core/error.h"
#include "experiments.h"
#include "refusals.h"
#include "run/report.h"
#include "run/session.h"
#include "train/rate_plan.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// 24 training samples.
Config planned_config(const std::string& changes) {
  return with_changes("model=dense 10; optimizer=sgd; batch=5; epochs=2; lr=0.5;" + changes, {});
}

std::vector<double> rates_of(const std::string& changes, int points = 1000) {
  return plan_rates(*six_pixels(), planned_config(changes), points).lr;
}

using Rates = std::vector<double>;

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("a live change counts for the update whose last batch comes after it") {
  // Five batches in an epoch, two for each update: updates after steps 2, 4 and 5, then 7, 9 and
  // 10.
  const auto with_event = [](int step) {
    return rates_of("accumulate=2; events=" + std::to_string(step) + ":lr:0.25");
  };
  CHECK(with_event(0) == Rates(6, 0.25));
  CHECK(with_event(1) == Rates(6, 0.25));
  CHECK(with_event(2) == Rates{0.5, 0.25, 0.25, 0.25, 0.25, 0.25});
  CHECK(with_event(3) == Rates{0.5, 0.25, 0.25, 0.25, 0.25, 0.25});
  CHECK(with_event(4) == Rates{0.5, 0.5, 0.25, 0.25, 0.25, 0.25});
  CHECK(with_event(5) == Rates{0.5, 0.5, 0.5, 0.25, 0.25, 0.25});
  CHECK(with_event(6) == Rates{0.5, 0.5, 0.5, 0.25, 0.25, 0.25});
  CHECK(with_event(7) == Rates{0.5, 0.5, 0.5, 0.5, 0.25, 0.25});
  CHECK(with_event(9) == Rates{0.5, 0.5, 0.5, 0.5, 0.5, 0.25});
  CHECK(with_event(10) == Rates(6, 0.5));
  CHECK(rates_of("accumulate=2; events=2:lr:0.25,4:lr:0.125,4:lr:2") ==
        Rates{0.5, 0.25, 2, 2, 2, 2});
}

TEST_CASE("the plan of a run is what the run does") {
  for (const char* const changes :
       {"", "accumulate=2; schedule=one_cycle; events=3:lr:0.25,5:lr:0.125,9:lr:0.75",
        "accumulate=4; schedule=step; lr_step=1; events=4:lr:0.25",
        "schedule=cosine; lr_warmup=3; validation=3",
        "accumulate=3; schedule=exponential; lr_gamma=0.5; train_samples=13",
        "batch=24; schedule=one_cycle", "accumulate=65536; events=4:lr:0.25",
        "schedule=multi_step; lr_milestones=1,2; epochs=3"}) {
    CAPTURE(changes);
    const Config config = planned_config(changes);
    const auto data = six_pixels();
    Session session(data, config);
    const Trainer& trainer = session.trainer();
    Rates lr, momentum;
    for (Reported p = report(session.advance()); p.event() != "done";
         p = report(session.advance())) {
      REQUIRE(p.event() != "diverged");
      if (p.event() != "batch" || !trainer.makes_update(p.values["batch"].get<int>() - 1)) continue;
      lr.push_back(p.values["lr"].get<double>());
      if (p.values.contains("momentum")) momentum.push_back(p.values["momentum"].get<double>());
    }
    const RatePlan plan = plan_rates(*data, config, 1000);
    CHECK(plan.updates_per_epoch == trainer.updates_per_epoch());
    CHECK(plan.updates == static_cast<std::int64_t>(lr.size()));
    CHECK(plan.lr == lr);
    CHECK(plan.momentum == momentum);
    CHECK(!plan.depends_on_validation);
    const Json json = to_json(plan);
    CHECK(json["updates"] == plan.updates);
    CHECK(json["updates_per_epoch"] == plan.updates_per_epoch);
    CHECK(json["depends_on_validation"] == false);
    CHECK(json["at"] == Json(plan.at));
    CHECK(json["lr"] == Json(lr));
    CHECK(json["momentum"] == Json(momentum));
    CHECK(json["moves"] == Json(plan.moves));
  }
}

TEST_CASE("a few updates of many, with the first and the last, and how far each moves") {
  const auto at = [](const std::string& changes, int points) {
    return plan_rates(*six_pixels(), planned_config(changes), points).at;
  };
  using At = std::vector<std::int64_t>;
  CHECK(at("", 2) == At{0, 9});
  CHECK(at("", 3) == At{0, 4, 9});
  CHECK(at("", 4) == At{0, 3, 6, 9});
  CHECK(at("", 10) == At{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(at("", 11) == At{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(at("batch=24; epochs=1", 2) == At{0});
  CHECK(refusal([] { rates_of("", 1); }) == "points: 1 were asked for, but at least 2 are needed");
  CHECK(rates_of("train_samples=24").size() == 10);
  CHECK(refusal([] { rates_of("train_samples=25"); }) ==
        "train_samples is 25, but the training set has 24 samples");
  CHECK(rates_of("train_samples=20; validation=4").size() == 8);
  CHECK(refusal([] { rates_of("train_samples=21; validation=4"); }) ==
        "train_samples is 21, but the training set has 24 samples, of which 4 are held out for "
        "validation");

  const auto moves = [](const std::string& changes) {
    return plan_rates(*six_pixels(), planned_config("batch=24; epochs=3;" + changes), 9).moves;
  };
  CHECK(moves("") == Rates{0.5, 0.5, 0.5});
  CHECK(moves("momentum=0.5") == Rates{0.5, 0.75, 0.875});
  CHECK(moves("momentum=0.5; weight_decay=3") == Rates{0.5, 0.75, 0.875});
  CHECK(moves("schedule=exponential; lr_gamma=0.25; momentum=0.5") ==
        Rates{0.5, 0.1875, 0.0546875});
  for (const double move : moves("optimizer=adam"))
    CHECK(move == doctest::Approx(0.5).epsilon(1e-5));
  // The sum of squares grows: 1, 1 / sqrt(2), 1 / sqrt(3).
  const Rates adagrad = moves("optimizer=adagrad");
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(adagrad[k] ==
          doctest::Approx(0.5 / std::sqrt(1.0 + static_cast<double>(k))).epsilon(1e-5));
  }
}

TEST_CASE("rates that go by the validation loss are said to, and long runs tell no moves") {
  const RatePlan plateau = plan_rates(*six_pixels(), planned_config("schedule=plateau"), 100);
  CHECK(plateau.depends_on_validation);
  CHECK(plateau.updates == 10);  // 22 samples are left
  CHECK(plateau.lr == Rates(10, 0.5));
  const RatePlan most = plan_rates(*six_pixels(), planned_config("batch=12; epochs=100000"), 3);
  CHECK(most.updates == 200000);
  CHECK(most.moves == Rates(3, 0.5));
  CHECK(most.at == std::vector<std::int64_t>{0, 99999, 199999});
  const RatePlan more = plan_rates(*six_pixels(), planned_config("batch=8; epochs=66667"), 3);
  CHECK(more.updates == 200001);
  CHECK(more.moves.empty());
  CHECK(more.lr == Rates(3, 0.5));
}

TEST_SUITE_END();
