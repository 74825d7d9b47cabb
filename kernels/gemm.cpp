#include "gemm.h"

namespace RONDO_ARCH {
namespace {

constexpr int64_t lineFloats = 16;  // a cache line

/**
 * acc[m][v] += sum over k < depth of a[m, k] b[k, v]; all indices into acc are constants, so it stays in registers.
 * On the way fetches a cache line per step from `ahead`: weights larger than the second-level cache arrive in time.
 */
template <int ROWS, int VECTORS>
RONDO_INLINE void accumulate(Vec (&acc)[ROWS][VECTORS], const float* a, int64_t aRow, int64_t aStep, const float* b,
                             int64_t bStep, int64_t depth, const float* ahead) {
  for (int64_t k = 0; k < depth; k++, a += aStep, b += bStep) {
    if constexpr (ROWS * VECTORS >= 18) __builtin_prefetch(ahead + k * lineFloats, 0, 2);
    if constexpr (manyRegisters || VECTORS < 4) {
      Vec row[VECTORS];
      RONDO_UNROLL for (int v = 0; v < VECTORS; v++) row[v] = load(b + v * VW);
      RONDO_UNROLL for (int m = 0; m < ROWS; m++) {
        const Vec x = splat(a[m * aRow]);
        RONDO_UNROLL for (int v = 0; v < VECTORS; v++) acc[m][v] = mulAdd(x, row[v], acc[m][v]);
      }
    } else {
      // With 16 registers the panel's row does not fit beside the accumulators: stream it, keep the left operand.
      Vec x[ROWS];
      RONDO_UNROLL for (int m = 0; m < ROWS; m++) x[m] = splat(a[m * aRow]);
      RONDO_UNROLL for (int v = 0; v < VECTORS; v++) {
        const Vec column = load(b + v * VW);
        RONDO_UNROLL for (int m = 0; m < ROWS; m++) acc[m][v] = mulAdd(x[m], column, acc[m][v]);
      }
    }
  }
}

/** Rows of start as whole vectors side by side, where they are narrower; and such rows into out. */
RONDO_NOINLINE void readNarrow(const PanelProduct& p, int rows, float* to) {
  for (int m = 0; m < rows; m++)
    for (int v = 0; v < p.vectors; v++, to += VW)
      copyPadded(p.start.data + m * p.start.row + p.column(v), 0, 1, p.lanes(v), to, 0, VW);
}
RONDO_NOINLINE void writeNarrow(const PanelProduct& p, int rows, const float* from) {
  for (int m = 0; m < rows; m++)
    for (int v = 0; v < p.vectors; v++, from += VW)
      copyPadded(from, 0, 1, p.lanes(v), p.out.data + m * p.out.row + p.column(v), 0, 0);
}

/** ROWS rows of a panel product. */
template <int ROWS, int VECTORS> RONDO_NOINLINE void multiplyTile(const PanelProduct& p, const float* ahead) {
  Vec acc[ROWS][VECTORS];
  constexpr int width = VECTORS * VW;
  const bool narrow = p.lastLanes < VW;
  float edge[ROWS * width];  // the tile's copy of start and out where they are narrower than the panel
  int64_t at[VECTORS];
  RONDO_UNROLL for (int v = 0; v < VECTORS; v++) at[v] = narrow ? v * VW : p.column(v);

  if (!p.start.data) {
    RONDO_UNROLL for (int m = 0; m < ROWS; m++) {
      RONDO_UNROLL for (int v = 0; v < VECTORS; v++) acc[m][v] = Vec{};
    }
  } else {
    const float* start = p.start.data;
    int64_t row = p.start.row;
    if (narrow) {
      readNarrow(p, ROWS, edge);
      start = edge;
      row = width;
    }
    RONDO_UNROLL for (int m = 0; m < ROWS; m++) {
      RONDO_UNROLL for (int v = 0; v < VECTORS; v++) acc[m][v] = load(start + m * row + at[v]);
    }
  }

  const float* a = p.left.data;
  const float* b = p.right.data;
  for (int64_t i = 0; i < p.left.blocks; i++, a += p.left.block, b += p.left.depth * p.right.row)
    accumulate<ROWS, VECTORS>(acc, a, p.left.row, p.left.step, b, p.right.row, p.left.depth,
                              ahead + i * p.left.depth * lineFloats);

  float* const out = narrow ? edge : p.out.data;
  const int64_t row = narrow ? width : p.out.row;
  RONDO_UNROLL for (int m = 0; m < ROWS; m++) {
    RONDO_UNROLL for (int v = 0; v < VECTORS; v++) store(out + m * row + at[v], acc[m][v]);
  }
  if (narrow) writeNarrow(p, ROWS, edge);
}

/** multiplyTile for a number of rows known at run time. */
template <int ROWS, int VECTORS> RONDO_INLINE void multiplyTileOf(int rows, const PanelProduct& p, const float* ahead) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS) return multiplyTileOf<ROWS - 1, VECTORS>(rows, p, ahead);
  }
  multiplyTile<ROWS, VECTORS>(p, ahead);
}

