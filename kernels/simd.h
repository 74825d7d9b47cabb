// One vector type for every instruction set, by GCC/Clang vector extensions: no intrinsics, no library.
//
// A Vec holds VW floats (16 on AVX-512, 8 on AVX2, 4 on SSE, NEON and WASM), a VecInt as many int32. The compilers give
// them + - * / < > ?: & | ^ << >> lane by lane. What is added here: loads and stores of any alignment, fused multiply-add,
// and exp, log, tanh, sigmoid and relatives with errors of at most about 3 units in the last place.
#pragma once
#include "rondo.h"

#if defined(__clang__)
#define RONDO_UNROLL _Pragma("clang loop unroll(full)")
#else
#define RONDO_UNROLL _Pragma("GCC unroll 16")
#endif

namespace RONDO_ARCH {

#if defined(__AVX512F__)
constexpr int VW = 16;
#elif defined(__AVX2__)
constexpr int VW = 8;
#else
constexpr int VW = 4;
#endif

typedef float Vec __attribute__((vector_size(VW * 4)));
typedef int32_t VecInt __attribute__((vector_size(VW * 4)));
typedef float VecUnaligned __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef int32_t VecIntUnaligned __attribute__((vector_size(VW * 4), aligned(4), may_alias));

// ---- loads, stores, broadcasts ----------------------------------------------------------------------------------------

RONDO_INLINE Vec load(const float* p) { return *(const VecUnaligned*)p; }
RONDO_INLINE void store(float* p, Vec v) { *(VecUnaligned*)p = v; }
RONDO_INLINE VecInt loadInt(const int32_t* p) { return *(const VecIntUnaligned*)p; }
RONDO_INLINE void storeInt(int32_t* p, VecInt v) { *(VecIntUnaligned*)p = v; }

RONDO_INLINE Vec splat(float x) { return x - Vec{}; }
RONDO_INLINE VecInt splatInt(int32_t x) { return x - VecInt{}; }

// The first n of VW elements; the other lanes are zero.
RONDO_INLINE Vec loadPartial(const float* p, int n) {
  float lanes[VW] = {};
  for (int i = 0; i < n; i++) lanes[i] = p[i];
  return load(lanes);
}
RONDO_INLINE void storePartial(float* p, Vec v, int n) {
  float lanes[VW];
  store(lanes, v);
  for (int i = 0; i < n; i++) p[i] = lanes[i];
}

// Reinterpret the bits.
RONDO_INLINE VecInt asInt(Vec v) { return (VecInt)v; }
RONDO_INLINE Vec asFloat(VecInt v) { return (Vec)v; }

// ---- arithmetic -------------------------------------------------------------------------------------------------------

// a * b + c, in one rounding where the machine has it. Asked for by name: contraction is left to the compiler's taste, and
// results must not depend on that.
RONDO_INLINE Vec mulAdd(Vec a, Vec b, Vec c) {
#if defined(__wasm_relaxed_simd__)
  return (Vec)__builtin_wasm_relaxed_madd_f32x4(a, b, c);
#elif defined(__AVX512F__)
  return (Vec)__builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4);  // all lanes, current rounding
#elif defined(__AVX2__)
  return (Vec)__builtin_ia32_vfmaddps256(a, b, c);
#else
  return a * b + c;
#endif
}

// Lane-wise condition ? a : b; a condition lane is -1 or 0, as comparisons give.
RONDO_INLINE Vec choose(VecInt condition, Vec a, Vec b) { return condition ? a : b; }

// A NaN in x is kept; a NaN in the bound is ignored. One instruction on every target.
#if defined(__wasm_relaxed_simd__)
// Spelled out, because the compiler turns the comparison into relaxed_min and relaxed_max, which may drop a NaN.
RONDO_INLINE Vec atMost(Vec x, Vec bound) {
  Vec y;
  asm("local.get %1\n local.get %2\n f32x4.pmin\n local.set %0" : "=r"(y) : "r"(x), "r"(bound));
  return y;
}
RONDO_INLINE Vec atLeast(Vec x, Vec bound) {
  Vec y;
  asm("local.get %1\n local.get %2\n f32x4.pmax\n local.set %0" : "=r"(y) : "r"(x), "r"(bound));
  return y;
}
#else
RONDO_INLINE Vec atMost(Vec x, Vec bound) { return x > bound ? bound : x; }
RONDO_INLINE Vec atLeast(Vec x, Vec bound) { return x < bound ? bound : x; }
#endif

