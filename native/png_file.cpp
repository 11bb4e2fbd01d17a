#include "png_file.h"

#include <png.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/text.h"
#include "data/grey.h"
#include "output.h"

namespace reluscope {
namespace {

struct Bytes {
  const std::uint8_t* data;
  std::size_t size, at;
};

// Frees libpng's structs, and keeps what the library said.
struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  char problem[120] = "out of memory";

  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void read_bytes_of(png_structp png, png_bytep to, png_size_t count) {
  auto* const bytes = static_cast<Bytes*>(png_get_io_ptr(png));
  if (count > bytes->size - bytes->at) png_error(png, "it ends too early");
  std::memcpy(to, bytes->data + bytes->at, count);
  bytes->at += count;
}

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* const reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::strncpy(reader->problem, text, sizeof reader->problem - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

// libpng reports errors by jumping back: nothing with a destructor may begin in here. False: an error.
bool read_header(Reader& reader, Bytes& bytes) {
  if (reader.png == nullptr || reader.info == nullptr) return false;
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_read_fn(reader.png, &bytes, &read_bytes_of);
  png_read_info(reader.png, reader.info);
  return true;
}

bool read_rows(Reader& reader, std::uint8_t* pixels, std::size_t row_bytes) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_expand(reader.png);  // palettes, fewer than 8 bits, transparent colours
  png_set_scale_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_add_alpha(reader.png, 0xff, PNG_FILLER_AFTER);
  const int passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  const png_uint_32 height = png_get_image_height(reader.png, reader.info);
  if (png_get_rowbytes(reader.png, reader.info) != row_bytes) {
    png_error(reader.png, "its rows have an unknown form");
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 row = 0; row < height; ++row) {
      png_read_row(reader.png, pixels + row * row_bytes, nullptr);
    }
  }
  png_read_end(reader.png, nullptr);
  return true;
}

}  // namespace

std::vector<std::uint8_t> read_png(const std::string& path, int height, int width) {
  const std::vector<std::uint8_t> file = read_bytes(path, "image");
  if (file.size() < 8 || png_sig_cmp(file.data(), 0, 8) != 0) {
    throw Error("image: " + in_quotes(path) + " is not a PNG file");
  }
  Reader reader;
  Bytes bytes{file.data(), file.size(), 0};
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, &on_error, &on_warning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  const auto refuse = [&] {
    throw Error("image: " + in_quotes(path) + " is a damaged PNG file: " + reader.problem);
  };
  if (!read_header(reader, bytes)) refuse();
  check_picture_size(path, png_get_image_width(reader.png, reader.info),
                     png_get_image_height(reader.png, reader.info), width, height);
  const std::size_t row_bytes = static_cast<std::size_t>(width) * 4;
  std::vector<std::uint8_t> pixels(row_bytes * static_cast<std::size_t>(height));
  if (!read_rows(reader, pixels.data(), row_bytes)) refuse();
  return pixels;
}

}  // namespace reluscope