/** All rows of one panel, in tiles of nearly equal height. */
template <int VECTORS> void multiplyRows(PanelProduct p, int64_t rows) {
  constexpr int most = tileRows(VECTORS);
  const int64_t tiles = (rows + most - 1) / most;
  // What follows the panel in memory is usually the next one: each tile fetches another part of it.
  const int64_t panelSize = p.left.depth * p.left.blocks * p.right.row;
  for (int64_t i = 0, done = 0; i < tiles; i++) {
    const int64_t next = rows * (i + 1) / tiles;
    const int height = int(next - done);
    multiplyTileOf<most, VECTORS>(height, p, p.right.data + panelSize * (tiles + i) / tiles);
    p.left.data += height * p.left.row;
    if (p.start.data) p.start.data += height * p.start.row;
    p.out.data += height * p.out.row;
    done = next;
  }
}

}  // namespace

void multiply(const PanelProduct& whole, int64_t rows) {
  if (rows <= 0) return;
  const bool inBlocks = whole.left.blocks > 1;
  const int64_t runs = inBlocks ? whole.left.blocks : whole.left.depth, runDepth = inBlocks ? whole.left.depth : 1;
  const int64_t pieces = larger<int64_t>(1, (runs * runDepth + KC - 1) / KC);
  PanelProduct p = whole;
  for (int64_t i = 0, done = 0; i < pieces; i++) {
    const int64_t next = runs * (i + 1) / pieces;
    (inBlocks ? p.left.blocks : p.left.depth) = next - done;
    p.left.data = whole.left.data + done * (inBlocks ? p.left.block : p.left.step);
    p.right.data = whole.right.data + done * runDepth * p.right.row;
    if (i > 0) p.start = {p.out.data, p.out.row};
    switch (p.vectors) {
      case 1: multiplyRows<1>(p, rows); break;
      case 2: multiplyRows<2>(p, rows); break;
      case 3: multiplyRows<3>(p, rows); break;
      default:
        if constexpr (halvesPanels) {
          PanelProduct half = p;
          half.vectors = 2;
          if (!p.columns) half.lastLanes = VW;
          multiplyRows<2>(half, rows);
          half.right.data += 2 * VW;
          if (p.columns) {
            half.columns += 2;
          } else {
            if (half.start.data) half.start.data += 2 * VW;
            half.out.data += 2 * VW;
          }
          half.lastLanes = p.lastLanes;
          multiplyRows<2>(half, rows);
        } else {
          multiplyRows<4>(p, rows);
        }
    }
    done = next;
  }
}

// ---- bringing matrices into panels ----------------------------------------------------------------------------------

namespace {

template <int... I> struct Lanes {};
template <int N, int... I> struct CountLanes : CountLanes<N - 1, N - 1, I...> {};
template <int... I> struct CountLanes<0, I...> { typedef Lanes<I...> All; };

/** Exchanges the upper right and lower left SIZE x SIZE corners of each 2 SIZE x 2 SIZE block held in rows a and b. */
template <int SIZE, int... I> RONDO_INLINE void exchangeCorners(Vec& a, Vec& b, Lanes<I...>) {
#if defined(__clang__)
  const Vec upper = __builtin_shufflevector(a, b, (I & SIZE ? VW + I - SIZE : I)...);
  const Vec lower = __builtin_shufflevector(a, b, (I & SIZE ? VW + I : I + SIZE)...);
#else
  const Vec upper = __builtin_shuffle(a, b, VecInt{(I & SIZE ? VW + I - SIZE : I)...});
  const Vec lower = __builtin_shuffle(a, b, VecInt{(I & SIZE ? VW + I : I + SIZE)...});
#endif
  a = upper;
  b = lower;
}

template <int SIZE> RONDO_INLINE void transposeVectors(Vec (&rows)[VW]) {
  if constexpr (SIZE < VW) {
    RONDO_UNROLL for (int i = 0; i < VW; i++) {
      if (!(i & SIZE)) exchangeCorners<SIZE>(rows[i], rows[i | SIZE], typename CountLanes<VW>::All());
    }
    transposeVectors<SIZE * 2>(rows);
  }
}

}  // namespace

void copyPadded(const float* source, int64_t sourceRow, int64_t rows, int64_t columns, float* out, int64_t outRow,
                int64_t width) {
  const int64_t whole = columns / VW * VW;
  for (int64_t r = 0; r < rows; r++, source += sourceRow, out += outRow) {
    int64_t c = 0;
    for (; c < whole; c += VW) store(out + c, load(source + c));
    for (; c < columns; c++) out[c] = source[c];
    for (; c < width; c++) out[c] = 0;
  }
}

