// Random numbers: Philox 4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011).
//
// Element i of a stream is lane i mod 4 of the block with counter (floor(i / 4), 0, 0, 0) and key (key0, key1). Every number
// is thus a function of its position and the key alone, whatever the threads and the instruction set.
#include "map.h"
#include "math.h"

namespace RONDO_ARCH {
namespace {

constexpr int blocks = VW;               // counters worked on at once, in two vectors of 64-bit lanes
constexpr int words = 4 * blocks;        // random words they give
constexpr float unit = 1.0f / 16777216;  // 2^-24

typedef uint64_t VecLanes __attribute__((vector_size(VW * 4)));

// The products of the low halves of 64-bit lanes: one instruction, which compilers do not always find.
RONDO_INLINE VecLanes multiplyLow(VecLanes a, uint64_t constant) {
  const VecLanes b = constant - VecLanes{};
#if defined(__clang__) || !defined(__x86_64__)
  return (a & 0xffffffff) * b;
#elif defined(__AVX512F__)
  typedef long long Result __attribute__((vector_size(64)));
  return (VecLanes)__builtin_ia32_pmuludq512_mask((VecInt)a, (VecInt)b, Result{}, -1);
#elif defined(__AVX2__)
  return (VecLanes)__builtin_ia32_pmuludq256((VecInt)a, (VecInt)b);
#else
  return (VecLanes)__builtin_ia32_pmuludq128((VecInt)a, (VecInt)b);
#endif
}

// The words of `blocks` counters from `first` on. Only the low halves of the lanes count.
RONDO_INLINE void philox(uint32_t first, uint32_t key0, uint32_t key1, uint32_t* out) {
  constexpr uint64_t steps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  VecLanes c0[2], c1[2] = {}, c2[2] = {}, c3[2] = {};
  __builtin_memcpy(c0, steps, sizeof c0);
  RONDO_UNROLL for (int v = 0; v < 2; v++) c0[v] += uint64_t(first);
  for (int round = 0; round < 10; round++) {
    RONDO_UNROLL for (int v = 0; v < 2; v++) {
      const VecLanes p0 = multiplyLow(c0[v], 0xd2511f53), p1 = multiplyLow(c2[v], 0xcd9e8d57);
      c0[v] = (p1 >> 32) ^ c1[v] ^ uint64_t(key0);
      c1[v] = p1;
      c2[v] = (p0 >> 32) ^ c3[v] ^ uint64_t(key1);
      c3[v] = p0;
    }
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  for (int v = 0; v < 2; v++) {
    const VecLanes pairs[2] = {(c0[v] & 0xffffffff) | c1[v] << 32, (c2[v] & 0xffffffff) | c3[v] << 32};
    uint64_t lanes[2][HALF];
    __builtin_memcpy(lanes, pairs, sizeof pairs);
    for (int i = 0; i < HALF; i++) copyBytes(out + 4 * (v * HALF + i), &lanes[0][i], 8);
    for (int i = 0; i < HALF; i++) copyBytes(out + 4 * (v * HALF + i) + 2, &lanes[1][i], 8);
  }
}

// Fills out with f(words, results), which turns `words` random words into as many results.
template <class T, class F> void generate(T* out, int64_t n, int32_t key0, int32_t key1, const F& f) {
  parallelFor((n + words - 1) / words, heavyGrain / words, [=](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; group++) {
      uint32_t random[words];
      T results[words];
      philox(uint32_t(group * blocks), uint32_t(key0), uint32_t(key1), random);
      f(random, results);
      copyBytes(out + group * words, results, size_t(smaller<int64_t>(words, n - group * words)) * 4);
    }
  });
}

// A multiple of 2^-24 in [0, 1) from each word.
RONDO_INLINE Vec unitInterval(const uint32_t* random) {
  VecUint bits;
  __builtin_memcpy(&bits, random, sizeof bits);
  return __builtin_convertvector((VecInt)(bits >> 8), Vec) * splat(unit);
}

// sin and cos of 2 pi t for 0 <= t < 1 a multiple of 2^-24: quarters are taken off exactly, the rest is a Taylor series.
struct SineCosine {
  Vec sine, cosine;
};
RONDO_INLINE SineCosine turn(Vec t) {
  const Vec quarters = vround(t * splat(4.0f));
  const VecInt q = __builtin_convertvector(quarters, VecInt);
  const Vec x = (t - quarters * splat(0.25f)) * splat(6.28318531f);
  const Vec z = x * x;
  Vec s = mulAdd(splat(2.75573192e-6f), z, splat(-1.98412698e-4f));
  s = mulAdd(s, z, splat(8.33333333e-3f));
  s = mulAdd(s, z, splat(-1.66666667e-1f));
  s = mulAdd(s * z, x, x);
  Vec c = mulAdd(splat(2.48015873e-5f), z, splat(-1.38888889e-3f));
  c = mulAdd(c, z, splat(4.16666667e-2f));
  c = mulAdd(mulAdd(c, z, splat(-0.5f)), z, splat(1.0f));
  const VecInt odd = (q & 1) != 0;
  const VecInt negativeSine = (q & 2) << 30, negativeCosine = ((q + 1) & 2) << 30;
  return {asFloat(asInt(choose(odd, c, s)) ^ negativeSine), asFloat(asInt(choose(odd, s, c)) ^ negativeCosine)};
}

}  // namespace

void randomBits(int32_t* out, int32_t n, int32_t key0, int32_t key1) {
  generate(out, n, key0, key1, [](const uint32_t* random, int32_t* results) { copyBytes(results, random, words * 4); });
}

// low + (high - low) u, each step rounded to float, so that all backends give the same bits.
void randomUniform(float* out, int32_t n, float low, float high, int32_t key0, int32_t key1) {
  const Vec start = splat(low), range = splat(high - low);
  generate(out, n, key0, key1, [=](const uint32_t* random, float* results) {
    for (int i = 0; i < words; i += VW) store(results + i, start + opaque(range * unitInterval(random + i)));
  });
}

// Box and Muller (1958): words (2j, 2j+1) give sqrt(-2 log u1) (cos 2 pi u2, sin 2 pi u2), u1 in (0, 1] so that the
// logarithm is finite.
void randomNormal(float* out, int32_t n, float mean, float stddev, int32_t key0, int32_t key1) {
  generate(out, n, key0, key1, [=](const uint32_t* random, float* results) {
    uint32_t even[words / 2], odd[words / 2];
    float cosines[words / 2], sines[words / 2];
    for (int i = 0; i < words / 2; i++) {
      even[i] = random[2 * i];
      odd[i] = random[2 * i + 1];
    }
    for (int i = 0; i < words / 2; i += VW) {
      const Vec radius = vsqrt(splat(-2.0f) * vlog(unitInterval(even + i) + splat(unit)));
      const SineCosine angle = turn(unitInterval(odd + i));
      store(cosines + i, mulAdd(radius * angle.cosine, splat(stddev), splat(mean)));
      store(sines + i, mulAdd(radius * angle.sine, splat(stddev), splat(mean)));
    }
    for (int i = 0; i < words / 2; i++) {
      results[2 * i] = cosines[i];
      results[2 * i + 1] = sines[i];
    }
  });
}

// The quantile of a uniform number between the shares of the normal below -2 and 2.
void randomTruncatedNormal(float* out, int32_t n, float mean, float stddev, int32_t key0, int32_t key1) {
  generate(out, n, key0, key1, [=](const uint32_t* random, float* results) {
    for (int i = 0; i < words; i += VW) {
      const Vec centred = unitInterval(random + i) * splat(2.0f) - splat(1.0f);
      const Vec z = vnormalQuantileCentral(centred * splat(0.954499736f));  // the share within two standard deviations
      store(results + i, mulAdd(atMost(atLeast(z, splat(-2.0f)), splat(2.0f)), splat(stddev), splat(mean)));
    }
  });
}

void dropoutMask(float* out, int32_t n, float rate, int32_t key0, int32_t key1) {
  const Vec kept = splat(float(1.0 / (1.0 - double(rate))));
  generate(out, n, key0, key1, [=](const uint32_t* random, float* results) {
    for (int i = 0; i < words; i += VW) store(results + i, choose(unitInterval(random + i) < splat(rate), Vec{}, kept));
  });
}

}  // namespace RONDO_ARCH
