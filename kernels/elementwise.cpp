// Element-wise arithmetic: one vector function per operation, applied to contiguous arrays (unary) or to two operands
// that broadcast against each other (binary).
#include "map.h"
#include "math.h"

namespace RONDO_ARCH {
namespace {

// ---- one operand ----------------------------------------------------------------------------------------------------------

RONDO_INLINE Vec signOf(Vec x) {
  const Vec one = splat(1.0f);
  return choose(x > Vec{}, one, choose(x < Vec{}, -one, choose(x == Vec{}, Vec{}, x)));
}
RONDO_INLINE Vec reluOf(Vec x) { return atLeast(x, Vec{}); }

// x * sigmoid(x). Below the range of sigmoid the product with exp(x) is still a normal number.
RONDO_INLINE Vec siluOf(Vec x) { return x * choose(x < splat(-80.0f), vexp(x), vsigmoid(x)); }

RONDO_INLINE VecInt bits01(VecInt mask) { return mask & splatInt(1); }

// Integer arithmetic that wraps: on unsigned lanes, where C++ defines it.
RONDO_INLINE VecInt wrapAdd(VecInt a, VecInt b) { return (VecInt)((VecUint)a + (VecUint)b); }
RONDO_INLINE VecInt wrapSub(VecInt a, VecInt b) { return (VecInt)((VecUint)a - (VecUint)b); }
RONDO_INLINE VecInt wrapMul(VecInt a, VecInt b) { return (VecInt)((VecUint)a * (VecUint)b); }

constexpr int32_t exponentMask = 0x7f800000;

}  // namespace

void unary(int32_t code, const float* x, float* out, int32_t n) {
#define CASE(grain, name, expression)                        \
  case op::unary::name: {                                    \
    struct F {                                               \
      RONDO_INLINE Vec of(Vec x) { return expression; }      \
    };                                                       \
    return mapUnary(unaryLoop<F, float, float>, x, out, n, grain); \
  }
#define LIGHT(name, expression) CASE(lightGrain, name, expression)
#define HEAVY(name, expression) CASE(heavyGrain, name, expression)
  switch (code) {
    LIGHT(neg, -x)
    LIGHT(abs, vabs(x))
    LIGHT(sign, signOf(x))
    HEAVY(exp, vexp(x))
    HEAVY(expm1, vexpm1(x))
    HEAVY(log, vlog(x))
    HEAVY(log1p, vlog1p(x))
    LIGHT(sqrt, vsqrt(x))
    LIGHT(rsqrt, splat(1.0f) / vsqrt(x))
    LIGHT(square, x * x)
    LIGHT(reciprocal, splat(1.0f) / x)
    HEAVY(sin, vsin(x))
    HEAVY(cos, vcos(x))
    HEAVY(tanh, vtanh(x))
    HEAVY(sigmoid, vsigmoid(x))
    // x / 6 + 1/2, without the cancellation near x = -3.
    LIGHT(hardSigmoid, atMost(atLeast((x + splat(3.0f)) / splat(6.0f), Vec{}), splat(1.0f)))
    LIGHT(relu, reluOf(x))
    HEAVY(softplus, reluOf(x) + vlog1p(vexp(-vabs(x))))  // log(1 + exp x) without overflow
    LIGHT(softsign, x / (splat(1.0f) + vabs(x)))
    HEAVY(elu, choose(x > Vec{}, x, vexpm1(x)))
    HEAVY(gelu, vgelu(x))
    HEAVY(silu, siluOf(x))
    HEAVY(erf, verf(x))
    LIGHT(floor, vfloor(x))
    LIGHT(ceil, vceil(x))
    LIGHT(round, vround(x))
  }
#undef LIGHT
#undef HEAVY
#undef CASE
}

void unaryInt(int32_t code, const int32_t* x, int32_t* out, int32_t n) {
#define CASE(name, expression) \
  case op::unaryInt::name: {   \
    struct F {                 \
      RONDO_INLINE VecInt of(VecInt x) { return expression; } \
    };                         \
    return mapUnary(unaryLoop<F, int32_t, int32_t>, x, out, n, lightGrain); \
  }
  switch (code) {
    CASE(neg, wrapSub(VecInt{}, x))
    CASE(abs, x < 0 ? wrapSub(VecInt{}, x) : x)
    CASE(sign, (x > 0 ? splatInt(1) : VecInt{}) | (x < 0))
    CASE(square, wrapMul(x, x))
    CASE(logicalNot, bits01(x == 0))
  }
#undef CASE
}

void classify(int32_t code, const float* x, int32_t* out, int32_t n) {
#define CASE(name, expression) \
  case op::classify::name: {   \
    struct F {                 \
      RONDO_INLINE VecInt of(Vec x) { return bits01(expression); } \
    };                         \
    return mapUnary(unaryLoop<F, float, int32_t>, x, out, n, lightGrain); \
  }
  switch (code) {
    CASE(isNaN, (asInt(x) & 0x7fffffff) > exponentMask)
    CASE(isInf, (asInt(x) & 0x7fffffff) == exponentMask)
    CASE(isFinite, (asInt(x) & exponentMask) != exponentMask)
  }
#undef CASE
}

// ---- two operands ---------------------------------------------------------------------------------------------------------

namespace {

// Either NaN gives NaN.
RONDO_INLINE Vec largerOf(Vec a, Vec b) { return choose((a > b) | (a != a), a, b); }
RONDO_INLINE Vec smallerOf(Vec a, Vec b) { return choose((a < b) | (a != a), a, b); }

// a modulo b with the sign of a, exactly: in double precision multiples of b up to 2^28 b are exact.
float remainder(float a, float b) {
  if (!(a - a == 0.0f) || b != b || b == 0.0f) return __builtin_nanf("");
  if (b - b != 0.0f) return a;
  const double divisor = b < 0 ? -double(b) : double(b);
  double r = a < 0 ? -double(a) : double(a);
  if (r >= divisor) {
    double step = divisor;
    while (r >= step * 268435456.0) step *= 268435456.0;
    for (;; step /= 268435456.0) {
      r -= double(int64_t(r / step)) * step;  // the quotient may be one too large or too small
      if (r < 0) r += step;
      if (r >= step) r -= step;
      if (step == divisor) break;
    }
  }
  return float(a < 0 ? -r : r);
}
// The remainder with the sign of the divisor, as in Python and numpy.
float floorModulo(float a, float b) {
  const float r = remainder(a, b);
  return r != 0.0f && (r < 0.0f) != (b < 0.0f) ? r + b : r;
}
RONDO_NOINLINE Vec floorModuloExtreme(Vec a, Vec b) {
  Vec y = {};
  for (int i = 0; i < VW; i++) y[i] = floorModulo(a[i], b[i]);
  return y;
}

RONDO_INLINE VecDouble floorDouble(VecDouble x) {
  const VecDouble magic = splatDouble(6755399441055744.0);  // 1.5 * 2^52: adding it rounds
  const VecDouble whole = (x + magic) - magic;
  const VecDouble below = whole > x ? whole - 1.0 : whole;
  return ((x < 1e15) & (x > -1e15)) ? below : x;  // beyond, and for NaN, there is nothing to round
}
// In double precision a quotient of floats never rounds up to a whole number.
RONDO_INLINE Vec floorQuotient(Vec a, Vec b) {
  const DoublePair x = widen(a), y = widen(b);
  return narrow({floorDouble(x.low / y.low), floorDouble(x.high / y.high)});
}
RONDO_INLINE VecDouble moduloHalf(VecDouble a, VecDouble b) {
  const VecDouble r = a - floorDouble(a / b) * b;  // exact for quotients below 2^28, or one b too low
  return (b > 0.0 ? r < 0.0 : r > 0.0) ? r + b : r;
}
RONDO_INLINE Vec floorModulo(Vec a, Vec b) {
  const VecInt usual = (vabs(a) < vabs(b) * splat(268435456.0f)) & (vabs(b) < splat(1e30f));
  bool allUsual = true;
  for (int i = 0; i < VW; i++) allUsual &= usual[i] != 0;
  if (!allUsual) return floorModuloExtreme(a, b);
  const DoublePair x = widen(a), y = widen(b);
  return narrow({moduloHalf(x.low, y.low), moduloHalf(x.high, y.high)});
}

// numpy: division by zero gives 0; the most negative number divided by -1 wraps.
int32_t floorQuotient(int32_t a, int32_t b) {
  if (b == 0) return 0;
  if (b == -1) return int32_t(0u - uint32_t(a));
  const int32_t q = a / b;
  return q - ((a % b != 0) & ((a < 0) != (b < 0)));
}
int32_t floorModulo(int32_t a, int32_t b) {
  if (b == 0 || b == -1) return 0;
  const int32_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// (x sigmoid(x))' = s + x s (1 - s)
RONDO_INLINE Vec siluSlopeOf(Vec x) {
  const Vec s = vsigmoid(x);
  return mulAdd(x * s, splat(1.0f) - s, s);
}

// Applies a scalar function lane by lane.
template <class V, class F> RONDO_INLINE V laneByLane(V a, V b, const F& f) {
  V y;
  for (int i = 0; i < VW; i++) y[i] = f(a[i], b[i]);
  return y;
}

}  // namespace

void binary(int32_t code, const float* a, const float* b, float* out, const int32_t* dims) {
#define CASE(grain, name, expression) \
  case op::binary::name: {            \
    struct F {                        \
      RONDO_INLINE Vec of(Vec a, Vec b) { return expression; } \
    };                                \
    return mapBinary(binaryLoop<F, float, float>, a, b, out, dims, grain); \
  }
  switch (code) {
    CASE(lightGrain, add, a + b)
    CASE(lightGrain, sub, a - b)
    CASE(lightGrain, mul, a * b)
    CASE(lightGrain, div, a / b)
    CASE(heavyGrain, pow, vpow(a, b))
    CASE(lightGrain, maximum, largerOf(a, b))
    CASE(lightGrain, minimum, smallerOf(a, b))
    CASE(heavyGrain, mod, floorModulo(a, b))
    CASE(heavyGrain, floorDiv, floorQuotient(a, b))
    CASE(lightGrain, squaredDifference, (a - b) * (a - b))
    CASE(lightGrain, tanhGrad, b * ((splat(1.0f) - a) * (splat(1.0f) + a)))
    CASE(lightGrain, sigmoidGrad, b * a * (splat(1.0f) - a))
    CASE(lightGrain, reluGrad, choose(a > Vec{}, b, Vec{}))
    CASE(heavyGrain, geluGrad, b * geluSlopeOf(a))
    CASE(heavyGrain, siluGrad, b * siluSlopeOf(a))
    CASE(heavyGrain, softplusGrad, b * vsigmoid(a))
    CASE(heavyGrain, eluGrad, b * choose(a > Vec{}, splat(1.0f), vexp(a)))
  }
#undef CASE
}

void binaryInt(int32_t code, const int32_t* a, const int32_t* b, int32_t* out, const int32_t* dims) {
#define CASE(name, expression) \
  case op::binaryInt::name: {  \
    struct F {                 \
      RONDO_INLINE VecInt of(VecInt a, VecInt b) { return expression; } \
    };                         \
    return mapBinary(binaryLoop<F, int32_t, int32_t>, a, b, out, dims, lightGrain); \
  }
  switch (code) {
    CASE(add, wrapAdd(a, b))
    CASE(sub, wrapSub(a, b))
    CASE(mul, wrapMul(a, b))
    CASE(floorDiv, laneByLane(a, b, [](int32_t a, int32_t b) { return floorQuotient(a, b); }))
    CASE(mod, laneByLane(a, b, [](int32_t a, int32_t b) { return floorModulo(a, b); }))
    CASE(maximum, a > b ? a : b)
    CASE(minimum, a < b ? a : b)
    CASE(logicalAnd, bits01((a != 0) & (b != 0)))
    CASE(logicalOr, bits01((a != 0) | (b != 0)))
    CASE(logicalXor, bits01((a != 0) ^ (b != 0)))
  }
#undef CASE
}

#define CASE(Element, Operand, name, expression)                    \
  case op::compare::name: {                                         \
    struct F {                                                      \
      RONDO_INLINE VecInt of(Operand a, Operand b) { return bits01(expression); } \
    };                                                              \
    return mapBinary(binaryLoop<F, Element, int32_t>, a, b, out, dims, lightGrain); \
  }
#define COMPARISONS(Element, Operand)            \
  switch (code) {                                \
    CASE(Element, Operand, equal, a == b)        \
    CASE(Element, Operand, notEqual, a != b)     \
    CASE(Element, Operand, less, a < b)          \
    CASE(Element, Operand, lessEqual, a <= b)    \
    CASE(Element, Operand, greater, a > b)       \
    CASE(Element, Operand, greaterEqual, a >= b) \
  }

void compare(int32_t code, const float* a, const float* b, int32_t* out, const int32_t* dims) { COMPARISONS(float, Vec) }
void compareInt(int32_t code, const int32_t* a, const int32_t* b, int32_t* out, const int32_t* dims) {
  COMPARISONS(int32_t, VecInt)
}
#undef CASE
#undef COMPARISONS

// ---- the rest ---------------------------------------------------------------------------------------------------------------

namespace {

/** Vectors of an array to read, asking for those a while ahead. */
struct Input {
  const float* data;
  RONDO_INLINE_MEMBER Vec get(int64_t i, int some) const {
    prefetchAhead(data + i);
    return loadUpTo(data + i, some);
  }
};

}  // namespace

// Moves bits, since an element may be a float or an int.
void select(const int32_t* condition, const float* a, const float* b, float* out, int32_t n) {
  const Input conditions{reinterpret_cast<const float*>(condition)}, as{a}, bs{b};
  sweep(n, [=](int64_t i, int some) {
    storeUpTo(out + i, choose(asInt(conditions.get(i, some)) != 0, as.get(i, some), bs.get(i, some)), some);
  });
}

void clip(const float* x, float* out, int32_t n, float low, float high) {
  const Input xs{x};
  sweep(n, [=](int64_t i, int some) {
    storeUpTo(out + i, atMost(atLeast(xs.get(i, some), splat(low)), splat(high)), some);
  });
}

void clipBackward(const float* x, const float* dy, float* dx, int32_t n, float low, float high) {
  const Input xs{x}, dys{dy};
  sweep(n, [=](int64_t i, int some) {
    const Vec v = xs.get(i, some);
    storeUpTo(dx + i, choose((v >= splat(low)) & (v <= splat(high)), dys.get(i, some), Vec{}), some);
  });
}

void axpy(float alpha, const float* x, float* y, int32_t n) {
  const Input xs{x}, ys{y};
  sweep(n, [=](int64_t i, int some) {
    storeUpTo(y + i, mulAdd(splat(alpha), xs.get(i, some), ys.get(i, some)), some);
  });
}

void scaleInPlace(float* x, int32_t n, float factor) {
  const Input xs{x};
  sweep(n, [=](int64_t i, int some) { storeUpTo(x + i, xs.get(i, some) * splat(factor), some); });
}

}  // namespace RONDO_ARCH
