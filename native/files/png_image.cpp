#include "files/png_image.h"

#include <png.h>

#include <csetjmp>
#include <cstring>
#include <new>

#include "core/error.h"
#include "core/text.h"
#include "data/idx.h"

namespace reluscope {
namespace {

using Left = std::span<const std::uint8_t>;  // bytes of the file that libpng has not read yet
using Problem = char[100];

void read_bytes(png_structp png, png_bytep to, png_size_t count) {
  auto& left = *static_cast<Left*>(png_get_io_ptr(png));
  if (left.size() < count) png_error(png, "the file is truncated");
  std::memcpy(to, left.data(), count);
  left = left.subspan(count);
}

void on_error(png_structp png, png_const_charp text) {
  std::strncpy(*static_cast<Problem*>(png_get_error_ptr(png)), text, sizeof(Problem) - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

struct Decoder {
  png_structp png;
  png_infop info = nullptr;

  explicit Decoder(Problem* problem)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, problem, on_error, on_warning)) {
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) throw std::bad_alloc();
  }
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

// False: the decoder's Problem has the reason. libpng reports errors by longjmp, so this function
// has no object with a destructor.
bool decode(png_structp png, png_infop info, std::size_t file_bytes, PngImage& image) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_info(png, info);
  const png_uint_32 width = png_get_image_width(png, info),
                    height = png_get_image_height(png, info);
  if (width > kMaxSide || height > kMaxSide)
    png_error(png, "it has more than 4096 pixels on a side");
  // Deflate expands one byte to at most 1,032.
  if (png_get_rowbytes(png, info) * height / 1032 > file_bytes) {
    png_error(png, "the file is truncated");
  }
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image.height = static_cast<int>(height);
  image.width = static_cast<int>(width);
  image.channels = png_get_channels(png, info);
  const std::size_t row_bytes = png_get_rowbytes(png, info);
  image.pixels.resize(row_bytes * height);
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 row = 0; row < height; ++row) {
      png_read_row(png, image.pixels.data() + row * row_bytes, nullptr);
    }
  }
  png_read_end(png, nullptr);
  return true;
}

}  // namespace

PngImage decode_png(std::span<const std::uint8_t> bytes, const char* flag,
                    const std::string& name) {
  Left left = bytes;
  Problem problem{};
  const Decoder decoder(&problem);
  png_set_read_fn(decoder.png, &left, read_bytes);
  PngImage image;
  if (decode(decoder.png, decoder.info, bytes.size(), image)) return image;
  throw Error(std::string(flag) + ": " + in_quotes(name) + " is not a whole PNG image: " + problem);
}

}  // namespace reluscope
