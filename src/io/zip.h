// Writes ZIP archives without compression (PKWARE's APPNOTE 6.3, method 0), the container of .pth
// and .npz files. They contain no times or other data that differs between machines.
#pragma once

#include <string>

#include "core/bytes.h"

namespace reluscope {

std::uint32_t crc32(std::span<const std::uint8_t> bytes);  // CRC-32/ISO-HDLC, as in ZIP and PNG

class ZipWriter {
 public:
  // align: the data begins at a multiple of it in the archive, padded by an extra field "FB" of Zs,
  // as PyTorch writes it. Throws Error if the archive would exceed 4 GB.
  void add(const std::string& name, std::span<const std::uint8_t> data, int align = 1);
  Bytes finish();

 private:
  Bytes archive_, directory_;
  int entries_ = 0;
};

}  // namespace reluscope
