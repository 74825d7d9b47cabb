// Reductions and running sums over the middle axis of [outer, n, inner].
#include "reduce.h"

namespace RONDO_ARCH {
namespace {

constexpr int64_t rowPieces = 16;

int64_t taskGrain(int64_t elements) { return larger<int64_t>(1, lightGrain / larger<int64_t>(1, elements)); }

// Splits [outer, n, inner] into strips of columns: f(x at the strip, out at the strip, width) for each.
template <class F> void forEachStrip(const Word* x, Word* out, int64_t outer, int64_t n, int64_t inner, const F& f) {
  const int64_t strips = (inner + stripWidth - 1) / stripWidth;
  parallelFor(outer * strips, taskGrain(n * smaller<int64_t>(inner, stripWidth)), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t o = task / strips, column = task % strips * stripWidth;
      f(x + o * n * inner + column, out + o * inner + column, smaller<int64_t>(stripWidth, inner - column));
    }
  });
}

// Rows too short for vectors along them: lanes are rows.
void foldShortRows(const Fold& fold, const Word* x, Word* out, int64_t outer, int64_t n) {
  forEachRowGroup(outer, n, [&](int64_t row, int rows) {
    Word columns[shortRow * VW], result[VW];
    toColumns(x + row * n, columns, n, rows);
    foldRows(fold, columns, n, VW, VW, result);
    copyBytes(out + row, result, size_t(rows) * 4);
  });
}

void foldAxis(const Fold& fold, const Word* x, Word* out, int64_t outer, int64_t n, int64_t inner) {
  if (inner == 1) {
    const auto rows = [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) out[o] = foldLongRun(fold, x + o * n, n);
    };
    if (rowsAreLanes(outer, n)) return foldShortRows(fold, x, out, outer, n);
    // Few long rows are themselves shared between threads.
    if (n > 65536 && outer < threadCount()) rows(0, outer);
    else parallelFor(outer, taskGrain(n), rows);
    return;
  }
  // One high and narrow matrix: pieces of its rows first, in a number that does not depend on the threads.
  if (outer == 1 && inner <= 4 * stripWidth && n >= rowPieces * 32 && n * inner >= 8 * lightGrain) {
    Word partial[rowPieces * 4 * stripWidth];
    const int64_t size = (n + rowPieces - 1) / rowPieces;
    parallelFor(rowPieces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const int64_t first = smaller(n, i * size);
        foldRows(fold, x + first * inner, smaller(size, n - first), inner, inner, partial + i * inner);
      }
    });
    return foldRows(fold, partial, rowPieces, inner, inner, out);
  }
  forEachStrip(x, out, outer, n, inner, [&](const Word* from, Word* to, int64_t width) {
    foldRows(fold, from, n, inner, width, to);
  });
}

float logOf(float x) { return vlog(splat(x))[0]; }

// log(sum(exp(x))), shifted by the largest element so that nothing overflows.
float logSumExpRow(const float* x, int64_t n) {
  const float top = foldLongRun(foldOf<MaxFold>(), x, n);
  if (top - top != 0.0f) return top;  // infinite or NaN
  return top + logOf(foldLongRun(foldOf<SumExpFold>(), x, n, top));
}

// The same for up to stripWidth columns.
void logSumExpStrip(const Word* x, Word* out, int64_t n, int64_t stride, int64_t width) {
  float top[stripWidth], sum[stripWidth];
  foldRows(foldOf<MaxFold>(), x, n, stride, width, words(top));
  foldRows(foldOf<SumExpFold>(), x, n, stride, width, words(sum), words(top));
  for (int64_t i = 0; i < width; i += VW) {
    const Vec largest = load(top + i);
    const Vec total = largest + vlog(load(sum + i));
    storeUpTo(reinterpret_cast<float*>(out) + i, choose(largest - largest == Vec{}, total, largest), lanesLeft(width - i));
  }
}

void logSumExp(const float* x, float* out, int64_t outer, int64_t n, int64_t inner) {
  if (inner == 1 && rowsAreLanes(outer, n)) {
    forEachRowGroup(outer, n, [&](int64_t row, int rows) {
      float columns[shortRow * VW], result[VW];
      toColumns(words(x) + row * n, words(columns), n, rows);
      logSumExpStrip(words(columns), words(result), n, VW, VW);
      copyBytes(out + row, result, size_t(rows) * 4);
    });
    return;
  }
  if (inner == 1) {
    parallelFor(outer, larger<int64_t>(1, heavyGrain / larger<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) out[o] = logSumExpRow(x + o * n, n);
    });
    return;
  }
  forEachStrip(words(x), words(out), outer, n, inner, [&](const Word* from, Word* to, int64_t width) {
    logSumExpStrip(from, to, n, inner, width);
  });
}

}  // namespace

