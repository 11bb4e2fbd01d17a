// Errors in files of data in Chinese, for errors.js, and the words of values that all errors use.

/** @typedef {(...values: string[]) => string} Say @typedef {[RegExp, Say][]} Texts the most specific first */

/** A value of the core: in Chinese quotation marks if it is quoted. @param {string} value */
export const said = (value) => value.replace(/^"(.*)"$/s, '“$1”')

/** "a, b or c" @param {string} list */
export const any = (list) => said(list.replace(/, /g, '、').replace(/ or (?=\S+$)/, ' 或 '))

/** @param {Texts} texts @param {string} text @returns {string | undefined} */
export function find(texts, text) {
  for (const [pattern, say] of texts) {
    const found = pattern.exec(text)
    if (found) return say(...found.slice(1))
  }
}

/** @param {string} first @param {string} below '' or 'below ' @param {string} last */
export const range = (first, below, last) => (below ? `大于或等于 ${first} 且小于 ${last} 的` : `${first} 到 ${last} 之间的`)

/** The parts of data, and other names before a colon. @type {Record<string, string>} */
const places = {
  'training images': '训练图像', 'training labels': '训练标签', 'test images': '测试图像', 'test labels': '测试标签', training: '训练', test: '测试',
}
/** @param {string} what */
export const placeOf = (what) => places[what] ?? said(what)

const ends = '( \\(the file is truncated\\)| \\(the file is too long\\))?'
/** @param {string | undefined} end */
const endOf = (end) => (end ? (end.includes('long') ? '（文件过长）' : '（文件不完整）') : '')

