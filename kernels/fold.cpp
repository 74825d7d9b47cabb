// The shared part of folding (see reduce.h).
#include "reduce.h"

namespace RONDO_ARCH {
namespace {

constexpr Word zeros[stripWidth] = {};

// Any number of columns, in strips of vectors.
void foldStrips(const Fold& fold, const Word* x, int64_t n, int64_t stride, int64_t width, Word* out, const Word* shift) {
  int64_t at = 0;
  for (; width - at >= stripWidth; at += stripWidth) fold.columns8(x + at, n, stride, out + at, shift ? shift + at : zeros);
  for (; width - at >= VW; at += VW) fold.columns1(x + at, n, stride, out + at, shift ? shift + at : zeros);
  const int rest = int(width - at);
  if (rest == 0) return;
  // The last few columns, 32 rows at a time, copied to where whole vectors can be read.
  Word rows[32 * VW] = {}, shifts[VW] = {}, result[VW];
  for (int i = 0; i < rest; i++) {
    out[at + i] = fold.none;
    if (shift) shifts[i] = shift[at + i];
  }
  for (int64_t row = 0; row < n; row += 32) {
    const int64_t count = smaller<int64_t>(32, n - row);
    for (int64_t r = 0; r < count; r++)
      for (int i = 0; i < rest; i++) rows[r * VW + i] = x[(row + r) * stride + at + i];
    fold.columns1(rows, count, VW, result, shifts);
    fold.join(out + at, result, rest);
  }
}

}  // namespace

void foldRows(const Fold& fold, const Word* x, int64_t n, int64_t stride, int64_t width, Word* out, const Word* shift) {
  if (width != stride || width >= stripWidth) return foldStrips(fold, x, n, stride, width, out, shift);
  // Few columns: several rows are one long row, whose columns are folded first and then with one another.
  int64_t group = VW;
  while (2 * group * width <= stripWidth) group *= 2;
  const int64_t groups = n / group;
  if (groups == 0) return foldStrips(fold, x, n, stride, width, out, shift);
  Word folded[VW * stripWidth], shifts[VW * stripWidth];
  if (shift) {
    for (int64_t i = 0; i < group; i++) copyBytes(shifts + i * width, shift, size_t(width) * 4);
  }
  foldStrips(fold, x, groups, group * width, group * width, folded, shift ? shifts : nullptr);
  for (int64_t half = group / 2; half > 0; half /= 2) fold.join(folded, folded + half * width, half * width);
  copyBytes(out, folded, size_t(width) * 4);
  const int64_t rest = n - groups * group;
  if (rest == 0) return;
  foldStrips(fold, x + groups * group * width, rest, stride, width, folded, shift);
  fold.join(out, folded, width);
}

Word foldRun(const Fold& fold, const Word* x, int64_t n, Word shift) {
  Word wide[stripWidth], folded[stripWidth], lanes[VW];
  for (int i = 0; i < stripWidth; i++) wide[i] = shift;
  int64_t at = 0;
  if (n >= stripWidth) {
    fold.columns8(x, n / stripWidth, stripWidth, folded, wide);
    for (int half = 4 * VW; half >= VW; half /= 2) fold.join(folded, folded + half, half);
    copyBytes(lanes, folded, sizeof lanes);
    at = n / stripWidth * stripWidth;
  } else {
    for (int i = 0; i < VW; i++) lanes[i] = fold.none;
  }
  const int64_t vectors = (n - at) / VW;
  if (vectors > 0) {
    fold.columns1(x + at, vectors, VW, folded, wide);
    fold.join(lanes, folded, VW);
    at += vectors * VW;
  }
  if (at < n) {
    Word some[VW] = {};
    for (int i = 0; i < n - at; i++) some[i] = x[at + i];
    fold.columns1(some, 1, VW, folded, wide);
    fold.join(lanes, folded, n - at);
  }
  for (int half = VW / 2; half > 0; half /= 2) fold.join(lanes, lanes + half, half);
  return lanes[0];
}

void toColumns(const Word* x, Word* columns, int64_t n, int rows) {
  for (int r = 0; r < VW; r++) {
    const Word* row = x + smaller(r, rows - 1) * n;
    for (int64_t j = 0; j < n; j++) columns[j * VW + r] = row[j];
  }
}
void fromColumns(const Word* columns, Word* x, int64_t n, int rows) {
  for (int r = 0; r < rows; r++)
    for (int64_t j = 0; j < n; j++) x[r * n + j] = columns[j * VW + r];
}

Word foldLongRun(const Fold& fold, const Word* x, int64_t n, Word shift) {
  constexpr int most = 256;
  const int64_t size = larger<int64_t>(65536, (n + most - 1) / most);
  if (n <= size) return foldRun(fold, x, n, shift);
  const int64_t pieces = (n + size - 1) / size;
  Word partial[most];
  parallelFor(pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) partial[i] = foldRun(fold, x + i * size, smaller(size, n - i * size), shift);
  });
  for (int64_t count = pieces; count > 1; count = (count + 1) / 2) {
    fold.join(partial, partial + (count + 1) / 2, count / 2);
  }
  return partial[0];
}

}  // namespace RONDO_ARCH
