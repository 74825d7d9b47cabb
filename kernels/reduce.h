// Folding many numbers into one with an associative operation, accurately and in an order that depends on sizes alone.
//
// Sums keep many partial results (vector lanes, several vectors) and three levels of subtotals, so that a number takes part
// in about 100 additions at most even among a million.
//
// What depends on the operation is compiled once per operation (struct Fold); everything around it is shared and moves
// elements as 32-bit words, whatever their type.
#pragma once
#include "map.h"
#include "math.h"

namespace RONDO_ARCH {

using Word = int32_t;

RONDO_INLINE Word wordOf(float x) {
  Word word;
  __builtin_memcpy(&word, &x, 4);
  return word;
}
RONDO_INLINE Word wordOf(int32_t x) { return x; }
RONDO_INLINE float floatOf(Word word) {
  float x;
  __builtin_memcpy(&x, &word, 4);
  return x;
}
template <class T> RONDO_INLINE const Word* words(const T* p) { return reinterpret_cast<const Word*>(p); }
template <class T> RONDO_INLINE Word* words(T* p) { return reinterpret_cast<Word*>(p); }

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
// NaN wins.
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

// ---- what is compiled per operation -------------------------------------------------------------------------------------------

// W vectors of columns of x, `stride` elements from row to row: out = fold over n rows, 32 rows at the lowest level.
template <class F, int W>
void foldColumns(const Word* data, int64_t n, int64_t stride, Word* out, const Word* shift) {
  using Lanes = typename F::Lanes;
  using Element = typename F::Element;
  const Element* x = reinterpret_cast<const Element*>(data);
  const Lanes none = F::none - Lanes{};
  Lanes shifts[W], middle[W], top[W];
  RONDO_UNROLL for (int w = 0; w < W; w++) {
    shifts[w] = loadLanes(reinterpret_cast<const Element*>(shift) + w * VW);
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
  RONDO_UNROLL for (int w = 0; w < W; w++) {
    storeLanes(reinterpret_cast<Element*>(out) + w * VW, F::of(top[w], middle[w]));
  }
}

// a[i] = of(a[i], b[i])
template <class F> void joinElements(Word* a, const Word* b, int64_t n) {
  using Element = typename F::Element;
  Element* to = reinterpret_cast<Element*>(a);
  const Element* from = reinterpret_cast<const Element*>(b);
  int64_t i = 0;
  for (; i + VW <= n; i += VW) storeLanes(to + i, F::of(loadLanes(to + i), loadLanes(from + i)));
  for (; i < n; i++) to[i] = F::of(to[i], from[i]);
}

struct Fold {
  void (*columns8)(const Word* x, int64_t n, int64_t stride, Word* out, const Word* shift);
  void (*columns1)(const Word* x, int64_t n, int64_t stride, Word* out, const Word* shift);
  void (*join)(Word* a, const Word* b, int64_t n);
  Word none;
};
template <class F> Fold foldOf() { return {foldColumns<F, 8>, foldColumns<F, 1>, joinElements<F>, wordOf(F::none)}; }

// ---- shared code ----------------------------------------------------------------------------------------------------------------

constexpr int stripWidth = 8 * VW;

/** out[i] = fold over the rows of x [n, width], which are `stride` apart; `shift` [width] goes to the operation's map. */
void foldRows(const Fold& fold, const Word* x, int64_t n, int64_t stride, int64_t width, Word* out, const Word* shift = nullptr);

/** Fold of n neighbours. */
Word foldRun(const Fold& fold, const Word* x, int64_t n, Word shift = 0);
/** The same in pieces shared between threads if there are many; the pieces depend on n alone. */
Word foldLongRun(const Fold& fold, const Word* x, int64_t n, Word shift = 0);

/** Rows up to this length are worked on VW at a time, as the lanes of vectors, unless there are very few. */
constexpr int shortRow = 64;
RONDO_INLINE bool rowsAreLanes(int64_t rows, int64_t n) { return n <= shortRow && rows * 4 >= VW; }

/** columns [n, VW] = transpose of x [rows, n], for rows <= VW; missing rows repeat the last one. */
void toColumns(const Word* x, Word* columns, int64_t n, int rows);
/** x [rows, n] = transpose of columns [n, VW]. */
void fromColumns(const Word* columns, Word* x, int64_t n, int rows);

/** f(first row, number of rows) for groups of up to VW rows of length n. */
template <class F> void forEachRowGroup(int64_t rows, int64_t n, const F& f) {
  parallelFor((rows + VW - 1) / VW, larger<int64_t>(1, heavyGrain / (VW * larger<int64_t>(1, n))), [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; group++) f(group * VW, int(smaller<int64_t>(VW, rows - group * VW)));
  });
}

RONDO_INLINE float foldRun(const Fold& fold, const float* x, int64_t n, float shift = 0.0f) {
  return floatOf(foldRun(fold, words(x), n, wordOf(shift)));
}
RONDO_INLINE float foldLongRun(const Fold& fold, const float* x, int64_t n, float shift = 0.0f) {
  return floatOf(foldLongRun(fold, words(x), n, wordOf(shift)));
}

}  // namespace RONDO_ARCH