void reduce(int32_t code, const float* x, float* out, int32_t outer, int32_t n, int32_t inner) {
  const auto run = [=](const Fold& fold) { foldAxis(fold, words(x), words(out), outer, n, inner); };
  switch (code) {
    case op::reduce::sum: return run(foldOf<SumFold>());
    case op::reduce::mean: {
      run(foldOf<SumFold>());
      const float count = float(n);
      for (int64_t i = 0; i < int64_t(outer) * inner; i++) out[i] /= count;
      return;
    }
    case op::reduce::max: return run(foldOf<MaxFold>());
    case op::reduce::min: return run(foldOf<MinFold>());
    case op::reduce::prod: return run(foldOf<ProductFold>());
    case op::reduce::logSumExp: return logSumExp(x, out, outer, n, inner);
  }
}

void reduceInt(int32_t code, const int32_t* x, int32_t* out, int32_t outer, int32_t n, int32_t inner) {
  const auto run = [=](const Fold& fold) { foldAxis(fold, x, out, outer, n, inner); };
  switch (code) {
    case op::reduceInt::sum: return run(foldOf<SumFoldInt>());
    case op::reduceInt::max: return run(foldOf<MaxFoldInt>());
    case op::reduceInt::min: return run(foldOf<MinFoldInt>());
    case op::reduceInt::prod: return run(foldOf<ProductFoldInt>());
  }
}

void sumSquares(const float* x, float* out, int32_t n) { out[0] = foldLongRun(foldOf<SumSquaresFold>(), x, n); }

// ---- position of the largest or smallest ------------------------------------------------------------------------------------

namespace {

// The extreme value first, then the first element that equals it (or is NaN).
template <class F> int32_t positionInRow(const float* x, int64_t n) {
  float best = F::none;
  if (n < stripWidth) {
    for (int64_t i = 0; i < n; i++) best = F::of(best, x[i]);
  } else {
    best = foldRun(foldOf<F>(), x, n);
  }
  const bool isNaN = best != best;
  for (int64_t i = 0; i < n; i++)
    if (isNaN ? x[i] != x[i] : x[i] == best) return int32_t(i);
  return 0;
}

template <class F> void positionsInColumns(const float* x, int32_t* out, int64_t n, int64_t stride, int lanes) {
  Vec best = loadUpTo(x, lanes);
  VecInt position = {};
  for (int64_t j = 1; j < n; j++) {
    const Vec v = loadUpTo(x + j * stride, lanes);
    const VecInt beats = (F::of(best, v) != best) & (best == best);
    best = choose(beats, v, best);
    position = beats ? splatInt(int32_t(j)) : position;
  }
  storeUpTo(reinterpret_cast<float*>(out), asFloat(position), lanes);
}

template <class F> void positions(const float* x, int32_t* out, int64_t outer, int64_t n, int64_t inner) {
  if (n <= 0) return fillInt(out, int32_t(outer * inner), 0);
  if (inner == 1) {
    parallelFor(outer, taskGrain(n), [=](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) out[o] = positionInRow<F>(x + o * n, n);
    });
    return;
  }
  const int64_t strips = (inner + VW - 1) / VW;
  parallelFor(outer * strips, taskGrain(n * VW), [=](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t o = task / strips, column = task % strips * VW;
      positionsInColumns<F>(x + o * n * inner + column, out + o * inner + column, n, inner, lanesLeft(inner - column));
    }
  });
}

}  // namespace

void argReduce(int32_t code, const float* x, int32_t* out, int32_t outer, int32_t n, int32_t inner) {
  switch (code) {
    case op::argReduce::argMax: return positions<MaxFold>(x, out, outer, n, inner);
    case op::argReduce::argMin: return positions<MinFold>(x, out, outer, n, inner);
  }
}

// ---- running sums -----------------------------------------------------------------------------------------------------------

namespace {

void cumulativeSumOfRow(const float* x, float* out, int64_t n, bool exclusive, bool reverse) {
  double total = 0;
  for (int64_t step = 0; step < n; step++) {
    const int64_t at = reverse ? n - 1 - step : step;
    const double before = total;
    total += double(x[at]);
    out[at] = float(exclusive ? before : total);
  }
}

}  // namespace

// In double precision: the error of a running sum grows with its length.
void cumulativeSum(const float* x, float* out, int32_t outer, int32_t n, int32_t inner, int32_t exclusive, int32_t reverse) {
  if (inner == 1) {
    parallelFor(outer, taskGrain(n), [=](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) cumulativeSumOfRow(x + o * n, out + o * n, n, exclusive, reverse);
    });
    return;
  }
  constexpr int64_t width = 64;
  const int64_t strips = (inner + width - 1) / width, rows = n, stride = inner;
  parallelFor(outer * strips, taskGrain(rows * smaller(stride, width)), [=](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t column = task % strips * width, count = smaller(width, stride - column);
      const int64_t start = task / strips * rows * stride + column;
      double total[width] = {};
      for (int64_t step = 0; step < rows; step++) {
        const int64_t at = start + (reverse ? rows - 1 - step : step) * stride;
        for (int64_t i = 0; i < count; i++) {
          const double before = total[i];
          total[i] += double(x[at + i]);
          out[at + i] = float(exclusive ? before : total[i]);
        }
      }
    }
  });
}

}  // namespace RONDO_ARCH
