// Error messages for experiments, result files, saved weights and pictures.
#include <cstring>

#include "core/error.h"
#include "data/grey.h"
#include "experiments/experiment.h"
#include "experiments/lessons.h"
#include "experiments/race.h"
#include "experiments/sweep.h"
#include "io/safetensors.h"
#include "network.h"
#include "refusals.h"
#include "run/checkpoint.h"

using namespace reluscope;
using namespace reluscope::test;
namespace {

using Flags = std::vector<std::pair<std::string, std::string>>;
using Bytes = std::vector<std::uint8_t>;

std::string plan_refusal(const std::string& kind, const Flags& flags) {
  return refusal([&] { make_plan(kind, *six_pixels(), Config{}, FlagValues(flags)); });
}

// A file with the given header and number of data bytes.
Bytes file_of(const std::string& header, std::size_t data) {
  Bytes bytes;
  for (int i = 0; i < 8; ++i)
    bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{header.size()} >> (8 * i)));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data);
  return bytes;
}

std::string read_refusal(const std::string& header, std::size_t data = 0) {
  return refusal([&] { read_safetensors(file_of(header, data)); });
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"w\":" + entry(dtype, shape, offsets) + "}";
}

}  // namespace

TEST_SUITE_BEGIN("input");

TEST_CASE("sweeps: what is no sweep") {
  const auto says = [](const Flags& flags, const std::string& sentence) {
    CHECK(plan_refusal("sweep", flags) == sentence);
  };
  says({}, "sweep: nothing varies; give --grid FIELD=VALUES or --random FIELD=RANGE");
  says({{"grid", "lr"}}, "grid is \"lr\", but it must be FIELD=VALUES, such as lr=0.001,0.01");
  says({{"grid", "lrr=1"}}, "unknown setting \"lrr\": the nearest known one is \"lr\"");
  says({{"grid", "lr=1,x"}}, "lr is \"x\", but it must be a number from 0 to 1000000");
  says({{"grid", "lr=0.1,"}}, "lr is \"\", but it must be a number from 0 to 1000000");
  says({{"grid", "lr=0.1"}, {"random", "lr=1,2"}, {"runs", "1"}}, "random varies lr a second time");
  says({{"grid", "seed=1,2"}, {"seeds", "2"}}, "grid varies seed a second time");
  says({{"grid", "data=a,b"}}, "grid varies data, but a sweep runs on one data set");
  says({{"random", "lr=log:1e-4:1"}}, "random: give the number of draws with --runs N");
  says({{"grid", "lr=1"}, {"runs", "3"}},
       "runs is the number of random draws, but no --random says what is drawn");
  for (const char* const range :
       {"log:0:1", "log:1:1", "log:2:1", "log:1", "log:a:1", "log:1:inf", "log:-1:1", "log:"}) {
    says({{"random", std::string("lr=") + range}, {"runs", "1"}},
         "random: \"" + std::string(range) +
             "\" of lr must be log:LOW:HIGH with LOW below HIGH and above 0");
  }
  says({{"random", "batch=int:1:2.5"}, {"runs", "1"}},
       "random: \"int:1:2.5\" of batch must be int:LOW:HIGH with LOW below HIGH, both whole "
       "numbers");
  says({{"random", "lr=lin:2:1"}, {"runs", "1"}},
       "random: \"lin:2:1\" of lr must be lin:LOW:HIGH with LOW below HIGH");
  for (const char* const shard :
       {"0/2", "3/2", "1", "1/0", "a/2", "1.5/2", "1/", "/2", "", "1/2/3", "-1/2", "1/1e9"}) {
    says({{"grid", "lr=1"}, {"shard", shard}},
         "shard is \"" + std::string(shard) +
             "\", but it must be PART/PARTS, such as 1/4, with PART from 1 to PARTS");
  }
  says({{"grid", "lr=1"}, {"seeds", "0"}},
       "seeds is \"0\", but it must be a whole number from 1 to 1000");
  says({{"random", "lr=1,2"}, {"runs", "1e9"}},
       "runs is \"1e9\", but it must be a whole number from 1 to 1000000");
  says({{"random", "lr=1,2"}, {"runs", "1000000"}, {"seeds", "2"}},
       "sweep: that is 2000000 runs, but at most 1000000 are allowed");
  CHECK(plan_refusal("sweep", {{"grid", "model=dense 10;dense 9"}}).find("gives 9 outputs") !=
        std::string::npos);
  CHECK(refusal([] { make_plan("sweeep", *six_pixels(), Config{}, FlagValues({})); }) ==
        "experiment is \"sweeep\", but known are race, sweep or lessons");
}

