#include "parallel.h"
#include "simd.h"

namespace RONDO_ARCH {
void fill(float* out, int32_t n, float value) {
  parallelFor(n, 32768, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = value;
  });
}
}  // namespace RONDO_ARCH
