// The number type of nn/trace.h: the registry's templates use it like float or a vector, but it
// records its operations. If all operands are constants, it computes the result in double.
#pragma once

#include <numbers>

#include "core/math.h"
#include "nn/trace.h"

namespace reluscope {
namespace scalar {

struct Traced {
  Trace* trace = nullptr;  // null: a constant
  int node = -1;
  double constant = 0.0;

  Traced() = default;
  explicit Traced(double value) : constant(value) {}
  Traced(Trace& of, int at) : trace(&of), node(at) {}

  bool known() const { return trace == nullptr; }
  int node_in(Trace& of) const {
    return known() ? of.add({TraceOp::kConstant, -1, -1, -1, constant}) : node;
  }
};

// Records an operation with one to three operands, at least one of which is not known.
template <class... Operands>
Traced write_down(TraceOp op, const Operands&... operands) {
  Trace* trace = nullptr;
  ((trace = operands.known() ? trace : operands.trace), ...);
  return {*trace, trace->add({op, operands.node_in(*trace)...})};
}

// `value`, if both operands are known.
inline Traced binary(TraceOp op, const Traced& a, const Traced& b, double value) {
  return a.known() && b.known() ? Traced(value) : write_down(op, a, b);
}
inline Traced unary(TraceOp op, const Traced& x, double (*f)(double)) {
  return x.known() ? Traced(f(x.constant)) : write_down(op, x);
}

inline Traced operator+(const Traced& a, const Traced& b) {
  return binary(TraceOp::kAdd, a, b, a.constant + b.constant);
}
inline Traced operator-(const Traced& a, const Traced& b) {
  if (a.known() && a.constant == 0.0 && !b.known()) return write_down(TraceOp::kNegate, b);
  return binary(TraceOp::kSubtract, a, b, a.constant - b.constant);
}
inline Traced operator*(const Traced& a, const Traced& b) {
  return binary(TraceOp::kMultiply, a, b, a.constant * b.constant);
}
inline Traced operator/(const Traced& a, const Traced& b) {
  return binary(TraceOp::kDivide, a, b, a.constant / b.constant);
}
// Conditions; known ones are 1 or 0.
inline Traced operator<(const Traced& a, const Traced& b) {
  return binary(TraceOp::kLess, a, b, a.constant < b.constant);
}
inline Traced operator>(const Traced& a, const Traced& b) {
  return binary(TraceOp::kGreater, a, b, a.constant > b.constant);
}
inline Traced select(const Traced& condition, const Traced& yes, const Traced& no) {
  if (condition.known()) return condition.constant != 0.0 ? yes : no;
  return write_down(TraceOp::kSelect, condition, yes, no);
}

inline Traced sqrt(const Traced& x) { return unary(TraceOp::kSquareRoot, x, sqrt); }
inline Traced exp(const Traced& x) { return unary(TraceOp::kExp, x, exp); }
inline Traced expm1(const Traced& x) { return unary(TraceOp::kExpm1, x, expm1); }
inline Traced log(const Traced& x) { return unary(TraceOp::kLog, x, log); }
inline Traced log1p(const Traced& x) { return unary(TraceOp::kLog1p, x, log1p); }
inline Traced sigmoid(const Traced& x) { return unary(TraceOp::kSigmoid, x, sigmoid); }
inline Traced tanh(const Traced& x) { return unary(TraceOp::kTanh, x, tanh); }
inline ValueAndSlope<Traced> sigmoid_parts(const Traced& x) {
  const Traced value = sigmoid(x);
  return {value, value * (Traced(1.0) - value)};
}
inline Normal<Traced> normal_parts(const Traced& x) {
  const Traced erf = write_down(TraceOp::kErf, x * Traced(1.0 / std::numbers::sqrt2));
  return {Traced(0.5) * (Traced(1.0) + erf),
          exp(Traced(-0.5) * x * x) * Traced(0.39894228040143268)};
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
