// Optimizer updates, in place. Memory is the limit: each array is read and written once.
#include "map.h"

namespace RONDO_ARCH {

void sgdUpdate(float* w, const float* g, float* velocity, int32_t n, float lr, float momentum, int32_t nesterov) {
  parallelFor(n, lightGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += VW) {
      const int some = lanesLeft(end - i);
      Vec step = splat(-lr) * loadUpTo(g + i, some);
      if (velocity) {
        const Vec v = mulAdd(splat(momentum), loadUpTo(velocity + i, some), step);
        storeUpTo(velocity + i, v, some);
        step = nesterov ? mulAdd(splat(momentum), v, step) : v;
      }
      storeUpTo(w + i, loadUpTo(w + i, some) + step, some);
    }
  });
}

void rmspropUpdate(float* w, const float* g, float* v, float* velocity, float* mean, int32_t n, float lr, float rho,
                   float momentum, float epsilon) {
  const float rest = 1.0f - rho;
  parallelFor(n, lightGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += VW) {
      const int some = lanesLeft(end - i);
      const Vec gradient = loadUpTo(g + i, some);
      Vec variance = splat(rho) * loadUpTo(v + i, some) + splat(rest) * gradient * gradient;
      storeUpTo(v + i, variance, some);
      if (mean) {
        const Vec average = splat(rho) * loadUpTo(mean + i, some) + splat(rest) * gradient;
        storeUpTo(mean + i, average, some);
        variance = variance - average * average;
      }
      Vec step = splat(lr) * gradient / vsqrt(variance + splat(epsilon));
      if (velocity) {
        step = mulAdd(splat(momentum), loadUpTo(velocity + i, some), step);
        storeUpTo(velocity + i, step, some);
      }
      storeUpTo(w + i, loadUpTo(w + i, some) - step, some);
    }
  });
}

void adamUpdate(float* w, const float* g, float* m, float* v, float* vMax, int32_t n, float alpha, float beta1, float beta2,
                float epsilon) {
  const float rate1 = 1.0f - beta1, rate2 = 1.0f - beta2;
  parallelFor(n, lightGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += VW) {
      const int some = lanesLeft(end - i);
      const Vec gradient = loadUpTo(g + i, some);
      const Vec oldFirst = loadUpTo(m + i, some), oldSecond = loadUpTo(v + i, some);
      const Vec first = mulAdd(gradient - oldFirst, splat(rate1), oldFirst);
      Vec second = mulAdd(gradient * gradient - oldSecond, splat(rate2), oldSecond);
      storeUpTo(m + i, first, some);
      storeUpTo(v + i, second, some);
      if (vMax) {
        second = atLeast(second, loadUpTo(vMax + i, some));
        storeUpTo(vMax + i, second, some);
      }
      const Vec step = splat(alpha) * first / (vsqrt(second) + splat(epsilon));
      storeUpTo(w + i, loadUpTo(w + i, some) - step, some);
    }
  });
}

}  // namespace RONDO_ARCH
