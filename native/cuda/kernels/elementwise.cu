// Kernels that compute each element of their result from the same place of the arguments:
// activations from the structs of the registry, optimizers, random numbers.
#include "cuda/kernels/kernel.h"  // first

#include "core/philox.h"
#include "nn/activations.h"
#include "optim/rules.h"

namespace reluscope::cuda {

RELUSCOPE_KERNEL(ScaleAdd, "scale_add") {
  for_each(k.n, [&](unsigned i) {
    const float product = k.scale * k.x[i];
    k.y[i] = (k.a == nullptr ? 0.0f : k.a[i]) + product;
  });
}

RELUSCOPE_KERNEL(Clamp, "clamp") {
  for_each(k.n, [&](unsigned i) {
    const float x = k.x[i];
    k.x[i] = x > k.limit ? k.limit : (x < -k.limit ? -k.limit : x);
  });
}

// --- Activations ----------------------------------------------------------------------------

namespace {

struct NoActivation {
  static constexpr ActivationInfo kInfo = [] {
    ActivationInfo info{};
    info.name = "none";
    return info;
  }();
};
template <class A>
inline constexpr bool kIsNone = std::is_same_v<A, NoActivation>;
template <class A>
inline constexpr int kCount = static_cast<int>(A::kInfo.parameters.size());

template <class A>
struct ParametersOf {
  float values[kCount<A> + 1];
  RELUSCOPE_DEVICE explicit ParametersOf(const ActivationParameters& p) {
    for (int i = 0; i < kCount<A>; ++i) values[i] = p.at == nullptr ? p.values[i] : p.at[i];
  }
};

// By DeviceOp.
using OpArguments = std::tuple<Activate, Activate, Activate, ActivateVaried, ActivateVaried,
                               ActivateVaried, FinishProduct, FinishInputGradient>;
constexpr const char* kOpNames[] = {
    "activation_forward", "activation_backward", "activation_parameter", "varied_forward",
    "varied_backward",    "varied_parameter",    "finish_product",       "finish_input_gradient"};

template <class A, DeviceOp kOp>
struct ActivationKernel : std::tuple_element_t<static_cast<std::size_t>(kOp), OpArguments> {};

template <class A, DeviceOp kOp>
RELUSCOPE_DEVICE float activated(float x, const float* p, const float* dy, unsigned i) {
  if constexpr (kOp == DeviceOp::kForward || kOp == DeviceOp::kVariedForward) {
    return A::f(x, p);
  } else if constexpr (kOp == DeviceOp::kBackward || kOp == DeviceOp::kVariedBackward) {
    return dy[i] * A::df(x, p);
  } else {
    return dy[i] * A::dp(x, p);
  }
}

template <class A, DeviceOp kOp>
RELUSCOPE_DEVICE void apply(const Activate& k) {
  const ParametersOf<A> p(k.p);
  for_each(k.n, [&](unsigned i) { k.out[i] = activated<A, kOp>(k.x[i], p.values, k.dy, i); });
}

template <class A, DeviceOp kOp>
RELUSCOPE_DEVICE void apply(const ActivateVaried& k) {
  for_each(k.layout, [&](unsigned i, int, int col) {
    const float own = k.p[k.by_row ? i : static_cast<unsigned>(col)];
    float p[kCount<A> + 1];
    for (int j = 0; j < kCount<A>; ++j) p[j] = own;
    k.out[i] = activated<A, kOp>(k.x[i], p, k.dy, i);
  });
}

template <class A, DeviceOp>
RELUSCOPE_DEVICE void apply(const FinishProduct& k) {
  const ParametersOf<A> p(k.p);
  for_each(k.layout, [&](unsigned i, int, int col) {
    const float y = k.y[i] + k.start[col];
    k.y[i] = y;
    if constexpr (!kIsNone<A>) k.out[i] = A::f(y, p.values);
  });
}

template <class A, DeviceOp>
RELUSCOPE_DEVICE void apply(const FinishInputGradient& k) {
  const ParametersOf<A> p(k.p);
  for_each(k.layout, [&](unsigned i, int, int col) {
    float slope = col < k.layout.cols ? k.dx[i] : 0.0f;
    if constexpr (!kIsNone<A>) slope = slope * A::df(k.z[i], p.values);
    k.dx[i] = slope;
  });
}

template <class A, DeviceOp kOp>
RELUSCOPE_DEVICE void run(const ActivationKernel<A, kOp>& k) {
  apply<A, kOp>(k);
}

// Empty for operations that the activation does not have.
template <class A, DeviceOp kOp>
KernelInfo make_activation_kernel() {
  constexpr bool kApplies = kOp < DeviceOp::kVariedForward || activation_varies(A::kInfo);
  if constexpr (kOp >= DeviceOp::kFinishProduct || (kApplies && !kIsNone<A>)) {
    return make_kernel<ActivationKernel<A, kOp>>(std::string(kOpNames[static_cast<int>(kOp)]) +
                                                 "<" + A::kInfo.name + ">");
  } else {
    return {};
  }
}

using OpKernels = std::array<KernelInfo, std::size(kOpNames)>;
template <class A, std::size_t... kOps>
OpKernels make_op_kernels(std::index_sequence<kOps...>) {
  return {make_activation_kernel<A, static_cast<DeviceOp>(kOps)>()...};
}

// No activation, then all entries of the registry, in its order.
template <class... A>
const KernelInfo& activation_entry(scalar::ActivationList<A...>, DeviceOp op, ActivationId id) {
  const std::make_index_sequence<std::size(kOpNames)> ops;
  static const OpKernels kKernels[] = {make_op_kernels<NoActivation>(ops),
                                       make_op_kernels<A>(ops)...};
  return kKernels[id + 1][static_cast<std::size_t>(op)];
}

}  // namespace

const KernelInfo& activation_kernel(DeviceOp op, ActivationId id) {
  return activation_entry(scalar::Activations<float>(), op, id);
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
  for_each(k.layout, [&](unsigned i, int, int col) {
    float slope = k.update.gradient[i];
    if (k.start != nullptr) slope = slope + k.start[col];
    update.apply(i, slope);
  });
}

template <class... R>
const KernelInfo& update_entry(scalar::RuleList<R...>, RuleId rule) {
  static const KernelInfo kKernels[] = {
      make_kernel<UpdateBy<StoreGradient>>("update<store>"),
      make_kernel<UpdateBy<scalar::RuleUpdate<float, typename R::Arithmetic>>>(
          std::string("update<") + R::Arithmetic::kRow.name + ">")...};
  return kKernels[rule - kStoreGradient];
}

}  // namespace

