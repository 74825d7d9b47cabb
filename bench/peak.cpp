// Peak rate of single-precision fused multiply-adds: prints GFLOP/s of so many threads together.
// c++ -O3 -march=native -pthread bench/peak.cpp -o peak && ./peak 1
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

// Enough independent chains to hide the latency of two units, few enough for 16 registers.
constexpr int chains = 12;

static float burst(long steps, float factor, float term) {
  Vector a = factor + Vector{}, b = term + Vector{}, sum[chains];
  for (int i = 0; i < chains; i++) sum[i] = static_cast<float>(i) + Vector{};
  for (long step = 0; step < steps; step++) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; i++) sum[i] = sum[i] * a + b;
  }
  float total = 0;
  for (const Vector& chain : sum) total += chain[0];
  return total;
}

int main(int count, char** arguments) {
  const int threads = count > 1 ? std::atoi(arguments[1]) : 1;
  const long steps = 4000000;
  double best = 0;
  std::vector<float> results(threads);
  for (int round = 0; round < 12; round++) {
    auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> team;
    for (int i = 0; i < threads; i++) {
      team.emplace_back([&results, i] { results[i] = burst(steps, 0.999f, 0.001f); });
    }
    for (std::thread& member : team) member.join();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2.0 * lanes * chains * steps * threads / seconds / 1e9);
  }
  // Printing a result keeps the compiler from leaving out the work.
  std::fprintf(stderr, "%g\n", results[0]);
  std::printf("%.1f\n", best);
}
