// The monitors against the plainest double computation of the same numbers, and what they say over
// time.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/text.h"

#include "core/error.h"
#include "nn/regimes.h"
#include "probes.h"
#include "train/probe_report.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct Counted {
  double mean = 0.0, deviation = 0.0, sparsity = 0.0;
};

Counted count_values(const Values& values) {
  Counted c;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) c.mean += v / n, c.sparsity += (v == 0.0) / n;
  for (const double v : values) c.deviation += (v - c.mean) * (v - c.mean) / n;
  c.deviation = std::sqrt(c.deviation);
  return c;
}

double norm(const Values& values) {
  double sum = 0.0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum);
}

// Keeps what a step had.
struct Recorder final : StepObserver {
  State weights, gradients, changed;
  std::vector<Values> outputs;
  int samples = 0;
  void before_update(const Model& model) override {
    weights = state_of(model, model.parameters());
    gradients = state_of(model, model.gradients());
    samples = model.samples();
    for (int l = 0; l < model.layer_count(); ++l) outputs.push_back(logical(model.output(l)));
  }
  void after_update(const Model& model) override { changed = state_of(model, model.parameters()); }
};

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("units by value: one row a sample or one row a position") {
  // Two samples of (3, 2, 2).
  std::vector<float> flat(Layout{2, 12}.size()), images(Layout{8, 3}.size());
  for (int n = 0; n < 2; ++n) {
    for (int c = 0; c < 3; ++c) {
      for (int p = 0; p < 4; ++p) {
        const auto value = static_cast<float>(100 * n + 10 * c + p);
        flat[Layout{2, 12}.index(n, c * 4 + p)] = value;
        images[Layout{8, 3}.index(n * 4 + p, c)] = value;
      }
    }
  }
  for (const UnitValues& values :
       {UnitValues({flat.data(), {2, 12}}, {3, 2, 2}, 2), UnitValues({images.data(), {8, 3}}, {3, 2, 2}, 2)}) {
    CHECK(values.units() == 3);
    CHECK(values.positions() == 4);
    for (int n = 0; n < 2; ++n) {
      for (int c = 0; c < 3; ++c) {
        for (int p = 0; p < 4; ++p) CHECK(values.at(n, c, p) == static_cast<float>(100 * n + 10 * c + p));
      }
    }
    std::vector<std::int64_t> fired;
    count_fired(values, fired);
    CHECK(fired == std::vector<std::int64_t>{7, 8, 8});  // all but the one 0
  }
}

