// Architecture texts: accepted texts and their canonical spelling; errors name the token, its
// position and the allowed values.
#include <cctype>
#include <cmath>
#include <cstdio>

#include "architectures.h"
#include "core/error.h"
#include "nn/activation.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("input");

TEST_CASE("spacing does not matter, and the canonical spelling reads back as itself") {
  CHECK(canonical("dense 512 | relu | dense 10") == "dense 512 | relu | dense 10");
  CHECK(canonical("  dense   512|relu|\tdense 10\n") == "dense 512 | relu | dense 10");
  CHECK(canonical("dense 10") == "dense 10");
  CHECK(canonical("dense 10 | identity") == "dense 10 | identity");
  CHECK(canonical("dense 4 | leaky_relu 0.2 | dense 10") == "dense 4 | leaky_relu 0.2 | dense 10");
  CHECK(canonical("dense 4 | leaky_relu 0.01 | dense 10") == "dense 4 | leaky_relu | dense 10");
  CHECK(canonical("dense 3 | dense 10") == "dense 3 | dense 10");
  for (const LayerWord& word : layer_words()) {
    CHECK(!word.syntax.empty());
    CHECK(!word.about.empty());
  }
  for (const std::string& name : activation_names()) {
    const std::string text = "dense 4 | " + name + " | dense 10";
    CHECK(canonical(text) == text);
    const auto parameters = activation_info(find_activation(name)).parameters;
    if (parameters.empty()) continue;
    std::string with_values = "dense 4 | " + name;
    for (const ActivationParameter& p : parameters) {
      char value[32];
      std::snprintf(value, sizeof value, " %g", (p.min + 3 * p.max) / 4);
      with_values += value;
    }
    with_values += " | dense 10";
    CHECK(canonical(with_values) == with_values);
  }
}

TEST_CASE(
    "an unknown word is named with its position, the nearest known one and all that are known") {
  check_refused("dense 512 | rleu | dense 10",
                {"\"rleu\"", "position 13", "did you mean \"relu\"", "dense", "swish"});
  check_refused("desne 512 | relu | dense 10",
                {"\"desne\"", "position 1", "did you mean \"dense\""});
  check_refused("dense 512 | zzzzzzzzzzzz | dense 10",
                {"\"zzzzzzzzzzzz\"", "position 13", "dense", "relu"});
  check_refused("Dense 512", {"\"Dense\"", "position 1", "\"dense\""});
  check_refused("512", {"\"512\"", "position 1"});
  check_refused("dense 512 relu | dense 10", {"position"});
  check_refused("dense 512, relu, dense 10", {"position"});
}

TEST_CASE("widths that cannot be") {
  for (const char* width : {"0", "-1", "1.5", "65537", "1e9", "nan", "inf", "-inf", "0x10", "ten",
                            "5e-1", "99999999999999999999"}) {
    check_refused(std::string("dense ") + width + " | relu | dense 10",
                  {std::string("\"") + width + "\"", "position 7", "1 to 65536"});
  }
  CHECK(architecture_refusal("dense 65536 | relu | dense 10") == "accepted");
  check_refused("dense | relu | dense 10", {"\"dense\"", "position 1", "width"});
  check_refused("dense 5 6 | relu | dense 10", {"position", "width"});
}

TEST_CASE("activation arguments out of range, not numbers, or too many") {
  for (const std::string& name : activation_names()) {
    const auto parameters = activation_info(find_activation(name)).parameters;
    const std::string before = "dense 4 | " + name;
    std::string all = before;
    for (const ActivationParameter& p : parameters) all += " " + std::to_string(p.initial);
    check_refused(all + " 1 | dense 10",
                  {"\"1\"", "position " + std::to_string(all.size() + 2), name});
    if (parameters.empty()) continue;
    CHECK(architecture_refusal(all + " | dense 10") == "accepted");
    for (const std::string& bad :
         {std::to_string(parameters[0].max + 1), std::to_string(parameters[0].min - 1),
          std::string("nan"), std::string("x")}) {
      check_refused(before + " " + bad + " | dense 10",
                    {"\"" + bad + "\"", "position " + std::to_string(before.size() + 2),
                     parameters[0].name, "from", "to"});
    }
  }
}

TEST_CASE("a last layer that does not match the classes") {
  check_refused("dense 512 | relu | dense 9",
                {"\"dense\"", "position 20", "9", "10 classes", "dense 10"});
  check_refused("dense 512 | relu", {"\"relu\"", "position 13", "512", "10"});
  check_refused("relu", {"\"relu\"", "784", "10"});
}

TEST_CASE("empty texts and empty places between bars") {
  check_refused("", {"empty"});
  check_refused(" \t\n", {"empty"});
  check_refused("|", {"\"|\"", "position 1"});
  check_refused("dense 10 |", {"\"|\"", "position 10"});
  check_refused("dense 512 | | dense 10", {"\"|\"", "position 13"});
  check_refused("| dense 10", {"\"|\"", "position 1"});
}

