// What the recurrent layers share: sizes and layout, masks, and the way into and out of the caller's matrices.
//
// Outside, everything is batch-major as in Keras: x [batch, time, inputs], y [batch, time, units]. Inside it goes step
// by step: row s * batch + b belongs to sequence b at step s. With goBackwards step s reads time - 1 - s.
//
// Gates are kept in panels: panel p holds all gates of units p * VW to (p + 1) * VW, side by side. One register tile of
// the matrix product is then exactly what the cell's non-linearities need, and a panel of gate gradients is already in
// the layout that the weight gradients want. Units are padded to whole vectors with weights of zero, to no effect.
#pragma once
#include "gemm.h"

namespace RONDO_ARCH {

/** A run of vectors in a panel's rows, and the gate each of them holds. */
struct GateVectors {
  int first, count;
  int gate[4];
};

/** How the gates of a cell lie in weights [rows, gates * units] and in the rows of a panel. */
struct CellLayout {
  int gates;
  /** Vectors per panel row. */
  int vectors;
  /** Vectors of units per panel: 1 for cells with gates; a cell without fills its panels with consecutive units. */
  int blocks;
  /** What x W and h R add to. */
  GateVectors input, recurrent;
  /** What (r h) R adds to, for a cell whose candidate waits for a reset gate r; else empty. */
  GateVectors candidate;
};

/** Sizes and flags of one call; see the contract in src/backend/kernels.ts. */
struct Recurrence {
  CellLayout layout;
  int64_t batch, time;
  int64_t inputs;  // columns of x; 0 where steps are indices of kernel rows
  int64_t units;
  bool sequences, goBackwards, zeroOutputForMask;
  const int32_t* mask;  // [batch, time] or null
  int64_t kernelRows;
  int64_t panelCount = (units + layout.blocks * VW - 1) / (layout.blocks * VW);

  int64_t rows() const { return batch * time; }
  int64_t panels() const { return panelCount; }
  int64_t panelRow() const { return layout.vectors * VW; }
  /** Length of a row of units in internal matrices: an odd number of vectors, so that columns spread over the cache. */
  int64_t unitRow() const { return (panels() * layout.blocks | 1) * VW; }
  int64_t inputRow() const { return ((inputs + VW - 1) / VW | 1) * VW; }
  int64_t weightRow() const { return layout.gates * units; }

  /** Index of (sequence, step) in matrices [batch, time]. */
  int64_t at(int64_t b, int64_t s) const { return b * time + (goBackwards ? time - 1 - s : s); }
  bool isMasked(int64_t b, int64_t s) const { return mask && !mask[at(b, s)]; }

  /** First column, in weights, of vector v of `part` in panel p; and how many of its lanes exist. */
  int64_t column(const GateVectors& part, int64_t p, int v) const { return part.gate[v] * units + firstUnit(p, v); }
  int64_t lanes(int64_t p, int v) const { return larger<int64_t>(0, smaller<int64_t>(VW, units - firstUnit(p, v))); }

 private:
  int64_t firstUnit(int64_t p, int v) const { return (p * layout.blocks + (layout.blocks > 1 ? v : 0)) * VW; }
};

/** Hands out parts of the scratch memory, aligned to cache lines; with a null base it only counts. */
struct Scratch {
  float* base;
  int64_t used = 0;

  explicit Scratch(float* memory)
      : base(reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(memory) + 63) / 64 * 64)) {}
  float* take(int64_t count) {
    float* at = base ? base + used : nullptr;
    used += (count + 15) / 16 * 16;
    return at;
  }
  int32_t size() const { return int32_t(used + 16); }  // with room for the alignment
};

/** Up to so many rows in all (a streaming step), forward uses weights where they are: packing would cost more. */
constexpr int64_t fewRows = 8;

/** The weights as forward reads them. Steps that are indices leave the kernel where it is. */
struct PackedWeights {
  int32_t* fingerprint;  // [VW], of the weights they were made from; only where they are kept
  float* kernel;     // [panels, inputs, input vectors]
  float* recurrent;  // [panels, units, recurrent vectors]
  float* candidate;  // [panels, units, candidate vectors]
  float* bias;       // [panels, panelRow]
  int32_t size;

  PackedWeights(const Recurrence& r, float* memory) {
    Scratch part(memory);
    fingerprint = reinterpret_cast<int32_t*>(part.take(VW));
    kernel = part.take(r.panels() * r.inputs * r.layout.input.count * VW);
    recurrent = part.take(r.panels() * r.units * r.layout.recurrent.count * VW);
    candidate = part.take(r.panels() * r.units * r.layout.candidate.count * VW);
    bias = part.take(r.panels() * r.panelRow());
    size = part.size();
  }
};

