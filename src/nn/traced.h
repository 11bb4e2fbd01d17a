// The number type of nn/trace.h: the registry's templates use it like float or a vector, but it
// records its operations. If all operands are constants, it computes the result in double.
#pragma once

#include <numbers>

#include "core/math.h"
#include "nn/trace.h"

namespace reluscope {
namespace scalar {

class Traced {
 public:
  Traced() = default;
  explicit Traced(double constant) : constant_(constant) {}
  Traced(Trace& trace, int node) : trace_(&trace), node_(node) {}

  bool known() const { return trace_ == nullptr; }
  double constant() const { return constant_; }
  Trace* trace() const { return trace_; }
  int node_in(Trace& trace) const {
    return known() ? trace.add({TraceOp::kConstant, -1, -1, -1, constant_}) : node_;
  }

 private:
  Trace* trace_ = nullptr;
  int node_ = -1;
  double constant_ = 0.0;
};

// Records an operation with one to three operands, at least one of which is not known.
inline Traced write_down(TraceOp op, const Traced* a, const Traced* b = nullptr,
                         const Traced* c = nullptr) {
  Trace* trace = nullptr;
  for (const Traced* operand : {a, b, c}) {
    if (operand != nullptr && !operand->known()) trace = operand->trace();
  }
  TraceNode node{op, a->node_in(*trace)};
  if (b != nullptr) node.b = b->node_in(*trace);
  if (c != nullptr) node.c = c->node_in(*trace);
  return {*trace, trace->add(node)};
}

inline Traced operator+(const Traced& a, const Traced& b) {
  if (a.known() && b.known()) return Traced(a.constant() + b.constant());
  return write_down(TraceOp::kAdd, &a, &b);
}
inline Traced operator-(const Traced& a, const Traced& b) {
  if (a.known() && b.known()) return Traced(a.constant() - b.constant());
  if (a.known() && a.constant() == 0.0) return write_down(TraceOp::kNegate, &b);
  return write_down(TraceOp::kSubtract, &a, &b);
}
inline Traced operator*(const Traced& a, const Traced& b) {
  if (a.known() && b.known()) return Traced(a.constant() * b.constant());
  return write_down(TraceOp::kMultiply, &a, &b);
}
inline Traced operator/(const Traced& a, const Traced& b) {
  if (a.known() && b.known()) return Traced(a.constant() / b.constant());
  return write_down(TraceOp::kDivide, &a, &b);
}
// Conditions; known ones are 1 or 0.
inline Traced operator<(const Traced& a, const Traced& b) {
  if (a.known() && b.known()) return Traced(a.constant() < b.constant() ? 1.0 : 0.0);
  return write_down(TraceOp::kLess, &a, &b);
}
inline Traced operator>(const Traced& a, const Traced& b) {
  if (a.known() && b.known()) return Traced(a.constant() > b.constant() ? 1.0 : 0.0);
  return write_down(TraceOp::kGreater, &a, &b);
}
inline Traced select(const Traced& condition, const Traced& yes, const Traced& no) {
  if (condition.known()) return condition.constant() != 0.0 ? yes : no;
  return write_down(TraceOp::kSelect, &condition, &yes, &no);
}

inline Traced sqrt(const Traced& x) {
  return x.known() ? Traced(sqrt(x.constant())) : write_down(TraceOp::kSquareRoot, &x);
}
inline Traced exp(const Traced& x) {
  return x.known() ? Traced(exp(x.constant())) : write_down(TraceOp::kExp, &x);
}
inline Traced expm1(const Traced& x) {
  return x.known() ? Traced(expm1(x.constant())) : write_down(TraceOp::kExpm1, &x);
}
inline Traced log(const Traced& x) {
  return x.known() ? Traced(log(x.constant())) : write_down(TraceOp::kLog, &x);
}
inline Traced log1p(const Traced& x) {
  return x.known() ? Traced(log1p(x.constant())) : write_down(TraceOp::kLog1p, &x);
}
inline Traced sigmoid(const Traced& x) {
  return x.known() ? Traced(sigmoid(x.constant())) : write_down(TraceOp::kSigmoid, &x);
}
inline Traced tanh(const Traced& x) {
  return x.known() ? Traced(tanh(x.constant())) : write_down(TraceOp::kTanh, &x);
}
inline void sigmoid_parts(const Traced& x, Traced& value, Traced& slope) {
  value = sigmoid(x);
  slope = value * (Traced(1.0) - value);
}
inline void normal_parts(const Traced& x, Traced& cdf, Traced& density) {
  const Traced scaled = x * Traced(1.0 / std::numbers::sqrt2);
  cdf = Traced(0.5) * (Traced(1.0) + write_down(TraceOp::kErf, &scaled));
  density = exp(Traced(-0.5) * x * x) * Traced(0.39894228040143268);
}

}  // namespace scalar

// f of a registry entry, or of another struct of the same form.
template <class Activation>
Trace trace_of(std::span<const double> values, bool learns) {
  Trace trace;
  const scalar::Traced x(trace, trace.add({TraceOp::kInput}));
  std::vector<scalar::Traced> parameters;
  for (const double value : values) {
    const bool open = learns && parameters.empty();
    parameters.push_back(open ? scalar::Traced(trace, trace.add({TraceOp::kParameter}))
                              : scalar::Traced(value));
  }
  const scalar::Traced y = Activation::f(x, static_cast<const scalar::Traced*>(parameters.data()));
  trace.result = y.node_in(trace);
  return trace;
}

}  // namespace reluscope
