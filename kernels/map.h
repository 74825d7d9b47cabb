// Element-wise loops. An operation is compiled once, as a plain loop over whole vectors (a "loop" below); tails, threads and
// broadcasting are the business of the shared code around it, which passes it pieces of the arrays or copies of them.
#pragma once
#include "parallel.h"
#include "simd.h"
#include "strided.h"

namespace RONDO_ARCH {

constexpr int64_t lightGrain = 32768;  // elements a thread should get when memory is the limit
constexpr int64_t heavyGrain = 4096;   // when computing is

typedef uint32_t VecUint __attribute__((vector_size(VW * 4)));

RONDO_INLINE Vec loadLanes(const float* p) { return load(p); }
RONDO_INLINE VecInt loadLanes(const int32_t* p) { return loadInt(p); }
RONDO_INLINE void storeLanes(float* p, Vec v) { store(p, v); }
RONDO_INLINE void storeLanes(int32_t* p, VecInt v) { storeInt(p, v); }

/** For loops that take VW elements a step: how many of them are left, and loads and stores of that many. */
RONDO_INLINE int lanesLeft(int64_t n) { return n < VW ? int(n) : VW; }
RONDO_INLINE Vec loadUpTo(const float* p, int n) { return n == VW ? load(p) : loadPartial(p, n); }
RONDO_INLINE void storeUpTo(float* p, Vec v, int n) {
  if (n == VW) store(p, v);
  else storePartial(p, v, n);
}

/**
 * Asks for what lies two kilobytes further on. Processors fetch ahead by themselves, but only to the end of a page, and
 * several arrays at once keep them busy (measured: an Adam update of 5 million weights takes half the time).
 */
template <class T> RONDO_INLINE void prefetchAhead(const T* p) { __builtin_prefetch(p + 512); }

/** parallelFor over n elements, cut at whole cache lines. */
template <class F> void parallelElements(int64_t n, int64_t grain, const F& f) {
  constexpr int64_t line = 64;  // elements; four cache lines
  parallelFor((n + line - 1) / line, grain / line, [&](int64_t begin, int64_t end) { f(begin * line, smaller(n, end * line)); });
}

/** f(i, some) for the elements i to i + some, a vector at a time. */
template <class F> void sweep(int64_t n, const F& f) {
  parallelElements(n, lightGrain, [=](int64_t begin, int64_t end) {
    const F body = f;  // a copy that no store can change, as far as the compiler can see
    int64_t i = begin;
    for (; i + VW <= end; i += VW) body(i, VW);
    if (i < end) body(i, int(end - i));
  });
}

/** out[i] = f(x[i]) for n elements, a multiple of VW. */
template <class In, class Out> using UnaryLoop = void (*)(const In* x, Out* out, int64_t n);
/** out[i] = f(a[i], b[i]) for n elements, a multiple of VW. */
template <class In, class Out> using BinaryLoop = void (*)(const In* a, const In* b, Out* out, int64_t n);

/** The loop of a function of vectors, given as a type with a static function `of`. */
template <class F, class In, class Out> void unaryLoop(const In* x, Out* out, int64_t n) {
  for (int64_t i = 0; i < n; i += VW) {
    prefetchAhead(x + i);
    storeLanes(out + i, F::of(loadLanes(x + i)));
  }
}
template <class F, class In, class Out> void binaryLoop(const In* a, const In* b, Out* out, int64_t n) {
  for (int64_t i = 0; i < n; i += VW) {
    prefetchAhead(a + i);
    prefetchAhead(b + i);
    storeLanes(out + i, F::of(loadLanes(a + i), loadLanes(b + i)));
  }
}

/** out[i] = f(x[i]) for n elements. */
template <class In, class Out>
RONDO_NOINLINE void mapUnary(UnaryLoop<In, Out> loop, const In* x, Out* out, int64_t n, int64_t grain) {
  parallelElements(n, grain, [=](int64_t begin, int64_t end) {
    const int64_t whole = (end - begin) / VW * VW, rest = end - begin - whole;
    loop(x + begin, out + begin, whole);
    if (rest == 0) return;
    In some[VW] = {};
    Out result[VW];
    copyBytes(some, x + begin + whole, size_t(rest) * 4);
    loop(some, result, VW);
    copyBytes(out + begin + whole, result, size_t(rest) * 4);
  });
}

/** Runs a loop on any number of elements. */
template <class In, class Out>
RONDO_INLINE void runBinary(BinaryLoop<In, Out> loop, const In* a, const In* b, Out* out, int64_t n) {
  const int64_t whole = n / VW * VW, rest = n - whole;
  if (whole > 0) loop(a, b, out, whole);
  if (rest == 0) return;
  In someA[VW] = {}, someB[VW] = {};
  Out result[VW];
  copyBytes(someA, a + whole, size_t(rest) * 4);
  copyBytes(someB, b + whole, size_t(rest) * 4);
  loop(someA, someB, result, VW);
  copyBytes(out + whole, result, size_t(rest) * 4);
}

constexpr int64_t blockSize = 512;

/**
 * The elements of an operand that belong to `count` <= blockSize outputs from position `first`: where they lie if they are
 * neighbours in memory, else a copy in `buffer`. `strides` are the operand's in `axes`.
 */
template <class T>
RONDO_NOINLINE const T* piece(const T* data, const Axes& axes, const int64_t* strides, int64_t first, int64_t count, T* buffer) {
  const int last = axes.rank - 1;
  const int64_t length = axes.size[last], inner = strides[last];
  int64_t column = first % length;
  RowWalk walk(axes, first / length);
  const int64_t& offset = strides == axes.strideA ? walk.a : walk.b;
  if (inner == 1 && column + count <= length) return data + offset + column;
  for (int64_t done = 0; done < count; column = 0, walk.next()) {
    const T* from = data + offset + column * inner;
    T* to = buffer + done;
    const int64_t run = smaller(count - done, length - column);
    if (inner == 0) {
      const T value = *from;
      for (int64_t i = 0; i < run; i++) to[i] = value;
    } else if (inner == 1) {
      for (int64_t i = 0; i < run; i++) to[i] = from[i];
    } else {
      for (int64_t i = 0; i < run; i++) to[i] = from[i * inner];
    }
    done += run;
  }
  return buffer;
}

/** Whether an operand's elements lie in the order of the outputs. */
RONDO_INLINE bool inOrder(const Axes& axes, const int64_t* strides) {
  int64_t step = 1;
  for (int i = axes.rank - 1; i >= 0; step *= axes.size[i--])
    if (strides[i] != step) return false;
  return true;
}
/** Whether every row of the outputs sees the same elements of an operand. */
RONDO_INLINE bool sameInAllRows(const Axes& axes, const int64_t* strides) {
  for (int i = 0; i < axes.rank - 1; i++)
    if (strides[i] != 0) return false;
  return true;
}

/** One operand of mapBinary, piece by piece: in place, copied, or copied once and used again. */
template <class T> class Operand {
 public:
  Operand(const T* data, const Axes& axes, const int64_t* strides)
      : data(data), axes(axes), strides(strides), whole(inOrder(axes, strides)), repeats(sameInAllRows(axes, strides)),
        constant(axes.rank == 1 && strides[0] == 0) {}

  const T* at(int64_t first, int64_t column, int64_t count) {
    if (whole) return data + first;
    const int64_t start = constant ? 0 : column;
    if (repeats && start == copied && count <= length) return buffer;
    const T* found = piece(data, axes, strides, first, count, buffer);
    if (found == buffer) {
      copied = start;
      length = count;
    }
    return found;
  }

 private:
  const T* data;
  const Axes& axes;
  const int64_t* strides;
  const bool whole, repeats, constant;
  int64_t copied = -1, length = 0;  // the columns the buffer holds, if every row has the same
  T buffer[blockSize];
};

/** out = f(a, b) over the axes of `dims` (see the kernel table); out is contiguous. */
template <class In, class Out>
RONDO_NOINLINE void mapBinary(BinaryLoop<In, Out> loop, const In* a, const In* b, Out* out, const int32_t* dims, int64_t grain) {
  const Axes axes(dims);
  if (axes.empty) return;
  const int64_t length = axes.size[axes.rank - 1], total = axes.rows() * length;
  const bool direct = axes.rank == 1 && axes.strideA[0] == 1 && axes.strideB[0] == 1;
  parallelElements(total, grain, [&](int64_t begin, int64_t end) {
    if (direct) return runBinary(loop, a + begin, b + begin, out + begin, end - begin);
    Operand<In> left(a, axes, axes.strideA), right(b, axes, axes.strideB);
    for (int64_t at = begin; at < end;) {
      const int64_t column = at % length;
      int64_t count = smaller(blockSize, end - at);
      // Long rows are taken one by one, short ones several whole ones at a time.
      if (column != 0 || length >= blockSize / 2) count = smaller(count, length - column);
      else if (count > length) count -= count % length;
      runBinary(loop, left.at(at, column, count), right.at(at, column, count), out + at, count);
      at += count;
    }
  });
}

}  // namespace RONDO_ARCH
