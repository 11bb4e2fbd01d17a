// Each warning appears exactly under its condition; and the warnings of real runs.
#include <cmath>
#include <set>

#include "mnist.h"
#include "probe/warnings.h"
#include "probes.h"
#include "run/report.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

LayerSnapshot layer(int number, const char* name, const char* text) {
  LayerSnapshot row;
  row.activity = {number, name, "dense", text, 10, 1, 0.0, 1.0, 0.0, std::nullopt};
  return row;
}

// A healthy "dense 10 | relu | dense 10".
ProbeSnapshot healthy() {
  ProbeSnapshot s;
  s.step = 500;
  s.lr = 0.01;
  s.samples = 500;
  s.layers = {layer(0, "fc1", "dense 10"), layer(1, "act1", "relu"), layer(2, "fc2", "dense 10")};
  ActivationActivity& a = s.layers[1].activity.activation.emplace();
  a.mean = 0.0;
  a.deviation = 1.0;
  a.regimes = {{{RegimeKind::kOff}, 0.5}, {{RegimeKind::kLinear}, 0.5}};
  a.firing.assign(10, 0.5);
  a.silent.assign(10, 0);
  s.layers[1].lives.resize(10);
  s.gradients = GradientFlow{500,
                             0.01,
                             1.0,
                             {{"fc1.weight", true, 100, 10.0, 0.5, 0.01},
                              {"fc1.bias", false, 10, 1.0, 0.5, 0.5},
                              {"fc2.weight", true, 100, 10.0, 0.5, 0.01}},
                             {}};
  s.loss.windows = 5;
  s.loss.first = 2.0;
  s.loss.last = 0.5;
  s.loss.lowest = 0.5;
  return s;
}

void kill(ProbeSnapshot& s, std::size_t unit, std::int64_t step, double lr) {
  s.layers[1].activity.activation->silent[unit] = 1;
  s.layers[1].lives[unit] = {true, 1, step, lr};
}

std::vector<Warning> of(const ProbeSnapshot& s) { return find_warnings(s, {}); }

// The text of the only warning.
std::string only(const ProbeSnapshot& s, const char* code, int at) {
  const std::vector<Warning> warnings = of(s);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].code == code);
  CHECK(warnings[0].layer == at);
  return warnings[0].text;
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("nothing is said about a healthy network, nor about one that nobody has watched") {
  CHECK(of(healthy()).empty());
  ProbeSnapshot s = healthy();
  s.gradients.reset();
  s.loss = {};
  CHECK(of(s).empty());
}

TEST_CASE("a network can have every problem at once, and there are no other warnings") {
  ProbeSnapshot s = healthy();
  for (const std::size_t unit : {0, 4, 5}) kill(s, unit, 300, 0.5);
  LayerActivity& act = s.layers[1].activity;
  act.mean = -1.6;
  act.activation->regimes = {{{RegimeKind::kSaturated}, 0.6}, {{RegimeKind::kLinear}, 0.4}};
  act.activation->slopes = LearntSlopes{"weight", "α", {1.5}, -1.0, 1.0};
  s.gradients->norm = 200.0;
  s.gradients->parameters[0].gradient_norm = 0.001;
  s.gradients->parameters[0].update_norm = 2.0;
  s.gradients->parameters[2].update_norm = 1e-5;
  std::set<std::string> codes;
  for (const double loss : {2.1, 1.5}) {  // as at the start, and above the lowest
    s.loss.last = loss;
    for (const Warning& warning : of(s)) codes.insert(warning.code);
  }
  CHECK(codes == std::set<std::string>{"silent_units", "saturation", "mean_shift",
                                       "vanishing_gradients", "exploding_gradients", "large_update",
                                       "small_update", "loss_not_falling", "loss_rising",
                                       "slope_range"});
}

