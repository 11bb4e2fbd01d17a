// Kernels that make each element of their result from its own place in the arguments: activations,
// from the registry's structs, optimizers, random numbers.
#include "cuda/kernels/kernel.h"  // first

#include "core/philox.h"
#include "nn/activations.h"
#include "optim/rules.h"

namespace reluscope::cuda {

RELUSCOPE_DEVICE void run(const ScaleAdd& k) {
  for_each(k.n, [&](unsigned i) {
    const float product = k.scale * k.x[i];
    k.y[i] = (k.a == nullptr ? 0.0f : k.a[i]) + product;
  });
}
RELUSCOPE_KERNEL(ScaleAdd, "scale_add")

RELUSCOPE_DEVICE void run(const Clamp& k) {
  for_each(k.n, [&](unsigned i) {
    const float x = k.x[i];
    k.x[i] = x > k.limit ? k.limit : (x < -k.limit ? -k.limit : x);
  });
}
RELUSCOPE_KERNEL(Clamp, "clamp")

// --- Activations ----------------------------------------------------------------------------

namespace {

struct NoActivation {};  // in the place of an entry of the registry

template <class A>
inline constexpr int kCount = static_cast<int>(A::kInfo.parameters.size());

template <class A>
struct ParametersOf {
  float values[kCount<A> + 1];
  RELUSCOPE_DEVICE explicit ParametersOf(const ActivationParameters& p) {
    for (int i = 0; i < kCount<A>; ++i) values[i] = p.at == nullptr ? p.values[i] : p.at[i];
  }
};

template <class A, ActivationOp kOp>
struct ActivateBy : Activate {};
template <class A, ActivationOp kOp>
struct ActivateVariedBy : ActivateVaried {};
template <class A>
struct FinishProductBy : FinishProduct {};
template <class A>
struct FinishInputGradientBy : FinishInputGradient {};

template <class A, ActivationOp kOp>
RELUSCOPE_DEVICE float activated(float x, const float* p, const float* dy, unsigned i) {
  if constexpr (kOp == ActivationOp::kForward) {
    return A::f(x, p);
  } else if constexpr (kOp == ActivationOp::kBackward) {
    return dy[i] * A::df(x, p);
  } else {
    return dy[i] * A::dp(x, p);
  }
}

template <class A, ActivationOp kOp>
RELUSCOPE_DEVICE void run(const ActivateBy<A, kOp>& k) {
  const ParametersOf<A> p(k.p);
  for_each(k.n, [&](unsigned i) { k.out[i] = activated<A, kOp>(k.x[i], p.values, k.dy, i); });
}

template <class A, ActivationOp kOp>
RELUSCOPE_DEVICE void run(const ActivateVariedBy<A, kOp>& k) {
  for_each(static_cast<unsigned>(k.layout.size()), [&](unsigned i) {
    const float own = k.p[k.by_row ? i : static_cast<unsigned>(column_of(i, k.layout))];
    float p[kCount<A> + 1];
    for (int j = 0; j < kCount<A>; ++j) p[j] = own;
    k.out[i] = activated<A, kOp>(k.x[i], p, k.dy, i);
  });
}

template <class A>
RELUSCOPE_DEVICE void run(const FinishProductBy<A>& k) {
  const auto y_at = [&](unsigned i) {
    return k.start == nullptr ? k.y[i] : k.y[i] + k.start[column_of(i, k.layout)];
  };
  const auto n = static_cast<unsigned>(k.layout.size());
  if constexpr (std::is_same_v<A, NoActivation>) {
    for_each(n, [&](unsigned i) { k.y[i] = y_at(i); });
  } else {
    const ParametersOf<A> p(k.p);
    for_each(n, [&](unsigned i) {
      const float y = y_at(i);
      k.y[i] = y;
      k.out[i] = A::f(y, p.values);
    });
  }
}

template <class A>
RELUSCOPE_DEVICE void run(const FinishInputGradientBy<A>& k) {
  const auto n = static_cast<unsigned>(k.layout.size());
  const auto slope = [&](unsigned i) {
    return column_of(i, k.layout) < k.layout.cols ? k.dx[i] : 0.0f;
  };
  if constexpr (std::is_same_v<A, NoActivation>) {
    for_each(n, [&](unsigned i) { k.dx[i] = slope(i); });
  } else {
    const ParametersOf<A> p(k.p);
    for_each(n, [&](unsigned i) { k.dx[i] = slope(i) * A::df(k.z[i], p.values); });
  }
}

// Kernels of all entries of the registry, in its order.
template <class A, ActivationOp kOp>
const KernelInfo& activation_kernel_by() {
  constexpr const char* kNames[] = {"activation_forward<", "activation_backward<",
                                    "activation_parameter<"};
  static const KernelInfo info = make_kernel<ActivateBy<A, kOp>>(
      std::string(kNames[static_cast<int>(kOp)]) + A::kInfo.name + ">");
  return info;
}
template <class A, ActivationOp kOp>
const KernelInfo& varied_kernel_by() {
  constexpr const char* kNames[] = {"varied_forward<", "varied_backward<", "varied_parameter<"};
  static const KernelInfo info = make_kernel<ActivateVariedBy<A, kOp>>(
      std::string(kNames[static_cast<int>(kOp)]) + A::kInfo.name + ">");
  return info;
}
template <class A>
std::string name_of() {
  if constexpr (std::is_same_v<A, NoActivation>) {
    return "<none>";
  } else {
    return std::string("<") + A::kInfo.name + ">";
  }
}
template <class A>
const KernelInfo& finish_product_by() {
  static const KernelInfo info = make_kernel<FinishProductBy<A>>("finish_product" + name_of<A>());
  return info;
}
template <class A>
const KernelInfo& finish_input_gradient_by() {
  static const KernelInfo info =
      make_kernel<FinishInputGradientBy<A>>("finish_input_gradient" + name_of<A>());
  return info;
}

using Getter = const KernelInfo& (*)();

template <ActivationOp kOp, class... A>
const KernelInfo& activation_entry(scalar::ActivationList<A...>, ActivationId id) {
  static constexpr Getter kGetters[] = {&activation_kernel_by<A, kOp>...};
  return kGetters[id]();
}
template <class A, ActivationOp kOp>
constexpr Getter varied_getter() {
  if constexpr (activation_varies(A::kInfo)) {
    return &varied_kernel_by<A, kOp>;
  } else {
    return nullptr;
  }
}
template <ActivationOp kOp, class... A>
const KernelInfo& varied_entry(scalar::ActivationList<A...>, ActivationId id) {
  static constexpr Getter kGetters[] = {varied_getter<A, kOp>()...};
  return kGetters[id]();
}
template <class... A>
const KernelInfo& finish_product_entry(scalar::ActivationList<A...>, ActivationId id) {
  static constexpr Getter kGetters[] = {&finish_product_by<NoActivation>, &finish_product_by<A>...};
  return kGetters[id + 1]();
}
template <class... A>
const KernelInfo& finish_input_gradient_entry(scalar::ActivationList<A...>, ActivationId id) {
  static constexpr Getter kGetters[] = {&finish_input_gradient_by<NoActivation>,
                                        &finish_input_gradient_by<A>...};
  return kGetters[id + 1]();
}

}  // namespace

const KernelInfo& activation_kernel(ActivationOp op, ActivationId id) {
  constexpr scalar::Activations<float> kAll;
  switch (op) {
    case ActivationOp::kForward: return activation_entry<ActivationOp::kForward>(kAll, id);
    case ActivationOp::kBackward: return activation_entry<ActivationOp::kBackward>(kAll, id);
    case ActivationOp::kParameter: break;
  }
  return activation_entry<ActivationOp::kParameter>(kAll, id);
}
const KernelInfo& varied_kernel(ActivationOp op, ActivationId id) {
  constexpr scalar::Activations<float> kAll;
  switch (op) {
    case ActivationOp::kForward: return varied_entry<ActivationOp::kForward>(kAll, id);
    case ActivationOp::kBackward: return varied_entry<ActivationOp::kBackward>(kAll, id);
    case ActivationOp::kParameter: break;
  }
  return varied_entry<ActivationOp::kParameter>(kAll, id);
}
const KernelInfo& finish_product_kernel(ActivationId id) {
  return finish_product_entry(scalar::Activations<float>(), id);
}
const KernelInfo& finish_input_gradient_kernel(ActivationId id) {
  return finish_input_gradient_entry(scalar::Activations<float>(), id);
}

// --- Updates, by the rules of optim/rules.h --------------------------------------------------

namespace {

struct StoreGradient {
  float* gradient;
  RELUSCOPE_DEVICE explicit StoreGradient(const ParameterUpdate& u) : gradient(u.gradient) {}
  RELUSCOPE_DEVICE void apply(unsigned i, float slope) const { gradient[i] = slope; }
};

template <class Applied>
struct UpdateBy : Update {};

template <class Applied>
RELUSCOPE_DEVICE void run(const UpdateBy<Applied>& k) {
  const Applied update(k.update);
  for_each(k.n, [&](unsigned i) {
    float slope = k.update.gradient[i];
    if (k.start != nullptr) slope = slope + k.start[column_of(i, k.layout)];
    update.apply(i, slope);
  });
}

template <class Applied>
const KernelInfo& update_kernel_named(const char* name) {
  static const KernelInfo info =
      make_kernel<UpdateBy<Applied>>("update<" + std::string(name) + ">");
  return info;
}
// Rules that share their arithmetic share a kernel.
template <class Rule>
const KernelInfo& update_kernel_by() {
  using Arithmetic = typename Rule::Arithmetic;
  return update_kernel_named<scalar::RuleUpdate<float, Arithmetic>>(Arithmetic::kRow.name);
}
const KernelInfo& store_kernel() { return update_kernel_named<StoreGradient>("store"); }

template <class... R>
const KernelInfo& update_entry(scalar::RuleList<R...>, RuleId rule) {
  static constexpr Getter kGetters[] = {&store_kernel, &update_kernel_by<R>...};
  return kGetters[rule - kStoreGradient]();
}

}  // namespace

const KernelInfo& update_kernel(RuleId rule) { return update_entry(scalar::UpdateRules(), rule); }

// --- Random numbers -------------------------------------------------------------------------

// A thread has four columns of a row.
RELUSCOPE_DEVICE void run(const FillUniform& k) {
  const auto quads = static_cast<unsigned>(k.layout.padded_cols()) / 4;
  const auto draws_a_row = static_cast<std::uint64_t>((k.layout.cols + 3) / 4);
  for_each(static_cast<unsigned>(k.layout.rows) * quads, [&](unsigned i) {
    const int row = static_cast<int>(i / quads), col = static_cast<int>(i % quads) * 4;
    const std::uint64_t draw = (std::uint64_t{k.stream} << 32) +
                               static_cast<std::uint64_t>(row) * draws_a_row +
                               static_cast<std::uint64_t>(col / 4);
    const Philox4 words = philox_draw(k.seed, k.purpose, k.step, draw);
    float* const to = k.y + k.layout.index(row, col);
    for (int w = 0; w < 4; ++w) {
      const float share = static_cast<float>(words[static_cast<std::size_t>(w)] >> 8) * 0x1p-24f;
      const float above = k.span * share;
      to[w] = k.low + above;
    }
  });
}
RELUSCOPE_KERNEL(FillUniform, "fill_uniform")

// A thread has four rows of a column, which share a draw.
RELUSCOPE_DEVICE void run(const Drop& k) {
  const auto padded = static_cast<unsigned>(k.layout.padded_cols());
  const auto groups = static_cast<unsigned>(k.layout.rows + 3) / 4;
  for_each(groups * padded, [&](unsigned i) {
    const unsigned group = i / padded, col = i % padded;
    const std::uint64_t draw =
        static_cast<std::uint64_t>(group) * static_cast<std::uint64_t>(k.layout.cols) + col;
    const Philox4 words = philox_draw(k.dropping.seed, k.dropping.purpose, k.dropping.step,
                                      (std::uint64_t{k.dropping.layer} << 40) + draw);
    for (int r = 0; r < 4; ++r) {
      const int row = static_cast<int>(group) * 4 + r;
      if (row >= k.layout.rows) return;
      const std::size_t at = k.layout.index(row, static_cast<int>(col));
      const float scaled = k.x[at] * k.dropping.scale;
      k.y[at] = words[static_cast<std::size_t>(r)] >= k.dropping.threshold ? scaled : 0.0f;
    }
  });
}
RELUSCOPE_KERNEL(Drop, "dropout")

}  // namespace reluscope::cuda
