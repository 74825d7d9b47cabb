// Simple recurrent network over whole sequences (Elman 1990): h' = activation(x W + h R + bias).
#include "cell.h"

namespace RONDO_ARCH {
namespace {

/** The order of opCodes.activation in src/backend/kernels.ts. */
enum Activation { Linear, Tanh, Relu, Sigmoid };

template <int ACTIVATION> RONDO_NOINLINE void cellForward(const CellForward& s) {
  for (int64_t m = 0; m < s.rows; m++)
    for (int64_t j = 0; j < s.panelRow; j += VW) {
      const Vec z = load(s.z + m * s.panelRow + j);
      Vec h = z;
      if constexpr (ACTIVATION == Tanh) h = vtanh(z);
      if constexpr (ACTIVATION == Relu) h = atLeast(z, Vec{});
      if constexpr (ACTIVATION == Sigmoid) h = vsigmoid(z);
      store(s.h + m * s.unitRow + j, h);
    }
}

/** The derivatives follow from h, so no gates are saved. */
template <int ACTIVATION> RONDO_NOINLINE void cellBackward(const CellBackward& s) {
  const Vec one = splat(1.0f);
  for (int64_t m = 0; m < s.rows; m++)
    for (int64_t j = 0; j < s.panelRow; j += VW) {
      float* dz = s.dz + m * s.panelRow + j;
      if (s.masked && s.masked[m]) {
        store(dz, Vec{});
        continue;
      }
      const Vec h = load(s.h + m * s.unitRow + j), dh = load(s.dh + m * s.unitRow + j);
      if constexpr (ACTIVATION == Linear) store(dz, dh);
      if constexpr (ACTIVATION == Tanh) store(dz, dh * (one - h * h));
      if constexpr (ACTIVATION == Relu) store(dz, choose(h > Vec{}, dh, Vec{}));
      if constexpr (ACTIVATION == Sigmoid) store(dz, dh * h * (one - h));
      store(s.dh + m * s.unitRow + j, Vec{});
    }
}

template <int ACTIVATION> constexpr Cell cellOf() {
  return {cellForward<ACTIVATION>, cellBackward<ACTIVATION>, nullptr, nullptr, false, false, false};
}
constexpr Cell cells[] = {cellOf<Linear>(), cellOf<Tanh>(), cellOf<Relu>(), cellOf<Sigmoid>()};

Recurrence recurrence(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t sequences = 0,
                      int32_t goBackwards = 0, int32_t zeroOutputForMask = 0, const int32_t* mask = nullptr,
                      bool indexed = false) {
  // Panels of up to four vectors, about equally wide.
  const int vectors = larger(1, (units + VW - 1) / VW), panels = (vectors + 3) / 4;
  const int wide = (vectors + panels - 1) / panels;
  const CellLayout layout = {1, wide, wide, {0, wide, {}}, {0, wide, {}}, {}};
  return {layout, batch, time, indexed ? 0 : inputs, units, sequences != 0, goBackwards != 0, zeroOutputForMask != 0,
          mask, inputs};
}

}  // namespace

void rnnForward(int32_t activation, const float* x, const int32_t* indices, const float* kernel, const float* recurrent,
                const float* bias, const float* h0, const int32_t* mask, const float* recurrentMask, float* y,
                float* hT, float* saved, float* packed, float* scratch, int32_t batch, int32_t time,
                int32_t inputs, int32_t units, int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runForward(cells[activation],
             recurrence(batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask, indices),
             {x, indices, kernel, recurrent, bias, h0, nullptr, recurrentMask, y, hT, nullptr, saved, packed,
              scratch});
}

void rnnBackward(int32_t activation, const float* x, const int32_t* indices, const float* kernel,
                 const float* recurrent, const float*, const int32_t* mask, const float* recurrentMask,
                 const float* saved, const float* dy, const float* dhT, float* dx, float* dKernel, float* dRecurrent,
                 float* dBias, float* dh0, float* scratch, int32_t batch, int32_t time, int32_t inputs, int32_t units,
                 int32_t sequences, int32_t goBackwards, int32_t zeroOutputForMask) {
  runBackward(cells[activation],
              recurrence(batch, time, inputs, units, sequences, goBackwards, zeroOutputForMask, mask, indices),
              {x, indices, kernel, recurrent, recurrentMask, saved, dy, dhT, nullptr, dx, dKernel, dRecurrent, dBias,
               dh0, nullptr, scratch});
}

int32_t rnnSavedSize(int32_t batch, int32_t time, int32_t inputs, int32_t units) {
  return savedSize(cells[Tanh], recurrence(batch, time, inputs, units));
}

int32_t rnnScratchSize(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t backward, int32_t indexed,
                       int32_t packed) {
  const Recurrence r = recurrence(batch, time, inputs, units, 0, 0, 0, nullptr, indexed != 0);
  return backward ? backwardScratchSize(cells[Tanh], r) : forwardScratchSize(cells[Tanh], r, packed != 0);
}

int32_t rnnPackedSize(int32_t batch, int32_t time, int32_t inputs, int32_t units, int32_t indexed) {
  const Recurrence r = recurrence(batch, time, inputs, units, 0, 0, 0, nullptr, indexed != 0);
  return r.rows() <= fewRows ? 0 : PackedWeights(r, nullptr).size;
}

}  // namespace RONDO_ARCH
