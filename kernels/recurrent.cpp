#include "recurrent.h"

#include "parallel.h"

namespace RONDO_ARCH {

int32_t recurrentThreads(int64_t multiplyAdds) {
  constexpr int64_t workPerThread = 5000000;  // a tenth of a millisecond or less: too little to share
  return int32_t(larger<int64_t>(1, smaller<int64_t>(threadCount(), multiplyAdds / workPerThread)));
}

Part partOf(const Recurrence& r, int32_t thread, int32_t threads) {
  // Cycles per step, about: a row of a panel takes two per unit; below a few rows reading the weights takes longer,
  // four times as long where they exceed the second-level cache. Meeting at a step's end costs under a microsecond, but
  // far more when other programs want the cores, so it has to save three.
  constexpr int64_t rowsPerRead = 3, meeting = 8000, secondLevelFloats = 1 << 18;
  const int64_t panels = r.panels();
  int64_t rowParts = 1, columns = 1, best = INT64_MAX;
  for (int64_t c = 1; c <= smaller<int64_t>(panels, smaller(threads, mostColumnParts)); c++) {
    const int64_t parts = smaller<int64_t>(threads / c, r.batch);
    const int64_t rows = (r.batch + parts - 1) / parts, width = (panels + c - 1) / c;
    const bool far = width * r.units * r.panelRow() > secondLevelFloats;
    const int64_t cost = 2 * r.units * width * larger(rows, far ? 4 * rowsPerRead : rowsPerRead) + (c > 1 ? meeting : 0);
    if (cost >= best) continue;
    best = cost;
    rowParts = parts;
    columns = c;
  }
  return partOfGrid(r, thread, rowParts, columns);
}

Part partOfGrid(const Recurrence& r, int64_t thread, int64_t rowParts, int64_t columns) {
  const int64_t row = thread / columns, column = thread % columns;
  Part part = {};
  part.shared = columns > 1;
  part.column = int32_t(column);
  part.columns = int32_t(columns);
  if (row >= rowParts) return part;  // nothing to do, but comes to the meetings all the same
  part.firstPanel = r.panels() * column / columns;
  part.lastPanel = r.panels() * (column + 1) / columns;
  const int64_t width = r.layout.blocks * VW;
  part.region = {r.batch * row / rowParts, r.batch * (row + 1) / rowParts, part.firstPanel * width,
                 part.lastPanel * width};
  return part;
}

// ---- weights into panels --------------------------------------------------------------------------------------------

namespace {
/** Floats that a thread should move at least. */
constexpr int64_t packGrain = 100000;
}  // namespace

void packGates(const Recurrence& r, const GateVectors& part, const float* weights, int64_t rows, float* out) {
  const int64_t width = part.count * VW;
  parallelFor(r.panels(), packGrain / (rows * width + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++)
      for (int v = 0; v < part.count; v++)
        copyPadded(weights + r.column(part, p, v), r.weightRow(), rows, r.lanes(p, v), out + p * rows * width + v * VW,
                   width, VW);
  });
}

void unpackGates(const Recurrence& r, const GateVectors& part, const float* panels, int64_t row, int64_t rows,
                 float* weights) {
  parallelFor(r.panels(), packGrain / (rows * row + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++)
      for (int v = 0; v < part.count; v++)
        copyPadded(panels + p * rows * row + v * VW, row, rows, r.lanes(p, v), weights + r.column(part, p, v),
                   r.weightRow(), 0);
  });
}

int64_t packedTransposedSize(const Recurrence& r, const GateVectors& part, int64_t rows) {
  return (rows + VW - 1) / VW * VW * r.panels() * part.count * VW;
}

void packGatesTransposed(const Recurrence& r, const GateVectors& part, const float* weights, int64_t rows, float* out) {
  const int64_t depth = r.panels() * part.count * VW, blocks = (rows + PW - 1) / PW;
  parallelFor(blocks * part.count, packGrain * part.count / (PW * depth + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t first = i / part.count * PW, columns = smaller<int64_t>(PW, rows - first);
      const int64_t width = panelVectors(columns) * VW;
      const int v = int(i % part.count);
      for (int64_t p = 0; p < r.panels(); p++)
        transposePadded(weights + first * r.weightRow() + r.column(part, p, v), r.weightRow(), columns, r.lanes(p, v),
                        out + first * depth + (p * part.count + v) * VW * width, width, VW, width);
    }
  });
}

