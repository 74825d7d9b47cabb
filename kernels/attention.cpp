// Scaled dot-product attention of several heads, without ever holding all scores (Rabe and Staats 2021, arXiv 2112.05682;
// Dao et al. 2022, arXiv 2205.14135): a block of queries meets the keys tile by tile, forward with a running maximum and
// sum, backward with the scores made anew from the logarithms of the sums.
//
// One piece of work is a sequence with one head of keys and values and the heads of the query that share it: its sums
// belong to no other piece, so results do not depend on the number of threads.
#include "gemm.h"
#include "parallel.h"

namespace RONDO_ARCH {
namespace {

/** Queries in a block, and keys in a tile. Rows of a tile are a little longer, so that columns do not share cache sets. */
constexpr int64_t blockRows = 48, tileColumns = 256, tileRow = tileColumns + 16;

/** Up to so many queries go without packing: the next step of a sequence. */
constexpr int64_t fewQueries = 2;

/** Multiply-adds below which another thread does not pay. */
constexpr int64_t parallelWork = 400000;

constexpr float infinity = __builtin_inff();

int64_t padded(int64_t n) { return (n + VW - 1) / VW * VW; }

struct Attention {
  const float *q, *k, *v;
  const int32_t *keyMask, *queryMask;
  const float* slopes;
  int64_t batch, queries, keys, capacity, heads, keyHeads, size, valueSize, offset;
  float scale;
  bool causal;

