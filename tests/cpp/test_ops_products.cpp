// Products of the back end: the input gradient, and activations fused with a product. They give the
// bits of plain loops and of separate activations, on every SIMD target of this machine and for any
// distribution of the work.
#include <array>

#include "backend/cpu/cpu_backend.h"
#include "matrices.h"
#include "nn/activation.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct DenseSizes {
  int n, in, out;
};

std::vector<float> initial_parameters(ActivationId id) {
  std::vector<float> p;
  for (const ActivationParameter& parameter : activation_info(id).parameters)
    p.push_back(static_cast<float>(parameter.initial));
  return p;
}

// Ordinary values, and zeros of both signs, where activations have kinks.
std::vector<float> values_with_zeros(TestRandom& random, std::size_t count) {
  std::vector<float> values = random.reals(count, -3.0, 3.0);
  for (std::size_t k = 0; k < count; k += 5) values[k] = k % 2 == 0 ? 0.0f : -0.0f;
  return values;
}

// dx (n, in) = dy (n, out) times w (in, out) transposed, rounded after each product and each sum.
std::vector<float> ascending_input_gradient(const std::vector<float>& dy,
                                            const std::vector<float>& w, const DenseSizes& s) {
  std::vector<float> dx;
  for (int r = 0; r < s.n; ++r) {
    for (int k = 0; k < s.in; ++k) {
      float sum = 0.0f;
      for (int o = 0; o < s.out; ++o) {
        const float product = dy[at2(r, o, s.out)] * w[at2(k, o, s.out)];
        sum = sum + product;
      }
      dx.push_back(sum);
    }
  }
  return dx;
}

// Every target on one, two and three threads, however many cores the machine has. Without threads
// only one.
template <class Work>
void on_all_backends(const Work& work) {
  for (const std::string& simd : cpu::simd_names()) {
    for (const int threads : {1, 2, 3}) {
      cpu::CpuBackend backend(simd, threads, false, threads);
      if (backend.threads() == threads) work(backend);
    }
  }
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("input gradient: within the bound, and the prescribed bits, with an activation or not") {
  const std::uint64_t seed = test_seed() + 60;
  TestRandom random(seed);
  std::vector<DenseSizes> sizes;
  for (const int in : {1, 3, 17, 513}) {
    for (const int out : {1, 3, 17, 513}) {
      for (const int n : {1, 5, 64}) sizes.push_back({n, in, out});
    }
  }
  // Panels of all widths, with adjacent blocks of scratch memory.
  sizes.insert(sizes.end(), {{33, 32, 32}, {32, 64, 31}, {65, 33, 48}, {17, 129, 100}});
  for (const DenseSizes& s : sizes) {
    const std::vector<float> dy = random.reals(area(s.n, s.out)),
                             w = random.reals(area(s.in, s.out));
    const Panels pdy(s.n, s.out, dy, 0.0f), pw(s.in, s.out, w, 0.0f);
    // The padding of the activation's input may hold any finite number.
    const Panels z(s.n, s.in, values_with_zeros(random, area(s.n, s.in)), 0.5f);
    const BoundedValues expected =
        oracle::dense_dx(widened(dy), transposed(widened(w), s.in, s.out), s.n, s.in, s.out);
    const std::vector<float> prescribed = ascending_input_gradient(dy, w, s);
    on_all_backends([&](cpu::CpuBackend& backend) {
      INFO("seed ", seed, ", ", std::string(backend.target()), ", ", backend.threads(),
           " threads: (", s.n, ", ", s.out, ") times (", s.in, ", ", s.out, ") transposed");
      // NaN before every call: no call may use results of the previous one.
      const auto run = [&](const ActivationBefore& before) {
        Panels dx(s.n, s.in, kNan);
        Row scratch(input_gradient_scratch(s.n, s.in, s.out));
        backend.input_gradient(pdy.view(), pw.view(), dx.view(), scratch.data(), before);
        backend.finish();
        CHECK(scratch.tail_is_intact());
        CHECK(dx.guard_is_intact());
        CHECK(dx.padding_is_zero());
        return dx;
      };
      const Panels plain = run({});
      CHECK(first_outside(plain.logical(), expected) == "");
      CHECK(first_difference(plain.logical(), prescribed) == "");
      for (ActivationId id = 0; id < activation_count(); ++id) {
        CAPTURE(std::string(activation_info(id).name));
        const std::vector<float> p = initial_parameters(id);
        Panels apart(s.n, s.in, kNan);
        backend.activate(ActivationOp::kBackward, id, p.data(), z.data(), plain.data(),
                         apart.data(), apart.layout().size());
        backend.finish();
        const Panels inside = run({.id = id, .p = p.data(), .z = z.data()});
        CHECK(first_difference(everything(inside), everything(apart)) == "");
      }
    });
  }
}

TEST_CASE("an activation behind a product is the one done by itself, dense or sparse") {
  const std::uint64_t seed = test_seed() + 61;
  TestRandom random(seed);
  // One panel of 16 and of 32 columns, three panels, sixteen with a full or partial last one, and
  // sizes too small to share.
  for (const DenseSizes& s :
       {DenseSizes{64, 300, 10}, DenseSizes{65, 300, 32}, DenseSizes{33, 200, 75},
        DenseSizes{61, 100, 96}, DenseSizes{13, 100, 512}, DenseSizes{64, 33, 497},
        DenseSizes{1, 784, 512}, DenseSizes{3, 5, 33}}) {
    const InputSizes input{s.n, s.in};
    std::vector<float> x = random.reals(area(s.n, s.in), -3.0, 3.0);
    for (float& value : x) value = random.below(4) == 0 ? value : 0.0f;
    for (int c = 0; c < s.in; ++c) x[at2(0, c, s.in)] = 0.0f;  // a row whose product is `start`
    const SparseInput lists(x, input);
    const Panels px(s.n, s.in, x, 1e30f);
    const Panels pw(s.in, s.out, random.reals(area(s.in, s.out)), 0.0f);
    const Panels start(1, s.out, values_with_zeros(random, static_cast<std::size_t>(s.out)), 0.0f);
    on_all_backends([&](cpu::CpuBackend& backend) {
      const std::array<Signal, 2> signals = {Signal{px.view()}, lists.signal()};
      for (const Signal& signal : signals) {
        for (const float* from : {start.data(), static_cast<const float*>(nullptr)}) {
          INFO("seed ", seed, ", ", std::string(backend.target()), ", ", backend.threads(),
               " threads, ", std::string(signal.sparse() ? "sparse (" : "dense ("), s.n, ", ", s.in,
               ") times (", s.in, ", ", s.out, ")");
          Panels product(s.n, s.out, kNan);
          backend.matmul(signal, pw.view(), from, product.view());
          backend.finish();
          for (ActivationId id = 0; id < activation_count(); ++id) {
            CAPTURE(std::string(activation_info(id).name));
            const std::vector<float> p = initial_parameters(id);
            Panels apart(s.n, s.out, kNan), inside(s.n, s.out, kNan), again(s.n, s.out, kNan);
            backend.activate(ActivationOp::kForward, id, p.data(), product.data(), nullptr,
                             apart.data(), apart.layout().size());
            backend.matmul(signal, pw.view(), from, again.view(),
                           {.id = id, .p = p.data(), .y = inside.data()});
            backend.finish();
            CHECK(first_difference(everything(again), everything(product)) == "");
            CHECK(first_difference(everything(inside), everything(apart)) == "");
            CHECK((again.guard_is_intact() && inside.guard_is_intact()));
          }
        }
      }
    });
  }
}

TEST_SUITE_END();