// ---- rows in and out ------------------------------------------------------------------------------------------------

void loadState(const Recurrence& r, const float* source, int64_t first, int64_t last, float* state) {
  const int64_t row = r.unitRow();
  if (source)
    return copyPadded(source + first * r.units, r.units, last - first, r.units, state + first * row, row, row);
  zeroBytes(state + first * row, size_t((last - first) * row) * sizeof(float));
}

void storeState(const Recurrence& r, const float* state, int64_t first, int64_t last, float* out) {
  if (out)
    copyPadded(state + first * r.unitRow(), r.unitRow(), last - first, r.units, out + first * r.units, r.units, 0);
}

void gatherInputs(const Recurrence& r, const float* x, int64_t s, int64_t first, int64_t last, float* out) {
  copyPadded(x + r.at(first, s) * r.inputs, r.time * r.inputs, last - first, r.inputs, out, r.inputRow(), 0);
}

void scatterInputs(const Recurrence& r, const float* rows, int64_t s, int64_t first, int64_t last, float* x) {
  copyPadded(rows, r.inputRow(), last - first, r.inputs, x + r.at(first, s) * r.inputs, r.time * r.inputs, 0);
}

void findFirstValid(const Recurrence& r, int32_t* firstValid) {
  if (!r.mask) return;
  for (int64_t b = 0; b < r.batch; b++) {
    int64_t s = 0;
    while (s < r.time && r.isMasked(b, s)) s++;
    firstValid[b] = int32_t(s);
  }
}

void storeOutputs(const Recurrence& r, const int32_t* firstValid, const float* h, int64_t s, const Region& region,
                  float* y) {
  if (!r.sequences && s < r.time - 1) return;
  const int64_t count = smaller(region.to, r.units) - region.from;
  for (int64_t b = region.first; b < region.last; b++) {
    float* out = y + (r.sequences ? b * r.time + s : b) * r.units + region.from;
    if (showsState(r, firstValid, b, s)) {
      copyPadded(h + b * r.unitRow() + region.from, 0, 1, count, out, 0, 0);
    } else {
      zeroBytes(out, size_t(count) * sizeof(float));
    }
  }
}

void addOutputGradients(const Recurrence& r, const int32_t* firstValid, const float* dy, int64_t s,
                        const Region& region, float* dh) {
  if (!dy || (!r.sequences && s < r.time - 1)) return;
  const int64_t to = smaller(region.to, r.units), whole = to / VW * VW;
  for (int64_t b = region.first; b < region.last; b++) {
    if (!showsState(r, firstValid, b, s)) continue;
    const float* from = dy + (r.sequences ? b * r.time + s : b) * r.units;
    float* out = dh + b * r.unitRow();
    for (int64_t j = region.from; j < whole; j += VW) store(out + j, load(out + j) + load(from + j));
    for (int64_t j = whole; j < to; j++) out[j] += from[j];
  }
}

bool allMasked(const Recurrence& r, int64_t s, int64_t first, int64_t last) {
  if (!r.mask) return false;
  for (int64_t b = first; b < last; b++)
    if (!r.isMasked(b, s)) return false;
  return true;
}

void holdMasked(const Recurrence& r, const float* before, int64_t s, const Region& region, float* state) {
  if (!r.mask) return;
  for (int64_t b = region.first; b < region.last; b++) {
    const int64_t at = b * r.unitRow() + region.from;
    if (r.isMasked(b, s)) copyPadded(before + at, 0, 1, region.to - region.from, state + at, 0, 0);
  }
}

void multiplyState(const Recurrence& r, const float* state, const float* factor, const Region& region, float* out,
                   bool accumulate) {
  const int64_t end = smaller(region.to, r.units);
  for (int64_t b = region.first; b < region.last; b++) {
    const float* a = state + b * r.unitRow();
    const float* by = factor ? factor + b * r.units : nullptr;
    float* to = out + b * r.unitRow();
    for (int64_t j = region.from; j < end; j += VW) {
      Vec f = splat(1.0f);
      if (by) f = j + VW <= r.units ? load(by + j) : loadPartial(by + j, int(r.units - j));
      store(to + j, mulAdd(load(a + j), f, accumulate ? load(to + j) : Vec{}));
    }
  }
}

}  // namespace RONDO_ARCH
