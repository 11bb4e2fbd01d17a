// What people bring and take away in small pieces: pictures that become input, tables and numbers that read back.
#include <cmath>
#include <cstdlib>

#include "data/grey.h"
#include "io/table.h"
#include "support.h"
#include "train/plan.h"

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
  CHECK(to_lines(plain) ==
        std::vector<std::string>{"        n", "ä     100", "long  ± 1"});
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

TEST_SUITE_END();