TEST_CASE("activity is what plain loops find, whole or in chunks") {
  const auto data = small_images(230, 70);
  for (const int test_batch : {70, 7}) {
    CAPTURE(test_batch);
    Config config = probe_config();
    config.test_batch = test_batch;
    Session session(data, config);
    for (int k = 0; k < 5; ++k) session.advance();
    const ProbeSnapshot snapshot = session.probe({});
    CHECK(snapshot.samples == 230);  // all there are
    CHECK(snapshot.step == 5);
    CHECK(snapshot.epoch == 1);
    CHECK(snapshot.lr == 0.01);
    CHECK(snapshot.part == "train");
    CHECK(!snapshot.gradients);
    CHECK(!snapshot.components);

    Trainer& trainer = session.trainer();
    Model& model = trainer.model();
    std::vector<Values> outputs(7);
    for (int sample = 0; sample < 230; ++sample) {
      trainer.infer(trainer.probe_set(), std::vector<int>{sample});
      for (int l = 0; l < 7; ++l) {
        for (const double v : logical(model.output(l))) outputs[static_cast<std::size_t>(l)].push_back(v);
      }
    }
    REQUIRE(snapshot.layers.size() == 7);
    for (std::size_t l = 0; l < 7; ++l) {
      const LayerActivity& a = snapshot.layers[l].activity;
      CAPTURE(a.name);
      const Counted y = count_values(outputs[l]);
      CHECK(close(a.mean, y.mean, 1e-12));
      CHECK(close(a.deviation, y.deviation, 1e-12));
      CHECK(close(a.sparsity, y.sparsity, 1e-12));
      CHECK(a.positions == 1);
      const auto units = static_cast<std::size_t>(a.units);
      CHECK(units == outputs[l].size() / 230);
      CHECK(a.activation.has_value() == (l % 2 == 1));
      if (!a.activation) continue;
      const Values& z = outputs[l - 1];
      const Counted input = count_values(z);
      CHECK(close(a.activation->mean, input.mean, 1e-12));
      CHECK(close(a.activation->deviation, input.deviation, 1e-12));

      const Histogram& h = a.activation->histogram;
      CHECK(close(h.low, input.mean - 4 * input.deviation, 1e-11));
      CHECK(close(h.high, input.mean + 4 * input.deviation, 1e-11));
      std::array<std::int64_t, Histogram::kBins> counts{};
      std::int64_t below = 0, above = 0, all = 0;
      for (const double value : z) {
        const double at = (value - h.low) / (h.high - h.low) * Histogram::kBins;
        if (at < 0) ++below;
        else if (at >= Histogram::kBins) ++above;
        else ++counts[static_cast<std::size_t>(at)];
      }
      for (const std::int64_t count : h.counts) all += count;
      CHECK(all + h.below + h.above == static_cast<std::int64_t>(z.size()));
      CHECK(h.counts == counts);
      CHECK(h.below == below);
      CHECK(h.above == above);

      const ActivationId id = model.layers()[l]->activation();
      const auto parameters = model.activation_parameters(static_cast<int>(l));
      const auto regimes = activation_regimes(id, parameters);
      REQUIRE(a.activation->regimes.size() == regimes.size());
      double shares = 0.0;
      for (std::size_t r = 0; r < regimes.size(); ++r) {
        double share = 0.0;
        for (const double value : z) {
          share += (value > regimes[r].from && value <= regimes[r].to) / static_cast<double>(z.size());
        }
        CHECK(close(a.activation->regimes[r].share, share, 1e-12));
        shares += a.activation->regimes[r].share;
      }
      CHECK(close(shares, 1.0, 1e-12));
      for (std::size_t u = 0; u < units; ++u) {
        double fired = 0.0;
        bool dead = true;
        for (std::size_t n = 0; n < 230; ++n) {
          const double value = z[n * units + u];
          fired += (outputs[l][n * units + u] > 0.0) / 230.0;
          for (const Regime& r : regimes) {
            if (value > r.from && value <= r.to && !is_flat(r.kind)) dead = false;
          }
        }
        CHECK(close(a.activation->firing[u], fired, 1e-12));
        CHECK((a.activation->silent[u] != 0) == (fired == 0.0));
        CHECK((a.activation->dead[u] != 0) == dead);
      }
      CHECK(a.activation->slopes.has_value() == (a.text == "prelu"));
      if (a.activation->slopes) {
        CHECK(a.activation->slopes->values == std::vector<double>{parameters[0]});
        CHECK(a.activation->slopes->values[0] != 0.25);  // it has learnt
      }
    }
  }
}

TEST_CASE("an activation as the first layer reads the image as one channel") {
  Config config = probe_config("relu | dense 10");
  Session session(small_images(50, 20), config);
  const ProbeSnapshot snapshot = session.probe({});
  const LayerActivity& a = snapshot.layers[0].activity;
  CHECK(a.units == 1);
  CHECK(a.positions == 30);
  REQUIRE(a.activation);
  CHECK(a.activation->firing[0] == a.activation->regimes[1].share);
  CHECK(close(a.activation->firing[0], 1.0 - a.sparsity, 1e-12));
}

