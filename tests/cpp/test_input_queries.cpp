// The table of questions: its rows, and what is refused before a question is answered. Node's tests
// of the core have more of the refusals.
#include <cstring>
#include <set>
#include <string>

#include <doctest/doctest.h>
#include "core/error.h"
#include "experiments/experiment_queries.h"
#include "nn/activation.h"
#include "run/queries.h"

using namespace reluscope;

TEST_SUITE_BEGIN("input");

TEST_CASE("questions have names of their own, and what may be left out comes last") {
  std::set<std::string> names;
  for (const auto table : {queries(), experiment_queries()}) {
    for (const Query& query : table) {
      CAPTURE(query.name);
      CHECK(names.insert(query.name).second);
      bool may_be_left_out = false;
      for (const Argument& argument : query.arguments) {
        if (argument.name == nullptr) break;
        CAPTURE(argument.name);
        CHECK((!may_be_left_out || argument.missing != Missing::kRefused));
        may_be_left_out = argument.missing != Missing::kRefused;
      }
    }
  }
  CHECK(names.size() > 40);
}

TEST_CASE("a question is asked with its arguments in their order, and floats come as bytes") {
  const auto find = [](const std::string& name) -> const Query& {
    for (const Query& query : queries()) {
      if (query.name == name) return query;
    }
    throw Error(name);
  };
  const Json curve = ask(find("curve"), {}, {"elu", {1.0}, {-1.0, 2.0}});
  const auto& bytes = curve["y"].get_binary();
  CHECK(bytes.subtype() == kFloats);
  REQUIRE(bytes.size() == 2 * sizeof(float));
  float y[2];
  std::memcpy(y, bytes.data(), sizeof(y));
  const double one = 1.0;
  CHECK(y[0] == static_cast<float>(activation_value(find_activation("elu"), -1.0, {&one, 1})));
  CHECK(y[1] == 2.0F);
  CHECK(ask(find("describe"), {}, {"dense 10", {1, 28, 28}, 10})["batch"] == 64);
  CHECK_THROWS_WITH_AS(ask(find("describe"), {}, {"dense 10", {1, 28, 28}, 10, 0.5}),
                       "batch is 0.5, but it must be a whole number", Error);
  CHECK_THROWS_WITH_AS(ask(find("unit"), {}, {1, 0}), "there is no run yet: configure one first",
                       Error);
}

TEST_SUITE_END();
