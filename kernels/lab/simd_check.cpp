// Checks the vector functions of simd.h against double precision over the whole range of float.
// Build: c++ -O2 -std=c++17 -march=native -ffp-contract=fast -fno-math-errno -fno-trapping-math -I.. simd_check.cpp
#include "../simd.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>

using namespace RONDO_ARCH;

static int failures = 0;

static double ulpOf(double exact) {
  const float f = std::fabs((float)exact);
  if (f < std::numeric_limits<float>::min()) return std::numeric_limits<float>::denorm_min();
  if (std::isinf(f)) return std::ldexp(1.0, 104);
  return std::nextafter(f, INFINITY) - f;
}

// Worst error in units in the last place over `low`..`high` in steps of the bit pattern, plus special values.
template <class F, class G>
static void check(const char* name, F f, G exact, float limit, float low, float high, float floor) {
  double worst = 0;
  float at = 0;
  auto one = [&](float x) {
    const double want = exact((double)x);
    const float got = f(splat(x))[VW - 1];
    if (std::isnan(want) || std::isinf((float)want)) {
      const bool same = std::isnan(want) ? std::isnan(got) : got == (float)want;
      if (!same) printf("FAIL %s(%g) = %g, expected %g\n", name, x, got, want), failures++;
      return;
    }
    const double error = std::fabs(got - want);
    if (error <= floor) return;
    const double ulp = error / ulpOf(want);
    if (!(ulp <= worst)) worst = ulp, at = x;
  };
  for (uint32_t bits = 0; bits < 0x7f800000u; bits += 997) {
    float x;
    memcpy(&x, &bits, 4);
    if (x >= low && x <= high) one(x);
    if (-x >= low && -x <= high) one(-x);
  }
  for (float x : {0.0f, -0.0f, 1.0f, -1.0f, INFINITY, -INFINITY, (float)NAN})
    if (std::isnan(x) || (x >= low && x <= high)) one(x);
  printf("%-14s worst %.2f ulp at %.9g\n", name, worst, at);
  if (!(worst <= limit)) printf("FAIL %s: more than %g ulp\n", name, limit), failures++;
}

int main() {
  const float all = INFINITY, tiny = 1.2e-38f;
  check(
      "exp", [](Vec x) { return vexp(x); }, [](double x) { return std::exp(x); }, 1.5f, -all, all, 0);
  check(
      "expNegative", [](Vec x) { return vexpNegative(x); }, [](double x) { return std::exp(x); }, 1.5f, -all, 0, tiny);
  check(
      "expm1", [](Vec x) { return vexpm1(x); }, [](double x) { return std::expm1(x); }, 3, -all, all, 0);
  check(
      "sigmoid", [](Vec x) { return vsigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }, 3, -all, all,
      tiny);
  check(
      "tanh", [](Vec x) { return vtanh(x); }, [](double x) { return std::tanh(x); }, 3, -all, all, 0);
  check(
      "log", [](Vec x) { return vlog(x); }, [](double x) { return std::log(x); }, 2, -all, all, 0);
  check(
      "log1p", [](Vec x) { return vlog1p(x); }, [](double x) { return std::log1p(x); }, 4, -all, all, 0);
  check(
      "sqrt", [](Vec x) { return vsqrt(x); }, [](double x) { return std::sqrt(x); }, 0.6f, -all, all, 0);
  printf(failures ? "FAILED\n" : "ok, VW = %d\n", VW);
  return failures != 0;
}
