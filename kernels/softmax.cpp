// Softmax, its logarithm and cross-entropy with class numbers, over rows of [rows, n].
//
// Exponentials are taken of x - max(x). The largest element's own term, exactly 1, is left out of the sum: its logarithm is
// then log1p of the rest, which keeps the loss of a confident prediction accurate where log(1 + rest) would round to 0.
#include "reduce.h"

namespace RONDO_ARCH {
namespace {

int64_t rowGrain(int64_t n) { return larger<int64_t>(1, heavyGrain / larger<int64_t>(1, n)); }

// Sum of exp(x - shift) over the elements below shift.
struct SumExpBelowFold : SumFold {
  RONDO_INLINE Vec map(Vec x, Vec shift) { return choose(x == shift, Vec{}, vexpNegative(x - shift)); }
};
// How many elements equal shift.
struct CountEqualFold : SumFold {
  RONDO_INLINE Vec map(Vec x, Vec shift) { return choose(x == shift, splat(1.0f), Vec{}); }
};

// sum(exp(x - top)) = 1 + rest, for top = max(x).
struct Total {
  float top, rest;
};
Total totalOf(const float* x, int64_t n) {
  const float top = foldRun(foldOf<MaxFold>(), x, n);
  const float equal = foldRun(foldOf<CountEqualFold>(), x, n, top);
  return {top, foldRun(foldOf<SumExpBelowFold>(), x, n, top) + (equal - 1.0f)};
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
    equal = equal + CountEqualFold::map(x, top);
    below = below + SumExpBelowFold::map(x, top);
  }
  return {top, below + (equal - splat(1.0f))};
}

float log1pOf(float x) { return vlog1p(splat(x))[0]; }

// y = exp(x - top) * factor
void exponentials(const float* x, float* y, int64_t n, float top, float factor) {
  for (int64_t i = 0; i < n; i += VW) {
    const int some = lanesLeft(n - i);
    storeUpTo(y + i, vexpNegative(loadUpTo(x + i, some) - splat(top)) * splat(factor), some);
  }
}

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
      const float* from = x + r * n;
      float* to = y + r * n;
      exponentials(from, to, n, foldRun(foldOf<MaxFold>(), from, n), 1.0f);
      const Vec factor = splat(1.0f / foldRun(foldOf<SumFold>(), to, n));
      for (int64_t i = 0; i < n; i += VW) {
        const int some = lanesLeft(n - i);
        storeUpTo(to + i, loadUpTo(to + i, some) * factor, some);
      }
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
      const Total total = totalOf(from, n);
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
      const Total total = totalOf(row, n);
      loss[r] = (total.top - row[targets[r]]) + log1pOf(total.rest);
      if (probabilities) exponentials(row, probabilities + r * n, n, total.top, 1.0f / (1.0f + total.rest));
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
