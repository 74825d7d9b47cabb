#include "cell.h"
#include "parallel.h"

namespace RONDO_ARCH {
namespace {

/** Rows of input projected at a time: the result is consumed while it is still in the cache. */
constexpr int64_t projectedRows = 192;
/** Multiply-adds of a thread that are worth calling it within a step: four microseconds, meeting takes one. */
constexpr int64_t briefWork = 100000;
/** Multiply-adds worth the fifty microseconds that a sleeping thread takes to come. */
constexpr int64_t longWork = 1500000;

struct ForwardScratch {
  int64_t steps;        // projected at a time
  float* packed;        // PackedWeights
  float* inputs;        // [steps * batch, inputRow], the rows of a thread together
  float* projected;     // [panels, steps * batch, panelRow], likewise
  float* z;             // [batch, 2 gates * units], only for few rows
  float* tile;          // [column parts, batch, panelRow], or [panels, …] where all panels are needed at once
  int64_t tilePart;     // from one column part to the next, or 0
  int64_t tilePanel;    // from one panel to the next, or 0
  float* c;             // [2, batch, unitRow], used if nothing is saved
  float* h;             // likewise
  float* masked;        // likewise: h times the recurrent mask
  float* reset;         // [batch, unitRow]: r h
  int32_t* firstValid;  // [batch]
  int32_t size;

  ForwardScratch(const Cell& cell, const Recurrence& r, bool arePacked, float* memory) {
    Scratch part(memory);
    const bool few = r.rows() <= fewRows;
    const int64_t states = r.batch * r.unitRow();
    steps = few ? 0 : smaller(r.time, (projectedRows + r.batch - 1) / r.batch);
    packed = part.take(few || arePacked ? 0 : PackedWeights(r, nullptr).size);
    inputs = part.take(r.inputs > 0 ? steps * r.batch * r.inputRow() : 0);
    projected = part.take(r.panels() * steps * r.batch * r.panelRow());
    z = part.take(few ? r.batch * 2 * r.weightRow() : 0);
    tilePanel = few || r.layout.candidate.count > 0 ? r.batch * r.panelRow() : 0;
    tilePart = tilePanel > 0 ? 0 : r.batch * r.panelRow();
    tile = part.take(r.panels() * tilePanel + smaller<int64_t>(r.panels(), mostColumnParts) * tilePart);
    c = part.take(cell.hasMemory ? 2 * states : 0);
    h = part.take(2 * states);
    masked = part.take(2 * states);
    reset = part.take(r.layout.candidate.count > 0 ? states : 0);
    firstValid = reinterpret_cast<int32_t*>(part.take(r.batch));
    size = part.size();
  }
};

/** The states after each step: all of them if they are saved, else the last two. */
struct States {
  float* base;
  int64_t length;
  bool all;
  float* after(int64_t s) const { return base + (all ? s + 1 : (s + 1) & 1) * length; }
};

/** A polynomial of the words of each lane, modulo 2^32. */
struct Fingerprint {
  VecInt sums[4];
  const VecInt base = splatInt(int32_t(0x9e3779b1));

  explicit Fingerprint(int64_t start) {
    for (VecInt& sum : sums) sum = splatInt(int32_t(start));
  }
  void add(const float* x, int64_t n) {
    const int32_t* words = reinterpret_cast<const int32_t*>(x);
    int64_t i = 0;
    for (; i + 4 * VW <= n; i += 4 * VW) {
      RONDO_UNROLL for (int v = 0; v < 4; v++) sums[v] = sums[v] * base + loadInt(words + i + v * VW);
    }
    for (; i < n; i++) sums[0] = sums[0] * base + splatInt(words[i]);
  }
  VecInt value() const { return ((sums[0] * base + sums[1]) * base + sums[2]) * base + sums[3]; }
};

struct Forward {
  const Cell& cell;
  const Recurrence& r;
  const ForwardCall& call;
  ForwardScratch scratch;
  PackedWeights weights;
  float* gates;  // null in inference
  States c, h, masked;

  void packWeights() const {
    if (r.inputs > 0) packGates(r, r.layout.input, call.kernel, r.inputs, weights.kernel);
    packGates(r, r.layout.recurrent, call.recurrent, r.units, weights.recurrent);
    packGates(r, r.layout.candidate, call.recurrent, r.units, weights.candidate);
    packBias();
  }

