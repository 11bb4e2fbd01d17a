// Pictures that become input, and tables and numbers that parse to the same values.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "data/grey.h"
#include "experiments/plan.h"
#include "io/table.h"
#include "network.h"
#include "run/report.h"
#include "run/session.h"
#include "support.h"
#include "train/describe.h"

using namespace reluscope;
using namespace reluscope::test;
TEST_SUITE_BEGIN("reference");

TEST_CASE("pictures become what a network reads") {
  const std::vector<std::uint8_t> rgb = {255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255};
  using Bytes = std::vector<std::uint8_t>;
  CHECK(network_input({"x", 2, 2, 3, rgb}, 2, 2, false) == Bytes{255, 76, 150, 29});
  CHECK(network_input({"x", 2, 2, 3, rgb}, 2, 2, true) == Bytes{0, 179, 105, 226});
  const Bytes grey = {0, 7, 255};
  CHECK(network_input({"x", 1, 3, 1, grey}, 1, 3, false) == grey);
  CHECK(network_input({"x", 1, 3, 1, grey}, 1, 3, true) == Bytes{255, 248, 0});
}

TEST_CASE("tables: quoted where needed, aligned by characters") {
  const Table table{{"a", "b"}, {{"x,y", "1"}, {"say \"ö\"\nno", "22"}}};
  CHECK(to_csv(table) == "a,b\n\"x,y\",1\n\"say \"\"ö\"\"\nno\",22\n");
  const Table plain{{"", "n"}, {{"ä", "100"}, {"long", "± 1"}}};
  CHECK(to_lines(plain) == std::vector<std::string>{"        n", "ä     100", "long  ± 1"});
}

TEST_CASE("numbers in files read back exactly") {
  TestRandom random(test_seed());
  INFO("seed ", test_seed());
  for (int i = 0; i < 2000; ++i) {
    const double value = random.uniform(-1, 1) * std::pow(10.0, random.uniform(-30, 30));
    CHECK(std::strtod(cell_text(value).c_str(), nullptr) == value);
    CHECK(Json::parse(Json(value).dump()).get<double>() == value);
  }
  CHECK(cell_text(nullptr) == "");
  CHECK(cell_text("a b") == "a b");
  CHECK(cell_text(true) == "true");
}

TEST_CASE("the table of a run has the values of its events, cell by cell") {
  const std::vector<std::string> columns = {
      "event",     "epoch",        "batch",           "step",
      "samples",   "loss",         "accuracy",        "lr",
      "momentum",  "train_loss",   "validation_loss", "validation_accuracy",
      "test_loss", "test_accuracy"};
  const auto cells_of = [](const std::string& line) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == ',')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    return cells;
  };
  for (const char* const schedule : {"one_cycle", "constant"}) {
    CAPTURE(schedule);
    Config config = config_from_json(
        R"({"model": "dense 5 | relu | dense 10", "epochs": 2, "batch": 5, "validation": 7, "log_every": 1})");
    config.schedule = schedule;
    Session session(six_pixels(), config);
    CHECK(cells_of(report(session.start()).csv.at(0)) == columns);
    int batches = 0, epochs = 0, partial = 0;
    for (Reported p = report(session.advance()); p.event() != "done";
         p = report(session.advance())) {
      REQUIRE(p.event() != "diverged");
      if (p.event() == "test") {
        CHECK(p.csv.empty());
        continue;
      }
      REQUIRE(p.csv.size() == 1);
      const Json event = Json::parse(p.json.at(0));
      const auto cells = cells_of(p.csv[0]);
      REQUIRE(cells.size() == columns.size());
      for (std::size_t c = 0; c < columns.size(); ++c) {
        CAPTURE(columns[c]);
        if (!event.contains(columns[c])) {
          CHECK(cells[c] == "");
        } else if (event[columns[c]].is_string()) {
          CHECK(cells[c] == event[columns[c]].get<std::string>());
        } else {
          CHECK(std::strtod(cells[c].c_str(), nullptr) == event[columns[c]].get<double>());
        }
      }
      batches += p.event() == "batch";
      epochs += p.event() == "epoch";
      partial += p.event() == "batch" && event["samples"] != event["total"];
    }
    CHECK(batches == 8);
    CHECK(epochs == 2);
    CHECK(partial == 6);
  }
}

