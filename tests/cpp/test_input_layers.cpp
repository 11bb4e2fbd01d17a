// Architecture texts with images, normalisation, dropout and residual blocks: accepted texts, their
// spelling and shapes; errors name the token and the allowed values.
#include "architectures.h"
#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "runs.h"
#include "support.h"
#include "train/describe.h"
#include "train/trainer.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("input");

TEST_CASE("the spelling of image layers reads back as itself, flattening included") {
  CHECK(canonical("conv 8x3 | relu | pool 2 | dense 10") ==
        "conv 8x3 | relu | pool 2 | flatten | dense 10");
  CHECK(canonical("conv 8x3 p1 s2|bn|gap|dense 10") ==
        "conv 8x3 s2 p1 | bn | gap | flatten | dense 10");
  CHECK(canonical("conv 8x3 s1 p0 | pool 2 s2 | avgpool 3 s1 | flatten | dense 10") ==
        "conv 8x3 | pool 2 | avgpool 3 s1 | flatten | dense 10");
  CHECK(canonical("conv 8x3 | gn 4|dense 12 | gn 3 | dense 10") ==
        "conv 8x3 | gn 4 | flatten | dense 12 | gn 3 | dense 10");
  CHECK(canonical("conv 10x3 | gap") == "conv 10x3 | gap | flatten");
  CHECK(canonical("dense 20 | bn | dropout 0.50 | ln | dense 10") ==
        "dense 20 | bn | dropout 0.5 | ln | dense 10");
  CHECK(canonical("conv 8x3|residual(conv 8x3 p1|bn)|gap|dense 10") ==
        "conv 8x3 | residual ( conv 8x3 p1 | bn ) | gap | flatten | dense 10");
  CHECK(canonical("dense 8 | residual(residual(dense 8)|relu|residual(dense 8)) | dense 10") ==
        "dense 8 | residual ( residual ( dense 8 ) | relu | residual ( dense 8 ) ) | dense 10");
  // If no layer needs images, the input is rows of features.
  CHECK(canonical("flatten | dense 10") == "dense 10");
  CHECK(canonical("relu | flatten | dense 10") == "relu | dense 10");
  CHECK(canonical("flatten | bn | dense 10") == "flatten | bn | dense 10");
  CHECK(parse_architecture("flatten | dense 10", {1, 28, 28}, 10).front()->takes_offset());
}

TEST_CASE("shapes, parameters and costs as PyTorch and torchinfo have them") {
  const ModelSummary s = describe_model(
      "conv 32x3 p1 | bn | relu | pool 2 | conv 64x3 p1 | bn | prelu | pool 2 | "
      "residual ( conv 64x3 p1 | bn ) | dense 128 | dropout 0.5 | dense 10",
      {1, 28, 28}, 10, 64);
  const auto find = [&](const std::string& name) -> const LayerSummary& {
    for (const LayerSummary& layer : s.layers) {
      if (layer.name == name) return layer;
    }
    FAIL("no layer is called ", name);
    return s.layers[0];
  };
  CHECK(find("conv1").output == Shape{32, 28, 28});
  CHECK(find("conv1").parameters == 320);
  CHECK(find("conv1").multiply_adds == 28 * 28 * 9 * 32);
  CHECK(find("bn1").parameters == 64);
  CHECK(find("pool1").output == Shape{32, 14, 14});
  CHECK(find("conv2").parameters == 18496);
  CHECK(find("conv2").multiply_adds == 14 * 14 * 9 * 32 * 64);
  CHECK(find("pool2").output == Shape{64, 7, 7});
  CHECK(find("res1").output == Shape{64, 7, 7});
  CHECK(find("flatten1").output == Shape{3136});
  CHECK(find("fc1").parameters == 3136 * 128 + 128);
  CHECK(s.parameters == 458891);
}

TEST_CASE("sizes of convolutions and windows that cannot be") {
  check_refused("conv | dense 10", {"\"conv\"", "position 1", "conv 32x3 p1"});
  check_refused("conv 32 | dense 10", {"\"32\"", "position 6", "32x3"});
  check_refused("conv 0x3 | dense 10", {"\"0\"", "position 6", "channels", "1 to 4096"});
  check_refused("conv 4097x3 | dense 10", {"\"4097\"", "position 6", "1 to 4096"});
  check_refused("conv 8x33 | dense 10", {"\"33\"", "position 8", "kernel", "1 to 32"});
  check_refused("conv 8x | dense 10", {"\"\"", "position 8", "kernel"});
  check_refused("conv 8x3 s0 | dense 10", {"\"0\"", "position 11", "stride", "1 to 32"});
  check_refused("conv 8x3 p-1 | dense 10", {"\"-1\"", "position 11", "padding", "0 to 32"});
  check_refused("conv 8x3 p1.5 | dense 10", {"\"1.5\"", "padding"});
  check_refused("conv 8x3 q1 | dense 10", {"\"q1\"", "position 10", "stride", "padding"});
  check_refused("conv 8x3 p1 p2 | dense 10", {"\"p2\"", "position 13"});
  check_refused("conv 8x31 | dense 10", {"\"8x31\"", "position 6", "31 x 31", "28 x 28"});
  check_refused("conv 8x31 p1 | dense 10", {"31 x 31", "30 x 30", "with padding"});
  CHECK(architecture_refusal("conv 8x31 p2 | dense 10") == "accepted");
  check_refused("pool | dense 10", {"\"pool\"", "position 1", "pool 2"});
  check_refused("avgpool | dense 10", {"\"avgpool\"", "avgpool 2"});
  check_refused("pool 0 | dense 10", {"\"0\"", "position 6", "window", "1 to 32"});
  check_refused("pool 2 p1 | dense 10", {"\"p1\"", "position 8", "stride"});
  check_refused("pool 29 | dense 10", {"\"29\"", "29 x 29", "28 x 28"});
  check_refused("conv 4096x1 | conv 4096x1 p32 | dense 10",
                {"\"conv\"", "position 15", "outputs", "4,194,304"});
  check_refused("conv 4096x32 s32 p2 | conv 4096x32 p32 s32 | conv 1000x1 | dense 10",
                {"\"conv\"", "parameters", "268,435,456"});
}

