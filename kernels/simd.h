// One vector type for every instruction set, by GCC/Clang vector extensions: no intrinsics, no library.
//
// A Vec holds VW floats (16 on AVX-512, 8 on AVX2, 4 on SSE, NEON and WASM), a VecInt as many int32. The compilers give
// them + - * / < > ?: & | ^ << >> lane by lane. What is added here: loads and stores of any alignment, fused
// multiply-add, and exp, log, tanh, sigmoid and relatives with errors of at most about 3 units in the last place.
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

// ---- loads, stores, broadcasts --------------------------------------------------------------------------------------

RONDO_INLINE Vec load(const float* p) { return *(const VecUnaligned*)p; }
RONDO_INLINE void store(float* p, Vec v) { *(VecUnaligned*)p = v; }
RONDO_INLINE VecInt loadInt(const int32_t* p) { return *(const VecIntUnaligned*)p; }
RONDO_INLINE void storeInt(int32_t* p, VecInt v) { *(VecIntUnaligned*)p = v; }

RONDO_INLINE Vec splat(float x) { return x - Vec{}; }
RONDO_INLINE VecInt splatInt(int32_t x) { return x - VecInt{}; }

// The first n of VW elements; the other lanes are zero.
#if defined(__AVX512F__)
RONDO_INLINE Vec loadPartial(const float* p, int n) {
  return (Vec)__builtin_ia32_loadups512_mask(p, Vec{}, (unsigned short)((1u << n) - 1));
}
RONDO_INLINE void storePartial(float* p, Vec v, int n) {
  __builtin_ia32_storeups512_mask(p, v, (unsigned short)((1u << n) - 1));
}
#else
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
#endif

// Reinterpret the bits.
RONDO_INLINE VecInt asInt(Vec v) { return (VecInt)v; }
RONDO_INLINE Vec asFloat(VecInt v) { return (Vec)v; }

// ---- arithmetic -----------------------------------------------------------------------------------------------------

#if defined(__clang__) && (defined(__FMA__) || defined(__aarch64__))
#define RONDO_HAS_ELEMENTWISE_FMA __has_builtin(__builtin_elementwise_fma)
#endif

