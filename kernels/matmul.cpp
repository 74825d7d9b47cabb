// out = op(a) op(b) (+ out): the general case through packed panels, and shortcuts where packing would cost more than
// the product itself.
#include "gemm.h"
#include "parallel.h"

namespace RONDO_ARCH {
namespace {

/** Rows of a, columns of b and inner elements handled at a time: what fits in the second-level cache. */
constexpr int rowBlock = 120, longRowBlock = 24;
constexpr int columnBlock = 4 * PW;
constexpr int innerBlock = 256;

/** Up to so many rows (or columns) go without packing. */
constexpr int fewRows = 4;

/** Multiply-adds below which another thread does not pay. */
constexpr int64_t parallelWork = 400000;

/** Packed blocks of the thread at work. Not on the stack: those of threads are small on some systems. */
struct alignas(64) Packed {
  float a[innerBlock * rowBlock], b[innerBlock * columnBlock];
};
RONDO_INLINE Packed& packedBlocks() {
#ifdef __wasm__
  static_assert(sizeof(Packed) <= rondoThreadBufferBytes, "the buffer of a thread is too small");
  return *static_cast<Packed*>(rondoThreadBuffer());
#else
  static thread_local Packed blocks;
  return blocks;
#endif
}

/** One product of the batch. */
struct Product {
  const float* a;
  const float* b;
  float* out;
  int64_t m, n, k;
  bool transposeA, transposeB, accumulate;
};

/** out[firstRow : lastRow, firstColumn : lastColumn], at most columnBlock columns, through packed panels. */
void multiplyPacked(const Product& p, int64_t firstRow, int64_t lastRow, int64_t firstColumn, int64_t lastColumn) {
  Packed& blocks = packedBlocks();
  // With few rows a panel is read only a few times: then in place, but for the last one if it is narrower.
  const bool inPlace = !p.transposeB && lastRow - firstRow <= 6 * tileRows(4);
  const int64_t packedFrom = inPlace ? firstColumn + (lastColumn - firstColumn) / PW * PW : firstColumn;
  // Long rows lie on pages of their own, and the processor remembers the addresses of few pages.
  const int64_t block = !p.transposeA && !inPlace && larger(p.n, p.k) >= 1024 ? longRowBlock : rowBlock;
  for (int64_t k = 0; k < p.k; k += innerBlock) {
    const int64_t depth = smaller<int64_t>(innerBlock, p.k - k);
    for (int64_t n = packedFrom; n < lastColumn; n += PW) {
      const int64_t columns = smaller<int64_t>(PW, lastColumn - n), width = panelVectors(columns) * VW;
      float* panel = blocks.b + (n - firstColumn) * innerBlock;
      if (p.transposeB) {
        transposePadded(p.b + n * p.k + k, p.k, columns, depth, panel, width, depth, width);
      } else {
        copyPadded(p.b + k * p.n + n, p.n, depth, columns, panel, width, width);
      }
    }
    for (int64_t m = firstRow; m < lastRow; m += block) {
      const int64_t rows = smaller(block, lastRow - m);
      const float* a = p.a + m * p.k + k;
      if (p.transposeA) {
        copyPadded(p.a + k * p.m + m, p.m, depth, rows, blocks.a, rowBlock, rows);
        a = blocks.a;
      }
      for (int64_t n = firstColumn; n < lastColumn; n += PW) {
        const int64_t columns = smaller<int64_t>(PW, lastColumn - n);
        const int vectors = panelVectors(columns);
        float* out = p.out + m * p.n + n;
        const bool packed = n >= packedFrom;
        PanelProduct panel = {};
        panel.left = {a, p.transposeA ? 1 : p.k, depth, p.transposeA ? rowBlock : 1};
        panel.right = {packed ? blocks.b + (n - firstColumn) * innerBlock : p.b + k * p.n + n,
                       packed ? vectors * VW : p.n};
        panel.start = {p.accumulate || k > 0 ? out : nullptr, p.n};
        panel.out = {out, p.n};
        panel.vectors = vectors;
        panel.lastLanes = panelLastLanes(columns);
        multiply(panel, rows);
      }
    }
  }
}

/** ROWS x COLUMNS inner products of rows of a and rows of b: out[r * outRow + c * outColumn]. */
template <int ROWS, int COLUMNS>
void innerProducts(const float* a, const float* b, int64_t k, float* out, int64_t outRow, int64_t outColumn,
                   bool accumulate) {
  Vec acc[ROWS][COLUMNS] = {};
  int64_t i = 0;
  for (; i + VW <= k; i += VW) {
    Vec x[ROWS];
    RONDO_UNROLL for (int r = 0; r < ROWS; r++) x[r] = load(a + r * k + i);
    RONDO_UNROLL for (int c = 0; c < COLUMNS; c++) {
      const Vec y = load(b + c * k + i);
      RONDO_UNROLL for (int r = 0; r < ROWS; r++) acc[r][c] = mulAdd(x[r], y, acc[r][c]);
    }
  }
  if (i < k) {
    Vec x[ROWS];
    RONDO_UNROLL for (int r = 0; r < ROWS; r++) x[r] = loadPartial(a + r * k + i, int(k - i));
    RONDO_UNROLL for (int c = 0; c < COLUMNS; c++) {
      const Vec y = loadPartial(b + c * k + i, int(k - i));
      RONDO_UNROLL for (int r = 0; r < ROWS; r++) acc[r][c] = mulAdd(x[r], y, acc[r][c]);
    }
  }
  RONDO_UNROLL for (int r = 0; r < ROWS; r++) {
    RONDO_UNROLL for (int c = 0; c < COLUMNS; c++) {
      float* to = out + r * outRow + c * outColumn;
      *to = sumLanes(acc[r][c]) + (accumulate ? *to : 0.0f);
    }
  }
}

/** The inner products of one group of ROWS rows of a with many rows of b. */
template <int ROWS>
void innerProductRows(const float* a, const float* b, int64_t k, float* out, int64_t outRow, int64_t outColumn,
                      bool accumulate, int64_t columns) {
  constexpr int together = ROWS == 1 ? 8 : ROWS == 2 ? 4 : 2;  // sums under way, to hide the latency of additions
  int64_t c = 0;
  for (; c + together <= columns; c += together)
    innerProducts<ROWS, together>(a, b + c * k, k, out + c * outColumn, outRow, outColumn, accumulate);
  for (; c < columns; c++) innerProducts<ROWS, 1>(a, b + c * k, k, out + c * outColumn, outRow, outColumn, accumulate);
}

/** out[r * outRow + c * outColumn] (+)= a[r, :k] . b[c, :k] for at most fewRows rows of a and any number of b. */
void multiplyByRows(const float* a, int64_t rows, const float* b, int64_t columns, int64_t k, float* out,
                    int64_t outRow, int64_t outColumn, bool accumulate) {
  parallelFor(columns, parallelWork / larger<int64_t>(1, rows * k) + 1, [&](int64_t begin, int64_t end) {
    const float* from = b + begin * k;
    float* to = out + begin * outColumn;
    const int64_t count = end - begin;
    switch (rows) {
      case 1: return innerProductRows<1>(a, from, k, to, outRow, outColumn, accumulate, count);
      case 2: return innerProductRows<2>(a, from, k, to, outRow, outColumn, accumulate, count);
      case 3: return innerProductRows<3>(a, from, k, to, outRow, outColumn, accumulate, count);
      default: return innerProductRows<4>(a, from, k, to, outRow, outColumn, accumulate, count);
    }
  });
}

/** out (+)= a b for at most fewRows rows of a, element (m, k) at a[m * aRow + k * aStep], and b [k, n]. */
void multiplyByColumns(const float* a, int64_t aRow, int64_t aStep, int64_t rows, const float* b, int64_t n, int64_t k,
                       float* out, bool accumulate) {
  // Whole vectors per piece, so that no piece works on partial ones but the last.
  const int64_t chunk = 4 * VW, chunks = (n + chunk - 1) / chunk;
  parallelFor(chunks, parallelWork / (chunk * rows * k) + 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * chunk, columns = smaller(n, end * chunk) - first;
    if (!accumulate)
      for (int64_t m = 0; m < rows; m++) zeroBytes(out + m * n + first, size_t(columns) * sizeof(float));
    multiplyFewRows(a, aRow, aStep, b + first, n, out + first, n, rows, columns, k);
  });
}

/** Whether a shape goes without packing. */
bool isDirect(const Product& p) {
  if (p.m <= fewRows) return !p.transposeB || !p.transposeA || p.m == 1;
  if (p.n == 1) return true;
  return p.n <= fewRows && !p.transposeA && p.n * p.k <= innerBlock * columnBlock;
}

void multiplyDirectly(const Product& p) {
  if (p.m <= fewRows && !p.transposeB) {
    multiplyByColumns(p.a, p.transposeA ? 1 : p.k, p.transposeA ? p.m : 1, p.m, p.b, p.n, p.k, p.out, p.accumulate);
  } else if (p.m <= fewRows) {
    multiplyByRows(p.a, p.m, p.b, p.n, p.k, p.out, p.n, 1, p.accumulate);
  } else if (p.transposeA) {  // n = 1: out^T [1, m] = b^T [1, k] a [k, m]
    multiplyByColumns(p.b, 0, 1, 1, p.a, p.m, p.k, p.out, p.accumulate);
  } else {  // out^T [n, m] = op(b)^T [n, k] a^T, the rows of both contiguous
    const float* b = p.b;
    if (!p.transposeB && p.n > 1) {
      float* const packed = packedBlocks().b;
      transposePadded(p.b, p.n, p.k, p.n, packed, p.k, p.n, p.k);
      b = packed;
    }
    multiplyByRows(b, p.n, p.a, p.m, p.k, p.out, 1, p.n, p.accumulate);
  }
}

}  // namespace

