// An activation as a list of elementary operations: its template in the registry, applied to a
// number type that records the operations. So a model file can contain any activation, even if the
// file's format has no name for it, and a new one needs only its entry in the registry.
#pragma once

#include <span>
#include <vector>

#include "nn/activation.h"

namespace reluscope {

enum class TraceOp {
  kInput,      // x
  kParameter,  // the learnt parameter
  kConstant,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,  // a, b
  kNegate,
  kSquareRoot,
  kExp,
  kExpm1,
  kLog,
  kLog1p,
  kSigmoid,
  kTanh,
  kErf,  // a
  kLess,
  kGreater,  // a, b: a condition
  kSelect,   // b if the condition a holds, else c
};

struct TraceNode {
  TraceOp op;
  int a = -1, b = -1, c = -1;  // operands: nodes before this one
  double constant = 0.0;

  bool operator==(const TraceNode&) const = default;
};

struct Trace {
  std::vector<TraceNode> nodes;  // each value once, after its operands
  int result = -1;               // the node that is f(x)

  int add(const TraceNode& node);  // index of the node, or of an equal one
};

// f of a registry entry. values: its parameters; a learnt parameter, the first, stays symbolic.
Trace trace_activation(ActivationId id, std::span<const double> values);

}  // namespace reluscope
