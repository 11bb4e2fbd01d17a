// One unit: its inputs, its outputs and the samples that drive it, compared with plain loops over
// weights, outputs and pixels.
#include <algorithm>
#include <cmath>

#include "probe/unit_report.h"
#include "probes.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("reference");

TEST_CASE("a unit's weights, strongest images and response are what plain loops find") {
  const auto data = small_images(60, 20);
  struct Net {
    const char* model;
    int layer, unit, units, positions;
    const char *incoming, *outgoing;
  };
  for (const Net& net :
       {Net{"dense 5 | relu | dense 7 | tanh | dense 10", 1, 3, 5, 1, "fc1.weight", "fc2.weight"},
        Net{"dense 5 | relu | dense 7 | tanh | dense 10", 3, 6, 7, 1, "fc2.weight", "fc3.weight"},
        Net{"conv 4x3 p1 | relu | dense 10", 1, 2, 4, 30, "conv1.weight", "fc1.weight"}}) {
    CAPTURE(net.model);
    Session session(data, probe_config(net.model));
    for (int k = 0; k < 3; ++k) session.advance();
    Trainer& trainer = session.trainer();
    std::vector<int> samples;
    for (int k = 0; k < 60; k += 2) samples.push_back(59 - k);
    const UnitReport report = report_unit(trainer, samples, net.layer, net.unit, 7);
    const State state = state_of(trainer.model(), trainer.model().parameters());
    const auto largest = [](const Values& values) {
      double most = 0.0;
      for (const double value : values) most = std::max(most, std::abs(value));
      return most;
    };

    const Values &in = state.at(net.incoming), &out = state.at(net.outgoing);
    const std::size_t fan_in = in.size() / static_cast<std::size_t>(net.units),
                      unit = static_cast<std::size_t>(net.unit);
    CHECK(report.layer == net.layer);
    CHECK(report.unit == net.unit);
    CHECK(report.name == trainer.model().layer_name(net.layer));
    CHECK(report.incoming.name == net.incoming);
    CHECK(report.incoming.values ==
          Values(in.begin() + static_cast<std::ptrdiff_t>(unit * fan_in),
                 in.begin() + static_cast<std::ptrdiff_t>((unit + 1) * fan_in)));
    CHECK(report.incoming.largest == largest(in));
    CHECK(report.outgoing.name == net.outgoing);
    CHECK(report.outgoing.largest == largest(out));
    const std::size_t rows = net.layer == 1 && net.positions == 1 ? 7 : 10,
                      row_size = out.size() / rows;
    REQUIRE(report.outgoing.values.size() == rows);
    const auto block = static_cast<std::size_t>(net.positions);
    for (std::size_t row = 0; row < rows; ++row) {
      double sum = 0.0;
      for (std::size_t p = 0; p < block; ++p) sum += out[row * row_size + unit * block + p];
      CHECK(report.outgoing.values[row] == doctest::Approx(sum));
    }
    double all = 0.0;
    for (const auto& [name, values] : state) {
      if (name.find("weight") != std::string::npos) all = std::max(all, largest(values));
    }
    CHECK(report.largest == all);

    // Means and largest outputs of the unit for each sample.
    std::vector<std::pair<double, std::size_t>> strongest;
    Values means;
    for (std::size_t n = 0; n < samples.size(); ++n) {
      trainer.infer(trainer.probe_set(), std::vector<int>{samples[n]});
      const UnitValues y{trainer.model().output(net.layer),
                         trainer.model().layer(net.layer).out_shape(), 1};
      double sum = 0.0, most = -1e9;
      for (int p = 0; p < net.positions; ++p) {
        sum += static_cast<double>(y.at(0, net.unit, p));
        most = std::max(most, static_cast<double>(y.at(0, net.unit, p)));
      }
      means.push_back(sum / net.positions);
      strongest.emplace_back(-most, n);
    }
    std::sort(strongest.begin(), strongest.end());  // equal values in any order
    REQUIRE(report.strongest.size() == 7);
    for (std::size_t k = 0; k < 7; ++k) {
      const int index = samples[strongest[k].second];
      CHECK(report.strongest[k].index == index);
      CHECK(report.strongest[k].label == data->train().label(index));
      CHECK(report.strongest[k].value == -strongest[k].first);
    }
    double size = 0.0;
    for (const double mean : means) size += std::abs(mean);
    REQUIRE(size > 0.0);
    REQUIRE(report.response.size() == 30);
    for (std::size_t at = 0; at < 30; ++at) {
      double average = 0.0, sum = 0.0;
      for (const int sample : samples) average += data->train().image(sample)[at] / 255.0 / 30.0;
      for (std::size_t n = 0; n < 30; ++n)
        sum += means[n] * (data->train().image(samples[n])[at] / 255.0 - average);
      CHECK(close(report.response[at], sum / size, 1e-10));
    }

    const Json json = to_json(report);
    CHECK(json["incoming"]["values"] == Json(report.incoming.values));
    CHECK(json["incoming"]["largest"] == report.incoming.largest);
    CHECK(json["outgoing"]["name"] == net.outgoing);
    CHECK(json["outgoing"]["values"] == Json(report.outgoing.values));
    CHECK(json["outgoing"]["shape"] == Json({static_cast<int>(rows)}));
    CHECK(json["strongest"][6]["index"] == report.strongest[6].index);
    CHECK(json["strongest"][6]["value"] == report.strongest[6].value);
    CHECK(json["strongest"][6]["label"] == report.strongest[6].label);
    CHECK(json["response"] == Json(report.response));
    CHECK(json["largest"] == report.largest);
    CHECK(json["unit"] == net.unit);
    CHECK(json["layer"] == net.layer);
  }
}

TEST_SUITE_END();
