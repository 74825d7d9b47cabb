// The matrix product: a tile of the result kept in registers while the inner dimension streams by.
//
// Layouts are row-major. The left operand is read in place, one element at a time, with any strides. The right operand
// comes in panels of up to four vectors (PW columns): row k of a panel is contiguous, so that the inner loop reads
// memory in order whatever the shape of the matrix. Panels of narrower matrices hold fewer vectors.
//
// Every element of the result is summed in the order of the inner dimension, one multiply-add after the other, whatever
// the tile it falls into: results do not depend on how rows are grouped or shared among threads.
#pragma once
#include "simd.h"

namespace RONDO_ARCH {

/** Columns of a full panel. */
constexpr int PW = 4 * VW;

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr bool manyRegisters = true;  // 32 vector registers, else 16
#else
constexpr bool manyRegisters = false;
#endif

/**
 * Relaxed SIMD does panels of four vectors in two halves: 6 x 2 accumulators with what they need fill the 15 registers that
 * V8 hands out exactly, and are enough to hide the latency of multiply-adds. 7 to 14 % faster than 2 x 4, measured.
 */
#if defined(__wasm_relaxed_simd__)
constexpr bool halvesPanels = true;
#else
constexpr bool halvesPanels = false;
#endif

/** Rows of a register tile of so many vectors: as many accumulators as leave room for the operands. */
constexpr int tileRows(int vectors) {
  if (manyRegisters) return vectors == 4 ? 6 : 8;
  if (halvesPanels && vectors == 2) return 6;
  // Without fused multiply-add a product needs a register too, and V8 hands out only about 13.
  const bool fused = VW == 8;
  return vectors == 4 ? (fused ? 3 : 2) : vectors == 3 ? (fused ? 4 : 3) : 4;
}
constexpr int maximumTileRows = 8;

/** Inner dimension after which a panel (KC * PW floats) no longer stays in the first-level cache. */
constexpr int KC = VW == 16 ? 128 : 256;

/** One panel of a product: out[m, :] = start[m, :] + sum over k of left[m, k] right[k, :]. */
struct PanelProduct {
  /**
   * Element (m, k) is data[m * row + k * step]. With `blocks` > 1 the inner dimension consists of that many runs of
   * `depth`, `block` elements apart (a matrix that is itself stored in panels).
   */
  struct {
    const float* data;
    int64_t row, depth, step = 1, blocks = 1, block = 0;
  } left;
  /** Row k of the panel is at data + k * row. */
  struct {
    const float* data;
    int64_t row;
  } right;
  /** Null starts from zero; a row of 0 gives all rows the same, as a bias. */
  struct {
    const float* data;
    int64_t row;
  } start;
  struct {
    float* data;
    int64_t row;
  } out;
  /** 1 to 4 vectors, the last of which has only `lastLanes` columns in start and out. */
  int vectors, lastLanes = VW;
  /** Where the vectors begin in rows of start and out, if not side by side; then each of them has `lastLanes`. */
  const int64_t* columns = nullptr;

  int64_t column(int v) const { return columns ? columns[v] : v * VW; }
  int lanes(int v) const { return columns || v == vectors - 1 ? lastLanes : VW; }
};

/** Vectors in the panel that holds `columns` columns (at most PW), and columns in the last of them. */
RONDO_INLINE int panelVectors(int64_t columns) { return int((columns + VW - 1) / VW); }
RONDO_INLINE int panelLastLanes(int64_t columns) { return int((columns - 1) % VW) + 1; }

/**
 * The product for `rows` rows. The inner dimension is cut into pieces that keep the panel in the first-level cache,
 * with the partial sums waiting in `out`: start and out may be the same, but not overlap otherwise.
 */
void multiply(const PanelProduct& product, int64_t rows);

// ---- bringing matrices into panels ----------------------------------------------------------------------------------

/** out[r, c] = source[r, c] for c < columns, zero for columns <= c < width. */
void copyPadded(const float* source, int64_t sourceRow, int64_t rows, int64_t columns, float* out, int64_t outRow,
                int64_t width);

/** out[c, r] = source[r, c]: out is [height, width], zero beyond the source's columns and rows. */
void transposePadded(const float* source, int64_t sourceRow, int64_t rows, int64_t columns, float* out, int64_t outRow,
                     int64_t height, int64_t width);

// ---- without panels -------------------------------------------------------------------------------------------------

/**
 * out[m, :n] += a[m, :k] b[k, :n] for a few rows (a single step of one sequence): b is read once, in order, in place.
 * Bit for bit what `multiply` gives.
 */
void multiplyFewRows(const float* a, int64_t aRow, int64_t aStep, const float* b, int64_t bRow, float* out,
                     int64_t outRow, int64_t rows, int64_t n, int64_t k);

}  // namespace RONDO_ARCH