RONDO_INLINE Vec vabs(Vec x) { return asFloat(asInt(x) & splatInt(0x7fffffff)); }

RONDO_INLINE Vec vsqrt(Vec x) {
#if defined(__wasm__)
  return (Vec)__builtin_wasm_sqrt_f32x4(x);
#elif defined(__clang__)
  return __builtin_elementwise_sqrt(x);
#else
  Vec y;
  for (int i = 0; i < VW; i++) y[i] = __builtin_sqrtf(x[i]);  // becomes one vector instruction
  return y;
#endif
}

// Sum, largest and smallest of the lanes, pairwise.
RONDO_INLINE float sumLanes(Vec v) {
  float lanes[VW];
  store(lanes, v);
  for (int half = VW / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
  return lanes[0];
}
RONDO_INLINE float maxLanes(Vec v) {
  float best = v[0];
  for (int i = 1; i < VW; i++) best = v[i] > best ? v[i] : best;
  return best;
}
RONDO_INLINE float minLanes(Vec v) {
  float best = v[0];
  for (int i = 1; i < VW; i++) best = v[i] < best ? v[i] : best;
  return best;
}

// ---- constants of the functions below -----------------------------------------------------------------------------------

enum MathConstant {
  One, Two, Half, RoundMagic, Log2E, Ln2High, Ln2Low, MinusLn2High, MinusLn2Low,
  ExpMax, ExpMin, ExpZero, SigmoidMin, SigmoidMax, TanhMax, ExpC2, ExpC3, ExpC4, ExpC5, ExpC6, ExpC7,
  LogC1, LogC2, LogC3, LogC4, SmallestNormal, TwoTo23, MinusOne, MinusTanhMax, Expm1Min, Infinity,
};
constexpr float mathConstants[] = {
    1.0f, 2.0f, 0.5f,
    12582912.0f,                      // 1.5 * 2^23: adding it rounds to an integer held in the low bits
    1.44269504f,
    0.693359375f, -2.12194440e-4f,    // ln 2 = high + low; n * high is exact
    -0.693359375f, 2.12194440e-4f,
    89.0f, -104.0f,                   // exp gives infinity above the first, zero below the second
    -87.68f,                          // rounds to exponent -127, whose bit pattern is zero
    -87.0f, 88.02f, 18.1f,
    0.5f, 0.16666667f, 0.041666254f, 0.008333263f, 0.0013947225f, 0.0001991938f,  // (exp(r) - 1 - r) / r^2, minimax
    0.66666663f, 0.40000346f, 0.28536603f, 0.23596334f,                          // 2 atanh(s) / s - 2 over s^2, minimax
    1.17549435e-38f, 8388608.0f, -1.0f, -18.1f, -87.0f, __builtin_inff(),
};

// V8 rebuilds a WASM vector constant at every use, which costs more than loading it: hide the table from the compiler so
// that constants stay loads there. Elsewhere the compiler sees through this and keeps them as it likes.
RONDO_INLINE const float* constants() {
  const float* table = mathConstants;
#if defined(__wasm__)
  asm("" : "+r"(table));
#endif
  return table;
}

// ---- exp and relatives --------------------------------------------------------------------------------------------------

// exp(x) = 2^n (1 + p): n rounded into the low bits of `shifted`, p = exp(r) - 1 for r = x - n ln 2.
struct ExpParts {
  Vec p;
  VecInt shifted;
};

RONDO_INLINE ExpParts expParts(Vec x) {
  const float* k = constants();
  const Vec magic = splat(k[RoundMagic]);
  const Vec shifted = mulAdd(x, splat(k[Log2E]), magic);
  const Vec n = shifted - magic;
  const Vec r = mulAdd(n, splat(k[MinusLn2Low]), mulAdd(n, splat(k[MinusLn2High]), x));
  Vec q = mulAdd(splat(k[ExpC7]), r, splat(k[ExpC6]));
  q = mulAdd(q, r, splat(k[ExpC5]));
  q = mulAdd(q, r, splat(k[ExpC4]));
  q = mulAdd(q, r, splat(k[ExpC3]));
  q = mulAdd(q, r, splat(k[ExpC2]));
  return {mulAdd(q, r * r, r), asInt(shifted)};
}

// 2^n from n in the low bits of `shifted`.
RONDO_INLINE Vec powerOfTwo(VecInt shifted) { return asFloat((shifted << 23) + splatInt(0x3f800000)); }

// Over the whole range, with infinities, subnormal results (unless the CPU flushes them) and NaN.
RONDO_INLINE Vec vexp(Vec x) {
  const float* k = constants();
  const ExpParts e = expParts(atLeast(atMost(x, splat(k[ExpMax])), splat(k[ExpMin])));
  // 2^n may leave the range of floats although the result does not: scale in two steps.
  const VecInt n = e.shifted - asInt(splat(k[RoundMagic]));
  const VecInt half = n >> 1;
  const Vec first = powerOfTwo(half), second = powerOfTwo(n - half);
  return mulAdd(e.p, first, first) * second;
}

// Cheaper, for x <= 0 (a softmax after subtracting the maximum); results below 1.2e-38 become zero.
RONDO_INLINE Vec vexpNegative(Vec x) {
  const ExpParts e = expParts(atLeast(x, splat(constants()[ExpZero])));
  const Vec scale = powerOfTwo(e.shifted);
  return mulAdd(e.p, scale, scale);
}

RONDO_INLINE Vec vexpm1(Vec x) {
  const float* k = constants();
  const ExpParts e = expParts(atLeast(atMost(x, splat(k[ExpMax])), splat(k[Expm1Min])));
  const Vec halfScale = asFloat((e.shifted << 23) + splatInt(0x3f000000));  // 2^(n-1) stays finite up to the overflow
  return mulAdd(e.p, halfScale, halfScale - splat(k[Half])) * splat(k[Two]);
}

// 1 / (1 + exp(-x)) = 2^n / (2^n + exp(-r)), with n of either sign and no overflow on the way.
RONDO_INLINE Vec vsigmoid(Vec x) {
  const float* k = constants();
  const ExpParts e = expParts(atLeast(atMost(-x, splat(k[SigmoidMax])), splat(k[SigmoidMin])));
  const Vec scale = asFloat(splatInt(0x3f800000) - (e.shifted << 23));
  return scale / (scale + (e.p + splat(k[One])));
}

// (exp(2x) - 1) / (exp(2x) + 1) through exp - 1, which keeps the relative accuracy near zero.
RONDO_INLINE Vec vtanh(Vec x) {
  const float* k = constants();
  const ExpParts e = expParts(atLeast(atMost(x + x, splat(k[TanhMax])), splat(k[MinusTanhMax])));
  const Vec scale = powerOfTwo(e.shifted);
  const Vec m = mulAdd(e.p, scale, scale - splat(k[One]));
  return m / (m + splat(k[Two]));
}

// ---- log and relatives --------------------------------------------------------------------------------------------------

// log(x) = n ln 2 + log(1 + f), with 1 + f in [sqrt(1/2), sqrt(2)); log(0) = -inf, NaN below zero.
RONDO_INLINE Vec vlog(Vec x) {
  const float* k = constants();
  const VecInt tiny = x < splat(k[SmallestNormal]);
  const Vec scaled = choose(tiny, x * splat(k[TwoTo23]), x);
  const VecInt offset = asInt(scaled) - splatInt(0x3f3504f3);  // sqrt(1/2): splits the octaves there
  const VecInt exponent = (offset >> 23) - (tiny & splatInt(23));
  const Vec f = asFloat((offset & splatInt(0x7fffff)) + splatInt(0x3f3504f3)) - splat(k[One]);
  const Vec n = asFloat(exponent + asInt(splat(k[RoundMagic]))) - splat(k[RoundMagic]);
  const Vec s = f / (f + splat(k[Two]));
  const Vec z = s * s;
  Vec q = mulAdd(splat(k[LogC4]), z, splat(k[LogC3]));
  q = mulAdd(q, z, splat(k[LogC2]));
  q = mulAdd(q, z, splat(k[LogC1]));
  // log(1 + f) = 2 atanh(s) = f - s (f - z q)
  Vec y = mulAdd(n, splat(k[Ln2Low]), -(s * (f - z * q)));
  y = mulAdd(n, splat(k[Ln2High]), f + y);
  y = choose(x == splat(k[Infinity]), x, y);
  y = choose(x == Vec{}, splat(-k[Infinity]), y);
  return choose(x >= Vec{}, y, asFloat(splatInt(0x7fc00000)));
}

// log(1 + x), accurate near zero: the rounding error of u = 1 + x cancels in log(u) x / (u - 1).
RONDO_INLINE Vec vlog1p(Vec x) {
  const float* k = constants();
  const Vec u = x + splat(k[One]);
  const Vec d = u - splat(k[One]);
  const Vec y = vlog(u) * (x / d);
  return choose((d == Vec{}) | (u == splat(k[Infinity])), x, y);
}

}  // namespace RONDO_ARCH