const KernelInfo& update_kernel(RuleId rule) { return update_entry(scalar::UpdateRules(), rule); }

// --- Random numbers -------------------------------------------------------------------------

// A thread has four columns of a row.
RELUSCOPE_KERNEL(FillUniform, "fill_uniform") {
  const auto quads = static_cast<unsigned>(k.y.layout.padded_cols()) / 4;
  const auto draws_a_row = static_cast<std::uint64_t>((k.y.layout.cols + 3) / 4);
  for_each(static_cast<unsigned>(k.y.layout.rows) * quads, [&](unsigned i) {
    const int row = static_cast<int>(i / quads), col = static_cast<int>(i % quads) * 4;
    const std::uint64_t draw = (std::uint64_t{k.stream} << 32) +
                               static_cast<std::uint64_t>(row) * draws_a_row +
                               static_cast<std::uint64_t>(col / 4);
    const Philox4 words = k.rng.bits(draw);
    float* const to = &k.y.at(row, col);
    for (int w = 0; w < 4; ++w) {
      const float share = static_cast<float>(words[static_cast<std::size_t>(w)] >> 8) * 0x1p-24f;
      const float above = k.span * share;
      to[w] = k.low + above;
    }
  });
}

// A thread has four rows of a column, which share a draw.
RELUSCOPE_KERNEL(Drop, "dropout") {
  const auto padded = static_cast<unsigned>(k.x.layout.padded_cols());
  const auto groups = static_cast<unsigned>(k.x.layout.rows + 3) / 4;
  for_each(groups * padded, [&](unsigned i) {
    const unsigned group = i / padded, col = i % padded;
    const std::uint64_t draw =
        static_cast<std::uint64_t>(group) * static_cast<std::uint64_t>(k.x.layout.cols) + col;
    const Philox4 words = philox_draw(k.dropping.seed, k.dropping.purpose, k.dropping.step,
                                      (std::uint64_t{k.dropping.layer} << 40) + draw);
    for (int r = 0; r < 4; ++r) {
      const int row = static_cast<int>(group) * 4 + r;
      if (row >= k.x.layout.rows) return;
      const std::size_t at = k.x.layout.index(row, static_cast<int>(col));
      const float scaled = k.x.data[at] * k.dropping.scale;
      k.y.data[at] = words[static_cast<std::size_t>(r)] >= k.dropping.threshold ? scaled : 0.0f;
    }
  });
}

}  // namespace reluscope::cuda
