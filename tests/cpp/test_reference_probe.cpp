// The monitors, compared with plain computations in double, and their values over time.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/text.h"

#include "core/error.h"
#include "nn/regimes.h"
#include "probe/probe_report.h"
#include "probes.h"
#include "run/report.h"

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
  for (const UnitValues& values : {UnitValues({flat.data(), {2, 12}}, {3, 2, 2}, 2),
                                   UnitValues({images.data(), {8, 3}}, {3, 2, 2}, 2)}) {
    CHECK(values.units == 3);
    CHECK(values.positions == 4);
    for (int n = 0; n < 2; ++n) {
      for (int c = 0; c < 3; ++c) {
        for (int p = 0; p < 4; ++p)
          CHECK(values.at(n, c, p) == static_cast<float>(100 * n + 10 * c + p));
      }
    }
    SilenceMeter meter;
    meter.add(values, {});
    CHECK(meter.found().firing == std::vector<double>{7.0 / 8.0, 1.0, 1.0});  // all but the one 0
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
    CHECK(snapshot.samples == 230);  // all samples
    CHECK(snapshot.step == 5);
    CHECK(snapshot.epoch == 1);
    CHECK(snapshot.lr == 0.01);
    CHECK(snapshot.part == "train");
    CHECK(!snapshot.gradients);
    CHECK(snapshot.components.empty());

    Trainer& trainer = session.trainer();
    Model& model = trainer.model();
    std::vector<Values> outputs(7);
    for (int sample = 0; sample < 230; ++sample) {
      trainer.infer(trainer.probe_set(), std::vector<int>{sample});
      for (int l = 0; l < 7; ++l) {
        for (const double v : logical(model.output(l)))
          outputs[static_cast<std::size_t>(l)].push_back(v);
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
        if (at < 0)
          ++below;
        else if (at >= Histogram::kBins)
          ++above;
        else
          ++counts[static_cast<std::size_t>(at)];
      }
      for (const std::int64_t count : h.counts) all += count;
      CHECK(all + h.below + h.above == static_cast<std::int64_t>(z.size()));
      CHECK(h.counts == counts);
      CHECK(h.below == below);
      CHECK(h.above == above);

      const ActivationId id = model.layer(static_cast<int>(l)).activation();
      const auto parameters = model.activation_parameters(static_cast<int>(l));
      const auto regimes = activation_regimes(id, parameters);
      REQUIRE(a.activation->regimes.size() == regimes.size());
      double shares = 0.0;
      for (std::size_t r = 0; r < regimes.size(); ++r) {
        double share = 0.0;
        for (const double value : z) {
          share +=
              (value > regimes[r].from && value <= regimes[r].to) / static_cast<double>(z.size());
        }
        CHECK(close(a.activation->regimes[r].share, share, 1e-12));
        shares += a.activation->regimes[r].share;
      }
      CHECK(close(shares, 1.0, 1e-12));
      for (std::size_t u = 0; u < units; ++u) {
        double fired = 0.0;
        bool silent = true;
        for (std::size_t n = 0; n < 230; ++n) {
          const double value = z[n * units + u];
          fired += (outputs[l][n * units + u] > 0.0) / 230.0;
          if (outputs[l][n * units + u] != 0.0) silent = false;
          for (const Regime& r : regimes) {
            if (value > r.from && value <= r.to && !is_flat(r.kind)) silent = false;
          }
        }
        CHECK(close(a.activation->firing[u], fired, 1e-12));
        CHECK((a.activation->silent[u] != 0) == silent);
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
    Config config =
        probe_config("dense 19 | relu | dense 33 | prelu | dense 17 | leaky_relu 0.3 | dense 10");
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
      CHECK(p.weight == (p.name == "fc1.weight" || p.name == "fc2.weight" ||
                         p.name == "fc3.weight" || p.name == "fc4.weight"));
      if (p.weight_norm > 0) CHECK(close(*p.update_ratio(), p.update_norm / p.weight_norm, 1e-12));
      squares += p.gradient_norm * p.gradient_norm;
    }
    CHECK(close(flow.norm, std::sqrt(squares), 1e-12));

    // Backward through the layers in double, from the float outputs of the step.
    const int n = seen.samples;
    std::vector<int> labels;
    const Rng rng(1, Purpose::kShuffle, 1);
    std::vector<std::pair<std::uint32_t, int>> order;
    for (int k = 0; k < 230; ++k) order.emplace_back(rng.bits(static_cast<std::uint64_t>(k))[0], k);
    std::sort(order.begin(), order.end());
    for (int k = 0; k < n; ++k)
      labels.push_back(data->train().label(order[static_cast<std::size_t>(3 * n + k)].second));
    Values dy = oracle::cross_entropy(seen.outputs[6], labels, n, 10).dlogits;
    const int widths[] = {19, 19, 33, 33, 17, 17, 10};
    REQUIRE(flow.activations.size() == 3);
    for (int l = 5; l > 0; l -= 2) {
      const auto at = static_cast<std::size_t>(l);
      dy =
          values_of(oracle::dense_dx(dy, seen.weights["fc" + std::to_string(l / 2 + 2) + ".weight"],
                                     n, widths[l], widths[l + 1]));
      const Layer& layer = trainer.model().layer(l);
      const Values slope = l == 3 ? seen.weights["act2.weight"] : l == 5 ? Values{0.3} : Values{};
      double all = 0.0, negative = 0.0;
      const bool flat_at_0 = l == 1;  // the other two have a slope there
      std::vector<bool> silent(static_cast<std::size_t>(widths[l]), flat_at_0);
      for (std::size_t k = 0; k < dy.size(); ++k) {
        const double z = seen.outputs[at - 1][k];
        dy[k] *= activation_derivative(layer.activation(), z, slope);
        all += std::abs(dy[k]);
        negative += z < 0.0 ? std::abs(dy[k]) : 0.0;
        if (seen.outputs[at][k] > 0.0) silent[k % silent.size()] = false;
      }
      const ActivationFlow& a = flow.activations[at / 2];
      CHECK(a.layer == l);
      REQUIRE(a.negative_share);
      CHECK(close(*a.negative_share, negative / all, 1e-5));
      CHECK((*a.negative_share == 0.0) == (l == 1));  // nothing passes a ReLU below 0
      for (std::size_t u = 0; u < silent.size(); ++u)
        CHECK((a.silent_on_batch[u] != 0) == silent[u]);
    }
  }
}

