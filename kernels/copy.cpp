// Filling, copying between strided layouts, and conversions between element types.
#include "map.h"

namespace RONDO_ARCH {

void fillInt(int32_t* out, int32_t n, int32_t value) {
  parallelFor(n, lightGrain, [=](int64_t begin, int64_t end) {
    // Local copies: a store into `out` might change what the closure holds, as far as the compiler can see.
    int32_t* to = out;
    const int32_t element = value;
    if (element == 0) return zeroBytes(to + begin, size_t(end - begin) * 4);
    const VecInt elements = splatInt(element);
    int64_t i = begin;
    for (; i + VW <= end; i += VW) storeInt(to + i, elements);
    for (; i < end; i++) to[i] = element;
  });
}
void fill(float* out, int32_t n, float value) {
  int32_t bits;
  copyBytes(&bits, &value, 4);
  fillInt(reinterpret_cast<int32_t*>(out), n, bits);
}

// ---- strided copies -----------------------------------------------------------------------------------------------------

namespace {

// One run; elements move as bits, whatever their type.
void copyRun(const int32_t* from, int64_t step, int32_t* to, int64_t toStep, int64_t n) {
  if (step == 1 && toStep == 1) {
    if (n >= 64) return copyBytes(to, from, size_t(n) * 4);
    for (int64_t i = 0; i < n; i++) to[i] = from[i];
  } else if (toStep == 1 && step == 0) {
    const int32_t value = *from;
    for (int64_t i = 0; i < n; i++) to[i] = value;
  } else {
    for (int64_t i = 0; i < n; i++) to[i * toStep] = from[i * step];
  }
}

// to[i][j] = from[j][i] for `rows` x `columns` elements of `to`, whose rows lie `toStride` apart and those of `from`
// `fromStride`. Tiles keep the lines of both sides in cache until they are used up.
constexpr int64_t tile = 16;
void transposeTile(const int32_t* from, int64_t fromStride, int32_t* to, int64_t toStride, int64_t rows, int64_t columns) {
  if (rows == tile && columns == tile) {
    for (int64_t i = 0; i < tile; i++) {
      for (int64_t j = 0; j < tile; j++) to[i * toStride + j] = from[j * fromStride + i];
    }
    return;
  }
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) to[i * toStride + j] = from[j * fromStride + i];
  }
}
void transpose(const int32_t* from, int64_t fromStride, int32_t* to, int64_t toStride, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; i += tile) {
    for (int64_t j = 0; j < columns; j += tile) {
      transposeTile(from + j * fromStride + i, fromStride, to + i * toStride + j, toStride, smaller(tile, rows - i),
                    smaller(tile, columns - j));
    }
  }
}

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

// The axes with those of the smallest steps in the destination last, so that it is written in order.
Axes inDestinationOrder(const Axes& axes) {
  int order[maximumRank];
  for (int i = 0; i < axes.rank; i++) {
    int at = i;
    for (; at > 0 && magnitude(axes.strideB[order[at - 1]]) < magnitude(axes.strideB[i]); at--) order[at] = order[at - 1];
    order[at] = i;
  }
  Axes sorted;
  for (int i = 0; i < axes.rank; i++) sorted.append(axes.size[order[i]], axes.strideA[order[i]], axes.strideB[order[i]]);
  return sorted;
}

}  // namespace

void copyStrided(const float* source, float* destination, const int32_t* dims) {
  const Axes given(dims);
  if (given.empty) return;
  const int32_t* from = reinterpret_cast<const int32_t*>(source);
  int32_t* to = reinterpret_cast<int32_t*>(destination);
  Axes axes = inDestinationOrder(given);
  const int last = axes.rank - 1;

  // A transposition: the destination is contiguous along the last axis, the source along another one. Those two become
  // the last ones, and pairs of them are copied tile by tile.
  if (axes.strideB[last] == 1 && axes.strideA[last] != 1 && axes.rank > 1) {
    for (int k = 0; k < last; k++) {
      if (axes.strideA[k] != 1 || axes.size[k] < 4 || axes.size[last] < 4) continue;
      const int64_t rows = axes.size[k], rowStride = axes.strideB[k];
      for (int i = k; i < last; i++) {
        axes.size[i] = axes.size[i + 1];
        axes.strideA[i] = axes.strideA[i + 1];
        axes.strideB[i] = axes.strideB[i + 1];
      }
      axes.rank--;
      const int64_t columns = axes.size[last - 1], columnStride = axes.strideA[last - 1];
      // Bands of rows are the pieces of work: one matrix may be all there is.
      const int64_t bands = (rows + tile - 1) / tile;
      parallelFor(axes.rows() * bands, larger<int64_t>(1, lightGrain / (tile * columns)), [&](int64_t begin, int64_t end) {
        for (int64_t piece = begin; piece < end; piece++) {
          const RowWalk walk(axes, piece / bands);
          const int64_t row = piece % bands * tile;
          transpose(from + walk.a + row, columnStride, to + walk.b + row * rowStride, rowStride, smaller(tile, rows - row),
                    columns);
        }
      });
      return;
    }
  }

  const int64_t length = axes.size[last], step = axes.strideA[last], toStep = axes.strideB[last];
  if (axes.rank == 1) {
    parallelFor(length, lightGrain, [=](int64_t begin, int64_t end) {
      copyRun(from + begin * step, step, to + begin * toStep, toStep, end - begin);
    });
    return;
  }
  parallelFor(axes.rows(), larger<int64_t>(1, lightGrain / length), [&](int64_t begin, int64_t end) {
    RowWalk walk(axes, begin);
    for (int64_t row = begin; row < end; row++, walk.next()) copyRun(from + walk.a, step, to + walk.b, toStep, length);
  });
}

// ---- conversions --------------------------------------------------------------------------------------------------------

namespace {

struct Truncate {
  RONDO_INLINE VecInt of(Vec x) {
    const Vec limit = splat(2147483648.0f);
    const VecInt inside = (x < limit) & (x >= -limit);
    const VecInt converted = __builtin_convertvector(choose(inside, x, Vec{}), VecInt);
    const VecInt extreme = x >= limit ? splatInt(0x7fffffff) : splatInt(int32_t(0x80000000));
    return (inside | (x != x)) ? converted : extreme;
  }
};
struct ToFloat {
  RONDO_INLINE Vec of(VecInt x) { return __builtin_convertvector(x, Vec); }
};
struct NotZero {
  RONDO_INLINE VecInt of(Vec x) { return (x != Vec{}) & 1; }
};
struct NotZeroInt {
  RONDO_INLINE VecInt of(VecInt x) { return (x != VecInt{}) & 1; }
};

}  // namespace

void castFloatToInt(const float* x, int32_t* out, int32_t n) {
  mapUnary(unaryLoop<Truncate, float, int32_t>, x, out, n, lightGrain);
}
void castIntToFloat(const int32_t* x, float* out, int32_t n) {
  mapUnary(unaryLoop<ToFloat, int32_t, float>, x, out, n, lightGrain);
}
void castFloatToBool(const float* x, int32_t* out, int32_t n) {
  mapUnary(unaryLoop<NotZero, float, int32_t>, x, out, n, lightGrain);
}
void castIntToBool(const int32_t* x, int32_t* out, int32_t n) {
  mapUnary(unaryLoop<NotZeroInt, int32_t, int32_t>, x, out, n, lightGrain);
}

}  // namespace RONDO_ARCH