void transposePadded(const float* source, int64_t sourceRow, int64_t rows, int64_t columns, float* out, int64_t outRow,
                     int64_t height, int64_t width) {
  for (int64_t c = 0; c < height; c += VW) {
    const int lanes = int(smaller<int64_t>(VW, columns - c)), outRows = int(smaller<int64_t>(VW, height - c));
    for (int64_t r = 0; r < width; r += VW) {
      Vec block[VW];
      const int present = int(smaller<int64_t>(VW, rows - r)), outLanes = int(smaller<int64_t>(VW, width - r));
      const float* from = source + r * sourceRow + c;
      if (present == VW && lanes == VW) {
        RONDO_UNROLL for (int i = 0; i < VW; i++) block[i] = load(from + i * sourceRow);
      } else {
        RONDO_UNROLL for (int i = 0; i < VW; i++) {
          block[i] = i < present && lanes > 0 ? loadPartial(from + i * sourceRow, lanes) : Vec{};
        }
      }
      transposeVectors<1>(block);
      float* to = out + c * outRow + r;
      if (outRows == VW && outLanes == VW) {
        RONDO_UNROLL for (int i = 0; i < VW; i++) store(to + i * outRow, block[i]);
      } else {
        RONDO_UNROLL for (int i = 0; i < VW; i++) {
          if (i < outRows) storePartial(to + i * outRow, block[i], outLanes);
        }
      }
    }
  }
}

// ---- without panels -------------------------------------------------------------------------------------------------

namespace {

/** Adds STEPS rows of b to ROWS rows of out: one pass over the columns. */
template <int ROWS, int STEPS>
RONDO_INLINE void addRows(const float* a, int64_t aRow, int64_t aStep, const float* b, int64_t bRow, float* out,
                          int64_t outRow, float* tail, int64_t n) {
  Vec x[ROWS][STEPS];
  RONDO_UNROLL for (int m = 0; m < ROWS; m++) {
    RONDO_UNROLL for (int k = 0; k < STEPS; k++) x[m][k] = splat(a[m * aRow + k * aStep]);
  }
  const int64_t whole = n / VW * VW;
  for (int64_t j = 0; j < whole; j += VW) {
    Vec row[STEPS];
    RONDO_UNROLL for (int k = 0; k < STEPS; k++) row[k] = load(b + k * bRow + j);
    RONDO_UNROLL for (int m = 0; m < ROWS; m++) {
      Vec sum = load(out + m * outRow + j);
      RONDO_UNROLL for (int k = 0; k < STEPS; k++) sum = mulAdd(x[m][k], row[k], sum);
      store(out + m * outRow + j, sum);
    }
  }
  if (whole == n) return;
  // The last vector overlaps the one before; its sums are kept apart, in `tail`.
  Vec row[STEPS];
  RONDO_UNROLL for (int k = 0; k < STEPS; k++) {
    row[k] = n >= VW ? load(b + k * bRow + n - VW) : loadPartial(b + k * bRow, int(n));
  }
  RONDO_UNROLL for (int m = 0; m < ROWS; m++) {
    Vec sum = load(tail + m * VW);
    RONDO_UNROLL for (int k = 0; k < STEPS; k++) sum = mulAdd(x[m][k], row[k], sum);
    store(tail + m * VW, sum);
  }
}

template <int ROWS>
void multiplyRowsInPlace(const float* a, int64_t aRow, int64_t aStep, const float* b, int64_t bRow, float* out,
                         int64_t outRow, int64_t n, int64_t k) {
  constexpr int steps = ROWS == 1 ? 8 : manyRegisters ? 4 : 2;
  const int tailLanes = int(smaller<int64_t>(n, VW));
  const int64_t tailStart = n - tailLanes;
  float tail[ROWS * VW];
  for (int m = 0; m < ROWS; m++) store(tail + m * VW, loadPartial(out + m * outRow + tailStart, tailLanes));
  int64_t i = 0;
  for (; i + steps <= k; i += steps)
    addRows<ROWS, steps>(a + i * aStep, aRow, aStep, b + i * bRow, bRow, out, outRow, tail, n);
  for (; i < k; i++) addRows<ROWS, 1>(a + i * aStep, aRow, aStep, b + i * bRow, bRow, out, outRow, tail, n);
  if (n % VW != 0)
    for (int m = 0; m < ROWS; m++) storePartial(out + m * outRow + tailStart, load(tail + m * VW), tailLanes);
}

}  // namespace

void multiplyFewRows(const float* a, int64_t aRow, int64_t aStep, const float* b, int64_t bRow, float* out,
                     int64_t outRow, int64_t rows, int64_t n, int64_t k) {
  if (n <= 0) return;
  for (; rows >= 4; rows -= 4, a += 4 * aRow, out += 4 * outRow)
    multiplyRowsInPlace<4>(a, aRow, aStep, b, bRow, out, outRow, n, k);
  for (; rows >= 2; rows -= 2, a += 2 * aRow, out += 2 * outRow)
    multiplyRowsInPlace<2>(a, aRow, aStep, b, bRow, out, outRow, n, k);
  if (rows > 0) multiplyRowsInPlace<1>(a, aRow, aStep, b, bRow, out, outRow, n, k);
}

}  // namespace RONDO_ARCH