TEST_CASE("layers of images behind layers of features") {
  for (const std::string word : {"conv 8x3", "pool 2", "avgpool 2", "gap"}) {
    const std::string name = word.substr(0, word.find(' '));
    check_refused("dense 16 | " + word + " | dense 10",
                  {"\"" + name + "\"", "position 12", "image", "16 features"});
    check_refused("conv 2x3 | flatten | " + word + " | dense 10",
                  {"\"" + name + "\"", "position 22", "1352 features"});
  }
}

TEST_CASE("arguments of the others") {
  for (const char* const word : {"bn", "ln", "gap", "flatten"}) {
    check_refused(std::string("conv 2x3 | ") + word + " 3 | dense 10",
                  {"\"3\"", "one argument too many", word, "none"});
  }
  check_refused("dense 8 | gn | dense 10", {"\"gn\"", "position 11", "number of groups", "gn 4"});
  for (const char* const bad : {"0", "-1", "9", "1.5", "all"}) {
    check_refused(
        std::string("dense 8 | gn ") + bad + " | dense 10",
        {std::string("\"") + bad + "\"", "position 14", "a number of groups", "from 1 to 8"});
  }
  check_refused("conv 8x3 | gn 3 | dense 10",
                {"\"3\"", "position 15", "does not divide the 8 channels", "2 and 4"});
  check_refused("dense 8 | dropout | dense 10", {"\"dropout\"", "position 11", "dropout 0.5"});
  for (const char* const bad : {"1", "-0.1", "1.5", "nan", "inf", "half"}) {
    check_refused(std::string("dense 8 | dropout ") + bad + " | dense 10",
                  {std::string("\"") + bad + "\"", "position 19", "0 to below 1"});
  }
  CHECK(architecture_refusal("dense 8 | dropout 0 | dense 10") == "accepted");
}

TEST_CASE("residual blocks that cannot be") {
  check_refused("dense 8 | residual | dense 10", {"\"residual\"", "position 11", "parentheses"});
  check_refused("dense 8 | residual 3 ( dense 8 ) | dense 10", {"\"residual\"", "parentheses"});
  check_refused("dense 8 | residual ( dense 8 | dense 10",
                {"\"residual\"", "position 11", "\")\""});
  check_refused("dense 8 | residual ( ) | dense 10",
                {"\")\"", "position 22", "no layer before it"});
  check_refused("dense 8 | residual ( dense 8 | ) | dense 10", {"\")\"", "position 32"});
  check_refused("dense 8 | residual ( | dense 8 ) | dense 10", {"\"|\"", "position 22"});
  check_refused("dense 8 | residual ( dense 8 ) relu | dense 10", {"\"relu\"", "position 32"});
  check_refused("dense 8 ) | dense 10", {"\")\"", "position 9", "closes no residual block"});
  check_refused("dense 8 ( relu ) | dense 10", {"\"(\"", "position 9", "residual"});
  check_refused("( dense 8 ) | dense 10", {"\"(\"", "position 1"});
  check_refused("residual ( dense 784 ) | dense 10", {"\"residual\"", "position 1", "before it"});
  check_refused("dense 8 | residual ( dense 9 ) | dense 10",
                {"\"residual\"", "position 11", "[8]", "[9]", "the same"});
  check_refused("conv 8x3 | residual ( conv 8x3 ) | dense 10", {"[8, 26, 26]", "[8, 24, 24]"});
  check_refused("dense 8 | residul ( dense 8 ) | dense 10",
                {"\"residul\"", "did you mean \"residual\""});
  check_refused("dense 8 | residual (", {"\"(\"", "position 20", "another layer was expected"});
}

TEST_CASE("no text of the new words makes the parser do worse than refuse") {
  const std::uint64_t seed = test_seed() + 75;
  TestRandom random(seed);
  const std::vector<std::string> pieces = {
      "dense",   "conv",    "pool",     "avgpool", "gap",  "bn",    "ln", "gn",
      "dropout", "flatten", "residual", "(",       ")",    "|",     "|",  "|",
      "10",      "8x3",     "3x",       "x3",      "x",    "p1",    "s2", "2",
      "0.5",     "p",       "s",        "-1",      "relu", "prelu", "8x1"};
  for (int round = 0; round < 40000; ++round) {
    std::string text = random.below(2) ? "conv 8x3 | " : "dense 8 | ";
    for (int k = random.below(14); k > 0; --k) {
      text += pieces[static_cast<std::size_t>(random.below(static_cast<int>(pieces.size())))] + " ";
    }
    if (random.below(2)) text += "| dense 10";
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

TEST_CASE("a batch of one is refused where a variance is needed") {
  cpu::CpuBackend backend;
  Config config;
  config.model = "dense 8 | bn | dense 10";
  const auto data = few_digits(100, 20);
  for (const int batch : {1, 99}) {
    config.batch = batch;
    CHECK_THROWS_WITH_AS(Trainer(data, config, backend),
                         doctest::Contains(("batch is " + std::to_string(batch)).c_str()), Error);
  }
  config.batch = 2;
  CHECK_NOTHROW(Trainer(data, config, backend));
  config.model = "conv 2x3 | bn | pool 26 | dense 10";  // 26 * 26 values a channel
  config.batch = 1;
  CHECK_NOTHROW(Trainer(data, config, backend));
}

TEST_SUITE_END();
