// Schedules at their boundaries, computed by hand: the epoch of a drop, both ends of a cosine, the
// peak of a cycle, and what plateau counts as an improvement.
#include <cmath>

#include "optim/schedule.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// The rates of epochs 1 to `count` of three updates each. Checks that the first and the last update
// of an epoch have the same rate.
std::vector<double> by_epoch(ScheduleOptions options, int count, double lr = 1.0) {
  options.updates_per_epoch = 3;
  const Schedule schedule(options);
  std::vector<double> rates;
  for (int epoch = 0; epoch < count; ++epoch) {
    rates.push_back(schedule.at(3 * epoch, lr).lr);
    CHECK(schedule.at(3 * epoch + 2, lr).lr == rates.back());
    CHECK(!schedule.at(3 * epoch, lr).momentum);
  }
  return rates;
}

void check_near(const std::vector<double>& found, const std::vector<double>& wanted) {
  REQUIRE(found.size() == wanted.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    CAPTURE(k);
    CHECK(std::abs(found[k] - wanted[k]) < 1e-12);
  }
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("drops come with the first update of the epoch after") {
  CHECK(by_epoch({.schedule = "constant"}, 3) == std::vector<double>{1, 1, 1});
  CHECK(by_epoch({.schedule = "step", .lr_step = 2, .lr_gamma = 0.5}, 7) ==
        std::vector<double>{1, 1, 0.5, 0.5, 0.25, 0.25, 0.125});
  CHECK(by_epoch({.schedule = "multi_step", .lr_milestones = "1, 3,4", .lr_gamma = 0.5}, 6) ==
        std::vector<double>{1, 0.5, 0.5, 0.25, 0.125, 0.125});
  CHECK(by_epoch({.schedule = "exponential", .lr_gamma = 0.5}, 4) ==
        std::vector<double>{1, 0.5, 0.25, 0.125});
  CHECK(by_epoch({.schedule = "multi_step", .lr_milestones = "100000", .lr_gamma = 0.5}, 2) ==
        std::vector<double>{1, 1});
  CHECK_THROWS(Schedule({.schedule = "multi_step", .lr_milestones = "100001"}));
  CHECK_THROWS(Schedule({.schedule = "multi_step", .lr_milestones = "0"}));
  CHECK_THROWS(Schedule({.schedule = "multi_step", .lr_milestones = "2,2"}));
}

TEST_CASE("cosines at both ends, in the middle, and where they begin anew") {
  // Four epochs down from 1 to 0.2 and four up: the middle is 0.6, the quarters differ from it by
  // 0.4 / sqrt(2).
  const double quarter = 0.4 / std::sqrt(2.0);
  check_near(by_epoch({.schedule = "cosine", .lr_period = 4, .lr_min = 0.2}, 10),
             {1, 0.6 + quarter, 0.6, 0.6 - quarter, 0.2, 0.6 - quarter, 0.6, 0.6 + quarter, 1,
              0.6 + quarter});
  // Without a period it spans the whole run.
  check_near(by_epoch({.schedule = "cosine", .lr_min = 0.2, .epochs = 2}, 3), {1, 0.6, 0.2});
  check_near(by_epoch({.schedule = "cosine_restarts", .lr_restart = 2, .lr_min = 0.2}, 5),
             {1, 0.6, 1, 0.6, 1});
  check_near(
      by_epoch(
          {.schedule = "cosine_restarts", .lr_restart = 1, .lr_restart_factor = 2, .lr_min = 0.2},
          8),
      {1, 1, 0.6, 1, 0.6 + quarter, 0.6, 0.6 - quarter, 1});
}

TEST_CASE("one cycle at its beginning, its top and its end") {
  ScheduleOptions o{.schedule = "one_cycle",
                    .lr_rise = 0.5,
                    .lr_div = 4.0,
                    .lr_final_div = 10.0,
                    .epochs = 2,
                    .updates_per_epoch = 5};
  const auto rates = [&o](std::int64_t update) { return Schedule(o).at(update, 1.0); };
  // Ten updates: it rises to update 4 and falls to update 9.
  CHECK(rates(0).lr == doctest::Approx(0.25));
  CHECK(*rates(0).momentum == doctest::Approx(0.95));
  CHECK(rates(2).lr == doctest::Approx(0.625));
  CHECK(*rates(2).momentum == doctest::Approx(0.9));
  CHECK(rates(4).lr == doctest::Approx(1.0));
  CHECK(*rates(4).momentum == doctest::Approx(0.85));
  CHECK(rates(9).lr == doctest::Approx(0.025));
  CHECK(*rates(9).momentum == doctest::Approx(0.95));
  o.cycle_momentum = false;
  CHECK(!rates(4).momentum);
  o.lr_rise = 1.0;  // up to the last update
  CHECK(rates(9).lr == doctest::Approx(1.0));
  o.lr_rise = 0.0;  // from the first down
  CHECK(rates(9).lr == doctest::Approx(0.025));
  o.lr_rise = 0.1;  // the first is the top
  CHECK(rates(0).lr == doctest::Approx(1.0));
}

TEST_CASE("a warm-up ends with the update that has the whole rate") {
  const Schedule schedule({.schedule = "constant", .lr_warmup = 4});
  const double wanted[] = {0.5, 1.0, 1.5, 2.0, 2.0, 2.0};
  for (int update = 0; update < 6; ++update) CHECK(schedule.at(update, 2.0).lr == wanted[update]);
  CHECK(!schedule.constant());
  CHECK(Schedule({.schedule = "constant"}).constant());
  CHECK(!Schedule({.schedule = "step"}).constant());
}

TEST_CASE("plateau: what is an improvement, how long it waits, and how long it cools down") {
  const auto after = [](const ScheduleOptions& options, const std::vector<double>& losses) {
    Schedule schedule(options);
    for (const double loss : losses) schedule.epoch_ended(loss);
    return schedule.state();
  };
  const double below = std::nextafter(4.0, 0.0);
  ScheduleOptions half{.schedule = "plateau", .lr_patience = 9, .lr_threshold = 0.5};
  CHECK(after(half, {8.0, 4.0}) ==
        Schedule::State{8.0, 1, 0, 0});  // half of the best is not below it
  CHECK(after(half, {8.0, below}) == Schedule::State{below, 0, 0, 0});
  ScheduleOptions any{.schedule = "plateau", .lr_patience = 9, .lr_threshold = 0.0};
  CHECK(after(any, {4.0, 4.0}) == Schedule::State{4.0, 1, 0, 0});
  CHECK(after(any, {4.0, below}) == Schedule::State{below, 0, 0, 0});
  CHECK(after(any, {4.0, std::nan("")}) == Schedule::State{4.0, 1, 0, 0});

  const ScheduleOptions patient{
      .schedule = "plateau", .lr_patience = 2, .lr_threshold = 0.0, .lr_cooldown = 2};
  std::vector<double> losses = {1.0};
  // Two bad epochs pass, the third drops, two cool down, two pass, the next drops.
  const Schedule::State wanted[] = {{1.0, 1, 0, 0}, {1.0, 2, 0, 0}, {1.0, 0, 2, 1}, {1.0, 0, 1, 1},
                                    {1.0, 0, 0, 1}, {1.0, 1, 0, 1}, {1.0, 2, 0, 1}, {1.0, 0, 2, 2}};
  for (const Schedule::State& state : wanted) {
    losses.push_back(1.0);
    CAPTURE(losses.size());
    CHECK(after(patient, losses) == state);
  }
  // The others keep no state.
  CHECK(after({.schedule = "step"}, {1.0, 2.0, 3.0, 4.0}) == Schedule::State{});
}

TEST_CASE("plateau: drops end at the lowest rate, and one by 1e-8 or less is left out") {
  const auto dropped = [](double lr, double gamma, double minimum, int drops) {
    Schedule schedule({.schedule = "plateau", .lr_gamma = gamma, .lr_min = minimum});
    schedule.restore({1.0, 0, 0, drops});
    return schedule.at(0, lr).lr;
  };
  CHECK(dropped(1.0, 0.5, 0.0, 0) == 1.0);
  CHECK(dropped(1.0, 0.5, 0.0, 3) == 0.125);
  CHECK(dropped(1.0, 0.5, 0.2, 3) == 0.2);
  CHECK(dropped(1.0, 0.5, 0.2, 9) == 0.2);
  CHECK(dropped(2e-8, 0.5, 0.0, 1) == 2e-8);  // by 1e-8 exactly
  CHECK(dropped(4e-8, 0.5, 0.0, 1) == 2e-8);
  CHECK(dropped(4e-8, 0.5, 0.0, 5) == 2e-8);
  CHECK(dropped(2.5e-8, 0.5, 0.0, 1) == 1.25e-8);
  CHECK(dropped(1.5e-8, 0.5, 0.0, 1) == 1.5e-8);
}

TEST_SUITE_END();