TEST_CASE("races and lessons: what cannot be run is said before anything is") {
  const auto says = [](const std::string& kind, const Flags& flags, const std::string& sentence) {
    CHECK(plan_refusal(kind, flags) == sentence);
  };
  says("race", {{"entry", "lr"}},
       "\"lr\" is not a setting: FIELD=VALUE was expected, such as lr=0.1");
  says("race", {{"entry", "x: lr=-1"}}, "lr is -1, but it must be a number from 0 to 1000000");
  says("race", {{"entry", "x: "}, {"entry", "x: lr=1"}},
       "race: two entries have the name \"x\"; put another name and a colon before one of them");
  says("race", {{"entry", "x: data=other"}},
       "entry \"x\" changes data to \"other\", but a race runs on one data set, \"mnist\"");
  CHECK(plan_refusal("race", {{"entry", " "}}).find("entry is \" \", but it must be changes") == 0);
  CHECK(plan_refusal("race", {{"activations", "relu,rely"}})
            .find("activation is \"rely\", but known are relu") == 0);
  says("race", {{"entry", "model=dense 10"}, {"activations", "relu"}, {"seeds", "x"}},
       "seeds is \"x\", but it must be a whole number from 1 to 1000");
  CHECK(refusal([] { with_activation("dense 10", "elu"); }) ==
        "model: \"dense 10\" has no activation to replace");
  Config late;
  late.seed = 9007199254740991;
  CHECK(refusal([&] {
          plan_race(*six_pixels(), late, FlagValues(Flags{{"seeds", "2"}}));
        }).find("seed is") == 0);
  says("lessons", {{"only", "dead-unit"}},
       "only: \"dead-unit\" is not a lesson: the nearest known one is \"dead-units\"");
  CHECK(plan_refusal("lessons", {{"only", "mean-relu,qqqqqqqqqqqqqq"}})
            .find("is not a lesson: known are non-linear, ") != std::string::npos);
}

TEST_CASE("train_samples beyond the training set") {
  Config config;
  config.train_samples = 25;
  CHECK(refusal([&] { Session session(six_pixels(), config); }) ==
        "train_samples is 25, but the training set has 24 samples");
}

TEST_CASE("files of results that are none") {
  Json row = {{"run", run_id(Config{})},
              {"index", 0},
              {"name", "a"},
              {"config", Json::object()},
              {"epochs", Json::array()}};
  const std::string good = row.dump();
  const auto says = [](const std::string& text, const std::string& sentence) {
    CHECK(refusal([&] { read_rows(text, "f"); }) == sentence);
  };
  CHECK(read_rows(good + "\n\n" + good, "f").size() == 2);
  CHECK(read_rows("", "f").empty());
  // A line truncated by a crash, at every position.
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK(read_rows(good + "\n" + good.substr(0, length), "f").size() == 1);
  }
  says(good.substr(0, 30) + "\n" + good,
       "line 1 of \"f\": not JSON at byte 31; the result of a run was expected");
  says(good + "\n[]\n", "line 2 of \"f\" is not the result of a run");
  for (const char* const key : {"run", "index", "name", "config", "epochs"}) {
    Json bad = row;
    bad.erase(key);
    says(bad.dump() + "\n", "line 1 of \"f\" is not the result of a run");
    bad[key] = -1.5;
    says(bad.dump() + "\n", "line 1 of \"f\" is not the result of a run");
  }
  Json changed = row;
  changed["config"]["lr"] = 0.5;
  CHECK(refusal([&] {
          read_rows(changed.dump(), "f");
        }).find("line 1 of \"f\" has the id \"" + run_id(Config{}) + "\", but its config has ") ==
        0);
  changed["config"]["lr"] = -0.5;
  says(changed.dump(), "line 1 of \"f\": lr is -0.5, but it must be a number from 0 to 1000000");

  Json other = row;
  other["weights_sha256"] = "1";
  CHECK(refusal([&] {
          merge_rows({{"a", good}, {"b", other.dump()}});
        }) == "merge: run " + run_id(Config{}) +
                  " has one result in \"a\" and another in \"b\": they differ in weights_sha256");
  other = row;
  other["index"] = 7;
  other["name"] = "b";
  CHECK(merge_rows({{"a", good}, {"b", other.dump()}}).size() == 1);
}

