// Folding many numbers into one with an associative operation, accurately and in an order that depends on sizes alone.
//
// Sums keep many partial results (vector lanes, several vectors) and three levels of subtotals, so that a number takes part
// in about 100 additions at most even among a million.
#pragma once
#include "map.h"
#include "math.h"

namespace RONDO_ARCH {

// ---- operations: how elements are read (map), joined (of), and what an empty fold gives (none) ------------------------------

struct SumFold {
  using Element = float;
  using Lanes = Vec;
  static constexpr float none = 0.0f;
  RONDO_INLINE Vec map(Vec x, Vec) { return x; }
  RONDO_INLINE Vec of(Vec a, Vec b) { return a + b; }
  RONDO_INLINE float of(float a, float b) { return a + b; }
};
struct SumSquaresFold : SumFold {
  RONDO_INLINE Vec map(Vec x, Vec) { return x * x; }
};
// Sum of exp(x - shift), for a shift of at least x.
struct SumExpFold : SumFold {
  RONDO_INLINE Vec map(Vec x, Vec shift) { return vexpNegative(x - shift); }
};
struct ProductFold : SumFold {
  static constexpr float none = 1.0f;
  RONDO_INLINE Vec of(Vec a, Vec b) { return a * b; }
  RONDO_INLINE float of(float a, float b) { return a * b; }
};
struct MaxFold : SumFold {
  static constexpr float none = -__builtin_inff();
  RONDO_INLINE Vec of(Vec a, Vec b) { return choose((b > a) | (b != b), b, a); }
  RONDO_INLINE float of(float a, float b) { return b > a || b != b ? b : a; }
};
struct MinFold : SumFold {
  static constexpr float none = __builtin_inff();
  RONDO_INLINE Vec of(Vec a, Vec b) { return choose((b < a) | (b != b), b, a); }
  RONDO_INLINE float of(float a, float b) { return b < a || b != b ? b : a; }
};

struct SumFoldInt {
  using Element = int32_t;
  using Lanes = VecInt;
  static constexpr int32_t none = 0;
  RONDO_INLINE VecInt map(VecInt x, VecInt) { return x; }
  RONDO_INLINE VecInt of(VecInt a, VecInt b) { return (VecInt)((VecUint)a + (VecUint)b); }
  RONDO_INLINE int32_t of(int32_t a, int32_t b) { return int32_t(uint32_t(a) + uint32_t(b)); }
};
struct ProductFoldInt : SumFoldInt {
  static constexpr int32_t none = 1;
  RONDO_INLINE VecInt of(VecInt a, VecInt b) { return (VecInt)((VecUint)a * (VecUint)b); }
  RONDO_INLINE int32_t of(int32_t a, int32_t b) { return int32_t(uint32_t(a) * uint32_t(b)); }
};
struct MaxFoldInt : SumFoldInt {
  static constexpr int32_t none = -2147483647 - 1;
  RONDO_INLINE VecInt of(VecInt a, VecInt b) { return a > b ? a : b; }
  RONDO_INLINE int32_t of(int32_t a, int32_t b) { return larger(a, b); }
};
struct MinFoldInt : SumFoldInt {
  static constexpr int32_t none = 2147483647;
  RONDO_INLINE VecInt of(VecInt a, VecInt b) { return a < b ? a : b; }
  RONDO_INLINE int32_t of(int32_t a, int32_t b) { return smaller(a, b); }
};

// ---- columns ----------------------------------------------------------------------------------------------------------------

// W vectors of columns of x, `stride` elements from row to row: out = fold over n rows, 32 rows at the lowest level.
template <class F, int W>
RONDO_NOINLINE void foldColumns(const typename F::Element* x, int64_t n, int64_t stride, typename F::Element* out,
                                const typename F::Element* shift) {
  using Lanes = typename F::Lanes;
  const Lanes none = F::none - Lanes{};
  Lanes shifts[W], middle[W], top[W];
  RONDO_UNROLL for (int w = 0; w < W; w++) {
    shifts[w] = shift ? loadLanes(shift + w * VW) : Lanes{};
    middle[w] = top[w] = none;
  }
  int blocks = 0;
  for (int64_t done = 0; done < n;) {
    Lanes low[W];
    RONDO_UNROLL for (int w = 0; w < W; w++) low[w] = none;
    for (const int64_t end = smaller<int64_t>(n, done + 32); done < end; done++, x += stride) {
      RONDO_UNROLL for (int w = 0; w < W; w++) low[w] = F::of(low[w], F::map(loadLanes(x + w * VW), shifts[w]));
    }
    const bool full = ++blocks == 32;
    RONDO_UNROLL for (int w = 0; w < W; w++) {
      middle[w] = F::of(middle[w], low[w]);
      if (!full) continue;
      top[w] = F::of(top[w], middle[w]);
      middle[w] = none;
    }
    if (full) blocks = 0;
  }
  RONDO_UNROLL for (int w = 0; w < W; w++) storeLanes(out + w * VW, F::of(top[w], middle[w]));
}

constexpr int stripWidth = 8 * VW;

// The same for any number of columns.
template <class F>
RONDO_NOINLINE void foldStrip(const typename F::Element* x, int64_t n, int64_t stride, int64_t width, typename F::Element* out,
               const typename F::Element* shift) {
  using Element = typename F::Element;
  int64_t at = 0;
  const auto take = [&](auto fold, int columns) {
    fold(x + at, n, stride, out + at, shift ? shift + at : nullptr);
    at += columns;
  };
  while (width - at >= 8 * VW) take(foldColumns<F, 8>, 8 * VW);
  if (width - at >= 4 * VW) take(foldColumns<F, 4>, 4 * VW);
  if (width - at >= 2 * VW) take(foldColumns<F, 2>, 2 * VW);
  if (width - at >= VW) take(foldColumns<F, 1>, VW);
  const int rest = int(width - at);
  if (rest == 0) return;
  // The last few columns, 32 rows at a time, copied to where whole vectors can be read.
  Element rows[32 * VW] = {}, shifts[VW] = {}, result[VW], total[VW];
  for (int i = 0; i < rest; i++) {
    total[i] = F::none;
    if (shift) shifts[i] = shift[at + i];
  }
  for (int64_t row = 0; row < n; row += 32) {
    const int64_t count = smaller<int64_t>(32, n - row);
    for (int64_t r = 0; r < count; r++)
      for (int i = 0; i < rest; i++) rows[r * VW + i] = x[(row + r) * stride + at + i];
    foldColumns<F, 1>(rows, count, VW, result, shifts);
    for (int i = 0; i < rest; i++) total[i] = F::of(total[i], result[i]);
  }
  for (int i = 0; i < rest; i++) out[at + i] = total[i];
}

// out[i] = fold over rows of x [n, width], where rows are `stride` apart.
template <class F>
RONDO_NOINLINE void foldRows(const typename F::Element* x, int64_t n, int64_t stride, int64_t width, typename F::Element* out,
              const typename F::Element* shift = nullptr) {
  using Element = typename F::Element;
  if (width != stride || width >= stripWidth) return foldStrip<F>(x, n, stride, width, out, shift);
  // Few columns: several rows are one long row, whose columns are folded first and then with one another.
  int64_t group = VW;
  while (2 * group * width <= stripWidth) group *= 2;
  const int64_t groups = n / group;
  if (groups == 0) return foldStrip<F>(x, n, stride, width, out, shift);
  Element folded[VW * stripWidth], shifts[VW * stripWidth];
  if (shift) {
    for (int64_t i = 0; i < group; i++) copyBytes(shifts + i * width, shift, size_t(width) * 4);
  }
  foldStrip<F>(x, groups, group * width, group * width, folded, shift ? shifts : nullptr);
  for (int64_t half = group / 2; half > 0; half /= 2)
    for (int64_t i = 0; i < half * width; i++) folded[i] = F::of(folded[i], folded[half * width + i]);
  copyBytes(out, folded, size_t(width) * 4);
  const int64_t rest = n - groups * group;
  if (rest == 0) return;
  foldStrip<F>(x + groups * group * width, rest, stride, width, folded, shift);
  for (int64_t i = 0; i < width; i++) out[i] = F::of(out[i], folded[i]);
}

// ---- one run of numbers -------------------------------------------------------------------------------------------------------

template <class F> RONDO_NOINLINE typename F::Element foldRun(const typename F::Element* x, int64_t n, typename F::Element shift) {
  using Element = typename F::Element;
  using Lanes = typename F::Lanes;
  const Lanes shifts = shift - Lanes{};
  Lanes total = F::none - Lanes{};
  int64_t at = 0;
  if (n >= stripWidth) {
    Element folded[stripWidth], wide[stripWidth];
    for (int i = 0; i < stripWidth; i++) wide[i] = shift;
    foldColumns<F, 8>(x, n / stripWidth, stripWidth, folded, wide);
    for (int half = 4; half > 0; half /= 2)
      for (int i = 0; i < half * VW; i += VW)
        storeLanes(folded + i, F::of(loadLanes(folded + i), loadLanes(folded + i + half * VW)));
    total = loadLanes(folded);
    at = n / stripWidth * stripWidth;
  }
  for (; at + VW <= n; at += VW) total = F::of(total, F::map(loadLanes(x + at), shifts));
  Element lanes[VW];
  storeLanes(lanes, total);
  if (at < n) {
    Element some[VW] = {};
    for (int i = 0; i < n - at; i++) some[i] = x[at + i];
    storeLanes(some, F::map(loadLanes(some), shifts));
    for (int i = 0; i < n - at; i++) lanes[i] = F::of(lanes[i], some[i]);
  }
  for (int half = VW / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] = F::of(lanes[i], lanes[i + half]);
  return lanes[0];
}

// The same for a run long enough to be shared between threads: in at most 256 pieces, whose size depends on n alone.
template <class F> typename F::Element foldLongRun(const typename F::Element* x, int64_t n, typename F::Element shift = 0) {
  using Element = typename F::Element;
  const int64_t size = larger<int64_t>(65536, (n + 255) / 256);
  if (n <= size) return foldRun<F>(x, n, shift);
  const int64_t pieces = (n + size - 1) / size;
  Element partial[256];
  parallelFor(pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) partial[i] = foldRun<F>(x + i * size, smaller(size, n - i * size), shift);
  });
  for (int64_t count = pieces; count > 1; count = (count + 1) / 2)
    for (int64_t i = 0; i < count / 2; i++) partial[i] = F::of(partial[i], partial[i + (count + 1) / 2]);
  return partial[0];
}

}  // namespace RONDO_ARCH