  int64_t group() const { return heads / keyHeads; }
  /** Keys that queries before `end` may look at. */
  int64_t limit(int64_t end) const { return causal ? larger<int64_t>(0, smaller(keys, offset + end)) : keys; }
  const float* query(int64_t b, int64_t i, int64_t h) const { return q + ((b * queries + i) * heads + h) * size; }
  const float* key(int64_t b, int64_t hk) const { return k + (b * capacity * keyHeads + hk) * size; }
  const float* value(int64_t b, int64_t hk) const { return v + (b * capacity * keyHeads + hk) * valueSize; }
  int64_t work() const { return batch * heads * queries * keys * (size + valueSize); }
};

/** The right side of a product: rows padded to vectors, or panels of the transpose one after the other. */
struct Right {
  const float* data;
  int64_t depth, width;
  bool panels;
};

/** Columns [first, first + columns) of left · right, element (m, k) of left at left[m * row + k * step]. */
void product(const float* left, int64_t row, int64_t step, const Right& right, int64_t firstDepth, int64_t depth,
             int64_t first, int64_t columns, float* out, int64_t outRow, int64_t rows, bool accumulate) {
  for (int64_t n = 0; n < columns; n += PW) {
    const int64_t some = smaller<int64_t>(PW, columns - n);
    // A panel cut short by the last columns of a tile is still as wide as it was packed.
    const int64_t packed = padded(smaller<int64_t>(PW, right.width - (first + n)));
    PanelProduct p = {};
    p.left = {left, row, depth, step};
    p.right = right.panels ? decltype(p.right){right.data + (first + n) * right.depth + firstDepth * packed, packed}
                           : decltype(p.right){right.data + firstDepth * right.width + first + n, right.width};
    p.start = {accumulate ? out + n : nullptr, outRow};
    p.out = {out + n, outRow};
    p.vectors = panelVectors(some);
    p.lastLanes = panelLastLanes(some);
    multiply(p, rows);
  }
}

/** Rows [0, count) of a matrix as panels of its transpose [size, count]. */
Right packTransposed(const float* source, int64_t row, int64_t count, int64_t size, float* to) {
  for (int64_t n = 0; n < count; n += PW) {
    const int64_t some = smaller<int64_t>(PW, count - n), width = padded(some);
    transposePadded(source + n * row, row, some, size, to + n * size, width, size, width);
  }
  return {to, size, padded(count), true};
}

Right packRows(const float* source, int64_t row, int64_t count, int64_t size, float* to) {
  copyPadded(source, row, count, size, to, padded(size), padded(size));
  return {to, count, padded(size), false};
}

void scaleRows(float* x, int64_t row, int64_t rows, int64_t n, float factor) {
  for (int64_t r = 0; r < rows; r++) {
    float* at = x + r * row;
    int64_t i = 0;
    for (; i + VW <= n; i += VW) store(at + i, load(at + i) * splat(factor));
    for (; i < n; i++) at[i] *= factor;
  }
}

Vec laneNumbers() {
  Vec lanes;
  for (int i = 0; i < VW; i++) lanes[i] = float(i);
  return lanes;
}

/** Scores of one query with the keys from `first` on: what must not be seen becomes minus infinity. */
void adjust(const Attention& a, int64_t b, int64_t h, int64_t position, int64_t first, float* s, int64_t n) {
  if (a.keyMask) {
    const int32_t* mask = a.keyMask + b * a.capacity + first;
    for (int64_t j = 0; j < n; j++) s[j] = mask[j] ? s[j] : -infinity;
  }
  if (a.slopes) {
    const Vec slope = splat(-a.slopes[h]), lanes = laneNumbers() - splat(float(position - first));
    int64_t j = 0;
    for (; j + VW <= n; j += VW) store(s + j, mulAdd(slope, vabs(lanes + splat(float(j))), load(s + j)));
    for (; j < n; j++) s[j] -= a.slopes[h] * __builtin_fabsf(float(position - first - j));
  }
}

/** exp(s - top) in place, and their sum; -infinity gives 0. */
float exponentials(float* s, int64_t n, float top) {
  Vec sums[2] = {};
  const Vec shift = splat(top);
  int64_t j = 0;
  for (; j + 2 * VW <= n; j += 2 * VW) {
    const Vec even = vexpNegative(load(s + j) - shift), odd = vexpNegative(load(s + j + VW) - shift);
    store(s + j, even);
    store(s + j + VW, odd);
    sums[0] = sums[0] + even;
    sums[1] = sums[1] + odd;
  }
  for (; j < n; j += VW) {
    const int some = int(smaller<int64_t>(VW, n - j));
    if (some == VW) {
      const Vec e = vexpNegative(load(s + j) - shift);
      store(s + j, e);
      sums[0] = sums[0] + e;
    } else {
      float lanes[VW];
      store(lanes, vexpNegative(loadPartial(s + j, some) - shift));
      for (int i = 0; i < some; i++) s[j + i] = lanes[i];
      sums[1] = sums[1] + loadPartial(lanes, some);
    }
  }
  return sumLanes(sums[0] + sums[1]);
}

float largest(const float* s, int64_t n) {
  Vec top = splat(-infinity), next = top;
  int64_t j = 0;
  for (; j + 2 * VW <= n; j += 2 * VW) {
    top = atLeast(load(s + j), top);
    next = atLeast(load(s + j + VW), next);
  }
  float best = larger(maxLanes(top), maxLanes(next));
  for (; j < n; j++) best = s[j] > best || s[j] != s[j] ? s[j] : best;
  return best;
}

/** Running maximum and sum of a query's row of exponentials. */
struct Row {
  float top, sum;
};

/** Makes a tile's row of scores exponentials; returns the factor by which what came before shrinks. */
float softmaxRow(Row& row, float* s, int64_t n, int64_t columns) {
  const float before = row.top;
  const float found = n > 0 ? largest(s, n) : -infinity;
  const float top = found > before || found != found ? found : before;
  float factor = 1.0f;
  if (top == -infinity) {
    n = 0;
  } else {
    factor = vexpNegative(splat(before - top))[0];
    row.sum = row.sum * factor + exponentials(s, n, top);
    row.top = top;
  }
  for (int64_t j = n; j < columns; j++) s[j] = 0;
  return factor;
}

bool seesNothing(const Attention& a, int64_t b, int64_t i) { return a.queryMask && !a.queryMask[b * a.queries + i]; }

/** Divides by the sum, or writes zeros; the logarithm of the sum goes to `logSum`. */
void finishRow(const Attention& a, int64_t b, int64_t i, const Row& row, float* y, float* logSum) {
  const bool nothing = row.sum == 0 || seesNothing(a, b, i);
  if (logSum) *logSum = nothing ? infinity : row.top + vlog(splat(row.sum))[0];
  if (nothing) zeroBytes(y, size_t(a.valueSize) * sizeof(float));
  else scaleRows(y, 0, 1, a.valueSize, 1.0f / row.sum);
}

// ---- forward --------------------------------------------------------------------------------------------------------

int64_t forwardSize(int64_t keys, int64_t size, int64_t valueSize) {
  return padded(keys) * size + keys * padded(valueSize) + blockRows * (padded(size) + tileRow);
}

void forwardPiece(const Attention& a, int64_t b, int64_t hk, float* y, float* logSums, float* scratch) {
  const int64_t keyRow = a.keyHeads * a.size, valueRow = a.keyHeads * a.valueSize, outRow = a.heads * a.valueSize;
  const int64_t seen = a.limit(a.queries);
  float* const tile = scratch;
  float* const scaled = tile + blockRows * tileRow;
  float* const packedKeys = scaled + blockRows * padded(a.size);
  const Right keys = packTransposed(a.key(b, hk), keyRow, seen, a.size, packedKeys);
  const Right values = packRows(a.value(b, hk), valueRow, seen, a.valueSize, packedKeys + padded(seen) * a.size);
  for (int64_t h = hk * a.group(); h < (hk + 1) * a.group(); h++) {
    for (int64_t q0 = 0; q0 < a.queries; q0 += blockRows) {
      const int64_t rows = smaller(blockRows, a.queries - q0), limit = a.limit(q0 + rows);
      copyPadded(a.query(b, q0, h), a.heads * a.size, rows, a.size, scaled, a.size, a.size);
      scaleRows(scaled, 0, 1, rows * a.size, a.scale);
      float* const out = y + ((b * a.queries + q0) * a.heads + h) * a.valueSize;
      Row running[blockRows];
      for (int64_t i = 0; i < rows; i++) running[i] = {-infinity, 0};
      for (int64_t k0 = 0; k0 < limit; k0 += tileColumns) {
        const int64_t columns = smaller(tileColumns, limit - k0);
        product(scaled, a.size, 1, keys, 0, a.size, k0, columns, tile, tileRow, rows, false);
        for (int64_t i = 0; i < rows; i++) {
          const int64_t n = larger<int64_t>(0, smaller(columns, a.limit(q0 + i + 1) - k0));
          float* const s = tile + i * tileRow;
          adjust(a, b, h, a.offset + q0 + i, k0, s, n);
          const float factor = softmaxRow(running[i], s, n, columns);
          if (k0 > 0 && factor != 1.0f) scaleRows(out + i * outRow, 0, 1, a.valueSize, factor);
        }
        product(tile, tileRow, 1, values, k0, columns, 0, a.valueSize, out, outRow, rows, k0 > 0);
      }
      for (int64_t i = 0; i < rows; i++) {
        float* const logSum = logSums ? logSums + (b * a.heads + h) * a.queries + q0 + i : nullptr;
        finishRow(a, b, q0 + i, running[i], out + i * outRow, logSum);
      }
    }
  }
}

/** One query of one head, everything in place. */
void forwardRow(const Attention& a, int64_t b, int64_t h, int64_t i, float* y, float* logSum, float* s) {
  const int64_t hk = h / a.group(), keyRow = a.keyHeads * a.size, n = a.limit(i + 1);
  const float* q = a.query(b, i, h);
  const float* k = a.key(b, hk);
  const int64_t whole = a.size / VW * VW;
  const int rest = int(a.size - whole);
  for (int64_t j = 0; j < n; j++, k += keyRow) {
    Vec sum = rest ? loadPartial(q + whole, rest) * loadPartial(k + whole, rest) : Vec{};
    for (int64_t d = 0; d < whole; d += VW) sum = mulAdd(load(q + d), load(k + d), sum);
    s[j] = sumLanes(sum) * a.scale;
  }
  adjust(a, b, h, a.offset + i, 0, s, n);
  Row row = {-infinity, 0};
  softmaxRow(row, s, n, n);
  float* const out = y + ((b * a.queries + i) * a.heads + h) * a.valueSize;
  zeroBytes(out, size_t(a.valueSize) * sizeof(float));
  multiplyFewRows(s, 0, 1, a.value(b, hk), a.keyHeads * a.valueSize, out, 0, 1, a.valueSize, n);
  finishRow(a, b, i, row, out, logSum);
}

// ---- backward -------------------------------------------------------------------------------------------------------

struct Gradients {
  const float *y, *logSums, *dy;
  float *dq, *dk, *dv;
};

int64_t backwardSize(int64_t keys, int64_t size, int64_t valueSize) {
  return padded(keys) * (size + valueSize) + keys * padded(size) +
         blockRows * (padded(size) + padded(valueSize) + 2 * tileRow);
}

/** ds = p (dp - delta), p = exp(s - logSum): p stays in s, ds replaces dp. */
void scoreGradients(float* s, float* dp, int64_t n, int64_t columns, float logSum, float delta) {
  const Vec shift = splat(logSum), inner = splat(delta);
  int64_t j = 0;
  for (; j + VW <= n; j += VW) {
    // A score may exceed the logarithm of the sum by a rounding error.
    const Vec p = vexpNegative(atMost(load(s + j) - shift, Vec{}));
    store(s + j, p);
    store(dp + j, p * (load(dp + j) - inner));
  }
  if (j < n) {
    const int some = int(n - j);
    const Vec p = vexpNegative(atMost(loadPartial(s + j, some) - shift, Vec{}));
    storePartial(s + j, p, some);
    storePartial(dp + j, p * (loadPartial(dp + j, some) - inner), some);
  }
  for (j = n; j < columns; j++) s[j] = dp[j] = 0;
}

void backwardPiece(const Attention& a, const Gradients& g, int64_t b, int64_t hk, float* scratch) {
  const int64_t queryRow = a.heads * a.size, outRow = a.heads * a.valueSize;
  const int64_t keyRow = a.keyHeads * a.size, valueRow = a.keyHeads * a.valueSize;
  const int64_t seen = a.limit(a.queries);
  float* const tile = scratch;
  float* const tileGradient = tile + blockRows * tileRow;
  float* const scaled = tileGradient + blockRows * tileRow;
  float* const packedGradient = scaled + blockRows * padded(a.size);
  float* const packedKeys = packedGradient + blockRows * padded(a.valueSize);
  float* const packedValues = packedKeys + padded(seen) * a.size;
  const Right keys = packTransposed(a.key(b, hk), keyRow, seen, a.size, packedKeys);
  const Right values = packTransposed(a.value(b, hk), valueRow, seen, a.valueSize, packedValues);
  const Right keyRows = packRows(a.key(b, hk), keyRow, seen, a.size, packedValues + padded(seen) * a.valueSize);
  float* const dk = g.dk + (b * a.keys * a.keyHeads + hk) * a.size;
  float* const dv = g.dv + (b * a.keys * a.keyHeads + hk) * a.valueSize;
  for (int64_t j = 0; j < a.keys; j++) {
    zeroBytes(dk + j * keyRow, size_t(a.size) * sizeof(float));
    zeroBytes(dv + j * valueRow, size_t(a.valueSize) * sizeof(float));
  }
  for (int64_t h = hk * a.group(); h < (hk + 1) * a.group(); h++) {
    const float* const logSums = g.logSums + (b * a.heads + h) * a.queries;
    for (int64_t q0 = 0; q0 < a.queries; q0 += blockRows) {
      const int64_t rows = smaller(blockRows, a.queries - q0), limit = a.limit(q0 + rows);
      const int64_t at = ((b * a.queries + q0) * a.heads + h) * a.valueSize;
      float* const dq = g.dq + ((b * a.queries + q0) * a.heads + h) * a.size;
      const Right queries = packRows(a.query(b, q0, h), queryRow, rows, a.size, scaled);
      scaleRows(scaled, 0, 1, rows * queries.width, a.scale);
      const Right dy = packRows(g.dy + at, outRow, rows, a.valueSize, packedGradient);
      float delta[blockRows];
      for (int64_t i = 0; i < rows; i++) {
        const float* const y = g.y + at + i * outRow;
        const float* const d = packedGradient + i * dy.width;
        Vec sum = {};
        for (int64_t c = 0; c < a.valueSize; c += VW) {
          const int some = int(smaller<int64_t>(VW, a.valueSize - c));
          sum = mulAdd(some == VW ? load(y + c) : loadPartial(y + c, some), load(d + c), sum);
        }
        delta[i] = sumLanes(sum);
      }
      if (limit <= 0)
        for (int64_t i = 0; i < rows; i++) zeroBytes(dq + i * queryRow, size_t(a.size) * sizeof(float));
      for (int64_t k0 = 0; k0 < limit; k0 += tileColumns) {
        const int64_t columns = smaller(tileColumns, limit - k0);
        product(scaled, queries.width, 1, keys, 0, a.size, k0, columns, tile, tileRow, rows, false);
        product(packedGradient, dy.width, 1, values, 0, a.valueSize, k0, columns, tileGradient, tileRow, rows, false);
        for (int64_t i = 0; i < rows; i++) {
          const int64_t n = larger<int64_t>(0, smaller(columns, a.limit(q0 + i + 1) - k0));
          float* const s = tile + i * tileRow;
          adjust(a, b, h, a.offset + q0 + i, k0, s, n);
          scoreGradients(s, tileGradient + i * tileRow, n, columns, logSums[q0 + i], delta[i]);
        }
        product(tile, 1, tileRow, dy, 0, rows, 0, a.valueSize, dv + k0 * valueRow, valueRow, columns, true);
        product(tileGradient, 1, tileRow, queries, 0, rows, 0, a.size, dk + k0 * keyRow, keyRow, columns, true);
        product(tileGradient, tileRow, 1, keyRows, k0, columns, 0, a.size, dq, queryRow, rows, k0 > 0);
      }
      scaleRows(dq, queryRow, rows, a.size, a.scale);
    }
  }
}

/** Calls f(b, head of keys, scratch) for every piece, with scratch memory of its thread. */
template <class F> void forEachPiece(const Attention& a, int64_t perThread, float* scratch, const F& f) {
  const int64_t pieces = a.batch * a.keyHeads;
  const int32_t threads = a.work() < 2 * parallelWork ? 1 : int32_t(smaller<int64_t>(threadCount(), pieces));
  int64_t next = 0;
  parallelThreads(threads, [&](int32_t thread, int32_t) {
    for (;;) {
      const int64_t piece = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
      if (piece >= pieces) return;
      f(piece / a.keyHeads, piece % a.keyHeads, scratch + thread * perThread);
    }
  });
}

}  // namespace

int32_t attentionScratchSize(int32_t batch, int32_t queries, int32_t keys, int32_t heads, int32_t size,
                             int32_t valueSize, int32_t backward) {
  if (backward) return int32_t(backwardSize(keys, size, valueSize) * threadCount());
  if (queries <= fewQueries) return int32_t(int64_t(batch) * heads * keys);
  return int32_t(forwardSize(keys, size, valueSize) * threadCount());
}

void attentionForward(const float* q, const float* k, const float* v, const int32_t* keyMask, const int32_t* queryMask,
                      const float* slopes, float* y, float* logSums, float* scratch, int32_t batch, int32_t queries,
                      int32_t keys, int32_t capacity, int32_t heads, int32_t keyHeads, int32_t size, int32_t valueSize,
                      int32_t offset, float scale, int32_t causal) {
  const Attention a = {q,    k,        v,    keyMask,   queryMask, slopes, batch,      queries, keys, capacity,
                       heads, keyHeads, size, valueSize, offset,    scale,  causal != 0};
  if (queries > fewQueries) {
    forEachPiece(a, forwardSize(keys, size, valueSize), scratch,
                 [&](int64_t b, int64_t hk, float* mine) { forwardPiece(a, b, hk, y, logSums, mine); });
    return;
  }
  const int64_t count = int64_t(batch) * heads;
  parallelFor(count, parallelWork * count / larger<int64_t>(1, a.work()) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; piece++) {
      for (int64_t i = 0; i < queries; i++) {
        float* const logSum = logSums ? logSums + piece * queries + i : nullptr;
        forwardRow(a, piece / heads, piece % heads, i, y, logSum, scratch + piece * keys);
      }
    }
  });
}

void attentionBackward(const float* q, const float* k, const float* v, const int32_t* keyMask, const int32_t* queryMask,
                       const float* slopes, const float* y, const float* logSums, const float* dy, float* dq, float* dk,
                       float* dv, float* scratch, int32_t batch, int32_t queries, int32_t keys, int32_t heads,
                       int32_t keyHeads, int32_t size, int32_t valueSize, int32_t offset, float scale, int32_t causal) {
  const Attention a = {q,    k,        v,    keyMask,   queryMask, slopes, batch,      queries, keys, keys,
                       heads, keyHeads, size, valueSize, offset,    scale,  causal != 0};
  const Gradients g = {y, logSums, dy, dq, dk, dv};
  forEachPiece(a, backwardSize(keys, size, valueSize), scratch,
               [&](int64_t b, int64_t hk, float* mine) { backwardPiece(a, g, b, hk, mine); });
}

}  // namespace RONDO_ARCH