  /**
   * Whether kept weights still are those of this call; if not, they will be. Reading the weights takes a fifth of the
   * time that arranging them does, and finds every change, whoever made it: each of 512 bits (128 on WASM) depends on
   * all bits below it of the words of one lane, and a single changed word always changes them.
   */
  bool stillPacked() const {
    Fingerprint print(r.inputs + 1);
    if (r.inputs > 0) print.add(call.kernel, r.inputs * r.weightRow());
    print.add(call.recurrent, r.units * r.weightRow());
    if (call.bias) print.add(call.bias, r.weightRow() * (cell.splitBias ? 2 : 1));
    const VecInt now = print.value();
    int32_t different = 0;
    for (int i = 0; i < VW; i++) different |= now[i] ^ weights.fingerprint[i];
    storeInt(weights.fingerprint, now);
    return different == 0;
  }

  /** bias [panels, panelRow]; both rows of a split bias meet where both products do. */
  void packBias() const {
    zeroBytes(weights.bias, size_t(r.panels() * r.panelRow()) * sizeof(float));
    if (!call.bias) return;
    const auto add = [&](const GateVectors& part, const float* bias) {
      for (int64_t p = 0; p < r.panels(); p++)
        for (int v = 0; v < part.count; v++) {
          const int lanes = int(r.lanes(p, v));
          const float* from = bias + r.column(part, p, v);
          float* out = weights.bias + p * r.panelRow() + (part.first + v) * VW;
          store(out, load(out) + (lanes == VW ? load(from) : loadPartial(from, lanes)));
        }
    };
    add(r.layout.input, call.bias);
    if (cell.splitBias) add(r.layout.recurrent, call.bias + r.weightRow());
  }

  /** What the recurrent product multiplies at step s. */
  const float* recurrentInput(int64_t s) const { return call.recurrentMask ? masked.after(s - 1) : h.after(s - 1); }
  /** Makes it from the state before step s. */
  void maskState(int64_t s, const Region& region) const {
    if (call.recurrentMask) multiplyState(r, h.after(s - 1), call.recurrentMask, region, masked.after(s - 1), false);
  }

  float* tile(int64_t p, const Part& part) const {
    return scratch.tile + p * scratch.tilePanel + part.column * scratch.tilePart + part.region.first * r.panelRow();
  }

  /** r h for the candidate, from the panels' tiles. */
  void resetPanels(const float* before, const Part& part) const {
    for (int64_t p = part.firstPanel; p < part.lastPanel; p++) {
      const int64_t at = part.region.first * r.unitRow() + p * VW;
      cell.reset({part.rows(), r.unitRow(), r.panelRow(), before + at, tile(p, part), scratch.reset + at});
    }
  }

  /** The cells of one panel, from its tile. */
  void finishPanel(int64_t p, int64_t s, const Part& part) const {
    const int64_t first = part.region.first, at = first * r.unitRow() + p * r.layout.blocks * VW;
    cell.forward({part.rows(), r.unitRow(), r.panelRow(), tile(p, part), h.after(s - 1) + at, c.after(s - 1) + at,
                  h.after(s) + at, c.after(s) + at,
                  gates ? gates + ((p * r.time + s) * r.batch + first) * r.panelRow() : nullptr});
  }

  /** The same for all panels of few rows: those of a single sequence are like rows of one panel. */
  void finishPanels(int64_t s, const Part& part) const {
    if (r.batch != 1 || gates) {
      for (int64_t p = part.firstPanel; p < part.lastPanel; p++) finishPanel(p, s, part);
      return;
    }
    const int64_t width = r.layout.blocks * VW, at = part.region.first * r.unitRow() + part.firstPanel * width;
    cell.forward({part.lastPanel - part.firstPanel, width, r.panelRow(), tile(part.firstPanel, part),
                  h.after(s - 1) + at, c.after(s - 1) + at, h.after(s) + at, c.after(s) + at, nullptr});
  }

  /** Steps that are masked throughout need no products; with a reset gate, backward wants its value all the same. */
  bool canSkip(int64_t s, const Part& part) const {
    return r.layout.candidate.count == 0 && allMasked(r, s, part.region.first, part.region.last);
  }

