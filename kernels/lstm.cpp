// LSTM over whole sequences (Hochreiter & Schmidhuber 1997, forget gate of Gers et al. 2000), gates i, f, c, o as in Keras:
//   z = x W + h R + bias;  i, f, o = sigmoid(z_i, z_f, z_o);  g = tanh(z_c);  c' = f c + i g;  h' = o tanh(c')
#include "cell.h"

namespace RONDO_ARCH {
namespace {

constexpr CellLayout layout = {4, 4, 1, {0, 4, {0, 1, 2, 3}}, {0, 4, {0, 1, 2, 3}}, {}};

/** Saves i, f, g, o. */
RONDO_NOINLINE void cellForward(const CellForward& s) {
  for (int64_t m = 0; m < s.rows; m++) {
    const float* z = s.z + m * s.panelRow;
    const int64_t unit = m * s.unitRow;
    const Vec i = vsigmoid(load(z)), f = vsigmoid(load(z + VW)), g = vtanh(load(z + 2 * VW));
    const Vec o = vsigmoid(load(z + 3 * VW));
    const Vec c = mulAdd(f, load(s.cBefore + unit), i * g);
    store(s.c + unit, c);
    store(s.h + unit, o * vtanh(c));
    if (s.gates) {
      float* gates = s.gates + m * s.panelRow;
      store(gates, i);
      store(gates + VW, f);
      store(gates + 2 * VW, g);
      store(gates + 3 * VW, o);
    }
  }
}

RONDO_NOINLINE void cellBackward(const CellBackward& s) {
  const Vec one = splat(1.0f);
  for (int64_t m = 0; m < s.rows; m++) {
    const float* gates = s.gates + m * s.panelRow;
    float* dz = s.dz + m * s.panelRow;
    const int64_t unit = m * s.unitRow;
    if (s.masked && s.masked[m]) {
      for (int v = 0; v < 4; v++) store(dz + v * VW, Vec{});
      continue;
    }
    const Vec i = load(gates), f = load(gates + VW), g = load(gates + 2 * VW), o = load(gates + 3 * VW);
    const Vec squashed = vtanh(load(s.c + unit)), dh = load(s.dh + unit);
    const Vec dc = mulAdd(dh * o, one - squashed * squashed, load(s.dc + unit));
    store(dz, dc * g * i * (one - i));
    store(dz + VW, dc * load(s.cBefore + unit) * f * (one - f));
    store(dz + 2 * VW, dc * i * (one - g * g));
    store(dz + 3 * VW, dh * squashed * o * (one - o));
    store(s.dc + unit, dc * f);
    store(s.dh + unit, Vec{});
  }
}

constexpr Cell cell = {cellForward, cellBackward, nullptr, nullptr, true, true, false};

Recurrence recurrence(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t sequences = 0,
                      int32_t goBackwards = 0, int32_t zeroOutputForMask = 0, const int32_t* mask = nullptr) {
  return {layout, batch, time, inputs, units, sequences != 0, goBackwards != 0, zeroOutputForMask != 0, mask};
}

}  // namespace

void lstmForward(const float* x, const float* kernel, const float* recurrent, const float* bias, const float* h0,
                 const float* c0, const int32_t* mask, const float* recurrentMask, float* y, float* hT, float* cT,
                 float* saved, float* scratch, int32_t batch, int32_t time, int32_t inputs, int32_t units,
                 int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runForward(cell, recurrence(batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask),
             {x, kernel, recurrent, bias, h0, c0, recurrentMask, y, hT, cT, saved, scratch});
}

void lstmBackward(const float* x, const float* kernel, const float* recurrent, const float*, const float*,
                  const int32_t* mask, const float* recurrentMask, const float* saved, const float* dy,
                  const float* dhT, const float* dcT, float* dx, float* dKernel, float* dRecurrent, float* dBias,
                  float* dh0, float* dc0, float* scratch, int32_t batch, int32_t time, int32_t inputs, int32_t units,
                  int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runBackward(cell, recurrence(batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask),
              {x, kernel, recurrent, recurrentMask, saved, dy, dhT, dcT, dx, dKernel, dRecurrent, dBias, dh0, dc0,
               scratch});
}

int32_t lstmSavedSize(int32_t batch, int32_t time, int32_t inputs, int32_t units) {
  return savedSize(cell, recurrence(batch, time, inputs, units));
}

int32_t lstmScratchSize(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t backward) {
  const Recurrence r = recurrence(batch, time, inputs, units);
  return backward ? backwardScratchSize(cell, r) : forwardScratchSize(cell, r);
}

}  // namespace RONDO_ARCH