TEST_CASE("gradients are those of the watched step") {
  const auto data = small_images(230, 70);
  for (const std::string optimizer : {"adam", "sgd"}) {
    CAPTURE(optimizer);
    Config config = probe_config("dense 19 | relu | dense 33 | prelu | dense 17 | leaky_relu 0.3 | dense 10");
    config.optimizer = optimizer;
    config.momentum = 0.9;
    Session session(data, config);
    for (int k = 0; k < 3; ++k) session.advance();
    CHECK(!session.probe({.gradients = true}).gradients);  // nothing was watched so far
    session.advance();
    const ProbeSnapshot snapshot = session.probe({});
    REQUIRE(snapshot.gradients);
    const GradientFlow& flow = *snapshot.gradients;
    CHECK(flow.step == 4);
    CHECK(flow.lr == 0.01);
    session.advance();
    CHECK(session.probe({}).gradients->step == 4);  // only what was asked for is watched

    cpu::CpuBackend backend("auto", 1);
    Trainer trainer(data, config, backend);
    trainer.start_epoch(1);
    Recorder seen;
    for (int k = 0; k < 4; ++k) trainer.step(k, 0.01, k == 3 ? &seen : nullptr);
    double squares = 0.0;
    REQUIRE(flow.parameters.size() == trainer.model().parameter_list().size());
    for (const ParameterFlow& p : flow.parameters) {
      CAPTURE(p.name);
      Values difference;
      for (std::size_t k = 0; k < seen.weights[p.name].size(); ++k) {
        difference.push_back(seen.changed[p.name][k] - seen.weights[p.name][k]);
      }
      CHECK(close(p.gradient_norm, norm(seen.gradients[p.name]), 1e-12));
      CHECK(p.gradient_norm > 0.0);
      CHECK(close(p.weight_norm, norm(seen.weights[p.name]), 1e-12));
      CHECK(close(p.update_norm, norm(difference), 1e-12));
      CHECK(p.count == static_cast<std::int64_t>(difference.size()));
      CHECK(p.weight == (p.name == "fc1.weight" || p.name == "fc2.weight" || p.name == "fc3.weight" || p.name == "fc4.weight"));
      if (p.weight_norm > 0) CHECK(close(*p.update_ratio(), p.update_norm / p.weight_norm, 1e-12));
      squares += p.gradient_norm * p.gradient_norm;
    }
    CHECK(close(flow.norm, std::sqrt(squares), 1e-12));

    // Back through the layers in double, from the float outputs that the step had.
    const int n = seen.samples;
    std::vector<int> labels;
    const Rng rng(1, Purpose::kShuffle, 1);
    std::vector<std::pair<std::uint32_t, int>> order;
    for (int k = 0; k < 230; ++k) order.emplace_back(rng.bits(static_cast<std::uint64_t>(k))[0], k);
    std::sort(order.begin(), order.end());
    for (int k = 0; k < n; ++k) labels.push_back(data->train().label(order[static_cast<std::size_t>(3 * n + k)].second));
    Values dy = oracle::cross_entropy(seen.outputs[6], labels, n, 10).dlogits;
    const int widths[] = {19, 19, 33, 33, 17, 17, 10};
    REQUIRE(flow.activations.size() == 3);
    for (int l = 5; l > 0; l -= 2) {
      const auto at = static_cast<std::size_t>(l);
      dy = values_of(oracle::dense_dx(dy, seen.weights["fc" + std::to_string(l / 2 + 2) + ".weight"], n,
                                      widths[l], widths[l + 1]));
      const Layer& layer = *trainer.model().layers()[at];
      const Values slope = l == 3 ? seen.weights["act2.weight"] : l == 5 ? Values{0.3} : Values{};
      double all = 0.0, negative = 0.0;
      std::vector<bool> fired(static_cast<std::size_t>(widths[l]));
      for (std::size_t k = 0; k < dy.size(); ++k) {
        const double z = seen.outputs[at - 1][k];
        dy[k] *= activation_derivative(layer.activation(), z, slope);
        all += std::abs(dy[k]);
        negative += z < 0.0 ? std::abs(dy[k]) : 0.0;
        if (seen.outputs[at][k] > 0.0) fired[k % fired.size()] = true;
      }
      const ActivationFlow& a = flow.activations[at / 2];
      CHECK(a.layer == l);
      REQUIRE(a.negative_share);
      CHECK(close(*a.negative_share, negative / all, 1e-5));
      CHECK((*a.negative_share == 0.0) == (l == 1));  // nothing passes a ReLU below 0
      for (std::size_t u = 0; u < fired.size(); ++u) CHECK((a.silent_on_batch[u] == 0) == fired[u]);
    }
  }
}