  void finishStep(int64_t s, const Region& region) const {
    holdMasked(r, h.after(s - 1), s, region, h.after(s));
    if (cell.hasMemory) holdMasked(r, c.after(s - 1), s, region, c.after(s));
    maskState(s + 1, region);
    storeOutputs(r, scratch.firstValid, h.after(s), s, region, call.y);
  }

  /** Projects the inputs of some steps into rows of scratch.projected. */
  void project(int64_t start, int64_t steps, const Part& part) const {
    if (call.indices) return lookUp(start, steps, part);
    const GateVectors& in = r.layout.input;
    const int64_t first = part.region.first, rows = part.rows(), row = r.panelRow();
    float* const inputs = scratch.inputs + first * scratch.steps * r.inputRow();
    for (int64_t s = steps * part.column / part.columns; s < steps * (part.column + 1) / part.columns; s++)
      gatherInputs(r, call.x, start + s, first, part.region.last, inputs + s * rows * r.inputRow());
    if (part.shared) barrier();
    for (int64_t p = part.firstPanel; p < part.lastPanel; p++) {
      const float* bias = weights.bias + p * row;
      float* const out = projected(p, first);
      multiply({{inputs, r.inputRow(), r.inputs},
                {weights.kernel + p * r.inputs * in.count * VW, in.count * VW},
                {bias + in.first * VW, 0},
                {out + in.first * VW, row},
                in.count},
               steps * rows);
      for (int v = in.first + in.count; v < r.layout.vectors; v++)  // what only the recurrent product adds to
        for (int64_t m = 0; m < steps * rows; m++) store(out + m * row + v * VW, load(bias + v * VW));
    }
  }
  /** The same where the inputs pick rows of the kernel. */
  void lookUp(int64_t start, int64_t steps, const Part& part) const {
    const GateVectors& in = r.layout.input;
    const int64_t first = part.region.first, row = r.panelRow();
    for (int64_t p = part.firstPanel; p < part.lastPanel; p++) {
      const float* bias = weights.bias + p * row;
      float* out = projected(p, first);
      for (int64_t s = start; s < start + steps; s++)
        for (int64_t b = first; b < part.region.last; b++, out += row) {
          const float* from = call.kernel + call.indices[r.at(b, s)] * r.weightRow();
          for (int v = 0; v < r.layout.vectors; v++) {
            const int i = v - in.first;
            Vec z = load(bias + v * VW);
            if (i >= 0 && i < in.count) {
              const int64_t lanes = r.lanes(p, i);
              const float* at = from + r.column(in, p, i);
              z = z + (lanes == VW ? load(at) : loadPartial(at, int(lanes)));
            }
            store(out + v * VW, z);
          }
        }
    }
  }
  float* projected(int64_t p, int64_t first) const {
    return scratch.projected + (p * r.batch + first) * scratch.steps * r.panelRow();
  }

  /** out += state R for the gates of one part: weights [units, part.count * VW] are those of one panel. */
  void addRecurrent(const GateVectors& part, const float* state, const float* weights, const float* start, float* out,
                    int64_t rows) const {
    const int64_t row = r.panelRow(), shift = part.first * VW;
    multiply({{state, r.unitRow(), r.units},
              {weights, part.count * VW},
              {start + shift, row},
              {out + shift, row},
              part.count},
             rows);
  }

  /** All steps of one part. */
  void run(const Part& part) const {
    const GateVectors &back = r.layout.recurrent, &candidate = r.layout.candidate;
    const int64_t first = part.region.first, rows = part.rows(), row = r.panelRow(), at = first * r.unitRow();
    const int64_t panels = part.lastPanel - part.firstPanel;
    for (int64_t s = 0; s < r.time; s++) {
      const int64_t projectedStep = s % scratch.steps;
      if (projectedStep == 0) project(s, smaller(scratch.steps, r.time - s), part);
      const bool skip = canSkip(s, part);
      const float* before = recurrentInput(s);
      for (int64_t i = 0; i < panels && !skip; i++) {
        // Few rows read the weights as fast as the caches give them: back and forth, so that each step begins with what
        // the one before has left there. (More rows fetch the panel that follows in time.)
        const int64_t p = rows <= 4 && s % 2 == 1 ? part.lastPanel - 1 - i : part.firstPanel + i;
        const float* z = projected(p, first) + projectedStep * rows * row;
        for (int v = 0; v < back.first; v++)  // what h R does not add to
          for (int64_t m = 0; m < rows; m++) store(tile(p, part) + m * row + v * VW, load(z + m * row + v * VW));
        addRecurrent(back, before + at, weights.recurrent + p * r.units * back.count * VW, z, tile(p, part), rows);
        if (candidate.count == 0) finishPanel(p, s, part);
      }
      if (candidate.count > 0) {
        resetPanels(before, part);
        if (part.shared) barrier();
        for (int64_t p = part.firstPanel; p < part.lastPanel; p++) {
          addRecurrent(candidate, scratch.reset + at, weights.candidate + p * r.units * candidate.count * VW,
                       tile(p, part), tile(p, part), rows);
          finishPanel(p, s, part);
        }
      }
      finishStep(s, part.region);
      if (part.shared) barrier();
    }
  }