TEST_CASE("safetensors: what is written is read back") {
  const std::vector<NamedTensor> tensors = {
      {"b", {2, 3}, {1.5f, -0.0f, 3e-39f, kNan, 1e38f, -7.0f}},
      {"a", {}, {2.0f}},
      {"c", {0, 4}, {}}};
  const Bytes bytes = write_safetensors(tensors, {{"k", "v"}, {"ü", "\n"}});
  const SafetensorsFile file = read_safetensors(bytes);
  CHECK(file.metadata == Metadata{{"k", "v"}, {"ü", "\n"}});
  REQUIRE(file.tensors.size() == 3);
  for (const StoredTensor& stored : file.tensors) {
    const auto& tensor = stored.name == "a"   ? tensors[1]
                         : stored.name == "b" ? tensors[0]
                                              : tensors[2];
    CHECK(stored.shape == tensor.shape);
    CHECK(stored.dtype == "F32");
    const std::vector<float> values = float_values(stored);
    REQUIRE(values.size() == tensor.values.size());
    CHECK((values.empty() ||
           std::memcmp(values.data(), tensor.values.data(), 4 * values.size()) == 0));
  }
  // The order in the header differs from that of the data.
  const Bytes turned = file_of("{\"z\":" + entry("\"U8\"", "[2]", "[3,5]") +
                                   ",\"y\":" + entry("\"BOOL\"", "[3]", "[0,3]") + "}",
                               5);
  CHECK(read_safetensors(turned).tensors[0].name == "y");
  CHECK(refusal([&] { float_values(read_safetensors(turned).tensors[0]); }) ==
        "safetensors: tensor \"y\" is of dtype BOOL, but F32 is needed");
  CHECK(read_safetensors(file_of("{}", 0)).tensors.empty());
}

