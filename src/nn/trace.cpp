#include "nn/trace.h"

#include <algorithm>
#include <array>

#include "nn/traced.h"
// Included after the number type, so that the templates find its operations.
#include "nn/activations.h"

namespace reluscope {
namespace {

template <class... A>
constexpr auto make_tracers(scalar::ActivationList<A...>) {
  return std::array{&trace_of<A>...};
}

constexpr auto kTracers = make_tracers(scalar::Activations<scalar::Traced>());

}  // namespace

int Trace::add(const TraceNode& node) {
  const auto same = std::find(nodes.begin(), nodes.end(), node);
  if (same != nodes.end()) return static_cast<int>(same - nodes.begin());
  nodes.push_back(node);
  return static_cast<int>(nodes.size()) - 1;
}

Trace trace_activation(ActivationId id, std::span<const double> values) {
  return kTracers.at(static_cast<std::size_t>(id))(values, activation_learns(activation_info(id)));
}

}  // namespace reluscope