  /** Bias for columns from to to: of both products before the column `middle`, one for each after it. */
  void startFromBias(int64_t from, int64_t to, int64_t middle, float* z, float* fromState) const {
    const int64_t width = r.weightRow();
    const float* second = cell.splitBias && call.bias ? call.bias + width : nullptr;
    for (int64_t b = 0; b < r.batch; b++, z += width, fromState += width) {
      if (call.bias) copyPadded(call.bias + from, 0, 1, to - from, z + from, 0, 0);
      else zeroBytes(z + from, size_t(to - from) * sizeof(float));
      if (second) {
        for (int64_t n = from; n < middle; n++) z[n] += second[n];
        copyPadded(second + middle, 0, 1, to - middle, fromState + middle, 0, 0);
      } else {
        zeroBytes(fromState + middle, size_t(to - middle) * sizeof(float));
      }
    }
  }

  /** z += left weights for columns from to to, in weight order. */
  void addInPlace(const float* left, int64_t leftRow, const float* weights, int64_t depth, int64_t from, int64_t to,
                  float* z) const {
    if (from < to)
      multiplyFewRows(left, leftRow, 1, weights + from, r.weightRow(), z + from, r.weightRow(), r.batch, to - from,
                      depth);
  }

  /** z += the rows of the kernel that step s picks, for columns from to to. */
  void addRows(int64_t s, int64_t from, int64_t to, float* z) const {
    const int64_t width = r.weightRow();
    for (int64_t b = 0; b < r.batch; b++) {
      const float* row = call.kernel + call.indices[r.at(b, s)] * width;
      for (int64_t n = from; n < to; n++) z[b * width + n] += row[n];
    }
  }

  /** From weight order into the tiles: vectors first to last, which hold the gates of `gates`. */
  void fillTiles(const GateVectors& gates, const float* z, int first, int last, const Part& part) const {
    for (int64_t p = part.firstPanel; p < part.lastPanel; p++)
      for (int v = first; v < last; v++) {
        const float* from = z + r.column(gates, p, v - gates.first);
        float* out = tile(p, part) + v * VW;
        const int64_t lanes = r.lanes(p, v - gates.first);
        if (lanes == VW) {
          for (int64_t b = 0; b < r.batch; b++) store(out + b * r.panelRow(), load(from + b * r.weightRow()));
        } else {
          copyPadded(from, r.weightRow(), r.batch, lanes, out, r.panelRow(), VW);
        }
      }
  }

  /** Where the columns of thread `column` begin if `columns` threads share so many: runs as long as can be. */
  static int64_t columnsFrom(int64_t count, int64_t column, int64_t columns) {
    return smaller(count, (count + PW - 1) / PW * column / columns * PW);
  }