TEST_CASE("silent units, since when and at which learning rate") {
  ProbeSnapshot s = healthy();
  kill(s, 0, 100, 0.25);
  CHECK(of(s).empty());  // a tenth
  kill(s, 4, 300, 0.5);
  kill(s, 5, 400, 0.1);
  CHECK(only(s, "silent_units", 1) ==
        "3 of 10 units of layer 2 (act1, relu) are silent since step 300: learning rate 0.5; try "
        "Leaky "
        "ReLU, BatchNorm or a smaller rate.");
  for (const std::size_t unit : {0, 4, 5}) kill(s, unit, 0, 0.5);
  CHECK(only(s, "silent_units", 1) ==
        "3 of 10 units of layer 2 (act1, relu) are silent since the start: try Leaky ReLU or "
        "BatchNorm.");
  Config other;
  other.init = "pytorch";
  CHECK(
      find_warnings(s, other)[0].text.ends_with("try He initialisation, Leaky ReLU or BatchNorm."));
}

TEST_CASE("saturation, but not the off side of a rectifier") {
  ProbeSnapshot s = healthy();
  auto& regimes = s.layers[1].activity.activation->regimes;
  regimes = {{{RegimeKind::kOff}, 0.9}, {{RegimeKind::kLinear}, 0.1}};
  CHECK(of(s).empty());
  regimes = {{{RegimeKind::kSaturated}, 0.3},
             {{RegimeKind::kCurved}, 0.51},
             {{RegimeKind::kSaturated}, 0.19}};
  CHECK(of(s).empty());
  regimes[2].share = 0.3;
  CHECK(only(s, "saturation", 1)
            .starts_with("60% of the inputs of layer 2 (act1, relu) lie where it is flat"));
}

TEST_CASE("a mean far from 0") {
  ProbeSnapshot s = healthy();
  s.layers[1].activity.mean = -1.4;
  CHECK(of(s).empty());
  s.layers[1].activity.mean = -1.6;
  CHECK(only(s, "mean_shift", 1)
            .starts_with("The outputs of layer 2 (act1, relu) have a mean of -1.6 at a deviation "
                         "of 1, far from 0: try"));
  s.layers[1].activity.deviation = 0.0;
  CHECK(of(s).empty());
  s = healthy();
  s.layers[2].activity.mean = 9.0;  // logits are exempt
  CHECK(of(s).empty());
}

TEST_CASE("a learnt slope out of its range") {
  ProbeSnapshot s = healthy();
  s.layers[1].activity.activation->slopes = LearntSlopes{"weight", "α", {0.5, 1.0}, -1.0, 1.0};
  CHECK(of(s).empty());
  s.layers[1].activity.activation->slopes->values[1] = 1.25;
  CHECK(only(s, "slope_range", 1) ==
        "The learnt α of layer 2 (act1, relu) is 1.2, outside -1 to 1: try a smaller rate.");
}

TEST_CASE("gradients that vanish or explode") {
  ProbeSnapshot s = healthy();
  s.gradients->parameters[0].gradient_norm = 0.006;
  CHECK(of(s).empty());
  s.gradients->parameters[0].gradient_norm = 0.004;
  CHECK(only(s, "vanishing_gradients", 0) ==
        "The gradient vanishes on its way back: an element of fc1.weight gets 0.008 of what one of "
        "fc2.weight gets; try ReLU or its relatives, or BatchNorm.");
  s.gradients->parameters[0].gradient_norm = 0.0;
  CHECK(only(s, "vanishing_gradients", 0) ==
        "No gradient gets back to fc1.weight: try Leaky ReLU, BatchNorm or a smaller rate.");
  s = healthy();
  s.gradients->norm = 99.0;
  CHECK(of(s).empty());
  s.gradients->norm = 1234.0;
  CHECK(only(s, "exploding_gradients", -1)
            .starts_with("The gradient explodes: its norm is 1.2e+03 at step 500;"));
}

TEST_CASE("updates far from a thousandth of the weights") {
  ProbeSnapshot s = healthy();
  s.gradients->parameters[2].update_norm = 0.9;
  CHECK(of(s).empty());
  s.gradients->parameters[2].update_norm = 2.0;
  CHECK(only(s, "large_update", 2) ==
        "A step changes fc2.weight by 0.2 of its size, where about 0.001 is healthy: try a smaller "
        "rate than 0.01.");
  s.gradients->parameters[2].weight_norm = 0.0;  // no ratio
  CHECK(of(s).empty());
  s = healthy();
  s.gradients->parameters[0].update_norm = 1e-5;
  CHECK(of(s).empty());  // it has learnt: a quarter of the first loss remains
  s.loss.last = 1.5;
  s.loss.lowest = 1.5;
  CHECK(only(s, "small_update", 0).ends_with("try a larger rate than 0.01."));
  s.gradients->lr = 0.0;  // on purpose
  CHECK(of(s).empty());
}

