// GRU over whole sequences (Cho et al. 2014), gates z, r, h as in Keras, with z and r from sigmoids:
//   resetAfter:  c = tanh(x W_h + b_h + r (h R_h + b_rh))     otherwise:  c = tanh(x W_h + b_h + (r h) R_h)
//   h' = z h + (1 - z) c
#include "cell.h"

namespace RONDO_ARCH {
namespace {

// ---- reset after the product ----------------------------------------------------------------------------------------

/**
 * A panel row: x W_h, then z and r to which both products add, then h R_h. So the input's gates are the first three
 * vectors and the state's the last three.
 */
constexpr CellLayout layoutAfter = {3, 4, 1, {0, 3, {2, 0, 1}}, {1, 3, {0, 1, 2}}, {}};

/** Saves c, z, r, h R_h. */
RONDO_NOINLINE void forwardAfter(const CellForward& s) {
  const Vec one = splat(1.0f);
  for (int64_t m = 0; m < s.rows; m++) {
    const float* at = s.z + m * s.panelRow;
    const Vec z = vsigmoid(load(at + VW)), r = vsigmoid(load(at + 2 * VW)), fromState = load(at + 3 * VW);
    const Vec c = vtanh(mulAdd(r, fromState, load(at)));
    store(s.h + m * s.unitRow, mulAdd(z, load(s.hBefore + m * s.unitRow), (one - z) * c));
    if (s.gates) {
      float* gates = s.gates + m * s.panelRow;
      store(gates, c);
      store(gates + VW, z);
      store(gates + 2 * VW, r);
      store(gates + 3 * VW, fromState);
    }
  }
}

RONDO_NOINLINE void backwardAfter(const CellBackward& s) {
  const Vec one = splat(1.0f);
  for (int64_t m = 0; m < s.rows; m++) {
    const float* gates = s.gates + m * s.panelRow;
    float* dz = s.dz + m * s.panelRow;
    if (s.masked && s.masked[m]) {
      for (int v = 0; v < 4; v++) store(dz + v * VW, Vec{});
      continue;
    }
    const Vec c = load(gates), z = load(gates + VW), r = load(gates + 2 * VW), fromState = load(gates + 3 * VW);
    const Vec dh = load(s.dh + m * s.unitRow);
    const Vec dCandidate = dh * (one - z) * (one - c * c);
    store(dz, dCandidate);
    store(dz + VW, dh * (load(s.hBefore + m * s.unitRow) - c) * z * (one - z));
    store(dz + 2 * VW, dCandidate * fromState * r * (one - r));
    store(dz + 3 * VW, dCandidate * r);
    store(s.dh + m * s.unitRow, dh * z);
  }
}

// ---- reset before the product ---------------------------------------------------------------------------------------

/** A panel row: the candidate, z, r. The product of the candidate waits for r of all units. */
constexpr CellLayout layoutBefore = {3, 3, 1, {0, 3, {2, 0, 1}}, {1, 2, {0, 1}}, {0, 1, {2}}};

RONDO_NOINLINE void resetBefore(const CellReset& s) {
  for (int64_t m = 0; m < s.rows; m++) {
    float* z = s.z + m * s.panelRow;
    const Vec r = vsigmoid(load(z + 2 * VW));
    store(z + VW, vsigmoid(load(z + VW)));
    store(z + 2 * VW, r);
    store(s.reset + m * s.unitRow, r * load(s.h + m * s.unitRow));
  }
}

/** Saves c, z, r. */
RONDO_NOINLINE void forwardBefore(const CellForward& s) {
  const Vec one = splat(1.0f);
  for (int64_t m = 0; m < s.rows; m++) {
    const float* at = s.z + m * s.panelRow;
    const Vec c = vtanh(load(at)), z = load(at + VW);
    store(s.h + m * s.unitRow, mulAdd(z, load(s.hBefore + m * s.unitRow), (one - z) * c));
    if (s.gates) {
      float* gates = s.gates + m * s.panelRow;
      store(gates, c);
      store(gates + VW, z);
      store(gates + 2 * VW, load(at + 2 * VW));
    }
  }
}

RONDO_NOINLINE void backwardBefore(const CellBackward& s) {
  const Vec one = splat(1.0f);
  for (int64_t m = 0; m < s.rows; m++) {
    const float* gates = s.gates + m * s.panelRow;
    float* dz = s.dz + m * s.panelRow;
    if (s.masked && s.masked[m]) {
      for (int v = 0; v < 3; v++) store(dz + v * VW, Vec{});
      continue;
    }
    const Vec c = load(gates), z = load(gates + VW), dh = load(s.dh + m * s.unitRow);
    store(dz, dh * (one - z) * (one - c * c));
    store(dz + VW, dh * (load(s.hBefore + m * s.unitRow) - c) * z * (one - z));
    store(s.dh + m * s.unitRow, dh * z);
  }
}

/** Masked rows need no care: their dReset is zero. */
RONDO_NOINLINE void resetBackwardBefore(const CellResetBackward& s) {
  const Vec one = splat(1.0f);
  for (int64_t m = 0; m < s.rows; m++) {
    const Vec r = load(s.gates + m * s.panelRow + 2 * VW), h = load(s.h + m * s.unitRow);
    const Vec dReset = load(s.dReset + m * s.unitRow);
    store(s.dz + m * s.panelRow + 2 * VW, dReset * h * r * (one - r));
    store(s.dReset + m * s.unitRow, dReset * r);
    store(s.reset + m * s.unitRow, r * h);
  }
}

// ---- both -----------------------------------------------------------------------------------------------------------

constexpr Cell cells[] = {
    {forwardBefore, backwardBefore, resetBefore, resetBackwardBefore, false, true, false},
    {forwardAfter, backwardAfter, nullptr, nullptr, false, true, true},
};

Recurrence recurrence(int32_t resetAfter, int32_t batch, int32_t time, int32_t inputs, int32_t units,
                      int32_t sequences = 0, int32_t goBackwards = 0, int32_t zeroOutputForMask = 0,
                      const int32_t* mask = nullptr, bool indexed = false) {
  const CellLayout& layout = resetAfter ? layoutAfter : layoutBefore;
  return {layout, batch, time, indexed ? 0 : inputs, units, sequences != 0, goBackwards != 0, zeroOutputForMask != 0,
          mask, inputs};
}

}  // namespace

void gruForward(int32_t resetAfter, const float* x, const int32_t* indices, const float* kernel, const float* recurrent,
                const float* bias, const float* h0, const int32_t* mask, const float* recurrentMask, float* y,
                float* hT, float* saved, float* packed, float* scratch, int32_t batch, int32_t time,
                int32_t inputs, int32_t units, int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runForward(cells[resetAfter != 0],
             recurrence(resetAfter, batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask, indices),
             {x, indices, kernel, recurrent, bias, h0, nullptr, recurrentMask, y, hT, nullptr, saved, packed,
              scratch});
}

void gruBackward(int32_t resetAfter, const float* x, const int32_t* indices, const float* kernel,
                 const float* recurrent, const float*, const float*, const int32_t* mask, const float* recurrentMask,
                 const float* saved, const float* dy, const float* dhT, float* dx, float* dKernel, float* dRecurrent,
                 float* dBias, float* dh0, float* scratch, int32_t batch, int32_t time, int32_t inputs, int32_t units,
                 int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runBackward(cells[resetAfter != 0],
              recurrence(resetAfter, batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask, indices),
              {x, indices, kernel, recurrent, recurrentMask, saved, dy, dhT, nullptr, dx, dKernel, dRecurrent, dBias,
               dh0, nullptr, scratch});
}

int32_t gruSavedSize(int32_t resetAfter, int32_t batch, int32_t time, int32_t inputs, int32_t units) {
  return savedSize(cells[resetAfter != 0], recurrence(resetAfter, batch, time, inputs, units));
}

int32_t gruScratchSize(int32_t resetAfter, int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t backward,
                       int32_t indexed, int32_t packed) {
  const Recurrence r = recurrence(resetAfter, batch, time, inputs, units, 0, 0, 0, nullptr, indexed != 0);
  const Cell& cell = cells[resetAfter != 0];
  return backward ? backwardScratchSize(cell, r) : forwardScratchSize(cell, r, packed != 0);
}

int32_t gruPackedSize(int32_t resetAfter, int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t indexed) {
  const Recurrence r = recurrence(resetAfter, batch, time, inputs, units, 0, 0, 0, nullptr, indexed != 0);
  return r.rows() <= fewRows ? 0 : PackedWeights(r, nullptr).size;
}

}  // namespace RONDO_ARCH
