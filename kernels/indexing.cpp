// Reading and adding at positions given by indices. Reads move bits, since an element may be of either type.
#include "map.h"

namespace RONDO_ARCH {
namespace {

void copyElements(const float* from, float* to, int64_t n) {
  if (n >= 64) return copyBytes(to, from, size_t(n) * 4);
  const int32_t* bits = reinterpret_cast<const int32_t*>(from);
  int32_t* result = reinterpret_cast<int32_t*>(to);
  for (int64_t i = 0; i < n; i++) result[i] = bits[i];
}

int64_t rowGrain(int64_t length) { return larger<int64_t>(1, lightGrain / larger<int64_t>(1, length)); }

}  // namespace

// x [outer, n, inner], indices [m] -> out [outer, m, inner]
void gather(const float* x, const int32_t* indices, float* out, int32_t outer, int32_t n, int32_t m, int32_t inner) {
  if (m <= 0) return;
  parallelFor(int64_t(outer) * m, rowGrain(inner), [=](int64_t begin, int64_t end) {
    int64_t o = begin / m, j = begin % m;
    for (int64_t row = begin; row < end; row++) {
      copyElements(x + (o * n + indices[j]) * inner, out + row * inner, inner);
      if (++j == m) {
        j = 0;
        o++;
      }
    }
  });
}

// out [outer, n, inner] at indices [m] += updates [outer, m, inner], in the order of the indices. Threads share the outer
// axis or the columns: several indices may name the same row.
void scatterAdd(const int32_t* indices, const float* updates, float* out, int32_t outer, int32_t n, int32_t m, int32_t inner) {
  const int64_t columns = larger<int64_t>(16, lightGrain / larger<int64_t>(1, m));
  parallelFor(outer, rowGrain(int64_t(m) * inner), [=](int64_t first, int64_t last) {
    for (int64_t o = first; o < last; o++) {
      const float* from = updates + o * m * inner;
      float* to = out + o * n * inner;
      parallelFor(inner, columns, [=](int64_t begin, int64_t end) {
        for (int64_t j = 0; j < m; j++) {
          const float* row = from + j * inner;
          float* target = to + int64_t(indices[j]) * inner;
          for (int64_t i = begin; i < end; i++) target[i] += row[i];
        }
      });
    }
  });
}

// out[r, j] = x[r, indices[r, j]]: x [rows, n], indices [rows, k]
void pick(const float* x, const int32_t* indices, float* out, int32_t rows, int32_t n, int32_t k) {
  parallelFor(rows, rowGrain(k), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      for (int64_t j = 0; j < k; j++) copyElements(x + r * n + indices[r * k + j], out + r * k + j, 1);
    }
  });
}

// out[r, indices[r, j]] += updates[r, j]: out [rows, n]
void pickAdd(const int32_t* indices, const float* updates, float* out, int32_t rows, int32_t n, int32_t k) {
  parallelFor(rows, rowGrain(k), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      for (int64_t j = 0; j < k; j++) out[r * n + indices[r * k + j]] += updates[r * k + j];
    }
  });
}

// Position of the first index outside [0, n), or -1.
int32_t findOutOfRange(const int32_t* indices, int32_t count, int32_t n) {
  for (int32_t i = 0; i < count; i++)
    if (indices[i] < 0 || indices[i] >= n) return i;
  return -1;
}

namespace {

// Whether any of n elements is NaN or infinite.
bool anyNonFinite(const float* x, int64_t n) {
  constexpr int32_t exponent = 0x7f800000;
  VecInt bad[4] = {};
  int64_t i = 0;
  for (; i + 4 * VW <= n; i += 4 * VW) {
    RONDO_UNROLL for (int v = 0; v < 4; v++) {
      prefetchAhead(x + i + v * VW);
      bad[v] |= (asInt(load(x + i + v * VW)) & exponent) == exponent;
    }
  }
  for (; i < n; i += VW) bad[0] |= (asInt(loadUpTo(x + i, lanesLeft(n - i))) & exponent) == exponent;
  const VecInt any = (bad[0] | bad[1]) | (bad[2] | bad[3]);
  bool found = false;
  for (int lane = 0; lane < VW; lane++) found |= any[lane] != 0;
  return found;
}

}  // namespace