// a * b + c, in one rounding where the machine has it. Asked for by name: contraction is left to the compiler's taste,
// and results must not depend on that.
RONDO_INLINE Vec mulAdd(Vec a, Vec b, Vec c) {
#if defined(__wasm_relaxed_simd__)
  return (Vec)__builtin_wasm_relaxed_madd_f32x4(a, b, c);
#elif RONDO_HAS_ELEMENTWISE_FMA
  return __builtin_elementwise_fma(a, b, c);
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

// A NaN in x is kept; a NaN in the bound is ignored. One instruction on every target, if some compilers are told.
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
#elif defined(__AVX512F__) && !defined(__clang__)
RONDO_INLINE Vec atMost(Vec x, Vec bound) { return (Vec)__builtin_ia32_minps512_mask(bound, x, Vec{}, -1, 4); }
RONDO_INLINE Vec atLeast(Vec x, Vec bound) { return (Vec)__builtin_ia32_maxps512_mask(bound, x, Vec{}, -1, 4); }
#elif defined(__AVX2__) && !defined(__clang__)
RONDO_INLINE Vec atMost(Vec x, Vec bound) { return (Vec)__builtin_ia32_minps256(bound, x); }
RONDO_INLINE Vec atLeast(Vec x, Vec bound) { return (Vec)__builtin_ia32_maxps256(bound, x); }
#elif defined(__SSE2__) && !defined(__clang__)
RONDO_INLINE Vec atMost(Vec x, Vec bound) { return (Vec)__builtin_ia32_minps(bound, x); }
RONDO_INLINE Vec atLeast(Vec x, Vec bound) { return (Vec)__builtin_ia32_maxps(bound, x); }
#else
RONDO_INLINE Vec atMost(Vec x, Vec bound) { return bound < x ? bound : x; }
RONDO_INLINE Vec atLeast(Vec x, Vec bound) { return bound > x ? bound : x; }
#endif

RONDO_INLINE Vec vabs(Vec x) { return asFloat(asInt(x) & splatInt(0x7fffffff)); }

RONDO_INLINE Vec vsqrt(Vec x) {
#if defined(__wasm__)
  return (Vec)__builtin_wasm_sqrt_f32x4(x);
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

// ---- constants of the functions below -------------------------------------------------------------------------------

struct MathConstants {
  float one = 1.0f, two = 2.0f, half = 0.5f;
  float roundMagic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer held in the low bits
  float log2E = 1.44269504f;
  float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;  // ln 2 = high + low; n * high is exact
  float minusLn2High = -0.693359375f, minusLn2Low = 2.12194440e-4f;

  float expMax = 89.0f, expMin = -104.0f;  // exp is infinite above, zero below
  float expZero = -87.68f;                 // has exponent -127, whose bit pattern is zero
  float expm1Min = -87.0f;
  float sigmoidMin = -88.02f, sigmoidMax = 40.0f;  // exponent -127 again; 1 - sigmoid(40) is beyond single precision
  float tanhMin = -18.1f, tanhMax = 18.1f;         // of 2 x: tanh is 1 in single precision beyond

  // (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2, minimax
  float expC2 = 0.5f, expC3 = 0.16666512f, expC4 = 0.041666187f, expC5 = 0.0083695985f, expC6 = 0.001395172f;
  // (2 atanh(s) / s - 2) / s^2 for |s| <= 0.1716, minimax in s^2
  float logC1 = 0.66666663f, logC2 = 0.40000346f, logC3 = 0.28536603f, logC4 = 0.23596334f;

  float smallestNormal = 1.17549435e-38f, twoTo23 = 8388608.0f;
  float infinity = __builtin_inff(), minusInfinity = -__builtin_inff();
};
constexpr MathConstants mathConstants;

// V8 rebuilds a WASM vector constant at every use, which costs more than loading it: hide the table from the compiler
// so that constants stay loads there. Elsewhere the compiler sees through this and keeps them as it likes.
RONDO_INLINE const MathConstants& constants() {
  const MathConstants* table = &mathConstants;
#if defined(__wasm__)
  asm("" : "+r"(table));
#endif
  return *table;
}

// ---- exp and relatives ----------------------------------------------------------------------------------------------

// exp(x) = 2^n (1 + p): n rounded into the low bits of `shifted`, p = exp(r) - 1 for r = x - n ln 2. Of N vectors at
// once, step by step: each step waits four cycles for the one before, and the processor does not look far enough ahead
// to fill them with the next vector's work by itself.
template <int N> struct ExpParts {
  Vec p[N];
  VecInt shifted[N];
};

template <int N> RONDO_INLINE ExpParts<N> expParts(const Vec (&x)[N]) {
  const MathConstants& k = constants();
  const Vec magic = splat(k.roundMagic);
  ExpParts<N> e;
  Vec r[N];
  RONDO_UNROLL for (int i = 0; i < N; i++) e.p[i] = mulAdd(x[i], splat(k.log2E), magic);
  RONDO_UNROLL for (int i = 0; i < N; i++) {
    e.shifted[i] = asInt(e.p[i]);
    e.p[i] = e.p[i] - magic;
  }
  RONDO_UNROLL for (int i = 0; i < N; i++) r[i] = mulAdd(e.p[i], splat(k.minusLn2High), x[i]);
  RONDO_UNROLL for (int i = 0; i < N; i++) r[i] = mulAdd(e.p[i], splat(k.minusLn2Low), r[i]);
  RONDO_UNROLL for (int i = 0; i < N; i++) e.p[i] = mulAdd(splat(k.expC6), r[i], splat(k.expC5));
  RONDO_UNROLL for (int i = 0; i < N; i++) e.p[i] = mulAdd(e.p[i], r[i], splat(k.expC4));
  RONDO_UNROLL for (int i = 0; i < N; i++) e.p[i] = mulAdd(e.p[i], r[i], splat(k.expC3));
  RONDO_UNROLL for (int i = 0; i < N; i++) e.p[i] = mulAdd(e.p[i], r[i], splat(k.expC2));
  RONDO_UNROLL for (int i = 0; i < N; i++) e.p[i] = mulAdd(e.p[i], r[i] * r[i], r[i]);
  return e;
}

// 2^n from n in the low bits of `shifted`.
RONDO_INLINE Vec powerOfTwo(VecInt shifted) { return asFloat((shifted << 23) + splatInt(0x3f800000)); }

// Over the whole range, with infinities, subnormal results (unless the CPU flushes them) and NaN.
RONDO_INLINE Vec vexp(Vec x) {
  const MathConstants& k = constants();
  const ExpParts<1> e = expParts<1>({atLeast(atMost(x, splat(k.expMax)), splat(k.expMin))});
  // 2^n may leave the range of floats although the result does not: scale in two steps.
  const VecInt n = e.shifted[0] - asInt(splat(k.roundMagic));
  const VecInt half = n >> 1;
  const Vec first = powerOfTwo(half), second = powerOfTwo(n - half);
  return mulAdd(e.p[0], first, first) * second;
}

// Cheaper, for x <= 0 (a softmax after subtracting the maximum); results below 1.2e-38 become zero.
RONDO_INLINE Vec vexpNegative(Vec x) {
  const ExpParts<1> e = expParts<1>({atLeast(x, splat(constants().expZero))});
  const Vec scale = powerOfTwo(e.shifted[0]);
  return mulAdd(e.p[0], scale, scale);
}

RONDO_INLINE Vec vexpm1(Vec x) {
  const MathConstants& k = constants();
  const ExpParts<1> e = expParts<1>({atLeast(atMost(x, splat(k.expMax)), splat(k.expm1Min))});
  const Vec halfScale = asFloat((e.shifted[0] << 23) + splatInt(0x3f000000));  // 2^(n-1) does not overflow
  return mulAdd(e.p[0], halfScale, halfScale - splat(k.half)) * splat(k.two);
}

// Replaces the first SIGMOIDS vectors of x by 1 / (1 + exp(-x)) and the rest by tanh(x), all side by side.
//   sigmoid(x) = exp(x) / (exp(x) + 1)
//   tanh(x) = (exp(2x) - 1) / (exp(2x) + 1), through exp - 1 to keep the relative accuracy near zero
template <int SIGMOIDS, int TANHS> RONDO_INLINE void squash(Vec (&x)[SIGMOIDS + TANHS]) {
  constexpr int N = SIGMOIDS + TANHS;
  const MathConstants& k = constants();
  RONDO_UNROLL for (int i = 0; i < N; i++) {
    const bool sigmoid = i < SIGMOIDS;
    x[i] = atMost(sigmoid ? x[i] : x[i] + x[i], splat(sigmoid ? k.sigmoidMax : k.tanhMax));
    x[i] = atLeast(x[i], splat(sigmoid ? k.sigmoidMin : k.tanhMin));
  }
  const ExpParts<N> e = expParts(x);
  Vec over[N], under[N];
  RONDO_UNROLL for (int i = 0; i < N; i++) {
    const bool sigmoid = i < SIGMOIDS;
    const Vec scale = powerOfTwo(e.shifted[i]);
    over[i] = mulAdd(e.p[i], scale, sigmoid ? scale : scale - splat(k.one));
    under[i] = over[i] + splat(sigmoid ? k.one : k.two);
  }
  RONDO_UNROLL for (int i = 0; i < N; i++) x[i] = over[i] / under[i];
}

// Calls f(Together<SIZE>(), i) for i = 0, SIZE, 2 SIZE, …, and f(Together<1>(), i) for what is left of count.
template <int SIZE> struct Together {
  static constexpr int size = SIZE;
};
template <int SIZE, class F> RONDO_INLINE void together(int64_t count, const F& f) {
  int64_t i = 0;
  for (; i + SIZE <= count; i += SIZE) f(Together<SIZE>(), i);
  for (; i < count; i++) f(Together<1>(), i);
}

RONDO_INLINE Vec vsigmoid(Vec x) {
  Vec v[1] = {x};
  squash<1, 0>(v);
  return v[0];
}
RONDO_INLINE Vec vtanh(Vec x) {
  Vec v[1] = {x};
  squash<0, 1>(v);
  return v[0];
}

// ---- log and relatives ----------------------------------------------------------------------------------------------

// log(x) = n ln 2 + log(1 + f), with 1 + f in [sqrt(1/2), sqrt(2)); log(0) = -inf, NaN below zero.
RONDO_INLINE Vec vlog(Vec x) {
  const MathConstants& k = constants();
  const VecInt tiny = x < splat(k.smallestNormal);
  const Vec scaled = choose(tiny, x * splat(k.twoTo23), x);
  const VecInt offset = asInt(scaled) - splatInt(0x3f3504f3);  // sqrt(1/2): splits the octaves there
  const VecInt exponent = (offset >> 23) - (tiny & splatInt(23));
  const Vec f = asFloat((offset & splatInt(0x7fffff)) + splatInt(0x3f3504f3)) - splat(k.one);
  const Vec n = asFloat(exponent + asInt(splat(k.roundMagic))) - splat(k.roundMagic);
  const Vec s = f / (f + splat(k.two));
  const Vec z = s * s;
  Vec q = mulAdd(splat(k.logC4), z, splat(k.logC3));
  q = mulAdd(q, z, splat(k.logC2));
  q = mulAdd(q, z, splat(k.logC1));
  // log(1 + f) = 2 atanh(s) = f - s (f - z q)
  Vec y = mulAdd(n, splat(k.ln2Low), -(s * (f - z * q)));
  y = mulAdd(n, splat(k.ln2High), f + y);
  y = choose(x == splat(k.infinity), x, y);
  y = choose(x == Vec{}, splat(k.minusInfinity), y);
  return choose(x >= Vec{}, y, asFloat(splatInt(0x7fc00000)));
}

// log(1 + x), accurate near zero: the rounding error of u = 1 + x cancels in log(u) x / (u - 1).
RONDO_INLINE Vec vlog1p(Vec x) {
  const MathConstants& k = constants();
  const Vec u = x + splat(k.one);
  const Vec d = u - splat(k.one);
  const Vec y = vlog(u) * (x / d);
  return choose((d == Vec{}) | (u == splat(k.infinity)), x, y);
}

}  // namespace RONDO_ARCH
