// Which units are silent or dead: the unit map, the race's measure and the warnings
// count the same ones, for functions that are flat at 0, at another value, and nowhere.
#include <algorithm>

#include "experiments/measure.h"
#include "probe/warnings.h"
#include "probes.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("reference");

namespace {

using UnitFlags = std::vector<std::uint8_t>;

// Biases of the units' inputs, whose weights are all 0: far below, at and far above the bend. The
// last unit sees images, too, and has inputs on both sides of 0.
constexpr float kUnitInputs[] = {-30.0f, -20.0f, 0.0f, 20.0f, 30.0f, 0.0f};

// In both hidden layers.
void set_unit_inputs(Model& model) {
  for (const std::string layer : {"fc1", "fc2"}) {
    const std::size_t inputs = layer == "fc1" ? 30 : 6;
    for (std::size_t unit = 0; unit < 6; ++unit) {
      for (std::size_t i = 0; i < inputs; ++i) {
        set_parameter(model, layer + ".weight", unit * inputs + i, 0.0f);
      }
      set_parameter(model, layer + ".bias", unit, kUnitInputs[unit]);
    }
  }
  // Its mean over the images is near 0, and so is that of the unit of the first layer less a half.
  set_parameter(model, "fc1.weight", 5 * 30, 5.0f);
  set_parameter(model, "fc2.weight", 5 * 6 + 5, 5.0f);
  set_parameter(model, "fc2.bias", 5, -1.5f);
}

void check_silence(const std::string& activation, const UnitFlags& silent) {
  CAPTURE(activation);
  Config config =
      probe_config("dense 6 | " + activation + " | dense 6 | " + activation + " | dense 10");
  config.probe = 1;
  Session session(small_images(40, 20), config);
  set_unit_inputs(session.trainer().model());
  const auto count = static_cast<double>(std::count(silent.begin(), silent.end(), 1));
  CHECK(measure(session.trainer())["silent"].get<double>() == count / 6.0);
  const ProbeSnapshot everywhere = session.probe({.everywhere = true});
  const Progress progress = session.advance();
  const ProbeSnapshot& recorded = std::get<ProbeEvent>(progress.events.at(0)).snapshot;
  REQUIRE(recorded.step == 0);
  for (const std::size_t layer : {1U, 3U}) {
    CAPTURE(layer);
    CHECK(everywhere.layers[layer].activity.activation->silent == silent);
    CHECK(*everywhere.layers[layer].dead == silent);
    CHECK(recorded.layers[layer].activity.activation->silent == silent);
    for (std::size_t u = 0; u < silent.size(); ++u)
      CHECK(recorded.layers[layer].lives[u].silent == (silent[u] != 0));
  }
  UnitFlags warned(5);
  for (const WarningEvent& raised : progress.warnings()) {
    const Warning& warning = raised.warning;
    if (raised.step == 0 && warning.code == "silent_units")
      warned.at(static_cast<std::size_t>(warning.layer)) = 1;
  }
  const std::uint8_t expected = count / 6.0 >= 0.2;
  CHECK(warned == UnitFlags{0, expected, 0, expected, 0});
}

}  // namespace

TEST_CASE("silent is zero output and zero gradient, for the unit map, the race and the warnings") {
  check_silence("relu", {1, 1, 1, 0, 0, 0});
  check_silence("hard_swish", {1, 1, 0, 0, 0, 0});  // 0 at 0, where it bends
  check_silence("relu6", {1, 1, 1, 0, 0, 0});       // 6 is not 0
  // Never above 0, and with a slope.
  check_silence("leaky_relu", {0, 0, 0, 0, 0, 0});
  // Saturated at -1 or 1, and at almost 0 or 1: no gradient, but an output that is not 0. At 0 tanh
  // is steepest.
  check_silence("tanh", {0, 0, 0, 0, 0, 0});
  check_silence("sigmoid", {0, 0, 0, 0, 0, 0});
  check_silence("elu", {0, 0, 0, 0, 0, 0});
}

TEST_SUITE_END();