TEST_CASE("death and revival are noted with their steps and learning rates") {
  Config config = probe_config("dense 19 | relu | dense 10");
  Session session(small_images(230, 70), config);
  Model& model = session.trainer().model();
  const auto life = [&](const ProbeSnapshot& s, std::size_t u) { return s.layers[1].lives.at(u); };
  CHECK(session.probe({}).layers[0].lives.empty());
  CHECK(!life(session.probe({}), 3).dead);
  for (int k = 0; k < 2; ++k) session.advance();
  const float bias = set_parameter(model, "fc1.bias", 3, -1e6f);
  const float other = set_parameter(model, "fc1.bias", 7, -1e6f);
  ProbeSnapshot s = session.probe({.everywhere = true});
  CHECK(life(s, 3).dead);
  CHECK(life(s, 3).died == 2);
  CHECK(life(s, 3).died_lr == 0.01);
  CHECK(life(s, 3).revived == -1);
  CHECK(s.layers[1].activity.activation->firing[3] == 0.0);
  CHECK(s.layers[1].silent_everywhere->at(3) == 1);
  CHECK(!life(s, 4).dead);
  CHECK(!s.layers[0].silent_everywhere);
  session.advance();
  CHECK(life(session.probe({}), 3).died == 2);  // still the same death
  session.set("lr", 0.02);
  session.advance();
  set_parameter(model, "fc1.bias", 3, bias);
  s = session.probe({});
  CHECK(!life(s, 3).dead);
  CHECK(life(s, 3).died == 2);
  CHECK(life(s, 3).revived == 4);
  CHECK(life(s, 3).revived_lr == 0.02);
  CHECK(life(s, 7).dead);
  set_parameter(model, "fc1.bias", 3, -1e6f);
  set_parameter(model, "fc1.bias", 7, other);
  session.advance();
  s = session.probe({});
  CHECK(life(s, 3).dead);
  CHECK(life(s, 3).deaths == 2);
  CHECK(life(s, 3).died == 5);
  CHECK(life(s, 3).died_lr == 0.02);
  CHECK(life(s, 7).revived == 5);
  CHECK(life(s, 4).deaths == 0);

  const Json row = to_json(s)["layers"][1]["lives"];
  std::set<int> units;
  for (const Json& unit : row) units.insert(unit["unit"].get<int>());
  CHECK(units.contains(3));
  CHECK(units.contains(7));
  CHECK(!units.contains(4));
}

TEST_CASE("a look between two epochs, and after the last, names the epoch of the last step") {
  Config config = probe_config("dense 12 | relu | dense 10");
  config.epochs = 2;
  Session session(small_images(60, 20), config);
  CHECK(session.probe({}).epoch == 1);
  for (;;) {
    const Progress progress = session.advance();
    if (progress.event() == "done") break;
    if (progress.event() == "epoch") CHECK(session.probe({}).epoch == progress.values["epoch"].get<int>());
  }
  CHECK(session.probe({}).epoch == 2);
}

TEST_CASE("units are silent on the probe set and not everywhere if only other samples fire them") {
  // More samples than the probe set has; one image that is not in it differs from all others.
  std::vector<std::uint8_t> pixels(700 * 4), labels(700);
  const auto idx = [&](int odd) {
    std::vector<std::uint8_t> p = pixels;
    for (std::size_t k = 0; k < 700; ++k) p[k * 4] = 255;
    p[static_cast<std::size_t>(odd) * 4 + 1] = 255;
    return idx_bytes({700, 2, 2}, p);
  };
  Config config = probe_config("dense 1 | relu | dense 10");
  int found = 0;
  for (int odd = 0; odd < 10; ++odd) {
    const auto data = std::make_shared<const Dataset>(
        "odd", Dataset::Files{idx(odd), idx_bytes({700}, labels), idx(odd), idx_bytes({700}, labels)});
    Session session(data, config);
    Model& model = session.trainer().model();
    const float weights[] = {0.0f, 1.0f, 0.0f, 0.0f};  // sees nothing but the odd pixel
    for (std::size_t k = 0; k < 4; ++k) set_parameter(model, "fc1.weight", k, weights[k]);
    set_parameter(model, "fc1.bias", 0, 0.0f);
    const ProbeSnapshot s = session.probe({.everywhere = true});
    CHECK(s.samples == 500);
    CHECK(s.layers[1].silent_everywhere->at(0) == 0);
    found += s.layers[1].activity.activation->silent[0];
  }
  CHECK(found > 0);
  CHECK(found < 10);
}

