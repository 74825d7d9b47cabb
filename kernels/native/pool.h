// The thread pool behind kernels/parallel.h: one per process, shared by every instruction set and every Node environment.
#pragma once
#include <stdint.h>

namespace rondo {

constexpr int32_t maximumThreads = 64;

/** Threads a region may use from now on, the caller included; returns the number after clamping to 1..maximumThreads. */
int32_t setThreads(int32_t count);

/**
 * While alive, subnormal floats count as zero on this thread: results that small do not matter, and computing with them
 * is up to a hundred times slower. JavaScript must not see the setting, so it is undone at the end.
 */
class FlushSubnormals {
 public:
  FlushSubnormals() : saved(read()) { write(saved | bits); }
  ~FlushSubnormals() { write(saved); }
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
#if defined(__x86_64__)
  using Mode = uint32_t;
  static constexpr Mode bits = 0x8040;  // flush to zero, denormals are zero
  static Mode read() { return __builtin_ia32_stmxcsr(); }
  static void write(Mode mode) { __builtin_ia32_ldmxcsr(mode); }
#elif defined(__aarch64__)
  using Mode = uint64_t;
  static constexpr Mode bits = 1ull << 24;  // FPCR.FZ
  static Mode read() {
    Mode mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void write(Mode mode) { asm volatile("msr fpcr, %0" ::"r"(mode)); }
#else
  using Mode = uint32_t;
  static constexpr Mode bits = 0;
  static Mode read() { return 0; }
  static void write(Mode) {}
#endif
  Mode saved;
};

}  // namespace rondo
