// Running a recurrent cell over whole sequences, forward and backward: everything but the cell's own formulas.
//
// Forward projects the inputs of some steps at once, then takes the steps one by one: a product with the recurrent
// weights, which stay in the cache, and the cell's non-linearities on its result. Threads share the sequences of the
// batch, so they never wait for each other over time; where sequences are few, threads share units too and meet at every
// step. Backward walks from the last step to the first and turns the gate gradients of every few hundred rows into input
// and weight gradients while they are still in the cache.
#pragma once
#include "recurrent.h"

namespace RONDO_ARCH {

/** One panel of one step; matrices of units have rows of unitRow, gates of panelRow. */
struct CellForward {
  int64_t rows, unitRow, panelRow;
  float* z;              // [rows, panelRow]: x W + h R + bias, in the cell's layout; free to be overwritten
  const float* hBefore;  // [rows, unitRow]
  const float* cBefore;
  float* h;
  float* c;
  float* gates;  // [rows, panelRow]: what the cell wants to see again in backward; null in inference
};

/**
 * One panel of one step backward. On entry dh and dc are the gradients of the loss by the state after the step; the
 * cell writes dz, and leaves in dh and dc what reaches the state before other than through the recurrent product.
 * Masked rows have dz = 0 and leave dh and dc as they are.
 */
struct CellBackward {
  int64_t rows, unitRow, panelRow;
  const float* gates;
  const float* hBefore;
  const float* cBefore;
  const float* h;
  const float* c;
  const int32_t* masked;  // [rows], null if none is
  float* dh;
  float* dc;
  float* dz;  // [rows, panelRow]
};

/** Before the candidate's product: z and r in z [rows, panelRow] become sigmoids, and reset = r h. */
struct CellReset {
  int64_t rows, unitRow, panelRow;
  const float* h;
  float* z;
  float* reset;  // [rows, unitRow]
};

/** Backward: dReset by r h becomes that by h alone, dz of r is written, and reset = r h computed again. */
struct CellResetBackward {
  int64_t rows, unitRow, panelRow;
  const float* gates;
  const float* h;
  float* dReset;
  float* dz;
  float* reset;
};

struct Cell {
  void (*forward)(const CellForward&);
  void (*backward)(const CellBackward&);
  void (*reset)(const CellReset&);  // both only if the layout has a candidate
  void (*resetBackward)(const CellResetBackward&);
  bool hasMemory;  // a second state, c
  bool savesGates;
  bool splitBias;  // bias [2, gates * units]: a row for the input, a row for the recurrent product
};

/** Arguments of a forward call, as in the contract; c0 and cT only with hasMemory. */
struct ForwardCall {
  const float* x;
  const int32_t* indices;  // [batch, time]: rows of the kernel, in place of x times the kernel; else null
  const float *kernel, *recurrent, *bias, *h0, *c0, *recurrentMask;
  float *y, *hT, *cT, *saved;
  float* packed;  // PackedWeights that are kept from call to call, or null
  float* scratch;
};
void runForward(const Cell& cell, const Recurrence& r, const ForwardCall& call);

struct BackwardCall {
  const float* x;
  const int32_t* indices;  // see ForwardCall
  const float *kernel, *recurrent, *recurrentMask, *saved, *dy, *dhT, *dcT;
  float *dx, *dKernel, *dRecurrent, *dBias, *dh0, *dc0, *scratch;
};
void runBackward(const Cell& cell, const Recurrence& r, const BackwardCall& call);

/** Sizes in floats of `saved` and `scratch`; `packed`: the packed weights have memory of their own. */
int32_t savedSize(const Cell& cell, const Recurrence& r);
int32_t forwardScratchSize(const Cell& cell, const Recurrence& r, bool packed);
int32_t backwardScratchSize(const Cell& cell, const Recurrence& r);

/** What backward needs from forward. */
struct Saved {
  float* gates;  // [panels, time * batch, panelRow]
  float* c;      // [time + 1, batch, unitRow], from the initial state on
  float* h;      // likewise
  int32_t size;

  Saved(const Cell& cell, const Recurrence& r, float* memory) {
    Scratch part(memory);
    const int64_t states = (r.time + 1) * r.batch * r.unitRow();
    gates = part.take(cell.savesGates ? r.panels() * r.rows() * r.panelRow() : 0);
    c = part.take(cell.hasMemory ? states : 0);
    h = part.take(states);
    size = part.size();
  }
};

}  // namespace RONDO_ARCH