/** What is wrong with one file, behind its name and a colon. @type {Texts} */
export const fileTexts = [
  [/^the file is empty, but an IDX file was expected$/, () => '文件为空，但需要 IDX 文件'],
  [/^the data is still gzip-compressed, but plain IDX bytes were expected$/, () => '数据仍是 gzip 压缩的，但需要未压缩的 IDX 字节'],
  [/^the file has (\d+) bytes, fewer than the (\d+) of an IDX header$/, (bytes, header) => `文件只有 ${bytes} 字节，少于 IDX 文件头的 ${header} 字节`],
  [/^the magic number is (\S+), but an IDX file of unsigned bytes starts with (\S+)$/, (magic, wanted) => `魔数为 ${magic}，但无符号字节的 IDX 文件以 ${wanted} 开头`],
  [/^the IDX data type is (\S+), but only 0x08 \(unsigned byte\) is allowed$/, (type) => `IDX 数据类型为 ${type}，但只允许 0x08（无符号字节）`],
  [/^the IDX file has (\d+) dimensions, but (images|labels) have (\d+)$/, (count, what, wanted) => `IDX 文件有 ${count} 维，但${what === 'images' ? '图像' : '标签'}应有 ${wanted} 维`],
  [new RegExp(`^(\\d+) bytes of data follow the header, but it announces (\\d+|far more)${ends}$`),
    (bytes, announced, end) => `文件头之后有 ${bytes} 字节的数据，但文件头声明的是 ${announced === 'far more' ? '多得多的数据' : `${announced} 字节`}${endOf(end)}`],
  [/^the (count|height|width) is (\S+), but it must be from (\d+) to (\d+)$/,
    (what, size, first, last) => `${{ count: '数目', height: '高度', width: '宽度' }[what]}为 ${size}，但必须在 ${first} 到 ${last} 之间`],
  [/^label (\S+) of sample (\d+) is out of range: with (\d+) classes labels are 0 to (\d+)$/,
    (label, sample, classes, last) => `样本 ${sample} 的标签 ${label} 超出范围：有 ${classes} 个类别时，标签为 0 到 ${last}`],
  [/^label (\S+) of sample (\d+) is out of range: no sample has label (\d+), and labels are whole numbers without a gap$/,
    (label, sample, missing) => `样本 ${sample} 的标签 ${label} 超出范围：没有样本的标签为 ${missing}，而标签必须是连续的整数`],
  [/^all are 0, but at least two classes are needed$/, () => '全部为 0，但至少需要两个类别'],
  [/^the array has shape (.+) of type (\S+), but images are \(count, height, width\) of type u1, unsigned bytes$/,
    (shape, type) => `数组的形状为 ${shape}，类型为 ${type}，但图像应为 (count, height, width)，类型为 u1，即无符号字节`],
  [/^the array has shape (.+) of type (\S+), but labels are \(count\) of integers, 1 to (\d+)$/,
    (shape, type, most) => `数组的形状为 ${shape}，类型为 ${type}，但标签应为 (count) 个整数，共 1 到 ${most} 个`],
  [/^the array is in Fortran order, but only C order can be read: save (\S+)$/, (call) => `数组采用 Fortran 顺序，但只能读取 C 顺序：请保存 ${call}`],
  [/^the \.npy header is not a dict of descr, fortran_order and shape$/, () => '.npy 文件头不是由 descr、fortran_order 和 shape 组成的字典'],
  [/^the array has a structured type, but only whole numbers and floats can be read$/, () => '数组为结构化类型，但只能读取整数和浮点数'],
  [/^the array's type is (".*"), but only whole numbers and floats of 1 to 8 bytes can be read$/, (type) => `数组的类型为 ${said(type)}，但只能读取 1 到 8 字节的整数和浮点数`],
  [/^the array's type is (".*"), but big-endian arrays cannot be read: save array\.astype\((.+)\)$/, (type, wanted) => `数组的类型为 ${said(type)}，但无法读取大端序数组：请保存 array.astype(${wanted})`],
  [/^the array's shape has a size over (\d+)$/, (most) => `数组的形状中有大于 ${most} 的尺寸`],
  [/^this is not a \.npy file$/, () => '这不是 .npy 文件'],
  [/^the \.npy file has format version (\S+), but only 1 to 3 can be read$/, (version) => `.npy 文件的格式版本为 ${version}，但只能读取 1 到 3`],
  [/^the \.npy header has (\d+) bytes, but at most (\d+) are allowed$/, (bytes, most) => `.npy 文件头有 ${bytes} 字节，但最多允许 ${most} 字节`],
  [/^the file has (\d+) bytes, fewer than its \.npy header \(the file is truncated\)$/, (bytes) => `文件有 ${bytes} 字节，少于它的 .npy 文件头（文件不完整）`],
  [/^it is nested deeper than (\d+) objects and lists$/, (depth) => `对象和列表的嵌套超过 ${depth} 层`],
  [/^an object in it has the name (".*") twice$/, (name) => `其中一个对象有两个名称 ${said(name)}`],
  [/^a number in it is larger than a double can hold$/, () => '其中有一个数超出了双精度的范围'],
  [/^not JSON at byte (\d+); .+ was expected$/, (at) => `第 ${at} 字节处不是有效的 JSON`],
]

/** Why a file of a folder or an archive cannot be read (web/engine/worker). @type {Texts} */
export const readingTexts = [
  [/^it has (\d+) bytes, but a PNG image may have at most (\d+)$/, (bytes, most) => `它有 ${bytes} 字节，但 PNG 图像最多允许 ${most} 字节`],
  [/^the archive does not have it$/, () => '压缩包中没有它'],
  [/^it is encrypted$/, () => '它已加密'],
  [/^its compression method is (\d+), but only 0 and 8 can be read$/, (method) => `它的压缩方法为 ${method}，但只能读取 0 和 8`],
  [/^its place in the archive is damaged$/, () => '它在压缩包中的位置已损坏'],
  [/^the archive is truncated$/, () => '压缩包不完整'],
  [/^it announces more than it can hold$/, () => '它声明的数据多于它所能容纳的'],
  [/^its data is damaged$/, () => '它的数据已损坏'],
  [/^its gzip data is damaged$/, () => '它的 gzip 数据已损坏'],
  [/^its gzip data ends too early$/, () => '它的 gzip 数据过早结束'],
  [/^it is not a whole ZIP archive$/, () => '它不是完整的 ZIP 压缩包'],
  [/^its header is damaged$/, () => '它的文件头已损坏'],
  [/^it has no pixels$/, () => '它没有像素'],
  [/^it has more than (\d+) pixels on a side$/, (most) => `它的一边超过 ${most} 像素`],
  [/^it has no palette$/, () => '它没有调色板'],
  [/^the file is truncated$/, () => '文件不完整'],
  [/^it has too little data$/, () => '它的数据太少'],
  [/^it has no PNG signature$/, () => '它没有 PNG 签名'],
  [/^the checksum of its (.+) is wrong$/, (chunk) => `它的 ${chunk} 的校验和不正确`],
  [/^unexpected EOF$/, () => '数据过早结束'],
  [/^(invalid .+)$/, (why) => `数据已损坏（${why}）`],
  [/^it has the unknown chunk (".*")$/, (chunk) => `它含有未知的块 ${said(chunk)}`],
  [/^it has a row with the unknown filter (\d+)$/, (filter) => `它有一行使用了未知的滤波器 ${filter}`],
]
/** @param {string} text */
const reading = (text) => find(readingTexts, text) ?? text

/** The part of data that is too small, too large or missing. @type {Texts} */
export const dataTexts = [
  [/^(".*") in (.+) cannot be read: (.+)$/s, (path, where, why) => `无法读取 ${said(where)} 中的 ${said(path)}：${reading(why)}`],
  [/^(".*") in (.+) is not a whole PNG image: (.+)$/s, (path, where, why) => `${said(where)} 中的 ${said(path)} 不是完整的 PNG 图像：${reading(why)}`],
  [/^(.+) has no file (\S+)( \(plain or \.gz\))?$/, (where, name, packed) => `${said(where)} 中没有文件 ${name}${packed ? '（未压缩或 .gz）' : ''}`],
  [/^(".*") in (.+) is not a \.png file in a class's folder; allowed are (.+) with (.+), or (.+)$/,
    (path, where, train, test, flat) => `${said(where)} 中的 ${said(path)} 不是类别文件夹中的 .png 文件；允许的是 ${train} 连同 ${test}，或 ${flat}`],
  [/^(.+) has (\d+) folders of \.png files, one a class, but 2 to (\d+) are allowed$/, (where, count, most) => `${said(where)} 中有 ${count} 个 .png 文件夹（每个类别一个），但允许的是 2 到 ${most} 个`],
  [/^(.+) has test images of the class (".*"), but no training images of it$/, (where, name) => `${said(where)} 中有类别 ${said(name)} 的测试图像，但没有它的训练图像`],
  [/^(.+) has more than (\d+) images$/, (where, most) => `${said(where)} 中的图像超过 ${most} 张`],
  [/^(.+) has (\d+) images, but without a folder test at least 6 are needed$/, (where, count) => `${said(where)} 中有 ${count} 张图像，但没有 test 文件夹时至少需要 6 张`],
  [new RegExp(`^(".*") has (\\d+) bytes, but its header announces (\\d+)${ends}$`), (name, bytes, announced, end) => `${said(name)} 有 ${bytes} 字节，但它的文件头声明的是 ${announced} 字节${endOf(end)}`],
  [/^with (".*") the data takes (.+) unpacked, but at most (.+) are allowed; --max_data allows more$/, (name, size, most) => `加上 ${said(name)}，数据解压后占 ${size}，但最多允许 ${most}；--max_data 可以放宽此限制`],
  [/^(.+) holds no data set: (\S+) and its like, (\S+) and its like, or folders of \.png files are allowed$/,
    (where, idx, npy) => `${said(where)} 中没有数据集：允许的是 ${idx} 等文件、${npy} 等文件，或 .png 文件的文件夹`],
  [/^(".*") is (\S+) pixels, but (\S+) to (\S+) are allowed$/, (path, size, first, last) => `${said(path)} 为 ${size} 像素，但允许的是 ${first} 到 ${last}`],
  [/^(".*") is (\S+) pixels, but (".*") is (\S+); all images must have one size$/, (path, size, other, wanted) => `${said(path)} 为 ${size} 像素，但 ${said(other)} 为 ${wanted}；所有图像的大小必须相同`],
]
