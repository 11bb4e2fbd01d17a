// What a run records about its units: at which steps, in how much memory, and that a display
// changes nothing of it.
#include <set>

#include "config/state_fields.h"
#include "core/error.h"
#include "io/json_text.h"
#include "probes.h"
#include "run/report.h"
#include "runs.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Steps = std::vector<std::int64_t>;

Steps steps_of_looks(const UnitHistory& history) {
  Steps steps;
  for (const Look& look : history.looks()) steps.push_back(look.step);
  return steps;
}

// Of a run of so many steps, in epochs of ten.
Steps planned(const Config& config, std::int64_t steps) {
  Steps found;
  for (std::int64_t step = 1; step <= steps; ++step) {
    if (looks_after(config, step, step % 10 == 0, step == steps)) found.push_back(step);
  }
  return found;
}

ProbeSnapshot snapshot_of(std::int64_t step, int units) {
  ProbeSnapshot s;
  s.step = step;
  s.samples = 500;
  LayerSnapshot& row = s.layers.emplace_back();
  row.activity = {0, "act1", "activation", "relu", units, 1, 0.0, 1.0, 0.5, std::nullopt};
  ActivationActivity& a = row.activity.activation.emplace();
  a.firing.resize(static_cast<std::size_t>(units));
  a.silent.resize(static_cast<std::size_t>(units));
  return s;
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("the field probe names the steps of the looks") {
  Config config;
  config.epochs = 3;
  CHECK(planned(config, 2000) == Steps{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 937, 1874, 2000});
  config.batch = 7500;
  CHECK(planned(config, 25) == Steps{1, 2, 4, 8, 16, 24, 25});
  config.batch = 65536;
  CHECK(planned(config, 4) == Steps{1, 2, 3, 4});
  config.probe = 4;
  CHECK(planned(config, 12) == Steps{4, 8, 10, 12});
  config.probe = 0;
  CHECK(planned(config, 50).empty());
}

TEST_CASE("a run with probe auto records looks, and prints only the warnings that they raise") {
  const auto data = small_images(230, 70);  // 12 steps an epoch
  Config config = probe_config("dense 19 | relu | dense 10");
  config.epochs = 2;
  Session plain(data, config);
  const std::vector<std::string> said_plainly = finish(plain);
  config.probe.reset();
  Session session(data, config);
  CHECK(finish(session) == said_plainly);
  CHECK(steps_of_looks(session.units()) == Steps{0, 1, 2, 4, 8, 16, 24});
  CHECK(plain.units().looks().empty());
  const Look& look = session.units().looks()[3];
  CHECK(look.index == 3);
  CHECK(look.epoch == 1);
  CHECK(look.lr == 0.01);
  REQUIRE(look.flow);
  CHECK(look.flow->step == 4);
  CHECK(!session.units().looks()[0].flow);

  Session bad(data, config);
  for (std::size_t unit = 0; unit < 19; ++unit) {
    set_parameter(bad.trainer().model(), "fc1.bias", unit, -1e6f);
  }
  std::vector<std::string> lines, events;
  Reported said;
  do {
    said = report(bad.advance());
    lines.insert(lines.end(), said.lines.begin(), said.lines.end());
    for (const std::string& line : said.json) events.push_back(Json::parse(line)["event"]);
  } while (!is_last(said));
  const std::string warning =
      "19 of 19 units of layer 2 (act1, relu) are silent since the start: try Leaky ReLU or "
      "BatchNorm.";
  CHECK(std::count(lines.begin(), lines.end(), "Warning: " + warning) == 1);
  CHECK(bad.warnings().at(0).warning.text == warning);
  CHECK(bad.warnings().at(0).step == 0);
  CHECK(std::count(events.begin(), events.end(), "warning") == std::ssize(bad.warnings()));
  for (const char* other : {"probe", "classes", "dead"}) {
    CHECK(std::count(events.begin(), events.end(), other) == 0);
  }
}

TEST_CASE("the end of a run is looked at once, also where it stops early") {
  Config config = probe_config("dense 19 | relu | dense 10");
  config.probe.reset();
  config.validation = 30;
  config.early_stopping = 1;
  config.epochs = 40;
  config.lr = 0.1;
  Session session(small_images(230, 70), config);
  finish(session);
  const Steps steps = steps_of_looks(session.units());
  const auto end = session.position()["step"].get<std::int64_t>();
  REQUIRE(end < 400);
  CHECK(steps.back() == end);
  CHECK(std::set<std::int64_t>(steps.begin(), steps.end()).size() == steps.size());
  // The epoch that it is in, although the next one is due.
  CHECK(session.units().looks().back().epoch == end / 10);
}

TEST_CASE("what a display asks changes nothing that is recorded, nor the checkpoint") {
  const auto data = small_images(230, 70);
  for (const char* probe : {"auto", "3", "0"}) {
    CAPTURE(probe);
    Config config = config_from_fields({{"probe", probe}}, probe_config());
    config.epochs = 2;
    config.accumulate = 2;  // so that some looks show an earlier step's gradients
    Session alone(data, config), watched(data, config);
    for (int call = 0; call < 26; ++call) {
      watched.probe(
          {.gradients = call % 2 == 0, .everywhere = call % 5 == 0, .components_of = {call % 7}});
      CHECK(said(watched.advance()) == said(alone.advance()));
    }
    CHECK(watched.checkpoint() == alone.checkpoint());
    CHECK(looks_json(watched.units(), 0) == looks_json(alone.units(), 0));
  }
}

TEST_CASE("a live look tells the lives that were recorded, and the newest gradients") {
  Config config = probe_config("dense 19 | relu | dense 10");
  config.probe = 4;
  Session session(small_images(230, 70), config);
  session.advance();
  for (const std::size_t unit : {3, 7})
    set_parameter(session.trainer().model(), "fc1.bias", unit, -1e6f);
  session.probe({.gradients = true});
  session.advance();
  ProbeSnapshot live = session.probe({});
  CHECK(live.gradients->step == 2);
  CHECK(live.layers[1].activity.activation->silent[3] == 1);
  CHECK(live.layers[1].lives[3].times == 0);
  session.advance();
  CHECK(step_and_look(session).gradients->step == 4);
  live = session.probe({});
  CHECK(live.gradients->step == 4);
  CHECK(live.layers[1].lives[3].since == 4);
}

TEST_CASE(
    "a long history has a bound, whose looks are spread evenly from the first to the newest") {
  UnitHistory history;
  for (std::int64_t k = 0; k < 5000; ++k) {
    history.add(snapshot_of(10 * k, 8));
    const auto& looks = history.looks();
    REQUIRE(std::ssize(looks) <= UnitHistory::kMostLooks);
    REQUIRE(looks.front().step == 0);
    REQUIRE(looks.back().step == 10 * k);
    for (std::size_t i = 0; i + 1 < looks.size(); ++i)
      REQUIRE(looks[i].index == static_cast<std::int64_t>(i) * history.stride());
  }
  CHECK(history.stride() == 32);
  CHECK(history.looks().size() == 158);
  for (const Look& look : history.looks()) CHECK(look.step == 10 * look.index);

  UnitHistory wide;
  for (std::int64_t k = 0; k < 100; ++k) wide.add(snapshot_of(k, 10'000));
  CHECK(std::ssize(wide.looks()) <= UnitHistory::kMostBytes / 90'000);
  CHECK(std::ssize(wide.looks()) > UnitHistory::kFewestLooks);
  UnitHistory widest;
  for (std::int64_t k = 0; k < 100; ++k) widest.add(snapshot_of(k, 1'000'000));
  CHECK(std::ssize(widest.looks()) <= UnitHistory::kFewestLooks);
}

TEST_CASE("looks as answers: those since an index, and all of one") {
  Config config = probe_config("dense 19 | relu | dense 12 | prelu | dense 10");
  config.probe = 2;
  Session session(small_images(230, 70), config);
  ProbeSnapshot second;
  for (int k = 0; k < 6; ++k) {
    if (k == 1) {
      second = step_and_look(session);
    } else {
      session.advance();
    }
  }
  const Json all = looks_json(session.units(), 0);
  CHECK(all["stride"] == 1);
  REQUIRE(all["looks"].size() == 4);
  CHECK(looks_json(session.units(), 3)["looks"].size() == 1);
  CHECK(looks_json(session.units(), 4)["looks"].empty());
  const Json& look = all["looks"][1];
  CHECK(look["index"] == 1);
  CHECK(look["step"] == 2);
  REQUIRE(look["layers"].size() == 2);
  const Json told = to_json(second);
  CHECK(look["layers"][0]["layer"] == 1);
  CHECK(look["layers"][0]["units"] == 19);
  CHECK(look["layers"][0]["silent"] == told["layers"][1]["silent"].size());
  CHECK(look["layers"][0]["mean"] == told["layers"][1]["mean"]);
  CHECK(!look["layers"][0].contains("slopes"));
  CHECK(look["layers"][1]["slopes"] == told["layers"][3]["slopes"]["values"]);
  CHECK(look["flow"]["parameters"] == told["gradients"]["parameters"]);

  const Json detail = look_json(session.units(), 2);
  Json wanted = told["layers"][1];
  wanted.erase("lives");
  CHECK(detail["layers"][0] == wanted);
  CHECK(detail["step"] == 2);
  CHECK_THROWS_WITH_AS(look_json(session.units(), 3),
                       "no look was recorded, or is kept, after step 3", Error);
}

TEST_CASE("dead units in parts: those found at once, and from the beginning after a step") {
  Session session(small_images(130, 20), probe_config("dense 9 | relu | dense 10"));
  set_parameter(session.trainer().model(), "fc1.bias", 5, -1e6f);
  for (const int size : {1, 40, 130, 1000}) {
    session.dead_part(100);
    session.advance();
    CAPTURE(size);
    const auto once = *session.probe({.everywhere = true}).layers[1].dead;
    CHECK(once[5] == 1);
    int parts = 1;
    auto found = session.dead_part(size);
    for (; !found; ++parts) found = session.dead_part(size);
    CHECK(parts == (130 + size - 1) / size);
    REQUIRE(found->size() == 1);
    CHECK(found->front().flags == once);
    CHECK(found->front().layer == 1);
  }
}

TEST_CASE("a run that prints its looks ends with the units that are dead, by the final weights") {
  Config config = probe_config("dense 5 | relu | dense 4 | leaky_relu | dense 10");
  config.probe = 100;
  config.epochs = 1;
  Session session(small_images(1200, 70), config);
  for (const std::size_t unit : {1, 4})
    set_parameter(session.trainer().model(), "fc1.bias", unit, -1e6f);
  Reported last;
  do {
    last = report(session.advance());
  } while (!is_last(last));
  REQUIRE(last.json.size() == 2);
  CHECK(Json::parse(last.json[0]) ==
        Json::parse(R"({"event": "dead", "step": 60, "samples": 1200, "layers": [
          {"layer": 1, "name": "act1", "text": "relu", "units": 5, "dead": [1, 4]},
          {"layer": 3, "name": "act2", "text": "leaky_relu", "units": 4, "dead": []}]})"));
  REQUIRE(last.lines.size() == 3);
  CHECK(last.lines[0] ==
        "Dead (no output and no gradient on all 1,200 training images): 2 of 5 in layer 2 (act1, "
        "relu)");
  CHECK(last.lines[1].ends_with(": 0 of 4 in layer 4 (act2, leaky_relu)"));
  CHECK(last.values["event"] == "done");
}

TEST_SUITE_END();
