// matMul against double precision over odd shapes, on one and two threads; with "time", its speed.
#include "lab.h"

using namespace RONDO_ARCH;
using namespace lab;

static void check(int batch, int m, int n, int k, bool ta, bool tb, bool accumulate, bool shareB) {
  const auto a = randoms(size_t(batch) * m * k), b = randoms(size_t(shareB ? 1 : batch) * k * n);
  const auto start = randoms(size_t(batch) * m * n);
  const int strideB = shareB ? 0 : k * n;
  std::vector<double> want(start.size());
  for (int i = 0; i < batch; i++)
    for (int r = 0; r < m; r++)
      for (int c = 0; c < n; c++) {
        double sum = accumulate ? start[(size_t(i) * m + r) * n + c] : 0;
        for (int q = 0; q < k; q++)
          sum += double(a[size_t(i) * m * k + (ta ? q * m + r : r * k + q)]) *
                 b[size_t(i) * strideB + (tb ? c * k + q : q * n + c)];
        want[(size_t(i) * m + r) * n + c] = sum;
      }
  char what[200];
  snprintf(what, sizeof what, "batch %d m %d n %d k %d ta %d tb %d accumulate %d shareB %d", batch, m, n, k, ta, tb,
           accumulate, shareB);
  std::vector<float> first;
  for (int threads = 1; threads <= 2; threads++) {
    rondo::setThreads(threads);
    auto out = start;
    matMul(a.data(), b.data(), out.data(), batch, m, n, k, m * k, strideB, ta, tb, accumulate);
    expectClose(what, "out", out.data(), want, 1e-6 * std::sqrt(k + 1.0));
    if (threads == 1) first = out;
    if (out.size() && memcmp(first.data(), out.data(), out.size() * 4))
      printf("FAIL %s: threads change the result\n", what), failures++;
  }
}

static void time(int m, int n, int k, bool ta, bool tb, int threads) {
  rondo::setThreads(threads);
  const auto a = randoms(size_t(m) * k), b = randoms(size_t(k) * n);
  std::vector<float> out(size_t(m) * n);
  const int repeats = int(2e8 / (2.0 * m * n * k)) + 1;
  const double t = fastest(9,
                           [&] {
                             for (int i = 0; i < repeats; i++)
                               matMul(a.data(), b.data(), out.data(), 1, m, n, k, 0, 0, ta, tb, 0);
                           }) /
                   repeats;
  printf("%5d %5d %5d %s%s threads %d: %9.2f us, %3.0f %% of peak\n", m, n, k, ta ? "T" : "N", tb ? "T" : "N", threads,
         t * 1e6, 100 * shareOfPeak(2.0 * m * n * k, t, threads));
}

int main(int argc, char** argv) {
  if (argc > 1 && !strcmp(argv[1], "time")) {
    for (int threads = 1; threads <= 2; threads++) {
      for (int s : {8, 16, 32, 64, 128, 256, 512}) time(s, s, s, false, false, threads);
      time(3200, 512, 128, false, false, threads);
      time(3200, 128, 512, false, true, threads);
      time(128, 512, 3200, true, false, threads);
      time(3200, 256, 256, false, false, threads);
      time(1, 512, 128, false, false, threads);
      time(1, 128, 512, false, true, threads);
      time(4, 512, 128, false, false, threads);
      time(8, 512, 128, false, false, threads);
      time(3200, 1, 128, false, false, threads);
      time(128, 1, 3200, true, false, threads);
      time(3200, 10, 64, false, false, threads);
      time(32, 5000, 128, false, false, threads);
    }
    return 0;
  }
  const int sizes[] = {1, 2, 3, 4, 5, 7, 12, 13, 16, 17, 31, 33, 64, 65, 70, 130, 300};
  const int count = sizeof sizes / sizeof *sizes;
  for (int i = 0; i < 700; i++) {
    const int m = sizes[nextRandom() % count], n = sizes[nextRandom() % count], k = sizes[nextRandom() % count];
    const int batch = m * n * k < 20000 ? 1 + nextRandom() % 4 : 1;
    const uint32_t bits = nextRandom();
    check(batch, m, n, k, bits & 1, bits & 2, bits & 4, bits & 8);
  }
  for (int bits = 0; bits < 16; bits++) {
    check(0, 3, 4, 5, bits & 1, bits & 2, bits & 4, bits & 8);
    check(2, 0, 4, 5, bits & 1, bits & 2, bits & 4, bits & 8);
    check(2, 3, 0, 5, bits & 1, bits & 2, bits & 4, bits & 8);
    check(2, 3, 4, 0, bits & 1, bits & 2, bits & 4, bits & 8);
    check(1, 500, 300, 270, bits & 1, bits & 2, bits & 4, bits & 8);
    check(1, 2, 500, 1000, bits & 1, bits & 2, bits & 4, bits & 8);
    check(1, 500, 2, 2000, bits & 1, bits & 2, bits & 4, bits & 8);
    check(3, 700, 1, 500, bits & 1, bits & 2, bits & 4, bits & 8);
  }
  return finish();
}
