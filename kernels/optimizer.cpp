// Optimizer updates, in place. Memory is the limit: each array is read and written once, clipping and weight decay included:
// `scale` multiplies the gradient and `keep` the weights before the step.
#include "map.h"

namespace RONDO_ARCH {
namespace {

/** Vectors of one array: loads and stores the `some` elements from i on, asking for those a while ahead. */
struct Array {
  float* data;

  RONDO_INLINE_MEMBER Vec get(int64_t i, int some) const {
    prefetchAhead(data + i);
    return loadUpTo(data + i, some);
  }
  RONDO_INLINE_MEMBER void set(int64_t i, int some, Vec v) const { storeUpTo(data + i, v, some); }
};

/** What all updates begin with and end in. */
struct Target {
  float* w;
  const float* g;
  float scale, keep;

  RONDO_INLINE_MEMBER Vec gradient(int64_t i, int some) const {
    prefetchAhead(g + i);
    return loadUpTo(g + i, some) * splat(scale);
  }
  /** w = keep w - step */
  RONDO_INLINE_MEMBER void subtract(int64_t i, int some, Vec step) const {
    prefetchAhead(w + i);
    storeUpTo(w + i, loadUpTo(w + i, some) * splat(keep) - step, some);
  }
};

/** x + (y - x) share */
RONDO_INLINE Vec towards(Vec x, Vec y, float share) { return mulAdd(y - x, splat(share), x); }

}  // namespace

void sgdUpdate(float* w, const float* g, float* velocity, int32_t n, float lr, float momentum, int32_t nesterov,
               float scale, float keep) {
  const Target target{w, g, scale, keep};
  if (!velocity) {
    return sweep(n, [=](int64_t i, int some) { target.subtract(i, some, splat(lr) * target.gradient(i, some)); });
  }
  const Array velocities{velocity};
  sweep(n, [=](int64_t i, int some) {
    const Vec step = splat(lr) * target.gradient(i, some);
    const Vec v = mulAdd(splat(momentum), velocities.get(i, some), -step);
    velocities.set(i, some, v);
    target.subtract(i, some, nesterov ? step - splat(momentum) * v : -v);
  });
}

void rmspropUpdate(float* w, const float* g, float* v, float* velocity, float* mean, int32_t n, float lr, float rho,
                   float momentum, float epsilon, float scale, float keep) {
  const Target target{w, g, scale, keep};
  const Array variances{v}, velocities{velocity}, means{mean};
  const float rest = 1.0f - rho;
  sweep(n, [=](int64_t i, int some) {
    const Vec gradient = target.gradient(i, some);
    Vec variance = splat(rho) * variances.get(i, some) + splat(rest) * gradient * gradient;
    variances.set(i, some, variance);
    if (means.data) {
      const Vec average = splat(rho) * means.get(i, some) + splat(rest) * gradient;
      means.set(i, some, average);
      variance = variance - average * average;
    }
    Vec step = splat(lr) * gradient / vsqrt(variance + splat(epsilon));
    if (velocities.data) {
      step = mulAdd(splat(momentum), velocities.get(i, some), step);
      velocities.set(i, some, step);
    }
    target.subtract(i, some, step);
  });
}

void adamUpdate(float* w, const float* g, float* m, float* v, float* vMax, int32_t n, float alpha, float beta1, float beta2,
                float epsilon, float scale, float keep) {
  const Target target{w, g, scale, keep};
  const Array firsts{m}, seconds{v}, largest{vMax};
  const float rate1 = 1.0f - beta1, rate2 = 1.0f - beta2;
  sweep(n, [=](int64_t i, int some) {
    const Vec gradient = target.gradient(i, some);
    const Vec first = towards(firsts.get(i, some), gradient, rate1);
    Vec second = towards(seconds.get(i, some), gradient * gradient, rate2);
    firsts.set(i, some, first);
    seconds.set(i, some, second);
    if (largest.data) {
      second = atLeast(second, largest.get(i, some));
      largest.set(i, some, second);
    }
    target.subtract(i, some, splat(alpha) * first / (vsqrt(second) + splat(epsilon)));
  });
}

void nadamUpdate(float* w, const float* g, float* m, float* v, int32_t n, float fromMean, float fromGradient, float correction,
                 float beta1, float beta2, float epsilon, float scale, float keep) {
  const Target target{w, g, scale, keep};
  const Array firsts{m}, seconds{v};
  const float rate1 = 1.0f - beta1, rate2 = 1.0f - beta2;
  sweep(n, [=](int64_t i, int some) {
    const Vec gradient = target.gradient(i, some);
    const Vec first = towards(firsts.get(i, some), gradient, rate1);
    const Vec second = towards(seconds.get(i, some), gradient * gradient, rate2);
    firsts.set(i, some, first);
    seconds.set(i, some, second);
    const Vec direction = mulAdd(splat(fromMean), first, splat(fromGradient) * gradient);
    target.subtract(i, some, direction / (vsqrt(splat(correction) * second) + splat(epsilon)));
  });
}

void adamaxUpdate(float* w, const float* g, float* m, float* norm, int32_t n, float alpha, float beta1, float beta2,
                  float epsilon, float scale, float keep) {
  const Target target{w, g, scale, keep};
  const Array firsts{m}, norms{norm};
  const float rate1 = 1.0f - beta1;
  sweep(n, [=](int64_t i, int some) {
    const Vec gradient = target.gradient(i, some);
    const Vec first = towards(firsts.get(i, some), gradient, rate1);
    const Vec largest = atLeast(splat(beta2) * norms.get(i, some), vabs(gradient));
    firsts.set(i, some, first);
    norms.set(i, some, largest);
    target.subtract(i, some, splat(alpha) * first / (largest + splat(epsilon)));
  });
}

void adagradUpdate(float* w, const float* g, float* accumulator, int32_t n, float lr, float epsilon, float scale,
                   float keep) {
  const Target target{w, g, scale, keep};
  const Array sums{accumulator};
  sweep(n, [=](int64_t i, int some) {
    const Vec gradient = target.gradient(i, some);
    const Vec sum = mulAdd(gradient, gradient, sums.get(i, some));
    sums.set(i, some, sum);
    target.subtract(i, some, splat(lr) * gradient / vsqrt(sum + splat(epsilon)));
  });
}

void adadeltaUpdate(float* w, const float* g, float* gradientSquares, float* deltaSquares, int32_t n, float lr, float rho,
                    float epsilon, float scale, float keep) {
  const Target target{w, g, scale, keep};
  const Array gradients{gradientSquares}, deltas{deltaSquares};
  const float rest = 1.0f - rho;
  sweep(n, [=](int64_t i, int some) {
    const Vec gradient = target.gradient(i, some);
    const Vec squares = towards(gradients.get(i, some), gradient * gradient, rest);
    const Vec before = deltas.get(i, some);
    const Vec delta = gradient * vsqrt((before + splat(epsilon)) / (squares + splat(epsilon)));
    gradients.set(i, some, squares);
    deltas.set(i, some, towards(before, delta * delta, rest));
    target.subtract(i, some, splat(lr) * delta);
  });
}

void lionUpdate(float* w, const float* g, float* m, int32_t n, float lr, float beta1, float beta2, float scale, float keep) {
  const Target target{w, g, scale, keep};
  const Array firsts{m};
  const float rate1 = 1.0f - beta1, rate2 = 1.0f - beta2;
  sweep(n, [=](int64_t i, int some) {
    const Vec gradient = target.gradient(i, some), before = firsts.get(i, some);
    const Vec direction = mulAdd(splat(beta1), before, splat(rate1) * gradient), rate = splat(lr);
    firsts.set(i, some, towards(before, gradient, rate2));
    target.subtract(i, some, choose(direction > Vec{}, rate, choose(direction < Vec{}, -rate, Vec{})));
  });
}

}  // namespace RONDO_ARCH
