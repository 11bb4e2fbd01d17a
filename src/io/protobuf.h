// Writes messages of Protocol Buffers: each field as (number, wire type) and value, in call order
// (protobuf.dev/programming-guides/encoding).
#pragma once

#include "core/bytes.h"

namespace reluscope {

class ProtoMessage {
 public:
  // int64, int32 and enumerations, not negative.
  ProtoMessage& number(int field, std::int64_t value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtoMessage& real(int field, float value) {
    key(field, 5);
    append_number(bytes_, bits_as<std::uint32_t>(value), 4);
    return *this;
  }
  ProtoMessage& text(int field, std::string_view text) { return data(field, bytes_of(text)); }
  ProtoMessage& data(int field, std::span<const std::uint8_t> data) {
    key(field, 2);
    varint(data.size());
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }
  ProtoMessage& message(int field, const ProtoMessage& inner) { return data(field, inner.bytes_); }

  const Bytes& bytes() const { return bytes_; }

 private:
  void key(int field, unsigned wire) { varint(static_cast<unsigned>(field) << 3 | wire); }
  void varint(std::uint64_t value) {  // seven bits in each byte, lowest first
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }

  Bytes bytes_;
};

}  // namespace reluscope