TEST_CASE("recorded looks note when a unit falls silent and revives, and live ones do not") {
  Config config = probe_config("dense 19 | relu | dense 10");
  config.probe = 1;
  Session session(small_images(230, 70), config);
  Model& model = session.trainer().model();
  const auto life = [&](const ProbeSnapshot& s, std::size_t u) { return s.layers[1].lives.at(u); };
  ProbeSnapshot s = step_and_look(session);
  CHECK(s.layers[0].lives.empty());
  CHECK(!life(s, 3).silent);
  const float bias = set_parameter(model, "fc1.bias", 3, -1e6f);
  const float other = set_parameter(model, "fc1.bias", 7, -1e6f);
  s = session.probe({.everywhere = true});
  CHECK(s.layers[1].activity.activation->silent.at(3) == 1);
  CHECK(s.layers[1].dead->at(3) == 1);
  CHECK(!s.layers[0].dead);
  CHECK(life(s, 3).times == 0);
  s = step_and_look(session);
  CHECK(life(s, 3).silent);
  CHECK(life(s, 3).since == 2);
  CHECK(life(s, 3).since_lr == 0.01);
  CHECK(life(s, 3).revived == -1);
  CHECK(s.layers[1].activity.activation->firing[3] == 0.0);
  CHECK(!life(s, 4).silent);
  step_and_look(session);
  CHECK(life(session.probe({}), 3).since == 2);  // still the same silence
  session.set("lr", 0.02);
  set_parameter(model, "fc1.bias", 3, bias);
  s = step_and_look(session);
  CHECK(!life(s, 3).silent);
  CHECK(life(s, 3).since == 2);
  CHECK(life(s, 3).revived == 4);
  CHECK(life(s, 3).revived_lr == 0.02);
  CHECK(life(s, 7).silent);
  set_parameter(model, "fc1.bias", 3, -1e6f);
  set_parameter(model, "fc1.bias", 7, other);
  s = step_and_look(session);
  CHECK(life(s, 3).silent);
  CHECK(life(s, 3).times == 2);
  CHECK(life(s, 3).since == 5);
  CHECK(life(s, 3).since_lr == 0.02);
  CHECK(life(s, 7).revived == 5);
  CHECK(life(s, 4).times == 0);

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
    const Reported progress = report(session.advance());
    if (progress.event() == "done") break;
    if (progress.event() == "epoch")
      CHECK(session.probe({}).epoch == progress.values["epoch"].get<int>());
  }
  CHECK(session.probe({}).epoch == 2);
}

