// LSTM over whole sequences (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), gates i, f, c, o:
//   z = x W + h R + bias;  i, f, o = sigmoid(z_i, z_f, z_o);  g = tanh(z_c);  c' = f c + i g;  h' = o tanh(c')
#include "cell.h"

namespace RONDO_ARCH {
namespace {

constexpr CellLayout layout = {4, 4, 1, {0, 4, {0, 1, 2, 3}}, {0, 4, {0, 1, 2, 3}}, {}};

/** Saves i, f, g, o. */
RONDO_NOINLINE void cellForward(const CellForward& s) {
  float* const gates = s.gates ? s.gates : s.z;
  for (int64_t m = 0; m < s.rows; m++) {
    const float* z = s.z + m * s.panelRow;
    Vec x[4] = {load(z), load(z + VW), load(z + 3 * VW), load(z + 2 * VW)};
    squash<3, 1>(x);
    const Vec i = x[0], f = x[1], o = x[2], g = x[3];
    float* to = gates + m * s.panelRow;
    store(to, i);
    store(to + VW, f);
    store(to + 2 * VW, g);
    store(to + 3 * VW, o);
    store(s.c + m * s.unitRow, mulAdd(f, load(s.cBefore + m * s.unitRow), i * g));
  }
  together<4>(s.rows, [&](auto group, int64_t m) {
    Vec c[group.size];
    RONDO_UNROLL for (int i = 0; i < group.size; i++) c[i] = load(s.c + (m + i) * s.unitRow);
    squash<0, group.size>(c);
    RONDO_UNROLL for (int i = 0; i < group.size; i++) {
      store(s.h + (m + i) * s.unitRow, load(gates + (m + i) * s.panelRow + 3 * VW) * c[i]);
    }
  });
}

RONDO_NOINLINE void cellBackward(const CellBackward& s) {
  const Vec one = splat(1.0f);
  together<4>(s.rows, [&](auto group, int64_t first) {
    Vec squashed[group.size];
    RONDO_UNROLL for (int i = 0; i < group.size; i++) squashed[i] = load(s.c + (first + i) * s.unitRow);
    squash<0, group.size>(squashed);
    RONDO_UNROLL for (int r = 0; r < group.size; r++) {
      const int64_t m = first + r, unit = m * s.unitRow;
      const float* gates = s.gates + m * s.panelRow;
      float* dz = s.dz + m * s.panelRow;
      if (s.masked && s.masked[m]) {
        for (int v = 0; v < 4; v++) store(dz + v * VW, Vec{});
        continue;
      }
      const Vec i = load(gates), f = load(gates + VW), g = load(gates + 2 * VW), o = load(gates + 3 * VW);
      const Vec dh = load(s.dh + unit);
      const Vec dc = mulAdd(dh * o, one - squashed[r] * squashed[r], load(s.dc + unit));
      store(dz, dc * g * i * (one - i));
      store(dz + VW, dc * load(s.cBefore + unit) * f * (one - f));
      store(dz + 2 * VW, dc * i * (one - g * g));
      store(dz + 3 * VW, dh * squashed[r] * o * (one - o));
      store(s.dc + unit, dc * f);
      store(s.dh + unit, Vec{});
    }
  });
}

constexpr Cell cell = {cellForward, cellBackward, nullptr, nullptr, true, true, false};

Recurrence recurrence(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t sequences = 0,
                      int32_t goBackwards = 0, int32_t zeroOutputForMask = 0, const int32_t* mask = nullptr,
                      bool indexed = false) {
  return {layout, batch, time, indexed ? 0 : inputs, units, sequences != 0, goBackwards != 0, zeroOutputForMask != 0,
          mask, inputs};
}

}  // namespace

void lstmForward(const float* x, const int32_t* indices, const float* kernel, const float* recurrent, const float* bias,
                 const float* h0, const float* c0, const int32_t* mask, const float* recurrentMask, float* y, float* hT,
                 float* cT, float* saved, float* packed, float* scratch, int32_t batch, int32_t time,
                 int32_t inputs, int32_t units, int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runForward(cell, recurrence(batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask, indices),
             {x, indices, kernel, recurrent, bias, h0, c0, recurrentMask, y, hT, cT, saved, packed,
              scratch});
}

void lstmBackward(const float* x, const int32_t* indices, const float* kernel, const float* recurrent, const float*,
                  const float*, const int32_t* mask, const float* recurrentMask, const float* saved, const float* dy,
                  const float* dhT, const float* dcT, float* dx, float* dKernel, float* dRecurrent, float* dBias,
                  float* dh0, float* dc0, float* scratch, int32_t batch, int32_t time, int32_t inputs, int32_t units,
                  int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runBackward(cell, recurrence(batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask, indices),
              {x, indices, kernel, recurrent, recurrentMask, saved, dy, dhT, dcT, dx, dKernel, dRecurrent, dBias, dh0,
               dc0, scratch});
}

int32_t lstmSavedSize(int32_t batch, int32_t time, int32_t inputs, int32_t units) {
  return savedSize(cell, recurrence(batch, time, inputs, units));
}

int32_t lstmScratchSize(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t backward, int32_t indexed,
                        int32_t packed) {
  const Recurrence r = recurrence(batch, time, inputs, units, 0, 0, 0, nullptr, indexed != 0);
  return backward ? backwardScratchSize(cell, r) : forwardScratchSize(cell, r, packed != 0);
}

int32_t lstmPackedSize(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t indexed) {
  const Recurrence r = recurrence(batch, time, inputs, units, 0, 0, 0, nullptr, indexed != 0);
  return r.rows() <= fewRows ? 0 : PackedWeights(r, nullptr).size;
}

}  // namespace RONDO_ARCH
