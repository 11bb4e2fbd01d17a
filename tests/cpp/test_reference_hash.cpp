// SHA-256 compared with the published vectors (FIPS 180-4 examples) for any division of the input,
// and the canonical bytes of floats.
#include "core/bytes.h"
#include "core/sha256.h"

#include <string>
#include <string_view>

#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

std::string hash_of(std::string_view text) {
  Sha256 hash;
  hash.add(bytes_of(text));
  return hash.hex();
}

std::string hash_of(std::vector<float> values) {
  Sha256 hash;
  hash.add_floats(values);
  return hash.hex();
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("SHA-256 gives the published digests") {
  CHECK(Sha256().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqkl"
                "mnopqrlmnopqrsmnopqrst"
                "nopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(hash_of(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on how its input is cut, at any length around a block") {
  for (std::size_t length = 50; length <= 140; ++length) {
    std::string text;
    for (std::size_t k = 0; k < length; ++k) text += static_cast<char>('a' + k % 26);
    const std::string whole = hash_of(text);
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{7}, std::size_t{63}, std::size_t{64}}) {
      Sha256 hash;
      for (std::size_t at = 0; at < length; at += piece)
        hash.add(bytes_of(std::string_view(text).substr(at, piece)));
      CAPTURE(length);
      CHECK(hash.hex() == whole);
    }
  }
}

TEST_CASE("floats are hashed as little-endian IEEE bytes, with one NaN") {
  const std::uint8_t one_and_minus_two[] = {0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0};
  Sha256 bytes;
  bytes.add(one_and_minus_two);
  CHECK(hash_of(std::vector<float>{1.0f, -2.0f}) == bytes.hex());
  const float other_nan = bits_as<float>(0xffc12345u);
  CHECK(hash_of(std::vector<float>{kNan}) == hash_of(std::vector<float>{other_nan}));
  CHECK(hash_of(std::vector<float>{0.0f}) != hash_of(std::vector<float>{-0.0f}));
  Sha256 nan;
  const std::uint8_t canonical[] = {0x00, 0x00, 0xc0, 0x7f};
  nan.add(canonical);
  CHECK(hash_of(std::vector<float>{other_nan}) == nan.hex());
}

TEST_SUITE_END();
