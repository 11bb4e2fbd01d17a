// Error messages for channel parameters, ranges, pieces of maxout, class weights and numbers.
#include "architectures.h"
#include "backend/cpu/cpu_backend.h"
#include "network.h"
#include "run/session.h"
#include "train/describe.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("input");

TEST_CASE("canonical spelling of channel parameters, ranges and maxout") {
  for (const std::string text :
       {"dense 8 | prelu channel | dense 10", "dense 8 | prelu channel 0.1 | dense 10",
        "dense 8 | swish channel -2 | dense 10", "dense 8 | rrelu | dense 10",
        "dense 8 | rrelu 0.1 0.1 | dense 10", "dense 8 | maxout 4 | dense 10",
        "maxout 1 | dense 10"}) {
    CAPTURE(text);
    if (text.starts_with("maxout 1")) {
      CHECK(architecture_refusal(text) ==
            "model: \"1\" at position 8 is not a number of pieces, a whole number from 2 to 64");
      continue;
    }
    CHECK(architecture_text(parse_architecture(text, {1, 28, 28}, 10)) == text);
  }
  CHECK(architecture_text(parse_architecture("dense 8 | prelu channel 0.25 | dense 10", {1, 28, 28},
                                             10)) == "dense 8 | prelu channel | dense 10");
  bool prelu = false, relu = false;
  for (const LayerWord& word : layer_words()) {
    if (word.name == "prelu") prelu = word.syntax == "prelu [channel] [weight]";
    if (word.name == "relu") relu = word.syntax == "relu";
  }
  CHECK((prelu && relu));
}

TEST_CASE("the model's table counts a parameter for each channel, and maxout's halves") {
  const ModelSummary summary =
      describe_model("dense 8 | prelu channel | maxout 2 | dense 10", {1, 1, 3}, 10, 1);
  REQUIRE(summary.layers.size() == 4);
  CHECK(summary.layers[1].parameters == 8);
  CHECK(summary.layers[1].activation == "prelu");
  CHECK(summary.layers[2].output == Shape{4});
  CHECK(summary.layers[2].parameters == 0);
  CHECK(summary.parameters == 3 * 8 + 8 + 8 + 4 * 10 + 10);
}

TEST_CASE("what a model text may not say about them") {
  CHECK(architecture_refusal("dense 8 | relu channel | dense 10") ==
        "model: \"channel\" at position 16 is for activations that learn a parameter, prelu or "
        "swish, but relu learns none");
  CHECK(architecture_refusal("dense 8 | prelu channel 2 | dense 10") ==
        "model: \"2\" at position 25 is not a prelu weight, a number from -1 to 1");
  CHECK(architecture_refusal("dense 8 | prelu channel 0.1 0.2 | dense 10") ==
        "model: \"0.2\" at position 29 is one argument too many: prelu takes at most 1");
  CHECK(architecture_refusal("dense 8 | prelu 0.1 channel | dense 10") ==
        "model: \"channel\" at position 21 is one argument too many: prelu takes at most 1");
  CHECK(architecture_refusal("dense 8 | rrelu 0.4 0.3 | dense 10") ==
        "model: \"0.4\" at position 17 is above the 0.3 where rrelu's range ends");
  CHECK(architecture_refusal("dense 8 | rrelu 0.4 | dense 10") ==
        "model: \"0.4\" at position 17 is above the 0.3333333333333333 where rrelu's range ends");
  CHECK(architecture_refusal("dense 8 | maxout | dense 10") ==
        "model: \"maxout\" at position 11 takes one number of pieces, as in \"maxout 2\"");
  CHECK(architecture_refusal("dense 8 | maxout 3 | dense 10") ==
        "model: \"3\" at position 18 does not divide the 8 channels in front of this maxout");
  CHECK(architecture_refusal("dense 8 | celu 0 | dense 10").find("a number from 0.1 to 10") !=
        std::string::npos);
}

TEST_CASE("class weights are a list of numbers, as texts and as JSON") {
  const auto weights = [](const Config& config) { return config.class_weights; };
  CHECK(weights(config_from_fields({{"class_weights", "1,2.5, 0.001"}})) ==
        std::vector<double>{1, 2.5, 0.001});
  CHECK(weights(config_from_json("{\"class_weights\": [1, 2.5]}")) == std::vector<double>{1, 2.5});
  CHECK(weights(config_from_fields({{"class_weights", ""}})).empty());
  CHECK(weights(config_from_fields({{"class_weights", ""}},
                                   config_from_json("{\"class_weights\": [3]}")))
            .empty());
  const std::string allowed = ", but it must be a list of numbers from 0.001 to 1000";
  CHECK(text_refusal("class_weights", "1,x") == "class_weights is \"1,x\"" + allowed);
  CHECK(text_refusal("class_weights", "1,,2") == "class_weights is \"1,,2\"" + allowed);
  CHECK(text_refusal("class_weights", "1,0") == "class_weights is \"1,0\"" + allowed);
  CHECK(text_refusal("class_weights", "nan") == "class_weights is \"nan\"" + allowed);
  CHECK(json_refusal("{\"class_weights\": 3}") == "class_weights is 3" + allowed);
  CHECK(json_refusal("{\"class_weights\": [1, \"a\"]}") ==
        "class_weights is a list with \"a\"" + allowed);
  CHECK(json_refusal("{\"class_weights\": [1, -1]}") ==
        "class_weights is a list with -1" + allowed);
  CHECK(json_refusal("{\"class_weights\": [[1]]}") ==
        "class_weights is a list with a list" + allowed);
}

TEST_CASE("numbers out of range, by name") {
  CHECK(text_refusal("label_smoothing", "1.1") ==
        "label_smoothing is 1.1, but it must be a number from 0 to 1");
  CHECK(text_refusal("l1", "-0.1") == "l1 is -0.1, but it must be a number from 0 to 10");
  CHECK(text_refusal("l2", "nan") == "l2 is nan, but it must be a number from 0 to 10");
  CHECK(text_refusal("init_value", "1e9") ==
        "init_value is 1e9, but it must be a number from -1000 to 1000");
  CHECK(text_refusal("init", "orthogonl").find("orthogonal") != std::string::npos);
}

TEST_CASE("a session needs as many class weights as the data has classes") {
  TestRandom random(5);
  std::vector<std::uint8_t> pixels, labels;
  for (int k = 0; k < 20; ++k) {
    for (int at = 0; at < 6; ++at) pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    labels.push_back(static_cast<std::uint8_t>(k % 10));
  }
  const auto images = idx_bytes({20, 2, 3}, pixels), answers = idx_bytes({20}, labels);
  const auto data =
      std::make_shared<Dataset>("small", Dataset::Files{images, answers, images, answers});
  Config config;
  config.model = "dense 10";
  config.class_weights = {1.0, 2.0, 3.0};
  CHECK_THROWS_WITH_AS(Session(data, config),
                       "class_weights has 3 numbers, but the data has 10 classes", Error);
  config.class_weights.assign(10, 2.0);
  Session session(data, config);
  CHECK(session.advance().event() == "batch");
}

TEST_SUITE_END();
