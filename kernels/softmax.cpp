// Softmax, its logarithm and cross-entropy with class numbers, over rows of [rows, n].
//
// Exponentials are taken of x - max(x). The largest element's own term, exactly 1, is left out of the sum: its logarithm is
// then log1p of the rest, which keeps the loss of a confident prediction accurate where log(1 + rest) would round to 0.
#include "reduce.h"

namespace RONDO_ARCH {
namespace {

int64_t rowGrain(int64_t n) { return larger<int64_t>(1, heavyGrain / larger<int64_t>(1, n)); }

/** Vectors whose exponentials are computed side by side, as registers allow. */
constexpr int abreast = VW == 16 ? 4 : VW == 8 ? 2 : 1;

// Cheaper exponentials of N vectors, for x <= 0 (see vexpNegative).
template <int N> RONDO_INLINE void expNegative(Vec (&x)[N]) {
  RONDO_UNROLL for (int i = 0; i < N; i++) x[i] = atLeast(x[i], splat(constants().expZero));
  const ExpParts<N> e = expParts(x);
  RONDO_UNROLL for (int i = 0; i < N; i++) {
    const Vec scale = powerOfTwo(e.shifted[i]);
    x[i] = mulAdd(e.p[i], scale, scale);
  }
}

// The first n lanes of x, `rest` in the others.
RONDO_INLINE Vec orElse(Vec x, int n, float rest) {
  if (n == VW) return x;
  VecInt lane;
  for (int i = 0; i < VW; i++) lane[i] = i;
  return choose(lane < splatInt(n), x, splat(rest));
}

// The largest element. NaN is passed over here: its exponential makes the sum NaN, and that everything.
float largest(const float* x, int64_t n) {
  Vec best[4];
  RONDO_UNROLL for (int i = 0; i < 4; i++) best[i] = splat(-__builtin_inff());
  int64_t j = 0;
  for (; j + 4 * VW <= n; j += 4 * VW) {
    RONDO_UNROLL for (int i = 0; i < 4; i++) best[i] = atLeast(best[i], load(x + j + i * VW));
  }
  for (; j < n; j += VW) {
    const int some = lanesLeft(n - j);
    best[0] = atLeast(best[0], orElse(loadUpTo(x + j, some), some, -__builtin_inff()));
  }
  return maxLanes(atLeast(atLeast(best[0], best[1]), atLeast(best[2], best[3])));
}

// sum(exp(x - top)) = 1 + rest, for top = max(x).
struct Total {
  float top, rest;
};

// Also stores the exponentials when asked to. Subtotals of a few thousand elements keep the rounding errors small.
template <bool STORE> Total totalOf(const float* x, float* exponentials, int64_t n) {
  constexpr int64_t block = 64 * abreast * VW;
  const float top = largest(x, n);
  const Vec shift = splat(top), one = splat(1.0f);
  Vec below = {}, equal = {};
  int64_t j = 0;
  while (j + abreast * VW <= n) {
    Vec sums[abreast] = {};
    for (const int64_t end = smaller(n, j + block); j + abreast * VW <= end; j += abreast * VW) {
      Vec e[abreast];
      VecInt isTop[abreast];
      RONDO_UNROLL for (int i = 0; i < abreast; i++) {
        const Vec v = load(x + j + i * VW);
        isTop[i] = v == shift;
        e[i] = v - shift;
      }
      expNegative(e);
      RONDO_UNROLL for (int i = 0; i < abreast; i++) {
        if (STORE) store(exponentials + j + i * VW, e[i]);
        sums[i] = sums[i] + choose(isTop[i], Vec{}, e[i]);
        equal = equal + choose(isTop[i], one, Vec{});
      }
    }
    RONDO_UNROLL for (int i = 0; i < abreast; i++) below = below + sums[i];
  }
  for (; j < n; j += VW) {
    const int some = lanesLeft(n - j);
    const Vec v = orElse(loadUpTo(x + j, some), some, -__builtin_inff());
    const VecInt isTop = v == shift;
    Vec e[1] = {v - shift};
    expNegative(e);
    if (STORE) storeUpTo(exponentials + j, e[0], some);
    below = below + choose(isTop, Vec{}, e[0]);
    equal = equal + choose(isTop, one, Vec{});
  }
  return {top, sumLanes(below) + (sumLanes(equal) - 1.0f)};
}

// y *= factor
void scaleRow(float* y, int64_t n, float factor) {
  for (int64_t i = 0; i < n; i += VW) {
    const int some = lanesLeft(n - i);
    storeUpTo(y + i, loadUpTo(y + i, some) * splat(factor), some);
  }
}

// The same for VW short rows, given as columns [n, VW].
struct Totals {
  Vec top, rest;
};
Totals totalsOf(const float* columns, int64_t n) {
  Vec top = splat(-__builtin_inff()), equal = Vec{}, below = Vec{};
  for (int64_t j = 0; j < n; j++) top = MaxFold::of(top, load(columns + j * VW));
  for (int64_t j = 0; j < n; j++) {
    const Vec x = load(columns + j * VW);
    const VecInt isTop = x == top;
    equal = equal + choose(isTop, splat(1.0f), Vec{});
    below = below + choose(isTop, Vec{}, vexpNegative(x - top));
  }
  return {top, below + (equal - splat(1.0f))};
}

float log1pOf(float x) { return vlog1p(splat(x))[0]; }

float dotProduct(const float* a, const float* b, int64_t n) {
  Vec even = {}, odd = {};
  int64_t i = 0;
  for (; i + 2 * VW <= n; i += 2 * VW) {
    even = mulAdd(load(a + i), load(b + i), even);
    odd = mulAdd(load(a + i + VW), load(b + i + VW), odd);
  }
  for (; i < n; i += VW) {
    const int some = lanesLeft(n - i);
    even = mulAdd(loadUpTo(a + i, some), loadUpTo(b + i, some), even);
  }
  return sumLanes(even + odd);
}

}  // namespace

void softmaxForward(const float* x, float* y, int32_t rows, int32_t n) {
  if (rowsAreLanes(rows, n)) {
    forEachRowGroup(rows, n, [=](int64_t row, int count) {
      float columns[shortRow * VW];
      toColumns(words(x) + row * n, words(columns), n, count);
      const Totals totals = totalsOf(columns, n);
      const Vec factor = splat(1.0f) / (splat(1.0f) + totals.rest);
      for (int64_t j = 0; j < n; j++) {
        float* at = columns + j * VW;
        store(at, vexpNegative(load(at) - totals.top) * factor);
      }
      fromColumns(words(columns), words(y) + row * n, n, count);
    });
    return;
  }
  parallelFor(rows, rowGrain(n), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      float* to = y + r * n;
      scaleRow(to, n, 1.0f / (1.0f + totalOf<true>(x + r * n, to, n).rest));
    }
  });
}