TEST_CASE("safetensors: every broken file is refused") {
  const auto says = [](const std::string& header, std::size_t data, const std::string& sentence) {
    CHECK(read_refusal(header, data) == "safetensors: " + sentence);
  };
  CHECK(refusal([] { read_safetensors(Bytes(7)); }) ==
        "safetensors: the file has 7 bytes, but at least 8 are needed");
  Bytes large(16);
  large[2] = 0x10;
  large[0] = 1;
  CHECK(refusal([&] { read_safetensors(large); }) ==
        "safetensors: the header is said to have 1048577 bytes, but at most 1048576 are allowed");
  CHECK(refusal([&] { read_safetensors(Bytes(8, 0xff)); }) ==
        "safetensors: the header is said to have 18446744073709551615 bytes, but at most 1048576 "
        "are allowed");
  large[2] = 0;
  large[0] = 9;
  CHECK(refusal([&] { read_safetensors(large); }) ==
        "safetensors: the header is said to have 9 bytes, but only 8 follow");
  says("", 0, "the header does not begin with {");
  says("[1]", 0, "the header does not begin with {");
  says(" {}", 0, "the header does not begin with {");
  says("{", 0, "the header: not JSON at byte 2; an object of tensors was expected");
  says("{}}", 0, "the header: not JSON at byte 3; an object of tensors was expected");
  says("{\"\xff\":1}", 0, "the header: not JSON at byte 3; an object of tensors was expected");
  says("{\"a\":1e999}", 0, "the header: a number in it is larger than a double can hold");
  says(one("\"F32\"", "[1]", "[0,4]").insert(1, "\"w\":" + entry("\"F32\"", "[1]", "[0,4]") + ","),
       4, "the header: an object in it has the name \"w\" twice");
  says("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0,
       "the header: an object in it has the name \"dtype\" twice");
  says("{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0,
       "the header: an object in it has the name \"a\" twice");
  says("{\"w\":[[[1]]]}", 0, "the header: it is nested deeper than 3 objects and lists");
  CHECK(read_refusal("{\"w\":" + std::string(500000, '[')) ==
        "safetensors: the header: it is nested deeper than 3 objects and lists");
  says("{\"__metadata__\":[]}", 0, "__metadata__ is not an object of texts");
  says("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ has \"a\" with a value that is not a text");
  says("{\"w\":1}", 0, "tensor \"w\" is not described by an object");
  says("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "tensor \"w\" has no data_offsets");
  says("{\"w\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "tensor \"w\" has no dtype");
  says("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4,
       "tensor \"w\" has \"x\"; only dtype, shape and data_offsets are allowed");
  says(one("1", "[1]", "[0,4]"), 4, "tensor \"w\"'s dtype is not a text");
  CHECK(read_refusal(one("\"F33\"", "[1]", "[0,4]"), 4)
            .find("tensor \"w\" is of dtype \"F33\": known are BOOL, U8") != std::string::npos);
  says(one("\"F32\"", "1", "[0,4]"), 4, "tensor \"w\"'s shape is not a list of whole numbers");
  for (const char* const size : {"-1", "1.0", "1e2", "1.5", "18446744073709551616"}) {
    const std::string message =
        read_refusal(one("\"F32\"", std::string("[") + size + "]", "[0,4]"), 4);
    CAPTURE(message);
    CHECK(message.find("tensor \"w\"'s shape has ") != std::string::npos);
    CHECK(message.find("where only whole numbers from 0 on are allowed") != std::string::npos);
  }
  says(one("\"F32\"", "[\"1\"]", "[0,4]"), 4,
       "tensor \"w\"'s shape has an entry that is no number, where only whole numbers from 0 on "
       "are allowed");
  says(one("\"F32\"", "[2,18446744073709551614]", "[0,4]"), 4,
       "tensor \"w\" has a size of 18446744073709551614, which is too large");
  says(one("\"F32\"", "[65536,65536]", "[0,0]"), 0,
       "tensor \"w\" lies from byte 0 to 0, but F32 of shape [65536, 65536] takes 17179869184 "
       "bytes");
  says(one("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 0,
       "tensor \"w\" of shape [4294967296, 4294967296] is too large");
  says(one("\"F32\"", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"), 4,
       "tensor \"w\"'s shape has 17 sizes, but at most 16 are allowed");
  says(one("\"F32\"", "[1]", "[0]"), 4, "tensor \"w\" has 1 data_offsets, but there must be 2");
  says(one("\"F32\"", "[1]", "[4,0]"), 4,
       "tensor \"w\" lies from byte 4 to 0, but F32 of shape [1] takes 4 bytes");
  says(one("\"F32\"", "[1]", "[0,8]"), 8,
       "tensor \"w\" lies from byte 0 to 8, but F32 of shape [1] takes 4 bytes");
  says(one("\"F32\"", "[1]", "[4,8]"), 8,
       "tensor \"w\" begins at byte 4 of the data, but must begin at 0, where the one before it "
       "ends");
  says("{\"v\":" + entry("\"F32\"", "[2]", "[0,8]") + ",\"w\":" + entry("\"F32\"", "[1]", "[4,8]") +
           "}",
       8,
       "tensor \"w\" begins at byte 4 of the data, but must begin at 8, where the one before it "
       "ends");
  says(one("\"F32\"", "[2]", "[0,8]"), 7,
       "tensor \"w\" ends at byte 8 of the data, but the file has only 7");
  says(one("\"F32\"", "[1]", "[0,4]"), 5, "the file has 5 bytes of data, but its tensors take 4");
  std::string many = "{\"__metadata__\":{";
  for (int i = 0; i <= 10000; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":\"\"";
  says(many + "}}", 0, "the header: an object in it has more than 10000 names");
  CHECK(read_refusal(one("\"F32\"", "[0,99999999999]", "[0,0]")) == "accepted");
}

TEST_CASE("safetensors: no cut or changed byte of a file does harm") {
  const Bytes good =
      write_safetensors({{"w", {2, 2}, {1, 2, 3, 4}}, {"v", {1}, {5}}}, {{"a", "b"}});
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK(refusal([&] { read_safetensors(std::span(good).first(length)); }) != "accepted");
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int bit : {1, 4, 16, 128}) {
      Bytes bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ bit);
      refusal([&] {
        for (const StoredTensor& tensor : read_safetensors(bad).tensors) float_values(tensor);
      });
    }
  }
}

