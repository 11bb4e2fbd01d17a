// The table of questions: its rows, and what is refused before a question is answered. Node's tests
// of the core have more of the refusals.
#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include <doctest/doctest.h>
#include "core/error.h"
#include "experiments/experiment_queries.h"
#include "nn/activation.h"
#include "run/commands.h"

using namespace reluscope;

TEST_SUITE_BEGIN("input");

TEST_CASE("questions have names of their own, and what may be left out comes last") {
  std::set<std::string> names;
  for (const Query& query : all_queries()) {
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
  CHECK(names.size() > 40);
}

TEST_CASE("a command that only reports names a question, which takes what the command has") {
  int found = 0;
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    if (*command.question == '\0') continue;
    ++found;
    const Query& query = find_query(command.question);
    const bool of_weights =
        std::any_of(command.flags.begin(), command.flags.end(),
                    [](const CommandFlag& flag) { return flag.name == "weights"; });
    CHECK(query.about == (of_weights ? About::kRun : About::kCore));
    const char* const order[] = {"config", "names", "files", nullptr};
    const char* const* place = order;
    for (const Argument& argument : query.arguments) {
      if (argument.name == nullptr) break;
      REQUIRE(*place != nullptr);
      CHECK(std::string(argument.name) == *place++);
    }
    CHECK((*command.argument == '\0') == (*command.no_argument == '\0'));
  }
  CHECK(found == 5);
  CHECK_THROWS_WITH_AS(find_query("nothing"), "unknown request \"nothing\"", Error);
}

TEST_CASE("a question is asked with its arguments in their order, and floats come as bytes") {
  const Json curve = ask(find_query("curve"), {}, {"elu", {1.0}, {-1.0, 2.0}});
  const auto& bytes = curve["y"].get_binary();
  CHECK(bytes.subtype() == kFloats);
  REQUIRE(bytes.size() == 2 * sizeof(float));
  float y[2];
  std::memcpy(y, bytes.data(), sizeof(y));
  const double one = 1.0;
  CHECK(y[0] == static_cast<float>(activation_value(find_activation("elu"), -1.0, {&one, 1})));
  CHECK(y[1] == 2.0F);
  CHECK(ask(find_query("describe"), {}, {"dense 10", {1, 28, 28}, 10})["batch"] == 64);
  CHECK_THROWS_WITH_AS(ask(find_query("describe"), {}, {"dense 10", {1, 28, 28}, 10, 0.5}),
                       "batch is 0.5, but it must be a whole number", Error);
  CHECK_THROWS_WITH_AS(ask(find_query("unit"), {}, {1, 0}),
                       "there is no run yet: configure one first", Error);
}

TEST_SUITE_END();
