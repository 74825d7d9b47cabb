// Elementary functions beyond simd.h: rounding, sine and cosine, power, the error function and the normal quantile.
// Errors are at most a few units in the last place over the whole range of float.
#pragma once
#include "simd.h"

namespace RONDO_ARCH {

// Hides a value from the compiler, so that it is neither contracted into a multiply-add nor simplified away.
RONDO_INLINE Vec opaque(Vec v) {
#if defined(__x86_64__)
  asm("" : "+x"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#elif defined(__wasm__)
  asm("" : "+r"(v));
#endif
  return v;
}

// ---- rounding -----------------------------------------------------------------------------------------------------------

// To the nearest whole number, halves to the even one.
RONDO_INLINE Vec vround(Vec x) {
  const Vec limit = splat(8388608.0f);  // 2^23: from here on floats are whole, and adding it rounds those below
  const Vec size = vabs(x);
  const Vec rounded = (size + limit) - limit;
  const VecInt sign = asInt(x) & splatInt(int32_t(0x80000000));
  return choose(size < limit, asFloat(asInt(rounded) | sign), x);
}
RONDO_INLINE Vec vfloor(Vec x) {
  const Vec r = vround(x);
  return r - choose(r > x, splat(1.0f), Vec{});
}
RONDO_INLINE Vec vceil(Vec x) {
  const Vec r = vround(x);
  return r + choose(r < x, splat(1.0f), Vec{});
}

// ---- double precision within -----------------------------------------------------------------------------------------------

constexpr int HALF = VW / 2;
typedef float HalfVec __attribute__((vector_size(HALF * 4)));
typedef double VecDouble __attribute__((vector_size(HALF * 8)));
typedef int64_t VecLong __attribute__((vector_size(HALF * 8)));

struct DoublePair {
  VecDouble low, high;
};

RONDO_INLINE DoublePair widen(Vec v) {
  HalfVec half[2];
  __builtin_memcpy(half, &v, sizeof v);
  return {__builtin_convertvector(half[0], VecDouble), __builtin_convertvector(half[1], VecDouble)};
}
RONDO_INLINE Vec narrow(DoublePair d) {
  const HalfVec half[2] = {__builtin_convertvector(d.low, HalfVec), __builtin_convertvector(d.high, HalfVec)};
  Vec v;
  __builtin_memcpy(&v, half, sizeof v);
  return v;
}
RONDO_INLINE VecDouble splatDouble(double x) { return x - VecDouble{}; }

// ---- sine and cosine ------------------------------------------------------------------------------------------------------

// 2 / pi in binary, 32 bits a word.
constexpr uint32_t twoOverPi[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
constexpr double halfPi = 1.5707963267948966;

// x = (n + r) pi / 2 for |x| >= 2^28, by the bits of 2 / pi that matter (Payne and Hanek 1983): those of weight above 4
// only add whole turns. Returns r pi / 2; n modulo 4 goes to `quadrant`.
static RONDO_NOINLINE double reduceLarge(float x, int64_t* quadrant) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  const uint64_t mantissa = (bits & 0x7fffff) | 0x800000;
  const int first = int(bits >> 23 & 0xff) - 150 - 2;  // position of the first bit needed
  const int word = first >> 5, shift = first & 31;
  auto at = [](int i) -> uint64_t { return i < 7 ? twoOverPi[i] : 0; };
  uint64_t high = at(word) << 32 | at(word + 1), low = at(word + 2) << 32 | at(word + 3);
  if (shift) {
    high = high << shift | low >> (64 - shift);
    low <<= shift;
  }
  const uint64_t turns = mantissa * high + (mantissa * (low >> 32) >> 32);  // in units of 2^-62 quadrants, modulo 4
  const uint64_t nearest = turns + (1ull << 61);
  const int64_t fraction = int64_t(turns << 2);
  const double r = double(fraction) * (halfPi / 18446744073709551616.0);
  const bool negative = bits >> 31;
  *quadrant = int64_t(negative ? 4 - (nearest >> 62) : nearest >> 62);
  return negative ? -r : r;
}

// sin(r) and cos(r) for |r| <= pi / 4: Taylor series, exact to 3e-9.
RONDO_INLINE VecDouble sineSeries(VecDouble r, VecDouble z) {
  VecDouble p = z * (1.0 / 362880) - 1.0 / 5040;
  p = p * z + 1.0 / 120;
  p = p * z - 1.0 / 6;
  return r + r * z * p;
}
RONDO_INLINE VecDouble cosineSeries(VecDouble z) {
  VecDouble p = 1.0 / 40320 - z * (1.0 / 3628800);
  p = p * z - 1.0 / 720;
  p = p * z + 1.0 / 24;
  p = p * z - 0.5;
  return p * z + 1.0;
}

// sin(x + shift pi / 2). pi / 2 is subtracted in three parts, of which the first two multiply exactly.
RONDO_INLINE VecDouble sineHalf(HalfVec narrowX, int shift) {
  const VecDouble x = __builtin_convertvector(narrowX, VecDouble);
  const VecDouble magic = splatDouble(6755399441055744.0);  // 1.5 * 2^52
  const VecDouble shifted = x * 0.6366197723675814 + magic;
  const VecDouble n = shifted - magic;
  VecLong quadrant = (VecLong)shifted;
  VecDouble r = ((x - n * 1.5707963109016418) - n * 1.5893254712295857e-08) - n * 6.123233995736766e-17;
  const VecLong large = (VecLong)((x >= 268435456.0) | (x <= -268435456.0));
  bool anyLarge = false;
  for (int i = 0; i < HALF; i++) anyLarge |= large[i] != 0;
  if (anyLarge) {
    for (int i = 0; i < HALF; i++) {
      if (!large[i]) continue;
      int64_t q = 0;
      const float value = narrowX[i];
      const bool infinite = value - value != 0.0f;
      r[i] = infinite ? __builtin_nan("") : reduceLarge(value, &q);
      quadrant[i] = q;
    }
  }
  quadrant += shift;
  const VecDouble z = r * r;
  const VecDouble s = (quadrant & 1) != 0 ? cosineSeries(z) : sineSeries(r, z);
  return (VecDouble)((VecLong)s ^ ((quadrant & 2) << 62));
}

RONDO_INLINE Vec sineShifted(Vec x, int shift) {
  HalfVec half[2];
  __builtin_memcpy(half, &x, sizeof x);
  return narrow({sineHalf(half[0], shift), sineHalf(half[1], shift)});
}
RONDO_INLINE Vec vsin(Vec x) { return sineShifted(x, 0); }
RONDO_INLINE Vec vcos(Vec x) { return sineShifted(x, 1); }

// ---- power ----------------------------------------------------------------------------------------------------------------

// 2^(y log2(m 2^n)) with m near 1.
RONDO_INLINE VecDouble powerOf(VecDouble m, VecDouble n, VecDouble y) {
  const VecDouble s = (m - 1.0) / (m + 1.0);
  const VecDouble z = s * s;
  VecDouble p = z * (1.0 / 15) + 1.0 / 13;  // atanh(s) / s
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  p = p * z + 1.0;
  const VecDouble logarithm = n + s * p * 2.8853900817779268;  // 2 / ln 2
  VecDouble e = y * logarithm;
  e = e > 1000.0 ? splatDouble(1000.0) : e;
  e = e < -1000.0 ? splatDouble(-1000.0) : e;
  const VecDouble magic = splatDouble(6755399441055744.0);
  const VecDouble shifted = e + magic;
  const VecDouble t = (e - (shifted - magic)) * 0.6931471805599453;
  VecDouble q = t * (1.0 / 40320) + 1.0 / 5040;  // exp(t)
  q = q * t + 1.0 / 720;
  q = q * t + 1.0 / 120;
  q = q * t + 1.0 / 24;
  q = q * t + 1.0 / 6;
  q = q * t + 0.5;
  q = q * t + 1.0;
  q = q * t + 1.0;
  return q * (VecDouble)(((VecLong)shifted << 52) + 0x3ff0000000000000);
}

// x^y as C defines it: pow(x, 0) = pow(1, y) = 1, NaN for negative x unless y is whole.
RONDO_INLINE Vec vpow(Vec x, Vec y) {
  const Vec infinity = splat(__builtin_inff()), one = splat(1.0f), zero = Vec{};
  const Vec size = vabs(x);
  const VecInt tiny = size < splat(1.17549435e-38f);
  const Vec scaled = choose(tiny, size * splat(8388608.0f), size);
  const VecInt offset = asInt(scaled) - splatInt(0x3f3504f3);  // octaves begin at sqrt(1/2)
  const VecInt exponent = (offset >> 23) - (tiny & splatInt(23));
  const Vec m = asFloat((offset & splatInt(0x7fffff)) + splatInt(0x3f3504f3));
  const DoublePair md = widen(m), nd = widen(__builtin_convertvector(exponent, Vec)), yd = widen(y);
  Vec power = narrow({powerOf(md.low, nd.low, yd.low), powerOf(md.high, nd.high, yd.high)});

  // y = 0 stays the mantissa's 1 below; infinite y and x, and zero x, have no logarithm to multiply.
  const VecInt grows = choose(size > one, y, -y) > zero;
  const VecInt extreme = (size == zero) | (size == infinity) | (vabs(y) == infinity);
  power = choose(extreme, choose(grows, infinity, zero), power);
  power = choose((x != x) | (y != y), x + y, power);

  const Vec whole = vround(y);
  const Vec half = y * splat(0.5f);
  const VecInt isWhole = whole == y;
  const VecInt isOdd = isWhole & (vround(half) != half);
  power = choose((x < zero) & ~isWhole & (size != infinity), splat(__builtin_nanf("")), power);
  power = asFloat(asInt(power) ^ (asInt(x) & isOdd & splatInt(int32_t(0x80000000))));
  const VecInt isOne = (x == one) | (y == zero) | ((x == -one) & (vabs(y) == infinity));
  return choose(isOne, one, power);
}

// ---- error function, normal distribution ------------------------------------------------------------------------------------

// x * x = high + low: the tail matters because exp turns absolute errors of its argument into relative ones (Dekker 1971).
struct Square {
  Vec high, low;
};
RONDO_INLINE Square exactSquare(Vec x) {
  const Vec high = opaque(x * x);
  const Vec top = asFloat(asInt(x) & splatInt(int32_t(0xfffff000)));
  const Vec rest = x - top;
  return {high, ((top * top - high) + splat(2.0f) * top * rest) + rest * rest};
}

// erfc(y) exp(y * y) for 0 <= y <= 10.5: a polynomial in 1 / (1 + 0.4 y), fitted to a relative error of 3e-8.
RONDO_INLINE Vec erfcFactor(Vec y) {
  constexpr float c[] = {2.21741502e-05f, 0.22516778f,    0.230622455f,   0.180950239f,   0.258089721f,
                         -0.0483285002f,  0.250777274f,   -0.0444478802f, -0.0831250548f, 0.0302718300f};
  const Vec t = splat(1.0f) / mulAdd(splat(0.4f), y, splat(1.0f));
  Vec p = splat(c[9]);
  for (int i = 8; i >= 0; i--) p = mulAdd(p, t, splat(c[i]));
  return p;
}
// erfc(y), with a = y * y.
RONDO_INLINE Vec erfcPositive(Vec y, Square a) {
  const Vec e = vexp(-a.high);
  return erfcFactor(y) * (e - e * a.low);
}

RONDO_INLINE Vec verf(Vec x) {
  constexpr float c[] = {1.12837911f,     -0.376126260f,    0.112835854f,   -0.0268538129f,
                         0.00518832775f, -0.000801019371f, 7.85386146e-05f};
  const Vec z = x * x;
  Vec p = splat(c[6]);
  for (int i = 5; i >= 0; i--) p = mulAdd(p, z, splat(c[i]));
  const Vec y = atMost(vabs(x), splat(10.0f));
  const VecInt sign = asInt(x) & splatInt(int32_t(0x80000000));
  const Vec far = splat(1.0f) - erfcPositive(y, exactSquare(y));
  return choose(vabs(x) < splat(0.9f), x * p, asFloat(asInt(far) | sign));
}

// x times the share of a standard normal below x (Hendrycks and Gimpel 2016), with full relative accuracy in the tail.
RONDO_INLINE Vec vgelu(Vec x) {
  const Vec size = atMost(vabs(x), splat(14.5f));
  const Square square = exactSquare(size);
  const Vec half = splat(0.5f);
  const Vec tail = half * erfcPositive(size * splat(0.707106781f), {square.high * half, square.low * half});
  return x * choose(x < Vec{}, tail, splat(1.0f) - tail);
}

// Its derivative: the share itself and x times the density.
RONDO_INLINE Vec geluSlopeOf(Vec x) {
  const Vec size = atMost(vabs(x), splat(14.5f));
  const Square square = exactSquare(size);
  const Vec half = splat(0.5f);
  // exp(-x^2 / 2) serves both the tail, which is its multiple, and the density.
  const Square a = {square.high * half, square.low * half};
  const Vec e = vexp(-a.high);
  const Vec exponential = e - e * a.low;
  const Vec tail = half * erfcFactor(size * splat(0.707106781f)) * exponential;
  const Vec share = choose(x < Vec{}, tail, splat(1.0f) - tail);
  return mulAdd(x * splat(0.398942280f), exponential, share);
}

// The z with a share of (1 + e) / 2 of a standard normal below it, for |e| <= 0.9545 (two standard deviations):
// e times a polynomial in -log(1 - e^2), fitted to a relative error of 4e-9.
RONDO_INLINE Vec vnormalQuantileCentral(Vec e) {
  constexpr float c[] = {1.25331414f,      0.328117132f,   0.0163309220f,   -0.00329451030f,
                         -0.00019384225f, 7.69131511e-05f, -2.06871414e-06f, -5.22859921e-07f};
  const Vec w = -vlog1p(-(e * e));
  Vec p = splat(c[7]);
  for (int i = 6; i >= 0; i--) p = mulAdd(p, w, splat(c[i]));
  return e * p;
}

}  // namespace RONDO_ARCH
