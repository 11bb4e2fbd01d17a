// The emulator itself: it detects each kind of error and accepts correct kernels.
#include "../support.h"
#include "core/error.h"
#include "cuda/emulator/emulated_device.h"
#include "cuda/kernels/kernel.h"

namespace reluscope::cuda {
namespace {

enum class Mistake { kNone, kTooFewWait, kOtherBarrier, kTooMuchShared, kUnwrittenShared };

// out[i] = the sum of the thread indices of block i.
struct Sum {
  float* out;
  Mistake mistake;
  double floats() const { return 0.0; }
};

void run(const Sum& k) {
  RELUSCOPE_SHARED(float, numbers, 1024);
  if (k.mistake == Mistake::kTooMuchShared) {
    RELUSCOPE_SHARED(float, more, 12 * 1024);
    more[thread_index()] = 0.0f;
  }
  const bool last = thread_index() == block_size() - 1;
  if (k.mistake == Mistake::kTooFewWait && last) return;
  if (k.mistake != Mistake::kUnwrittenShared || !last)
    numbers[thread_index()] = static_cast<float>(thread_index());
  if (k.mistake == Mistake::kOtherBarrier && last) {
    RELUSCOPE_BARRIER();
  } else {
    RELUSCOPE_BARRIER();
  }
  float sum = 0.0f;
  for (unsigned t = 0; t < block_size(); ++t) sum += numbers[t];
  k.out[block_index() * block_size() + thread_index()] = sum;
}

// The error message of a launch, and its results.
std::string launched(const Sum& k, Grid grid, emulated::Conditions conditions = {}) {
  const KernelInfo kernel = make_kernel<Sum>("sum");
  emulated::Record record;
  try {
    emulated::launch(kernel, grid, &k, conditions, record);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Product small_product(float* a) {  // (2, 3) by (3, 4)
  Product p{};
  p.m = 2;
  p.n = 4;
  p.k = 3;
  p.a = a;
  p.lda = 3;
  p.b = a + 32;
  p.ldb = 4;
  p.c = a + 64;
  p.ldc = 4;
  p.batches = 1;
  return p;
}

}  // namespace

TEST_SUITE_BEGIN("cuda");

TEST_CASE("emulator: barriers are waited at in every order, and mistakes are named") {
  std::vector<float> out(3 * 64);
  for (const emulated::Order order : emulated::kOrders) {
    out.assign(out.size(), test::kNan);
    CHECK(launched({out.data(), Mistake::kNone}, {3, 64}, {order}) == "");
    for (const float sum : out) REQUIRE(sum == 63.0f * 64.0f / 2.0f);
    CHECK(launched({out.data(), Mistake::kTooFewWait}, {3, 64}, {order})
              .find("1 of 64 threads ended while others wait") != std::string::npos);
    CHECK(launched({out.data(), Mistake::kOtherBarrier}, {3, 64}, {order})
              .find("threads wait at different barriers") != std::string::npos);
    CHECK(launched({out.data(), Mistake::kTooMuchShared}, {1, 64}, {order})
              .find("53248 bytes of shared memory, but a block has 49152") != std::string::npos);
    CHECK(launched({out.data(), Mistake::kUnwrittenShared}, {1, 64}, {order}) == "");
    CHECK(std::isnan(out[0]));  // unwritten memory is NaN
  }
  CHECK(launched({out.data(), Mistake::kNone}, {1, 1025})
            .find("1 blocks of 1025 threads, but 1 to 1024") != std::string::npos);
  CHECK(launched({out.data(), Mistake::kNone}, {0, 32}).find("0 blocks") != std::string::npos);
}

TEST_CASE("emulated products: layouts are checked, and what is right is multiplied") {
  emulated::EmulatedDevice device;
  auto* const a = static_cast<float*>(device.allocate(128 * sizeof(float)));
  for (int i = 0; i < 128; ++i) a[i] = static_cast<float>(i % 7) - 3.0f;
  const auto problem = [&](const auto& change) -> std::string {
    Product p = small_product(a);
    change(p);
    try {
      device.multiply(p);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(problem([](Product&) {}) == "");
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 4; ++j) {
      float sum = 0.0f;
      for (int l = 0; l < 3; ++l) sum += a[i * 3 + l] * a[32 + l * 4 + j];
      CHECK(a[64 + i * 4 + j] == sum);
    }
  }
  const float without = a[64];
  const auto then = [a](Product& p, Epilogue epilogue) {
    p.epilogue = epilogue;
    p.bias = a + 100;
  };
  CHECK(problem([&](Product& p) { then(p, Epilogue::kBias); }) == "");
  CHECK(a[64] == without + a[100]);
  CHECK(problem([&](Product& p) { then(p, Epilogue::kBiasRelu); }) == "");
  CHECK(a[64] == std::max(0.0f, without + a[100]));
  CHECK(problem([&](Product& p) {
          then(p, Epilogue::kBias);
          p.accumulate = true;
        }) == "product: an epilogue after a sum");
  const auto keep = [&](Product& p, float* where, int leading = 8) {
    then(p, Epilogue::kBiasGeluKept);
    p.kept = where;
    p.ldc = leading;
  };
  CHECK(problem([&](Product& p) { keep(p, a + 80); }) == "");
  CHECK(a[80] == without + a[100]);
  const double z = static_cast<double>(a[80]);
  CHECK(std::abs(static_cast<double>(a[64]) -
                 0.5 * z * (1.0 + std::tanh(0.7978845608028654 * (z + 0.044715 * z * z * z)))) <=
        1e-7);
  CHECK(problem([&](Product& p) { keep(p, a + 80, 4); }).find("must be a multiple of 8") !=
        std::string::npos);
  CHECK(problem([&](Product& p) { keep(p, a + 70); }) == "product: kept overlaps c");
  CHECK(problem([&](Product& p) { keep(p, a + 120); }).find("kept ends") != std::string::npos);
  CHECK(problem([](Product& p) { p.lda = 2; }) ==
        "product: the leading dimension of a is 2, but a row has 3");
  CHECK(problem([](Product& p) {
          p.transpose_b = true;
          p.ldb = 2;
        }) == "product: the leading dimension of b is 2, but a row has 3");
  CHECK(problem([](Product& p) { p.ldc = 3; }) ==
        "product: the leading dimension of c is 3, but a row has 4");
  CHECK(problem([](Product& p) { p.c = const_cast<float*>(p.b) + 4; }) == "product: c overlaps b");
  CHECK(problem([](Product& p) {
          p.batches = 2;
          p.stride_c = 4;
        }).find("batches of c overlap") != std::string::npos);
  CHECK(problem([](Product& p) {
          p.batches = 20;
          p.stride_c = 8;
        }).find("after its allocation") != std::string::npos);
  float outside[64] = {};
  CHECK(problem([&](Product& p) { p.a = outside; }).find("a is not in the device's memory") !=
        std::string::npos);
  CHECK(problem([&](Product& p) {
          then(p, Epilogue::kBias);
          p.bias = outside;
        }).find("bias is not in the device's memory") != std::string::npos);
  CHECK(problem([&](Product& p) {
          then(p, Epilogue::kBias);
          p.bias = a + 125;
        }).find("bias ends 4 bytes after its allocation") != std::string::npos);
  CHECK(problem([&](Product& p) {
          then(p, Epilogue::kBias);
          p.batches = 3;
          p.stride_c = 8;
          p.stride_bias = 13;
        }).find("bias ends") != std::string::npos);
  CHECK(problem([](Product& p) { p.k = 0; }).find("2 x 4 x 0") != std::string::npos);
}

TEST_SUITE_END();

}  // namespace reluscope::cuda