void matMul(const float* a, const float* b, float* out, int32_t batch, int32_t m, int32_t n, int32_t k, int32_t strideA,
            int32_t strideB, int32_t transposeA, int32_t transposeB, int32_t accumulate) {
  if (batch <= 0 || m <= 0 || n <= 0) return;
  const int64_t size = int64_t(m) * n;
  if (k <= 0) {
    if (!accumulate) zeroBytes(out, size_t(batch) * size_t(size) * sizeof(float));
    return;
  }
  const auto product = [&](int64_t i) {
    return Product{a + i * strideA,  b + i * strideB, out + i * size,  m, n, k,
                   transposeA != 0, transposeB != 0, accumulate != 0};
  };
  const int64_t work = size * k * batch;
  if (isDirect(product(0))) {
    if (batch == 1) return multiplyDirectly(product(0));
    return parallelFor(batch, parallelWork * batch / work + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) multiplyDirectly(product(i));
    });
  }

  // Pieces: (product, block of columns, block of rows). Rows are cut only as far as threads need it, since every piece
  // packs its columns of b anew.
  const int64_t columnBlocks = (n + columnBlock - 1) / columnBlock;
  const int64_t perProduct = columnBlocks * int64_t(batch), threads = threadCount();
  int64_t rowBlocks = 1;
  if (threads > 1 && perProduct < 4 * threads && work > 2 * parallelWork) {
    const int64_t wanted = (4 * threads + perProduct - 1) / perProduct;
    rowBlocks = larger<int64_t>(1, smaller<int64_t>(wanted, m / rowBlock));
    if (rowBlocks * perProduct < threads) rowBlocks = larger<int64_t>(1, smaller<int64_t>(threads, m / tileRows(4)));
  }
  const int64_t pieces = perProduct * rowBlocks;
  const int64_t grain = parallelWork * pieces / work + 1;
  parallelFor(pieces, grain, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; piece++) {
      const int64_t row = piece % rowBlocks, column = piece / rowBlocks % columnBlocks;
      multiplyPacked(product(piece / rowBlocks / columnBlocks), m * row / rowBlocks, m * (row + 1) / rowBlocks,
                     column * columnBlock, smaller<int64_t>(n, (column + 1) * columnBlock));
    }
  });
}

}  // namespace RONDO_ARCH