TEST_CASE("a loss that does not fall, or rises again") {
  ProbeSnapshot s = healthy();
  s.loss.last = s.loss.lowest = 1.97;
  CHECK(
      only(s, "loss_not_falling", -1) ==
      "The loss does not fall: 2.0000 over the first 100 steps, 1.9700 over the last; try another "
      "learning rate than 0.01 or another initialisation.");
  Config sgd;
  sgd.optimizer = "sgd";
  CHECK(find_warnings(s, sgd)[0].text.ends_with("learning rate than 0.01 or Adam."));
  s.loss.windows = 3;
  CHECK(of(s).empty());
  s = healthy();
  s.loss.last = 0.7;
  CHECK(of(s).empty());
  s.loss.last = 0.8;
  CHECK(only(s, "loss_rising", -1)
            .starts_with("The loss rises again: 0.8000 over the last 100 steps, 0.5000 at best;"));
  s.loss.lowest = 0.1;
  s.loss.last = 0.4;  // small compared with the first loss
  CHECK(of(s).empty());
}

TEST_CASE("the loss by windows of 100 steps") {
  LossTrend trend;
  for (int k = 0; k < 99; ++k) trend.add(3.0);
  CHECK(trend.windows == 0);
  trend.add(3.0);
  CHECK(trend.windows == 1);
  CHECK(trend.first == 3.0);
  for (int k = 0; k < 200; ++k) trend.add(k < 100 ? 1.0 : 2.0);
  CHECK(trend.first == 3.0);
  CHECK(trend.lowest == 1.0);
  CHECK(trend.last == 2.0);
  CHECK(trend.windows == 3);
}

TEST_CASE("real runs: the default has no warning, a large learning rate has") {
  const auto lines = [](const Config& config, int steps) {
    Session session(mnist(), config);
    std::vector<std::string> warned;
    for (int k = 0; k < steps; ++k) {
      const Reported progress = report(session.advance());
      REQUIRE(progress.event() == "batch");
      for (const std::string& line : progress.lines) {
        if (line.starts_with("Warning: ")) warned.push_back(line);
      }
    }
    return warned;
  };
  Config config;
  config.model = "dense 128 | relu | dense 10";
  config.probe = 50;
  CHECK(lines(config, 200).empty());
  config.optimizer = "sgd";
  config.momentum = 0.9;
  config.lr = 0.5;
  const std::vector<std::string> warned = lines(config, 200);
  REQUIRE(!warned.empty());
  CHECK(warned[0].find(
            " units of layer 2 (act1, relu) are silent since step 50: learning rate 0.5;") !=
        std::string::npos);
  CHECK(std::set<std::string>(warned.begin(), warned.end()).size() == warned.size());
  config.probe = 0;
  CHECK(lines(config, 200).empty());
  config = {};
  config.model =
      "dense 32 | sigmoid | dense 32 | sigmoid | dense 32 | sigmoid | dense 32 | sigmoid | dense "
      "32 | sigmoid | dense 10";
  config.optimizer = "sgd";
  config.lr = 0.01;
  config.probe = 100;
  bool vanishing = false;
  for (const std::string& line : lines(config, 100))
    vanishing = vanishing || line.find("vanishes") != std::string::npos;
  CHECK(vanishing);
}

