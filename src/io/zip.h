// Writes ZIP archives without compression (PKWARE's APPNOTE 6.3, method 0), without times or
// anything else that differs between machines: what .pth and .npz files are.
#pragma once

#include <string>
#include <vector>

#include "core/bytes.h"

namespace reluscope {

std::uint32_t crc32(std::span<const std::uint8_t> bytes);  // ISO-HDLC, that of ZIP and PNG

class ZipWriter {
 public:
  // align: the data begin at a multiple of it in the archive, by an extra field "FB" of Zs, as
  // PyTorch writes it; 1: wherever they come. Throws Error if the archive would pass 4 GB.
  void add(const std::string& name, std::span<const std::uint8_t> data, int align = 1);
  Bytes finish();

 private:
  Bytes archive_, directory_;
  int entries_ = 0;
};

}  // namespace reluscope