  /** All steps for a few rows, with the weights in place; bit for bit the same. The part has all sequences. */
  void runFew(const Part& part) const {
    const GateVectors &in = r.layout.input, &candidate = r.layout.candidate;
    const int64_t units = r.units, width = r.weightRow(), ends = width - candidate.count * units;
    // In the weights come first the gates to which both products add, then those whose products are kept apart, then
    // the candidate.
    const int64_t together = (r.layout.gates - (r.layout.vectors - in.count) - candidate.count) * units;
    const int vectorsFromInput = in.first + in.count;
    const int64_t from = columnsFrom(width, part.column, part.columns);
    const int64_t to = columnsFrom(width, part.column + 1, part.columns);
    const int64_t middle = larger(from, smaller(to, together));
    float* const z = scratch.z;
    float* const fromState = scratch.z + r.batch * width;
    for (int64_t s = 0; s < r.time; s++) {
      const float* before = recurrentInput(s);
      startFromBias(from, to, middle, z, fromState);
      if (call.indices) addRows(s, from, to, z);
      else addInPlace(call.x + r.at(0, s) * r.inputs, r.time * r.inputs, call.kernel, r.inputs, from, to, z);
      addInPlace(before, r.unitRow(), call.recurrent, units, from, smaller(middle, ends), z);
      addInPlace(before, r.unitRow(), call.recurrent, units, middle, smaller(to, ends), fromState);
      if (part.shared) barrier();
      fillTiles(in, z, 0, vectorsFromInput, part);
      fillTiles(r.layout.recurrent, fromState, vectorsFromInput, r.layout.vectors, part);
      if (candidate.count > 0) {
        resetPanels(before, part);
        if (part.shared) barrier();
        addInPlace(scratch.reset, r.unitRow(), call.recurrent, units,
                   ends + columnsFrom(width - ends, part.column, part.columns),
                   ends + columnsFrom(width - ends, part.column + 1, part.columns), z);
        if (part.shared) barrier();
        fillTiles(candidate, z, candidate.first, candidate.first + candidate.count, part);
      }
      finishPanels(s, part);
      finishStep(s, part.region);
      if (part.shared && s < r.time - 1) barrier();
    }
  }
};

}  // namespace

void runForward(const Cell& cell, const Recurrence& r, const ForwardCall& call) {
  if (r.batch == 0) return;
  if (r.time == 0 && !r.sequences) zeroBytes(call.y, size_t(r.batch * r.units) * sizeof(float));
  const ForwardScratch scratch(cell, r, call.packed != nullptr, call.scratch);
  const PackedWeights weights(r, call.packed ? call.packed : scratch.packed);
  const Saved saved(cell, r, call.saved);
  const bool keep = call.saved != nullptr;
  const int64_t length = r.batch * r.unitRow();
  float* const gates = keep && cell.savesGates ? saved.gates : nullptr;
  const States c = {keep ? saved.c : scratch.c, cell.hasMemory ? length : 0, keep};
  const States h = {keep ? saved.h : scratch.h, length, keep};
  const States masked = {scratch.masked, length, false};
  const Forward forward = {cell, r, call, scratch, weights, gates, c, h, masked};
  findFirstValid(r, scratch.firstValid);
  loadState(r, call.h0, 0, r.batch, forward.h.after(-1));
  if (cell.hasMemory) loadState(r, call.c0, 0, r.batch, forward.c.after(-1));
  forward.maskState(0, {0, r.batch, 0, r.units});
  const int64_t work = r.rows() * r.weightRow() * (r.inputs + r.units);
  if (r.rows() <= fewRows) {
    const int64_t most = smaller<int64_t>(r.panels(), mostColumnParts);
    const int64_t stepWork = work / larger<int64_t>(1, r.time);
    const int32_t worth = int32_t(smaller(most, stepWork / briefWork));
    const int32_t threads = worth < 2 ? 1 : smaller(threadCount(), worth);
    const auto run = [&](int32_t thread, int32_t count) { forward.runFew(partOfGrid(r, thread, 1, count)); };
    if (stepWork < longWork) parallelBriefly(threads, run);
    else parallelThreads(threads, run);
  } else {
    if (!call.packed || !forward.stillPacked()) forward.packWeights();
    parallelThreads(recurrentThreads(work),
                    [&](int32_t thread, int32_t threads) { forward.run(partOf(r, thread, threads)); });
  }
  storeState(r, forward.h.after(r.time - 1), 0, r.batch, call.hT);
  if (cell.hasMemory) storeState(r, forward.c.after(r.time - 1), 0, r.batch, call.cT);
}

int32_t savedSize(const Cell& cell, const Recurrence& r) { return Saved(cell, r, nullptr).size; }
int32_t forwardScratchSize(const Cell& cell, const Recurrence& r, bool packed) {
  return ForwardScratch(cell, r, packed, nullptr).size;
}

}  // namespace RONDO_ARCH