// dx = y (dy - sum(y dy))
void softmaxBackward(const float* y, const float* dy, float* dx, int32_t rows, int32_t n) {
  parallelFor(rows, rowGrain(n), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const int64_t row = r * n;
      const Vec inner = splat(dotProduct(y + row, dy + row, n));
      for (int64_t i = 0; i < n; i += VW) {
        const int some = lanesLeft(n - i);
        storeUpTo(dx + row + i, loadUpTo(y + row + i, some) * (loadUpTo(dy + row + i, some) - inner), some);
      }
    }
  });
}

void logSoftmaxForward(const float* x, float* y, int32_t rows, int32_t n) {
  if (rowsAreLanes(rows, n)) {
    forEachRowGroup(rows, n, [=](int64_t row, int count) {
      float columns[shortRow * VW];
      toColumns(words(x) + row * n, words(columns), n, count);
      const Totals totals = totalsOf(columns, n);
      const Vec logarithm = vlog1p(totals.rest);
      for (int64_t j = 0; j < n; j++) {
        float* at = columns + j * VW;
        store(at, (load(at) - totals.top) - logarithm);
      }
      fromColumns(words(columns), words(y) + row * n, n, count);
    });
    return;
  }
  parallelFor(rows, rowGrain(n), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* from = x + r * n;
      const Total total = totalOf<false>(from, nullptr, n);
      const Vec top = splat(total.top), logarithm = splat(log1pOf(total.rest));
      for (int64_t i = 0; i < n; i += VW) {
        const int some = lanesLeft(n - i);
        storeUpTo(y + r * n + i, (loadUpTo(from + i, some) - top) - logarithm, some);
      }
    }
  });
}

// dx = dy - exp(y) sum(dy)
void logSoftmaxBackward(const float* y, const float* dy, float* dx, int32_t rows, int32_t n) {
  parallelFor(rows, rowGrain(n), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const int64_t row = r * n;
      const Vec sum = splat(foldRun(foldOf<SumFold>(), dy + row, n));
      for (int64_t i = 0; i < n; i += VW) {
        const int some = lanesLeft(n - i);
        storeUpTo(dx + row + i, loadUpTo(dy + row + i, some) - vexpNegative(loadUpTo(y + row + i, some)) * sum, some);
      }
    }
  });
}

// loss = log(sum(exp(logits))) - logits[target]
void sparseCrossEntropyForward(const float* logits, const int32_t* targets, float* loss, float* probabilities, int32_t rows,
                               int32_t n) {
  if (rowsAreLanes(rows, n)) {
    forEachRowGroup(rows, n, [=](int64_t row, int count) {
      float columns[shortRow * VW], top[VW], logarithm[VW];
      toColumns(words(logits) + row * n, words(columns), n, count);
      const Totals totals = totalsOf(columns, n);
      store(top, totals.top);
      store(logarithm, vlog1p(totals.rest));
      for (int r = 0; r < count; r++) loss[row + r] = (top[r] - columns[targets[row + r] * VW + r]) + logarithm[r];
      if (!probabilities) return;
      const Vec factor = splat(1.0f) / (splat(1.0f) + totals.rest);
      for (int64_t j = 0; j < n; j++) {
        float* at = columns + j * VW;
        store(at, vexpNegative(load(at) - totals.top) * factor);
      }
      fromColumns(words(columns), words(probabilities) + row * n, n, count);
    });
    return;
  }
  parallelFor(rows, rowGrain(n), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* row = logits + r * n;
      const float chosen = row[targets[r]];
      float* kept = probabilities ? probabilities + r * n : nullptr;
      const Total total = kept ? totalOf<true>(row, kept, n) : totalOf<false>(row, nullptr, n);
      loss[r] = (total.top - chosen) + log1pOf(total.rest);
      if (kept) scaleRow(kept, n, 1.0f / (1.0f + total.rest));
    }
  });
}

// dlogits = dloss (probabilities - onehot(target)); may run in place.
void sparseCrossEntropyBackward(const float* probabilities, const int32_t* targets, const float* dloss, float* dlogits,
                                int32_t rows, int32_t n) {
  parallelFor(rows, larger<int64_t>(1, lightGrain / larger<int64_t>(1, n)), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* from = probabilities + r * n;
      float* to = dlogits + r * n;
      const float scale = dloss[r], atTarget = scale * (from[targets[r]] - 1.0f);
      for (int64_t i = 0; i < n; i += VW) {
        const int some = lanesLeft(n - i);
        storeUpTo(to + i, loadUpTo(from + i, some) * splat(scale), some);
      }
      to[targets[r]] = atTarget;
    }
  });
}

}  // namespace RONDO_ARCH
