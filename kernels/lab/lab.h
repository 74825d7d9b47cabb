// What the lab programs share: random data, comparison with double precision, timing. They link the kernels of one
// instruction set and the thread pool; see build.sh.
#pragma once
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../native/pool.h"
#include "../parallel.h"
#include "../simd.h"

#ifndef LAB_CLOCK
#define LAB_CLOCK CLOCK_MONOTONIC  // on a busy machine, time one thread with -DLAB_CLOCK=CLOCK_THREAD_CPUTIME_ID
#endif

namespace lab {

inline int failures = 0;

inline uint32_t nextRandom() {
  static uint64_t state = 88172645463325252ull;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return uint32_t(state >> 32);
}
inline float uniform(float scale) { return (nextRandom() / 2147483648.0f - 1.0f) * scale; }

/** A block whose ends the address sanitizer watches; unaligned on purpose. */
inline std::vector<float> randoms(size_t n, float scale = 1) {
  std::vector<float> v(n);
  for (float& x : v) x = uniform(scale);
  return v;
}

/** The largest difference relative to the largest expected value (or 0.1); NaN if there is any. */
inline double difference(const float* got, const std::vector<double>& want) {
  double error = 0, largest = 0.1;
  for (size_t i = 0; i < want.size(); i++) {
    const double e = std::fabs(got[i] - want[i]);
    if (std::isnan(e)) return e;
    error = std::fmax(error, e);
    largest = std::fmax(largest, std::fabs(want[i]));
  }
  return error / largest;
}

inline void expectClose(const char* what, const char* name, const float* got, const std::vector<double>& want,
                        double limit) {
  const double e = difference(got, want);
  if (e <= limit) return;
  printf("FAIL %s: %s differs by %.2e\n", what, name, e);
  failures++;
}

inline double seconds() {
  timespec t;
  clock_gettime(LAB_CLOCK, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

/** Multiply-adds on registers only, 8 chains: the speed to compare with, at this moment of this machine. */
inline double peakFlops() {
  using namespace RONDO_ARCH;
  Vec sums[8];
  for (int i = 0; i < 8; i++) sums[i] = splat(float(i));
  const Vec factor = splat(0.999f), term = splat(0.001f);
  constexpr int rounds = 40000;
  const double start = seconds();
  for (int round = 0; round < rounds; round++) {
    RONDO_UNROLL for (int i = 0; i < 8; i++) sums[i] = mulAdd(sums[i], factor, term);
  }
  const double time = seconds() - start;
  Vec all = sums[0];
  for (int i = 1; i < 8; i++) all = all + sums[i];
  if (sumLanes(all) == 0) printf("unexpected\n");  // keeps the loop
  return rounds * 8.0 * 2 * VW / time;
}

/** The fastest of several runs, since other programs share the machine. */
template <class F> double fastest(int runs, const F& f) {
  double best = 1e9;
  for (int i = 0; i < runs; i++) {
    const double start = seconds();
    f();
    best = std::fmin(best, seconds() - start);
  }
  return best;
}

/** The share of the peak of `threads` cores that is reached by so many floating-point operations in so many seconds. */
inline double shareOfPeak(double flops, double time, int threads) {
  static double peak = 0;
  for (int i = 0; i < 20; i++) peak = std::fmax(peak, peakFlops());
  return flops / time / (peak * threads);
}

inline int finish() {
  printf(failures ? "%d FAILED\n" : "ok, VW = %d\n", failures ? failures : RONDO_ARCH::VW);
  return failures != 0;
}

}  // namespace lab