TEST_CASE("weights: saved ones come back with their config, those of another model are refused") {
  const auto data = six_pixels();
  const Config config = config_from_json(
      R"({"model": "dense 7 | prelu | dense 10", "lr": 0.05, "epochs": 1, "train_samples": 20})");
  Session trained(data, config);
  while (trained.advance().event() != "done") {
  }
  const Bytes file = trained.save("safetensors");
  const Config found = config_of_weights(file);
  CHECK(found.model == config.model);
  CHECK(found.lr == config.lr);
  CHECK(found.train_samples == 0);
  CHECK(config_of_weights(write_safetensors({}, {})) == Config{});

  Config other_seed = config;
  other_seed.seed = 2;
  Session loaded(data, other_seed);
  CHECK(loaded.weights_sha256() != trained.weights_sha256());
  loaded.load(file);
  CHECK(loaded.weights_sha256() == trained.weights_sha256());
  CHECK(loaded.evaluate().loss_sum == trained.evaluate().loss_sum);

  const auto load_refusal = [&](const std::string& model, const Bytes& bytes) {
    Config c = config;
    c.model = model;
    Session session(data, c);
    const std::string before = session.weights_sha256();
    const std::string message = refusal([&] { session.load(bytes); });
    CHECK(session.weights_sha256() == before);
    return message;
  };
  CHECK(
      load_refusal("dense 8 | prelu | dense 10", file) ==
      "weights: \"fc1.weight\" has the shape [7, 6], but the model needs [8, 6]; \"fc1.bias\" has "
      "the shape [7], "
      "but the model needs [8]; \"fc2.weight\" has the shape [10, 7], but the model needs [10, 8]");
  CHECK(load_refusal("dense 7 | prelu | dense 7 | relu | dense 10", file) ==
        "weights: \"fc2.weight\" has the shape [10, 7], but the model needs [7, 7]; \"fc2.bias\" "
        "has the shape [10], "
        "but the model needs [7]; the file has no \"fc3.weight\", which the model "
        "\"dense 7 | prelu | dense 7 | relu | dense 10\" needs; the file has no \"fc3.bias\", "
        "which the model "
        "\"dense 7 | prelu | dense 7 | relu | dense 10\" needs");
  CHECK(load_refusal("dense 7 | relu | dense 10", file) ==
        "weights: the file has \"act1.weight\", which the model \"dense 7 | relu | dense 10\" does "
        "not have");
  CHECK(load_refusal("dense 7 | swish | dense 10", file) ==
        "weights: the file has no \"act1.beta\", which the model \"dense 7 | swish | dense 10\" "
        "needs; the file has "
        "\"act1.weight\", which the model \"dense 7 | swish | dense 10\" does not have");
  Bytes infinite = file;
  infinite[infinite.size() - 1] = 0x7f;
  infinite[infinite.size() - 2] = 0x80;
  infinite[infinite.size() - 3] = infinite[infinite.size() - 4] = 0;
  CHECK(load_refusal("dense 7 | prelu | dense 10", infinite)
            .find("holds a value that is not finite") != std::string::npos);
}

TEST_CASE("pictures of another size") {
  const auto read = [](int height, int width, std::size_t bytes) {
    return refusal([&] {
      const std::vector<std::uint8_t> pixels(bytes);
      network_input({"x.png", height, width, 1, pixels}, 28, 28, false);
    });
  };
  CHECK(read(31, 32, 992) == "image: \"x.png\" is 32x31 pixels, but the network takes 28x28");
  CHECK(read(28, 28, 783).find("was decoded to 783 bytes") != std::string::npos);
  CHECK(read(28, 28, 784) == "accepted");
}

TEST_CASE("safetensors: exactly at each limit a file is read, and one more is refused") {
  const auto padded = [](std::string header, std::size_t length) {
    header.resize(length, ' ');
    return header;
  };
  CHECK(read_refusal(padded("{}", 1048576)) == "accepted");
  CHECK(read_refusal(padded("{}", 1048577)) ==
        "safetensors: the header is said to have 1048577 bytes, but at most 1048576 are allowed");
  CHECK(refusal([] { read_safetensors(Bytes(8)); }) ==
        "safetensors: the header does not begin with {");

  std::string many = "{\"__metadata__\":{";
  for (int i = 0; i < 10000; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":\"\"";
  CHECK(read_refusal(many + "}}") == "accepted");
  CHECK(read_refusal(one("\"F32\"", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"), 4) ==
        "accepted");

  // 2^62 is the largest size and the largest number of bytes.
  CHECK(read_refusal(one("\"F32\"", "[0,4611686018427387904]", "[0,0]")) == "accepted");
  CHECK(read_refusal(one("\"F32\"", "[0,4611686018427387905]", "[0,0]")) ==
        "safetensors: tensor \"w\" has a size of 4611686018427387905, which is too large");
  CHECK(read_refusal(one("\"F32\"", "[1152921504606846976]", "[0,0]")) ==
        "safetensors: tensor \"w\" lies from byte 0 to 0, but F32 of shape [1152921504606846976] "
        "takes "
        "4611686018427387904 bytes");
  CHECK(read_refusal(one("\"F32\"", "[1152921504606846977]", "[0,0]")) ==
        "safetensors: tensor \"w\" of shape [1152921504606846977] is too large");
}

TEST_SUITE_END();