TEST_CASE("the probe set is drawn by the seed, without repetition") {
  const auto data = small_images(900, 20);
  const auto points = [&](int seed) {
    Config config = probe_config();
    config.seed = seed;
    return Session(data, config).probe({.components_of = 1}).components->samples;
  };
  const std::vector<int> drawn = points(1);
  CHECK(drawn.size() == 250);
  CHECK(std::set<int>(drawn.begin(), drawn.end()).size() == 250);
  CHECK(drawn == points(1));
  CHECK(drawn != points(2));
  CHECK(*std::max_element(drawn.begin(), drawn.end()) > 700);
}

TEST_CASE("the table and the JSON hold every layer and all fields, whatever was asked for") {
  Session session(small_images(230, 70), probe_config());
  session.probe({.gradients = true});
  session.advance();
  const ProbeSnapshot s =
      session.probe({.gradients = false, .everywhere = true, .components_of = 1});
  const auto json = Json::parse(to_json(s).dump());
  for (const char* key : {"step", "epoch", "lr", "part", "samples", "loss", "layers", "gradients", "components"}) {
    CHECK_MESSAGE(json.contains(key), key);
  }
  CHECK(json["loss"].is_null());  // no whole window so far
  for (const char* key : {"layer", "name", "kind", "text", "units", "positions", "mean", "deviation",
                          "sparsity", "input", "regimes", "firing", "silent", "dead",
                          "silent_everywhere", "lives"}) {
    CHECK_MESSAGE(json["layers"][1].contains(key), key);
  }
  CHECK(!json["layers"][0].contains("firing"));
  CHECK(json["layers"][3]["slopes"]["symbol"] == "α");
  CHECK(json["layers"][1]["regimes"][0]["from"].is_null());
  CHECK(json["layers"][1]["input"]["histogram"]["counts"].size() == 64);
  CHECK(json["gradients"]["parameters"].size() == 9);
  CHECK(json["gradients"]["activations"][1]["layer"] == 3);
  CHECK(json["components"]["coordinates"].size() == 3 * 230);
  const auto lines = to_table(s);
  REQUIRE(lines.size() == 2 + 7);
  for (std::size_t l = 0; l < 7; ++l) CHECK(lines[l + 2].starts_with(s.layers[l].activity.name + ": "));
}

TEST_CASE("what a probe can be asked") {
  const std::vector<std::string> layers = {"fc1", "act1"};
  CHECK(probe_request_from_json("{}", layers).components_of == -1);
  const ProbeRequest all = probe_request_from_json(
      R"({"gradients": true, "everywhere": true, "components": "act1"})", layers);
  CHECK(all.gradients);
  CHECK(all.everywhere);
  CHECK(all.components_of == 1);
  const auto refusal = [&](const char* text) -> std::string {
    try {
      probe_request_from_json(text, layers);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal("[1") == "probe: \"[1\" was given, but an object such as {\"gradients\": true} was expected");
  CHECK(refusal("{\"components\": \"act2\"}") ==
        "probe: components is \"act2\", but it must be a layer: fc1 or act1");
  CHECK(refusal("{\"components\": 1}") == "probe: components is \"1\", but it must be a layer: fc1 or act1");
  CHECK(refusal("{\"everywhere\": 1}") == "probe: everywhere is \"1\", but it must be true or false");
  CHECK(refusal("{\"pca\": true}") ==
        "probe: \"pca\" cannot be asked for: components, everywhere or gradients can");
  Session session(small_images(30, 20), probe_config());
  CHECK_THROWS_WITH_AS(session.probe({.components_of = 7}),
                       "components of layer 7 were asked for, but there are layers 0 to 6", Error);
}

TEST_SUITE_END();