TEST_CASE("a network's table: shapes, parameters and costs, row by row") {
  const auto cells = [](const std::string& line) {  // two blanks or more apart
    std::vector<std::string> found;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find("  ", at), line.size());
      found.push_back(line.substr(at, end - at));
      at = std::min(line.find_first_not_of(' ', end), line.size());
    }
    return found;
  };
  const ModelSummary summary =
      describe_model("conv 2x3 p1 | relu | pool 2 | dense 10", {1, 4, 6}, 10, 5000);
  struct Row {
    std::string layer, shape;
    std::int64_t parameters, multiply_adds, outputs;  // multiply_adds and outputs: of one sample
  };
  const std::vector<Row> rows = {
      {"conv1: conv 2x3 p1", "[5000, 2, 4, 6]", 2 * 9 + 2, 4 * 6 * 9 * 2, 48},
      {"act1: relu", "[5000, 2, 4, 6]", 0, 0, 48},
      {"pool1: pool 2", "[5000, 2, 2, 3]", 0, 0, 12},
      {"flatten1: flatten", "[5000, 12]", 0, 0, 12},
      {"fc1: dense 10", "[5000, 10]", 130, 120, 10}};
  REQUIRE(summary.layers.size() == rows.size());
  CHECK(summary.parameters == 150);
  CHECK(summary.multiply_adds == 552);
  CHECK(summary.memory_bytes == 4 * (150 + 5000 * 130));
  for (std::size_t l = 0; l < rows.size(); ++l) {
    CAPTURE(rows[l].layer);
    CHECK(summary.layers[l].parameters == rows[l].parameters);
    CHECK(summary.layers[l].multiply_adds == rows[l].multiply_adds);
    CHECK(summary.layers[l].memory_bytes == 4 * (rows[l].parameters + 5000 * rows[l].outputs));
  }
  const auto lines = to_table(summary);
  REQUIRE(lines.size() == 20);
  using Cells = std::vector<std::string>;
  CHECK(cells(lines[1]) == Cells{"Layer", "Output Shape", "Param #", "Mult-Adds"});
  CHECK(cells(lines[3]) == Cells{"input", "[5000, 1, 4, 6]", "--", "--"});
  CHECK(cells(lines[4]) == Cells{rows[0].layer, rows[0].shape, "20", "2,160,000"});
  CHECK(cells(lines[5]) == Cells{rows[1].layer, rows[1].shape, "--", "--"});
  CHECK(cells(lines[6]) == Cells{rows[2].layer, rows[2].shape, "--", "--"});
  CHECK(cells(lines[7]) == Cells{rows[3].layer, rows[3].shape, "--", "--"});
  CHECK(cells(lines[8]) == Cells{rows[4].layer, rows[4].shape, "130", "600,000"});
  CHECK(lines[10] == "Total params: 150");
  CHECK(lines[13] == "Total mult-adds (M): 2.76");
  CHECK(lines[15] == "Input size (MB): 0.48");                  // 4 * 5000 * 24
  CHECK(lines[16] == "Forward/backward pass size (MB): 2.60");  // 4 * 5000 * 130
  CHECK(lines[17] == "Params size (MB): 0.00");
  CHECK(lines[18] == "Estimated Total Size (MB): 3.08");
  const Json json = to_json(summary);
  CHECK(json["batch"] == 5000);
  CHECK(json["input_shape"] == Json({1, 4, 6}));
  CHECK(json["layers"][2]["output_shape"] == Json({2, 2, 3}));
  CHECK(json["layers"][1]["activation"] == "relu");
  CHECK(!json["layers"][0].contains("activation"));
}

TEST_SUITE_END();
