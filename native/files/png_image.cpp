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

struct Reader {
  std::span<const std::uint8_t> left;
};

void read_bytes(png_structp png, png_bytep to, png_size_t count) {
  auto* const reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (reader->left.size() < count) png_error(png, "the file is truncated");
  std::memcpy(to, reader->left.data(), count);
  reader->left = reader->left.subspan(count);
}

struct Problem {
  char text[100];
};

void on_error(png_structp png, png_const_charp text) {
  auto* const problem = static_cast<Problem*>(png_get_error_ptr(png));
  std::strncpy(problem->text, text, sizeof problem->text - 1);
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

// libpng reports errors by longjmp. So each of these functions has its own setjmp and no object
// with a destructor. False: `problem` holds the reason.
bool read_header(png_structp png, png_infop info, std::size_t file_bytes) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_info(png, info);
  if (png_get_image_width(png, info) > kMaxSide || png_get_image_height(png, info) > kMaxSide) {
    png_error(png, "it has more than 4096 pixels on a side");
  }
  // Deflate expands one byte to at most 1,032.
  if (png_get_rowbytes(png, info) * png_get_image_height(png, info) / 1032 > file_bytes) {
    png_error(png, "the file is truncated");
  }
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  return true;
}

bool read_rows(png_structp png, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  return true;
}

}  // namespace

PngImage decode_png(std::span<const std::uint8_t> bytes, const char* flag,
                    const std::string& name) {
  Reader reader{bytes};
  Problem problem{};
  const auto refuse = [&] {
    throw Error(std::string(flag) + ": " + in_quotes(name) +
                " is not a whole PNG image: " + problem.text);
  };
  const Decoder decoder(&problem);
  png_set_read_fn(decoder.png, &reader, read_bytes);
  if (!read_header(decoder.png, decoder.info, bytes.size())) refuse();
  PngImage image;
  image.height = static_cast<int>(png_get_image_height(decoder.png, decoder.info));
  image.width = static_cast<int>(png_get_image_width(decoder.png, decoder.info));
  image.channels = png_get_channels(decoder.png, decoder.info);
  const std::size_t row_bytes = png_get_rowbytes(decoder.png, decoder.info);
  image.pixels.resize(row_bytes * static_cast<std::size_t>(image.height));
  std::vector<png_bytep> rows;
  for (std::size_t at = 0; at < image.pixels.size(); at += row_bytes) {
    rows.push_back(image.pixels.data() + at);
  }
  if (!read_rows(decoder.png, rows.data())) refuse();
  return image;
}

}  // namespace reluscope