// Position of the first NaN or infinity, or -1. Threads look through all of it; only if there is one is it looked for.
int32_t findNonFinite(const float* x, int32_t n) {
  int32_t found = 0;
  parallelElements(n, lightGrain, [&](int64_t begin, int64_t end) {
    if (anyNonFinite(x + begin, end - begin)) __atomic_store_n(&found, 1, __ATOMIC_RELAXED);
  });
  if (!found) return -1;
  for (int64_t i = 0; i < n; i++)
    if ((reinterpret_cast<const int32_t*>(x)[i] & 0x7f800000) == 0x7f800000) return int32_t(i);
  return -1;
}

// indices [count] -> out [count, depth]; an index out of range gives a row of `off`.
void oneHot(const int32_t* indices, float* out, int32_t count, int32_t depth, float on, float off) {
  parallelFor(count, rowGrain(depth), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      float* row = out + r * depth;
      for (int64_t i = 0; i < depth; i++) row[i] = off;
      if (indices[r] >= 0 && indices[r] < depth) row[indices[r]] = on;
    }
  });
}

// ---- the k largest --------------------------------------------------------------------------------------------------------

namespace {

// Whether (value a, position i) comes before (b, j): larger values first, NaN before all, then by position.
bool comesBefore(float a, int32_t i, float b, int32_t j) {
  const bool aNaN = a != a, bNaN = b != b;
  if (aNaN || bNaN) return aNaN && (!bNaN || i < j);
  return a > b || (a == b && i < j);
}

// The best `size` so far, as a heap with the worst of them on top.
struct Heap {
  float* values;
  int32_t* indices;
  int64_t size;

  bool worse(int64_t a, int64_t b) const { return comesBefore(values[b], indices[b], values[a], indices[a]); }
  void swap(int64_t a, int64_t b) {
    const float value = values[a];
    const int32_t index = indices[a];
    values[a] = values[b];
    indices[a] = indices[b];
    values[b] = value;
    indices[b] = index;
  }
  void siftUp(int64_t at) {
    for (int64_t parent = (at - 1) / 2; at > 0 && worse(at, parent); at = parent, parent = (at - 1) / 2) swap(at, parent);
  }
  void siftDown(int64_t at) {
    for (;;) {
      int64_t worst = at;
      for (int64_t child = 2 * at + 1; child <= 2 * at + 2 && child < size; child++)
        if (worse(child, worst)) worst = child;
      if (worst == at) return;
      swap(at, worst);
      at = worst;
    }
  }
};

void topOfRow(const float* row, float* values, int32_t* indices, int64_t n, int64_t k) {
  Heap heap{values, indices, 0};
  for (int64_t i = 0; i < n; i++) {
    if (heap.size < k) {
      values[heap.size] = row[i];
      indices[heap.size] = int32_t(i);
      heap.siftUp(heap.size++);
    } else if (comesBefore(row[i], int32_t(i), values[0], indices[0])) {
      values[0] = row[i];
      indices[0] = int32_t(i);
      heap.siftDown(0);
    }
  }
  while (heap.size > 1) {  // the worst goes to the end
    heap.swap(0, --heap.size);
    heap.siftDown(0);
  }
}

}  // namespace

// The k largest of each row of x [rows, n], descending, lower index first among equals.
void topK(const float* x, float* values, int32_t* indices, int32_t rows, int32_t n, int32_t k) {
  if (k <= 0) return;
  parallelFor(rows, larger<int64_t>(1, heavyGrain / larger(1, n)), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) topOfRow(x + r * n, values + r * k, indices + r * k, n, k);
  });
}

}  // namespace RONDO_ARCH