TEST_CASE(
    "a unit that is silent on the probe set is not dead if another training sample fires it") {
  // More samples than the probe set has; one image outside it differs from all others.
  std::vector<std::uint8_t> pixels(700 * 4), labels(700);
  const auto idx = [&](int odd) {
    std::vector<std::uint8_t> p = pixels;
    for (std::size_t k = 0; k < 700; ++k) p[k * 4] = 255;
    p[static_cast<std::size_t>(odd) * 4 + 1] = 255;
    return idx_bytes({700, 2, 2}, p);
  };
  Config config = probe_config("dense 1 | relu | dense 10");
  int found = 0, held_out = 0;
  for (int odd = 0; odd < 10; ++odd) {
    const auto data = std::make_shared<const Dataset>(
        "odd",
        Dataset::Files{idx(odd), idx_bytes({700}, labels), idx(odd), idx_bytes({700}, labels)});
    Session session(data, config);
    Model& model = session.trainer().model();
    const float weights[] = {0.0f, 1.0f, 0.0f, 0.0f};  // depends only on the odd pixel
    for (std::size_t k = 0; k < 4; ++k) set_parameter(model, "fc1.weight", k, weights[k]);
    set_parameter(model, "fc1.bias", 0, 0.0f);
    const ProbeSnapshot s = session.probe({.everywhere = true});
    CHECK(s.samples == 500);
    CHECK(s.layers[1].dead->at(0) == 0);
    found += s.layers[1].activity.activation->silent[0];

    // Held-out samples are the probe set then, and do not count as training samples.
    Config held = config;
    held.validation = 300;
    Session other(data, held);
    Model& same = other.trainer().model();
    for (std::size_t k = 0; k < 4; ++k) set_parameter(same, "fc1.weight", k, weights[k]);
    set_parameter(same, "fc1.bias", 0, 0.0f);
    const std::vector<int> trained = other.trainer().training_samples();
    const bool fires = std::binary_search(trained.begin(), trained.end(), odd);
    CHECK(other.probe({.everywhere = true}).layers[1].dead->at(0) == !fires);
    held_out += !fires;
  }
  CHECK((held_out > 0 && held_out < 10));
  CHECK(found > 0);
  CHECK(found < 10);
}

