// Initial weights: orthogonal matrices compared with Eigen's QR, LeCun's deviations, constants, and
// gains.
#include <Eigen/Dense>
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "nn/init.h"
#include "nn/model.h"
#include "one_layer.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Doubles = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Doubles drawn(int rows, int cols, const Rng& rng) {
  const std::vector<double> values = random_orthogonal(rows, cols, rng);
  REQUIRE(values.size() == static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
  return Eigen::Map<const Doubles>(values.data(), rows, cols);
}

ParameterSpec spec_of(const Shape& shape, std::int64_t fan_in, std::int64_t fan_out) {
  return {"weight", shape, {}, true, ParameterRole::kWeight, 0.0, fan_in, fan_out};
}

std::vector<float> weights(const char* init, const Shape& shape, double gain, double value = 0.01) {
  const std::int64_t fan_out = shape[0], fan_in = element_count(shape) / fan_out;
  const InitScheme* const scheme = find_init_scheme(init);
  REQUIRE(scheme != nullptr);
  return initial_values(*scheme, spec_of(shape, fan_in, fan_out), gain, value,
                        Rng(9, Purpose::kInit, 0));
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("orthogonal matrices: orthonormal on their shorter side, and torch's orthogonal_") {
  for (const auto& size :
       {std::pair{1, 1}, {1, 7}, {7, 1}, {5, 5}, {20, 33}, {33, 20}, {100, 64}}) {
    const int rows = size.first, cols = size.second;
    CAPTURE(rows);
    CAPTURE(cols);
    const Rng rng(3, Purpose::kInit, 4);
    const Doubles w = drawn(rows, cols, rng);
    const Doubles product = rows < cols ? Doubles(w * w.transpose()) : Doubles(w.transpose() * w);
    CHECK((product - Doubles::Identity(product.rows(), product.cols())).cwiseAbs().maxCoeff() <
          1e-13);

    // As in PyTorch: QR of normal numbers, transposed if wide; q *= sign(diag(r)).
    Eigen::MatrixXd a(rows, cols);
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < cols; ++j) a(i, j) = rng.normal(static_cast<std::uint64_t>(i * cols + j));
    }
    if (rows < cols) a.transposeInPlace();
    const Eigen::HouseholderQR<Eigen::MatrixXd> qr(a);
    Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(a.rows(), a.cols());
    for (int j = 0; j < a.cols(); ++j) {
      if (qr.matrixQR()(j, j) < 0.0) q.col(j) = -q.col(j);
    }
    if (rows < cols) q.transposeInPlace();
    CHECK((w - q).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("orthogonal weights carry the gain, also those of a kernel (K, C, R, S)") {
  for (const double gain : {0.0, 1.0, std::sqrt(2.0)}) {
    const std::vector<float> w = weights("orthogonal", {6, 3, 2, 2}, gain);
    const double size = gain == 0.0 ? 1.0 : gain;
    for (int a = 0; a < 6; ++a) {
      for (int b = 0; b < 6; ++b) {
        double dot = 0.0;
        for (int k = 0; k < 12; ++k) {
          dot += static_cast<double>(w[static_cast<std::size_t>(12 * a + k)]) *
                 static_cast<double>(w[static_cast<std::size_t>(12 * b + k)]);
        }
        CHECK(std::abs(dot - (a == b ? size * size : 0.0)) < 1e-6);
      }
    }
  }
}

TEST_CASE("deviations: LeCun whatever follows, He and Glorot by its gain") {
  const Shape shape = {300, 400};
  const double near = 5.0 / std::sqrt(2.0 * 300 * 400);  // five deviations of the estimate
  for (const double gain : {0.0, 1.3, 2.0}) {
    CAPTURE(gain);
    const double he = gain == 0.0 ? std::sqrt(2.0) : gain, glorot = gain == 0.0 ? 1.0 : gain;
    for (const auto& known : {std::pair{"lecun_normal", std::sqrt(1.0 / 400)},
                              {"lecun_uniform", std::sqrt(1.0 / 400)},
                              {"he_normal", he / 20.0},
                              {"he_uniform", he / 20.0},
                              {"glorot_normal", glorot * std::sqrt(2.0 / 700)},
                              {"glorot_uniform", glorot * std::sqrt(2.0 / 700)}}) {
      const char* const init = known.first;
      const double expected = known.second;
      CAPTURE(init);
      const std::vector<float> w = weights(init, shape, gain);
      CHECK(root_mean_square(w) == doctest::Approx(expected).epsilon(near));
      const double most = static_cast<double>(std::abs(*std::max_element(w.begin(), w.end())));
      const bool uniform = std::string(init).ends_with("uniform");
      CHECK((most <= std::sqrt(3.0) * expected * (1 + 1e-6)) == uniform);
    }
  }
  CHECK(find_init_scheme("lecun") == find_init_scheme("lecun_normal"));
}

TEST_CASE("constant and zero fill the weights alone, what activations learn keeps its own start") {
  for (const float w : weights("constant", {4, 5}, 1.0, -0.25)) CHECK(w == -0.25f);
  for (const float w : weights("zero", {4, 5}, 1.0, -0.25)) CHECK(w == 0.0f);
  cpu::CpuBackend backend;
  const Model model({.architecture = "dense 4 | prelu channel 0.5 | dense 3 | prelu | dense 2",
                     .input = {1, 1, 3},
                     .classes = 2,
                     .init = "constant",
                     .seed = 1,
                     .train_rows = 1,
                     .evaluate_rows = 1,
                     .init_value = 2.0},
                    backend);
  for (const Model::Parameter& p : model.parameter_list()) {
    const float expected = p.name == "act1.weight"               ? 0.5f
                           : p.name == "act2.weight"             ? 0.25f
                           : p.spec.role == ParameterRole::kBias ? 0.0f
                                                                 : 2.0f;
    CAPTURE(p.name);
    for (const float value : Model::gather(p, model.parameters())) CHECK(value == expected);
  }
}

TEST_CASE("gains: SELU's is 1 by its making, and that of the largest of K normal numbers") {
  CHECK(activation_gain(find_activation("selu"), {}) == doctest::Approx(1.0).epsilon(1e-7));
  CHECK(activation_gain(find_activation("relu_squared"), {}) ==
        doctest::Approx(std::sqrt(2.0 / 3.0)).epsilon(1e-7));  // E[z^4] = 3
  // E[m^2] is 1 for two, 1 + sqrt(3) / (2 pi) for three (Jones, "Exact lower moments of order
  // statistics in small samples from a normal distribution", 1948).
  CHECK(parse_layer("maxout 2", {.in = {2}})->gain() == doctest::Approx(1.0).epsilon(1e-9));
  CHECK(parse_layer("maxout 3", {.in = {3}})->gain() ==
        doctest::Approx(1.0 / std::sqrt(1.0 + std::sqrt(3.0) / (2.0 * 3.14159265358979)))
            .epsilon(1e-9));
}

TEST_CASE("the gain of what follows reaches He's weights, and a rectifier's where nothing does") {
  cpu::CpuBackend backend;
  for (const auto& known :
       {std::pair{std::string("gelu"), activation_gain(find_activation("gelu"), {})},
        {"maxout 2", 1.0},
        {"prelu channel 0.9", std::sqrt(2.0 / (1.0 + 0.81))},
        {"selu", 1.0},
        {"dense 10", std::sqrt(2.0)}}) {
    const std::string text = known.first;
    const double gain = known.second;
    CAPTURE(text);
    const Model model({.architecture = "dense 400 | " + text + " | dense 10",
                       .input = {1, 20, 20},
                       .classes = 10,
                       .init = "he_normal",
                       .seed = 1,
                       .train_rows = 1,
                       .evaluate_rows = 1},
                      backend);
    const std::vector<float> w = Model::gather(model.parameter_list()[0], model.parameters());
    CHECK(root_mean_square(w) ==
          doctest::Approx(gain / 20.0).epsilon(5.0 / std::sqrt(2.0 * 160000)));
  }
}

TEST_SUITE_END();