TEST_CASE("limits: layers and parameters") {
  std::string many = "dense 10";
  for (int k = 0; k < kMaxLayers - 1; ++k) many += " | relu";
  CHECK(architecture_refusal(many) == "accepted");
  check_refused(many + " | relu", {std::to_string(kMaxLayers + 1), std::to_string(kMaxLayers)});
  check_refused("dense 65536 | dense 65536 | dense 10",
                {"\"dense\"", "position 15", "parameters", "268,435,456"});
}

TEST_CASE("control characters and very long words are shown safely") {
  const std::string message =
      architecture_refusal(std::string("dense 10 | re\x01lu\x7f") + std::string(5000, 'x'));
  CAPTURE(message);
  CHECK(message.size() < 600);
  for (const char c : message) CHECK(!std::iscntrl(static_cast<unsigned char>(c)));
  CHECK(architecture_refusal(std::string("dense 10\0| relu", 15)) != "accepted");
}

TEST_CASE("no text at all makes the parser do worse than refuse") {
  const std::uint64_t seed = test_seed() + 41;
  TestRandom random(seed);
  const std::vector<std::string> pieces = {"dense", "relu",  "|",          " ",   "10", "512",
                                           "-3",    "1e400", "leaky_relu", "0.5", "||", "\t",
                                           "x",     "nan",   "\xff",       "é"};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int k = random.below(12); k > 0; --k) {
      text += pieces[static_cast<std::size_t>(random.below(static_cast<int>(pieces.size())))];
      if (random.below(2)) text += ' ';
    }
    INFO("seed ", seed, ", round ", round, ", text ", text);
    try {
      const auto layers = parse_architecture(text, {1, 28, 28}, 10);
      REQUIRE(architecture_text(parse_architecture(architecture_text(layers), {1, 28, 28}, 10)) ==
              architecture_text(layers));
    } catch (const Error& error) {
      REQUIRE(std::string(error.what()).rfind("model: ", 0) == 0);
    }
  }
}

TEST_CASE("architectures up to their limits and one beyond") {
  // 1022 (w + 1) + 2 * 1023 parameters: 2^28 for w = 262654.
  CHECK(architecture_refusal("dense 1022 | dense 2", {1, 1, 262654}, 2) == "accepted");
  CHECK(architecture_refusal("dense 1022 | dense 2", {1, 1, 262655}, 2)
            .find("at most 268,435,456 are allowed") != std::string::npos);
  CHECK(architecture_refusal("conv 4096x1 | gap | dense 10", {1, 32, 32}) ==
        "accepted");  // 2^22 outputs
  CHECK(architecture_refusal("conv 4096x1 | gap | dense 10", {1, 25, 41})
            .find("at most 4,194,304 are allowed") != std::string::npos);
  CHECK(architecture_refusal("conv 4096x32 s32 p32 | gap | dense 10") == "accepted");
  for (const char* const beyond : {"conv 4097x1", "conv 1x33 p32", "conv 1x1 s33", "conv 1x1 p33",
                                   "pool 33 s1", "pool 2 s33", "avgpool 33"}) {
    CAPTURE(beyond);
    CHECK(architecture_refusal(std::string(beyond) + " | gap | dense 10", {1, 64, 64}) !=
          "accepted");
  }
  CHECK(architecture_refusal("pool 32 s32 | avgpool 2 | dense 10", {1, 64, 64}) == "accepted");
  CHECK(architecture_refusal("conv 8x28 | dense 10") == "accepted");
  CHECK(architecture_refusal("conv 8x29 | dense 10") != "accepted");
  CHECK(architecture_refusal("dense 128 | maxout 64 | dense 10") == "accepted");
  CHECK(architecture_refusal("dense 130 | maxout 65 | dense 10") != "accepted");
  CHECK(architecture_refusal("dense 128 | maxout 2 | dense 10") == "accepted");
  CHECK(architecture_refusal("dense 128 | maxout 1 | dense 10") != "accepted");
  for (const std::string& name : activation_names()) {
    const auto parameters = activation_info(find_activation(name)).parameters;
    if (parameters.empty()) continue;
    CAPTURE(name);
    const ActivationParameter& first = parameters.front();
    const auto with = [&](double value) {
      char text[40];
      std::snprintf(text, sizeof text, " %.17g", value);
      std::string rest;  // some must be above the first
      for (std::size_t k = 1; k < parameters.size(); ++k)
        rest += " " + std::to_string(parameters[k].max);
      return architecture_refusal("dense 4 | " + name + text + rest + " | dense 10");
    };
    CHECK(with(first.min) == "accepted");
    CHECK(with(std::nextafter(first.min, -1e9)) != "accepted");
    CHECK(with(std::nextafter(first.max, 1e9)) != "accepted");
    if (parameters.size() == 1) CHECK(with(first.max) == "accepted");
  }
}

TEST_SUITE_END();
