// An activation written down as elementary operations: its template in the registry, applied to a
// number that remembers how it was made. So a model file can hold any activation, whether or not
// the file's format has a name for it, and a new one needs nothing but its entry in the registry.
#pragma once

#include <span>
#include <vector>

#include "nn/activation.h"

namespace reluscope {

enum class TraceOp {
  kInput,      // x
  kParameter,  // the learnt one
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
  kSelect,   // b where the condition a holds, c elsewhere
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

  int add(const TraceNode& node);  // that node, or the one that is the same
};

// f of an entry of the registry. values: its parameters; the first is left open if it is learnt.
Trace trace_activation(ActivationId id, std::span<const double> values);

}  // namespace reluscope