TEST_CASE("exactly at a threshold: shares and slopes that reach it, and those that must pass it") {
  const auto below = [](double value) { return std::nextafter(value, -1e9); };
  const auto above = [](double value) { return std::nextafter(value, 1e9); };

  ProbeSnapshot s = healthy();
  kill(s, 8, 300, 0.5);
  kill(s, 3, 100, 0.25);  // 2 of 10: a fifth; half of them were silent after the first
  CHECK(only(s, "silent_units", 1) ==
        "2 of 10 units of layer 2 (act1, relu) are silent since step 100: learning rate 0.25; try "
        "Leaky "
        "ReLU, BatchNorm or a smaller rate.");
  kill(s, 0, 400, 0.125);
  kill(s, 1, 200, 2.0);
  CHECK(
      only(s, "silent_units", 1)
          .starts_with("4 of 10 units of layer 2 (act1, relu) are silent since step 200: learning "
                       "rate 2;"));

  s = healthy();
  auto& regimes = s.layers[1].activity.activation->regimes;
  regimes = {{{RegimeKind::kSaturated}, 0.5}, {{RegimeKind::kLinear}, 0.5}};
  CHECK(only(s, "saturation", 1).starts_with("50% of the inputs"));
  regimes[0].share = below(0.5);
  CHECK(of(s).empty());

  s = healthy();
  for (const double sign : {1.0, -1.0}) {
    s.layers[1].activity.mean = sign * 3.0;
    s.layers[1].activity.deviation = 2.0;
    CHECK(only(s, "mean_shift", 1).find("at a deviation of 2,") != std::string::npos);
    s.layers[1].activity.deviation = above(2.0);
    CHECK(of(s).empty());
  }

  s = healthy();
  s.layers[1].activity.activation->slopes = LearntSlopes{"weight", "α", {-1.0, 1.0}, -1.0, 1.0};
  CHECK(of(s).empty());
  for (const double value : {below(-1.0), above(1.0)}) {
    s.layers[1].activity.activation->slopes->values[0] = value;
    only(s, "slope_range", 1);
  }
}

TEST_CASE("exactly at a threshold: gradients and updates") {
  const auto below = [](double value) { return std::nextafter(value, -1e9); };
  const auto above = [](double value) { return std::nextafter(value, 1e9); };
  ProbeSnapshot s = healthy();
  ParameterFlow &first = s.gradients->parameters[0], &last = s.gradients->parameters[2];
  first.count = last.count = 1;
  last.gradient_norm = 1.0;
  first.gradient_norm = 0.01;
  CHECK(of(s).empty());
  first.gradient_norm = below(0.01);
  only(s, "vanishing_gradients", 0);
  first.gradient_norm = last.gradient_norm = 0.0;  // no gradient at all: nothing vanishes
  CHECK(of(s).empty());

  s = healthy();
  s.gradients->norm = 100.0;
  CHECK(of(s).empty());
  s.gradients->norm = above(100.0);
  only(s, "exploding_gradients", -1);

  s = healthy();
  s.loss.last = s.loss.lowest = 1.5;  // of 2: it has learnt little
  s.gradients->parameters[2].weight_norm = 1.0;
  for (const double fine : {0.1, 1e-5}) {
    s.gradients->parameters[2].update_norm = fine;
    CHECK(of(s).empty());
  }
  s.gradients->parameters[2].update_norm = above(0.1);
  only(s, "large_update", 2);
  s.gradients->parameters[2].update_norm = below(1e-5);
  only(s, "small_update", 2);
  s.loss.last = 1.0;  // half of the first is not below half
  only(s, "small_update", 2);
  s.loss.last = s.loss.lowest = below(1.0);
  CHECK(of(s).empty());
  s.loss = {};
  s.loss.first = s.loss.last = s.loss.lowest = 2.0;
  s.loss.windows = 1;  // too early
  CHECK(of(s).empty());
  s.loss.windows = 2;
  only(s, "small_update", 2);
}

TEST_CASE("exactly at a threshold: the loss") {
  ProbeSnapshot s = healthy();
  s.loss.first = s.loss.last = s.loss.lowest = 2.0;
  s.loss.windows = 3;
  CHECK(of(s).empty());
  s.loss.windows = 4;
  only(s, "loss_not_falling", -1);
  s.loss.first = 1.0;
  s.loss.last = s.loss.lowest = 0.98;
  only(s, "loss_not_falling", -1);
  s.loss.last = s.loss.lowest = std::nextafter(0.98, 0.0);
  CHECK(of(s).empty());

  s.loss.first = 2.0;
  s.loss.lowest = 0.5;
  s.loss.last = 0.75;
  CHECK(of(s).empty());
  s.loss.last = std::nextafter(0.75, 1.0);
  only(s, "loss_rising", -1);
  s.loss.lowest = 0.125;
  s.loss.last = 0.5;  // a quarter of the first loss
  CHECK(of(s).empty());
  s.loss.last = std::nextafter(0.5, 1.0);
  only(s, "loss_rising", -1);
}

TEST_SUITE_END();
