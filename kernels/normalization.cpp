// Layer normalization (Ba et al. 2016) of rows: y = (x - mean) / sqrt(variance + epsilon) gamma + beta.
#include "parallel.h"
#include "simd.h"

namespace RONDO_ARCH {
namespace {

/** Elements of work that a piece for another thread should have. */
constexpr int64_t grain = 32768;
/** Columns of dGamma and dBeta that are summed together, and rows of one subtotal. */
constexpr int64_t columnBlock = 4 * VW, rowBlock = 64;

RONDO_INLINE Vec loadSome(const float* p, int64_t left) { return left >= VW ? load(p) : loadPartial(p, int(left)); }
RONDO_INLINE void storeSome(float* p, Vec v, int64_t left) {
  if (left >= VW) store(p, v);
  else storePartial(p, v, int(left));
}

/** The sum of f(i) over the vectors of a row; f gives zeros beyond the row's end. */
template <class F> RONDO_INLINE float sumRow(int64_t n, const F& f) {
  Vec even = {}, odd = {};
  int64_t i = 0;
  for (; i + 2 * VW <= n; i += 2 * VW) {
    even = even + f(i);
    odd = odd + f(i + VW);
  }
  for (; i < n; i += VW) even = even + f(i);
  return sumLanes(even + odd);
}

}  // namespace

void layerNormForward(const float* x, const float* gamma, const float* beta, float* y, float* stats, int32_t rows,
                      int32_t n, float epsilon) {
  parallelFor(rows, grain / larger(1, n) + 1, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* from = x + r * n;
      float* to = y + r * n;
      const float mean = sumRow(n, [=](int64_t i) { return loadSome(from + i, n - i); }) / float(n);
      const Vec shift = splat(mean);
      float squares = sumRow(n / VW * VW, [=](int64_t i) {
        const Vec d = load(from + i) - shift;
        return d * d;
      });
      for (int64_t i = n / VW * VW; i < n; i++) squares += (from[i] - mean) * (from[i] - mean);
      const float factor = 1.0f / __builtin_sqrtf(squares / float(n) + epsilon);
      if (stats) {
        stats[2 * r] = mean;
        stats[2 * r + 1] = factor;
      }
      for (int64_t i = 0; i < n; i += VW) {
        const Vec normal = (loadSome(from + i, n - i) - shift) * splat(factor);
        storeSome(to + i, mulAdd(normal, loadSome(gamma + i, n - i), loadSome(beta + i, n - i)), n - i);
      }
    }
  });
}

void layerNormBackward(const float* x, const float* gamma, const float* stats, const float* dy, float* dx, float* dGamma,
                       float* dBeta, int32_t rows, int32_t n) {
  // dx = factor (g - mean(g) - normal mean(g normal)), g = dy gamma
  parallelFor(rows, grain / larger(1, n) + 1, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float *from = x + r * n, *d = dy + r * n;
      const Vec shift = splat(stats[2 * r]), factor = splat(stats[2 * r + 1]);
      const auto g = [=](int64_t i) { return loadSome(d + i, n - i) * loadSome(gamma + i, n - i); };
      const auto normal = [=](int64_t i) { return (loadSome(from + i, n - i) - shift) * factor; };
      const Vec mean = splat(sumRow(n, g) / float(n));
      const Vec slope = splat(sumRow(n, [=](int64_t i) { return g(i) * normal(i); }) / float(n));
      for (int64_t i = 0; i < n; i += VW)
        storeSome(dx + r * n + i, (g(i) - mean - normal(i) * slope) * factor, n - i);
    }
  });
  // Sums over rows, column block by column block, so that no two threads add to the same one.
  parallelFor((n + columnBlock - 1) / columnBlock, grain / larger<int64_t>(1, columnBlock * rows) + 1,
              [=](int64_t begin, int64_t end) {
    for (int64_t c = begin * columnBlock; c < smaller<int64_t>(n, end * columnBlock); c += VW) {
      Vec gammaTotal = {}, betaTotal = {};
      for (int64_t first = 0; first < rows; first += rowBlock) {
        Vec gammaSum = {}, betaSum = {};
        for (int64_t r = first; r < smaller<int64_t>(rows, first + rowBlock); r++) {
          const Vec d = loadSome(dy + r * n + c, n - c);
          const Vec normal = (loadSome(x + r * n + c, n - c) - splat(stats[2 * r])) * splat(stats[2 * r + 1]);
          gammaSum = mulAdd(d, normal, gammaSum);
          betaSum = betaSum + d;
        }
        gammaTotal = gammaTotal + gammaSum;
        betaTotal = betaTotal + betaSum;
      }
      storeSome(dGamma + c, gammaTotal, n - c);
      storeSome(dBeta + c, betaTotal, n - c);
    }
  });
}

}  // namespace RONDO_ARCH