/** Threads worth using for so many multiply-adds. */
int32_t recurrentThreads(int64_t multiplyAdds);

/** Sequences first to last and units from to to: the part of a step's matrices [batch, unitRow] that is meant. */
struct Region {
  int64_t first, last;
  int64_t from, to;
};

/** Most threads that share the units of the same sequences. */
constexpr int32_t mostColumnParts = 8;

/**
 * What one thread does of every step: panels firstPanel to lastPanel for some sequences. Where threads share the panels
 * of the same sequences (`shared`), they wait for each other at every step; else they never do.
 */
struct Part {
  Region region;
  int64_t firstPanel, lastPanel;
  /** Which of the threads with the same sequences, and their number. */
  int32_t column, columns;
  bool shared;

  int64_t rows() const { return region.last - region.first; }
  /** Sequences that this thread alone takes for work along whole rows. */
  int64_t ownFirst() const { return region.first + rows() * column / columns; }
  int64_t ownLast() const { return region.first + rows() * (column + 1) / columns; }
};

/**
 * The part of thread `thread` of `threads`, the same whatever the direction: sequences are shared first, as that needs
 * no waiting, but few sequences leave each thread reading all weights for little work.
 */
Part partOf(const Recurrence& r, int32_t thread, int32_t threads);

/** The part of a thread when sequences are shared among `rowParts` and panels among `columns` threads. */
Part partOfGrid(const Recurrence& r, int64_t thread, int64_t rowParts, int64_t columns);

// ---- weights into panels --------------------------------------------------------------------------------------------

/** weights [rows, gates * units] -> out [panels, rows, part.count * VW]. */
void packGates(const Recurrence& r, const GateVectors& part, const float* weights, int64_t rows, float* out);

/** Back from panels whose rows are `row` long. */
void unpackGates(const Recurrence& r, const GateVectors& part, const float* panels, int64_t row, int64_t rows,
                 float* weights);

/** The transpose, for gradients: out [rows / PW, panels * part.count * VW, PW or what is left]. */
void packGatesTransposed(const Recurrence& r, const GateVectors& part, const float* weights, int64_t rows, float* out);
int64_t packedTransposedSize(const Recurrence& r, const GateVectors& part, int64_t rows);

// ---- rows in and out ------------------------------------------------------------------------------------------------
// Each for sequences first <= b < last, or for a region; internal matrices [batch, unitRow] are passed from their
// beginning.

/** state = source [batch, units], zeros if null. */
void loadState(const Recurrence& r, const float* source, int64_t first, int64_t last, float* state);
/** Nothing if out is null. */
void storeState(const Recurrence& r, const float* state, int64_t first, int64_t last, float* out);

/** The inputs of one step: out [last - first, inputRow]. */
void gatherInputs(const Recurrence& r, const float* x, int64_t s, int64_t first, int64_t last, float* out);
/** The reverse. */
void scatterInputs(const Recurrence& r, const float* rows, int64_t s, int64_t first, int64_t last, float* x);

/** For each sequence, the first step that is not masked (time if there is none). Nothing without a mask. */
void findFirstValid(const Recurrence& r, int32_t* firstValid);

/** y at a step shows the state, unless masked before the first valid step or masked outputs are zeroed. */
RONDO_INLINE bool showsState(const Recurrence& r, const int32_t* firstValid, int64_t b, int64_t s) {
  return !r.isMasked(b, s) || (!r.zeroOutputForMask && s > firstValid[b]);
}
/** Writes the outputs of step s from its states. */
void storeOutputs(const Recurrence& r, const int32_t* firstValid, const float* h, int64_t s, const Region& region,
                  float* y);
/** dh += the output gradients of step s; nothing if dy is null. */
void addOutputGradients(const Recurrence& r, const int32_t* firstValid, const float* dy, int64_t s,
                        const Region& region, float* dh);

/** Whether step s is masked for all sequences: then nothing happens. */
bool allMasked(const Recurrence& r, int64_t s, int64_t first, int64_t last);

/** Masked sequences keep the state from before step s. */
void holdMasked(const Recurrence& r, const float* before, int64_t s, const Region& region, float* state);

/** out = state * factor [batch, units], or += it; a null factor is 1. */
void multiplyState(const Recurrence& r, const float* state, const float* factor, const Region& region, float* out,
                   bool accumulate);

}  // namespace RONDO_ARCH
