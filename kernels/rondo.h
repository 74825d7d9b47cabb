// What every kernel file includes first: fixed-width integers, the namespace of this build, and the prototypes generated
// from src/backend/kernels.ts.
//
// The same files are compiled once per instruction set (AVX-512, AVX2, SSE2, NEON, WASM SIMD, WASM relaxed SIMD). Each
// build gives its own RONDO_ARCH, so that all of them can be linked into one library. Kernel files must not include
// headers of the C++ library: its inline functions would be merged across instruction sets by the linker, and WASM builds
// have none.
//
//   #include "rondo.h"
//   namespace RONDO_ARCH {
//   void fill(float* out, int32_t n, float value) { … }
//   }
//
// Helpers that only one file uses go into an anonymous namespace inside RONDO_ARCH.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifndef RONDO_ARCH
#define RONDO_ARCH rondo_default
#endif

#define RONDO_INLINE static inline __attribute__((always_inline))
#define RONDO_INLINE_MEMBER inline __attribute__((always_inline))
#define RONDO_NOINLINE __attribute__((noinline))

#include "kernels.h"

namespace RONDO_ARCH {

RONDO_INLINE void copyBytes(void* destination, const void* source, size_t bytes) {
  __builtin_memcpy(destination, source, bytes);
}
RONDO_INLINE void zeroBytes(void* destination, size_t bytes) { __builtin_memset(destination, 0, bytes); }

template <class T> RONDO_INLINE T smaller(T a, T b) { return a < b ? a : b; }
template <class T> RONDO_INLINE T larger(T a, T b) { return a > b ? a : b; }

}  // namespace RONDO_ARCH