TEST_CASE("the probe set is drawn by the seed, without repetition") {
  const auto data = small_images(900, 20);
  const auto points = [&](int seed) {
    Config config = probe_config();
    config.seed = seed;
    return Session(data, config).probe({.components_of = {1}}).components[0].samples;
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
      session.probe({.gradients = false, .everywhere = true, .components_of = {2, 1}});
  const auto json = Json::parse(to_json(s).dump());
  for (const char* key :
       {"step", "epoch", "lr", "part", "samples", "loss", "layers", "gradients", "components"}) {
    CHECK_MESSAGE(json.contains(key), key);
  }
  CHECK(json["loss"].is_null());  // no whole window so far
  for (const char* key :
       {"layer", "name", "kind", "text", "units", "positions", "mean", "deviation", "sparsity",
        "input", "regimes", "firing", "silent", "dead", "lives"}) {
    CHECK_MESSAGE(json["layers"][1].contains(key), key);
  }
  CHECK(!json["layers"][0].contains("firing"));
  CHECK(json["layers"][3]["slopes"]["symbol"] == "α");
  CHECK(json["layers"][1]["regimes"][0]["from"].is_null());
  CHECK(json["layers"][1]["input"]["histogram"]["counts"].size() == 64);
  CHECK(json["gradients"]["parameters"].size() == 9);
  CHECK(json["gradients"]["activations"][1]["layer"] == 3);
  REQUIRE(json["components"].size() == 2);
  CHECK(json["components"][0]["name"] == s.layers[2].activity.name);
  CHECK(json["components"][1]["name"] == s.layers[1].activity.name);
  CHECK(json["components"][1]["coordinates"].size() == 3 * 230);
  const auto lines = to_table(s);
  REQUIRE(lines.size() == 2 + 7);
  for (std::size_t l = 0; l < 7; ++l)
    CHECK(lines[l + 2].starts_with(s.layers[l].activity.name + ": "));
}

TEST_CASE("what a probe can be asked") {
  const std::vector<std::string> layers = {"fc1", "act1"};
  CHECK(probe_request_from_json("{}", layers).components_of.empty());
  const ProbeRequest all = probe_request_from_json(
      R"({"gradients": true, "everywhere": true, "components": ["act1", "fc1"]})", layers);
  CHECK(all.gradients);
  CHECK(all.everywhere);
  CHECK(all.components_of == std::vector<int>{1, 0});
  const auto refusal = [&](const char* text) -> std::string {
    try {
      probe_request_from_json(text, layers);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal("[1") ==
        "probe: \"[1\" was given, but an object such as {\"gradients\": true} was expected");
  CHECK(refusal("{\"components\": [\"fc1\", \"act2\"]}") ==
        "probe: components names \"act2\", but it must name layers: fc1 or act1");
  CHECK(refusal("{\"components\": 1}") ==
        "probe: components is \"1\", but it must be a list of layers: fc1 or act1");
  CHECK(refusal("{\"components\": [1]}") ==
        "probe: components names \"1\", but it must name layers: fc1 or act1");
  CHECK(refusal("{\"everywhere\": 1}") ==
        "probe: everywhere is \"1\", but it must be true or false");
  CHECK(refusal("{\"pca\": true}") ==
        "probe: \"pca\" is not a request: known are components, everywhere and gradients");
  Session session(small_images(30, 20), probe_config());
  CHECK_THROWS_WITH_AS(session.probe({.components_of = {1, 7}}),
                       "components of layer 7 were asked for, but there are layers 0 to 6", Error);
}

namespace {

// The measurements of an activation: z (samples, units), y = f(z).
ActivationActivity metered(const char* activation, double (*f)(double),
                           const std::vector<Values>& z, LayerActivity* whole = nullptr) {
  const int rows = static_cast<int>(z.size()), units = static_cast<int>(z.front().size());
  const Layout layout{rows, units};
  std::vector<float> in(layout.size()), out(layout.size());
  for (int r = 0; r < rows; ++r) {
    for (int u = 0; u < units; ++u) {
      const double value = z[static_cast<std::size_t>(r)][static_cast<std::size_t>(u)];
      in[layout.index(r, u)] = static_cast<float>(value);
      out[layout.index(r, u)] = static_cast<float>(f(value));
    }
  }
  const ActivationId id = find_activation(activation);
  REQUIRE(id >= 0);
  std::vector<double> parameters;
  for (const ActivationParameter& p : activation_info(id).parameters)
    parameters.push_back(p.initial);
  ActivityMeter meter(activation_regimes(id, parameters));
  meter.add({{out.data(), layout}, {units}, rows}, {in.data(), layout});
  meter.add_to_histogram({in.data(), layout});
  LayerActivity activity{};
  meter.finish(activity);
  if (whole != nullptr) *whole = activity;
  return *activity.activation;
}

using Flags8 = std::vector<std::uint8_t>;

double as_relu(double z) { return z > 0.0 ? z : 0.0; }

}  // namespace

TEST_CASE(
    "values on a border: 0 is off, the lower edge of the histogram inside it and the upper above") {
  // Mean 0 and variance 2 * 16 / 32 = 1, so that it goes from -4 to 4.
  std::vector<Values> z(32, Values{0.0});
  z[3][0] = 4.0;
  z[20][0] = -4.0;
  LayerActivity whole{};
  const ActivationActivity a = metered("relu", as_relu, z, &whole);
  CHECK(a.histogram.low == -4.0);
  CHECK(a.histogram.high == 4.0);
  CHECK(a.histogram.counts[0] == 1);
  CHECK(a.histogram.counts[32] == 30);
  CHECK(a.histogram.counts[63] == 0);
  CHECK(a.histogram.below == 0);
  CHECK(a.histogram.above == 1);
  REQUIRE(a.regimes.size() == 2);
  CHECK(a.regimes[0].regime.kind == RegimeKind::kOff);
  CHECK(a.regimes[0].share == 31.0 / 32.0);
  CHECK(a.regimes[1].share == 1.0 / 32.0);
  CHECK(a.firing == std::vector<double>{1.0 / 32.0});
  CHECK(whole.sparsity == 31.0 / 32.0);
  CHECK(whole.mean == 4.0 / 32.0);

  // Equal values: a range of 1 to each side; NaN is in no bin.
  const ActivationActivity same = metered("relu", as_relu, {{2.0}, {2.0}});
  CHECK(same.histogram.low == 1.0);
  CHECK(same.histogram.high == 3.0);
  CHECK(same.histogram.counts[32] == 2);
}

TEST_CASE("silent is zero output and zero gradient, and a unit that never fires may have one") {
  // Units: always far below 0, always far above, at 0, and below but for one sample.
  const std::vector<Values> z = {
      {-20.0, 20.0, 0.0, -20.0}, {-20.0, 20.0, 0.0, 1.0}, {-21.0, 21.0, 0.0, -20.0}};
  const ActivationActivity relu = metered("relu", as_relu, z);
  CHECK(relu.silent == Flags8{1, 0, 1, 0});
  CHECK(relu.firing == std::vector<double>{0.0, 1.0, 0.0, 1.0 / 3.0});
  // Never above 0, and yet its slope lets it learn.
  const ActivationActivity leaky = metered(
      "leaky_relu", [](double v) { return v > 0.0 ? v : 0.01 * v; }, z);
  CHECK(leaky.silent == Flags8{0, 0, 0, 0});
  CHECK(leaky.firing == relu.firing);
  // Flat at both ends, but not at 0: saturated, not silent.
  const ActivationActivity sigmoid = metered(
      "sigmoid", [](double v) { return 1.0 / (1.0 + std::exp(-v)); }, z);
  CHECK(sigmoid.silent == Flags8{0, 0, 0, 0});
  const ActivationActivity tanh = metered(
      "tanh", [](double v) { return std::tanh(v); }, z);
  CHECK(tanh.silent == Flags8{0, 0, 0, 0});
}

TEST_CASE(
    "what comes back through inputs of exactly 0 is not negative, and of nothing there is no "
    "share") {
  const auto share = [](const std::string& init, bool zero_first) {
    Config config = probe_config("dense 4 | tanh | dense 10");
    config.init = init;
    Session session(small_images(40, 20), config);
    if (zero_first) {
      for (std::size_t k = 0; k < 4 * 30; ++k)
        set_parameter(session.trainer().model(), "fc1.weight", k, 0.0f);
    }
    session.probe({.gradients = true});
    session.advance();
    return session.probe({}).gradients->activations.at(0).negative_share;
  };
  REQUIRE(share("he_normal", true));
  CHECK(*share("he_normal", true) == 0.0);
  CHECK(!share("zero", false));  // no weight behind it lets a gradient through
  const auto some = share("he_normal", false);
  REQUIRE(some);
  CHECK((*some > 0.0 && *some < 1.0));
}

namespace {

// A snapshot in which all numbers differ.
ProbeSnapshot told_snapshot() {
  ProbeSnapshot s;
  s.step = 700;
  s.epoch = 3;
  s.lr = 0.125;
  s.part = "validation";
  s.samples = 64;
  s.loss.windows = 5;
  s.loss.first = 2.5;
  s.loss.last = 0.75;
  s.loss.lowest = 0.625;
  LayerSnapshot dense;
  dense.activity = {0, "fc1", "dense", "dense 4", 4, 1, 0.0625, 1.5, 0.1875, std::nullopt};
  LayerSnapshot prelu;
  prelu.activity = {1, "act1", "activation", "prelu", 4, 2, -0.03125, 1.25, 0.4375, std::nullopt};
  ActivationActivity& a = prelu.activity.activation.emplace();
  a.mean = 0.21875;
  a.deviation = 1.75;
  a.histogram.low = -7.0;
  a.histogram.high = 8.0;
  a.histogram.counts[5] = 17;
  a.histogram.below = 2;
  a.histogram.above = 9;
  a.regimes = {{{RegimeKind::kLeaky, -10.0, 0.0}, 0.375},
               {{RegimeKind::kLinear, 0.0, 10.0}, 0.8125}};
  a.firing = {0.15625, 0.28125, 0.34375, 0.40625};
  a.silent = {0, 1, 0, 1};
  a.slopes = LearntSlopes{"weight", "α", {0.3125}, -1.0, 1.0};
  prelu.lives.resize(4);
  prelu.lives[0] = {true, 2, 600, 0.5, 500, 0.25};
  prelu.lives[3] = {false, 1, 300, 0.0078125, -1, 0.0};
  prelu.dead = {{0, 1, 1, 0}};
  s.layers = {dense, prelu};
  s.gradients = GradientFlow{650,
                             0.09375,
                             12.0,
                             {{"fc1.weight", true, 120, 8.0, 0.5625, 0.25},
                              {"fc1.bias", false, 4, 3.0, 0.6875, 0.046875},
                              {"act1.weight", false, 1, 0.0, 0.015625, 0.005}},
                             {{1, 0.53125, {0, 0, 0, 1}}}};
  LayerComponents c{1, "act1", {11, 12}, {3, 4}, {}};
  c.found.variances = {6.5, 5.5};
  c.found.total_variance = 13.5;
  c.found.mean = {14.5, 15.5};
  c.found.components = {16.5, 17.5};
  c.found.coordinates = {18.5, 19.5};
  s.components = {c};
  return s;
}

}  // namespace

TEST_CASE("what a probe found, as JSON: every value in its place") {
  Json counts = Json::array();
  for (int bin = 0; bin < 64; ++bin) counts.push_back(bin == 5 ? 17 : 0);
  Json wanted =
      Json::parse(R"({"step": 700, "epoch": 3, "lr": 0.125, "part": "validation", "samples": 64,
    "loss": {"window": 100, "first": 2.5, "last": 0.75, "lowest": 0.625},
    "layers": [
      {"layer": 0, "name": "fc1", "kind": "dense", "text": "dense 4", "units": 4, "positions": 1, "mean": 0.0625,
       "deviation": 1.5, "sparsity": 0.1875},
      {"layer": 1, "name": "act1", "kind": "activation", "text": "prelu", "units": 4, "positions": 2,
       "mean": -0.03125, "deviation": 1.25, "sparsity": 0.4375,
       "input": {"mean": 0.21875, "deviation": 1.75,
                 "histogram": {"low": -7.0, "high": 8.0, "counts": 0, "below": 2, "above": 9}},
       "regimes": [{"name": "leaky", "from": -10.0, "to": 0.0, "share": 0.375},
                   {"name": "linear", "from": 0.0, "to": 10.0, "share": 0.8125}],
       "firing": [0.15625, 0.28125, 0.34375, 0.40625], "silent": [1, 3],
       "slopes": {"name": "weight", "symbol": "α", "values": [0.3125]}, "dead": [1, 2],
       "lives": [{"unit": 0, "silent": true, "times": 2, "since": 600, "since_lr": 0.5, "revived": 500,
                  "revived_lr": 0.25},
                 {"unit": 3, "silent": false, "times": 1, "since": 300, "since_lr": 0.0078125}]}],
    "gradients": {"step": 650, "lr": 0.09375, "norm": 12.0,
      "parameters": [
        {"name": "fc1.weight", "weight_norm": 8.0, "gradient_norm": 0.5625, "update_norm": 0.25,
         "update_ratio": 0.03125},
        {"name": "fc1.bias", "weight_norm": 3.0, "gradient_norm": 0.6875, "update_norm": 0.046875,
         "update_ratio": 0.015625},
        {"name": "act1.weight", "weight_norm": 0.0, "gradient_norm": 0.015625, "update_norm": 0.005,
         "update_ratio": null}],
      "activations": [{"layer": 1, "negative_share": 0.53125, "silent_on_batch": [3]}]},
    "components": [{"layer": 1, "name": "act1", "samples": [11, 12], "labels": [3, 4], "variances": [6.5, 5.5],
                   "total_variance": 13.5, "mean": [14.5, 15.5], "components": [16.5, 17.5],
                   "coordinates": [18.5, 19.5]}]})");
  wanted["layers"][1]["input"]["histogram"]["counts"] = counts;
  const Json found = Json::parse(to_json(told_snapshot()).dump());
  for (const auto& item : wanted.items()) {
    CAPTURE(item.key());
    CHECK(found[item.key()].dump() == item.value().dump());
  }
  CHECK(found.size() == wanted.size());
}

TEST_CASE("what a probe found, as a table: every cell") {
  const auto cells = [](const std::string& line) {  // separated by two blanks or more
    std::vector<std::string> found;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find("  ", at), line.size());
      found.push_back(line.substr(at, end - at));
      at = std::min(line.find_first_not_of(' ', end), line.size());
    }
    return found;
  };
  const auto lines = to_table(told_snapshot());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "Monitors at step 700, over 64 samples (validation):");
  CHECK(lines[1] ==
        "Layer                          Mean     Dev.   Zeros       Silent Neg. grad    |grad|   "
        "upd/wgt");
  CHECK(cells(lines[2]) == std::vector<std::string>{"fc1: dense 4", "0.0625", "1.5000", "18.8%",
                                                    "--", "--", "5.62e-01", "3.12e-02"});
  CHECK(cells(lines[3]) == std::vector<std::string>{"act1: prelu", "-0.0312", "1.2500", "43.8%",
                                                    "2 of 4", "53.1%", "--", "--"});
}

TEST_SUITE_END();
