#include "recurrent.h"

#include "parallel.h"

namespace RONDO_ARCH {

int32_t recurrentThreads(int64_t multiplyAdds) {
  constexpr int64_t workPerThread = 1000000;  // less is done before another thread has woken up
  return int32_t(larger<int64_t>(1, smaller<int64_t>(threadCount(), multiplyAdds / workPerThread)));
}

// ---- weights into panels ------------------------------------------------------------------------------------------------

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

// ---- rows in and out ------------------------------------------------------------------------------------------------------

void loadState(const Recurrence& r, const float* source, int64_t first, int64_t last, float* state) {
  const int64_t row = r.unitRow();
  if (source) return copyPadded(source + first * r.units, r.units, last - first, r.units, state + first * row, row, row);
  zeroBytes(state + first * row, size_t((last - first) * row) * sizeof(float));
}

void storeState(const Recurrence& r, const float* state, int64_t first, int64_t last, float* out) {
  if (out) copyPadded(state + first * r.unitRow(), r.unitRow(), last - first, r.units, out + first * r.units, r.units, 0);
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

void storeOutputs(const Recurrence& r, const int32_t* firstValid, const float* h, int64_t s, int64_t first, int64_t last,
                  float* y) {
  if (!r.sequences && s < r.time - 1) return;
  for (int64_t b = first; b < last; b++) {
    float* out = y + (r.sequences ? b * r.time + s : b) * r.units;
    if (showsState(r, firstValid, b, s)) {
      copyPadded(h + b * r.unitRow(), 0, 1, r.units, out, 0, 0);
    } else {
      zeroBytes(out, size_t(r.units) * sizeof(float));
    }
  }
}

void addOutputGradients(const Recurrence& r, const int32_t* firstValid, const float* dy, int64_t s, int64_t first,
                        int64_t last, float* dh) {
  if (!dy || (!r.sequences && s < r.time - 1)) return;
  const int64_t whole = r.units / VW * VW;
  for (int64_t b = first; b < last; b++) {
    if (!showsState(r, firstValid, b, s)) continue;
    const float* from = dy + (r.sequences ? b * r.time + s : b) * r.units;
    float* to = dh + b * r.unitRow();
    for (int64_t j = 0; j < whole; j += VW) store(to + j, load(to + j) + load(from + j));
    for (int64_t j = whole; j < r.units; j++) to[j] += from[j];
  }
}

bool allMasked(const Recurrence& r, int64_t s, int64_t first, int64_t last) {
  if (!r.mask) return false;
  for (int64_t b = first; b < last; b++)
    if (!r.isMasked(b, s)) return false;
  return true;
}

void holdMasked(const Recurrence& r, const float* before, int64_t s, int64_t first, int64_t last, float* state) {
  if (!r.mask) return;
  for (int64_t b = first; b < last; b++)
    if (r.isMasked(b, s)) copyPadded(before + b * r.unitRow(), 0, 1, r.unitRow(), state + b * r.unitRow(), 0, 0);
}

void multiplyState(const Recurrence& r, const float* state, const float* factor, int64_t first, int64_t last, float* out,
                   bool accumulate) {
  for (int64_t b = first; b < last; b++) {
    const float* a = state + b * r.unitRow();
    const float* by = factor ? factor + b * r.units : nullptr;
    float* to = out + b * r.unitRow();
    for (int64_t j = 0; j < r.units; j += VW) {
      Vec f = splat(1.0f);
      if (by) f = j + VW <= r.units ? load(by + j) : loadPartial(by + j, int(r.units - j));
      store(to + j, mulAdd(load(a + j), f, accumulate ? load(to + j) : Vec{}));
    }
  }
}

}  // namespace RONDO_ARCH
