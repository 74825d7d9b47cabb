// Peak rate of single-precision fused multiply-adds: prints GFLOP/s of so many threads together, the best of some bursts.
// c++ -O3 -march=native -pthread bench/peak.cpp -o peak && ./peak 1
// With a second argument it prints the rate of one burst of some ten milliseconds for every line it reads.
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

static double rate(int threads) {
  const long steps = 4000000;
  static std::vector<float> results(threads);
  auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> team;
  for (int i = 1; i < threads; i++) {
    team.emplace_back([i] { results[i] = burst(steps, 0.999f, 0.001f); });
  }
  results[0] = burst(steps, 0.999f, 0.001f);
  for (std::thread& member : team) member.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  // Using a result keeps the compiler from leaving out the work.
  return 2.0 * lanes * chains * steps * threads / seconds / 1e9 + (results[0] < 0);
}

int main(int count, char** arguments) {
  const int threads = count > 1 ? std::atoi(arguments[1]) : 1;
  if (count > 2) {
    for (char line[16]; std::fgets(line, sizeof line, stdin);) {
      std::printf("%.1f\n", rate(threads));
      std::fflush(stdout);
    }
    return 0;
  }
  double best = 0;
  for (int round = 0; round < 12; round++) best = std::max(best, rate(threads));
  std::printf("%.1f\n", best);
}
