// Shared by the tests: seeded random values, distances in units in the last place, comparisons with
// tolerances, and the golden JSON files.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace reluscope {
using Json = nlohmann::ordered_json;  // as everywhere in the core
}

namespace reluscope::test {

inline const Json& golden(const std::string& name) {
  static std::vector<std::pair<std::string, Json>> files;
  for (const auto& [known, content] : files) {
    if (known == name) return content;
  }
  const std::string path = std::string(RELUSCOPE_GOLDEN_DIR) + "/" + name + ".json";
  std::ifstream in(path);
  REQUIRE_MESSAGE(in.good(), "cannot read ", path);
  files.emplace_back(name, Json::parse(in));
  return files.back().second;
}

// A list, or a list of lists, of numbers as one flat list.
template <class T>
inline std::vector<T> numbers(const Json& json) {
  std::vector<T> values;
  if (json.is_number()) return {json.get<T>()};
  for (const Json& item : json) {
    for (const T value : numbers<T>(item)) values.push_back(value);
  }
  return values;
}

// abs(actual - expected) <= tolerance * max(1, abs(expected)): absolute near 0, relative beyond 1.
inline bool close(double actual, double expected, double tolerance) {
  return std::abs(actual - expected) <= tolerance * std::max(1.0, std::abs(expected));
}

inline void check_close(const std::vector<float>& actual, const Json& expected,
                        double tolerance = 1e-5) {
  const std::vector<double> values = numbers<double>(expected);
  REQUIRE(actual.size() == values.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    INFO("element ", k, ": ", actual[k], " instead of ", values[k]);
    REQUIRE(close(static_cast<double>(actual[k]), values[k], tolerance));
  }
}

inline double root_mean_square(const std::vector<float>& values) {
  double squares = 0.0;
  for (const float value : values)
    squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// Distance in units of the last place of T at `expected`.
template <class T>
inline double ulps(T actual, long double expected) {
  if (std::isnan(actual) || std::isinf(actual)) {
    return static_cast<T>(expected) == actual ? 0.0 : std::numeric_limits<double>::infinity();
  }
  const T size = std::abs(static_cast<T>(expected));
  const T unit = std::max(std::nextafter(size, std::numeric_limits<T>::infinity()) - size,
                          std::numeric_limits<T>::min() * std::numeric_limits<T>::epsilon());
  return static_cast<double>(std::abs(static_cast<long double>(actual) - expected) / unit);
}

// Random numbers for tests: SplitMix64 (Steele, Lea, Flood 2014). A printed seed gives the same
// values everywhere, and the generator is independent of the tested code.
class TestRandom {
 public:
  explicit TestRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  int below(int bound) { return static_cast<int>(bits() % static_cast<std::uint64_t>(bound)); }
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }
  float real(double low, double high) { return static_cast<float>(uniform(low, high)); }
  std::vector<float> reals(std::size_t count, double low = -1.0, double high = 1.0) {
    std::vector<float> values(count);
    for (float& value : values) value = real(low, high);
    return values;
  }

 private:
  std::uint64_t state_;
};

// The seed of every random test: RELUSCOPE_TEST_SEED, or a constant if it is not set. Every such
// test has INFO("seed ", seed), so that a failure prints it.
inline std::uint64_t test_seed() {
  const char* text = std::getenv("RELUSCOPE_TEST_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 20240607u;
}

// Whether this is `tests/run full`, in which tests run all repetitions (orders of threads, places
// of a fault) instead of some.
inline bool full_tier() {
  const char* tier = std::getenv("RELUSCOPE_TIER");
  return tier != nullptr && std::string(tier) == "full";
}

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace reluscope::test
