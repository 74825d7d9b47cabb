// Axes of operations on strided arrays: bringing them into a simple form and walking over them.
#pragma once
#include "rondo.h"

namespace RONDO_ARCH {

constexpr int maximumRank = 16;

/** The axes of an operation on two strided arrays, without axes of size 1 and with axes joined where that is possible. */
struct Axes {
  int rank = 0;
  bool empty = false;
  int64_t size[maximumRank], strideA[maximumRank], strideB[maximumRank];

  Axes() = default;

  /** dims: [rank, sizes…, strides of a…, strides of b…] */
  explicit Axes(const int32_t* dims) {
    const int given = dims[0];
    for (int i = 0; i < given; i++) {
      const int64_t n = dims[1 + i];
      if (n <= 0) empty = true;
      if (n != 1) append(n, dims[1 + given + i], dims[1 + 2 * given + i]);
    }
    if (rank == 0) append(1, 1, 1);
  }

  /** Adds an axis inside the others. It continues the last one when a step there is a whole run here. */
  void append(int64_t n, int64_t a, int64_t b) {
    const int last = rank - 1;
    if (rank > 0 && strideA[last] == a * n && strideB[last] == b * n) {
      size[last] *= n;
      strideA[last] = a;
      strideB[last] = b;
      return;
    }
    size[rank] = n;
    strideA[rank] = a;
    strideB[rank] = b;
    rank++;
  }

  /** Number of runs along the last axis. */
  int64_t rows() const {
    int64_t count = 1;
    for (int i = 0; i + 1 < rank; i++) count *= size[i];
    return count;
  }
};

/** Visits the runs along the last axis in order, keeping the offsets of both arrays. */
class RowWalk {
 public:
  int64_t a = 0, b = 0;

  RowWalk(const Axes& axes, int64_t row) : axes(axes) {
    for (int i = axes.rank - 2; i >= 0; i--) {
      index[i] = row % axes.size[i];
      row /= axes.size[i];
      a += index[i] * axes.strideA[i];
      b += index[i] * axes.strideB[i];
    }
  }
  void next() {
    for (int i = axes.rank - 2; i >= 0; i--) {
      a += axes.strideA[i];
      b += axes.strideB[i];
      if (++index[i] < axes.size[i]) return;
      a -= axes.size[i] * axes.strideA[i];
      b -= axes.size[i] * axes.strideB[i];
      index[i] = 0;
    }
  }

 private:
  const Axes& axes;
  int64_t index[maximumRank];
};

}  // namespace RONDO_ARCH
