// Shared by the tests of whole runs: a few digits of MNIST, and the output of a run.
#pragma once

#include <string>
#include <vector>

#include "mnist.h"
#include "network.h"
#include "refusals.h"
#include "run/report.h"
#include "run/session.h"

namespace reluscope::test {

inline std::shared_ptr<const Dataset> few_digits(int train, int test) {
  const auto part = [](const ImageSet& set, int count) {
    std::vector<std::uint8_t> pixels, labels;
    for (int k = 0; k < count; ++k) {
      const auto image = set.image(k);
      pixels.insert(pixels.end(), image.begin(), image.end());
      labels.push_back(set.label(k));
    }
    const auto n = static_cast<std::uint32_t>(count);
    return std::pair{idx_bytes({n, 28, 28}, pixels), idx_bytes({n}, labels)};
  };
  const auto [train_images, train_labels] = part(mnist()->train(), train);
  const auto [test_images, test_labels] = part(mnist()->test(), test);
  return std::make_shared<const Dataset>(
      "digits", Dataset::Files{train_images, train_labels, test_images, test_labels});
}

// Removes what depends on time.
inline Json timeless(Json json) {
  json.erase("seconds");
  json.erase("samples_per_second");
  return json;
}

// A progress report as text, without times.
inline std::string said(const Reported& progress) {
  std::string text = timeless(progress.values).dump();
  for (const std::string& line : progress.lines) text += "\n" + line;
  for (const std::string& line : progress.json) {
    text += "\n" + timeless(Json::parse(line)).dump();
  }
  return text;
}

inline std::string said(const Progress& progress) { return said(report(progress)); }

// progress: what happened, or what is reported of it.
template <class Progress>
bool is_last(const Progress& progress) {
  return progress.event() == "done" || progress.event() == "diverged";
}

// Runs to the end and returns the progress of each call.
inline std::vector<std::string> finish(Session& session) {
  std::vector<std::string> all;
  for (;;) {
    const Reported progress = report(session.advance());
    all.push_back(said(progress));
    if (is_last(progress)) return all;
  }
}

}  // namespace reluscope::test
