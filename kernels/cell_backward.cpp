#include "cell.h"
#include "parallel.h"

namespace RONDO_ARCH {
namespace {

/**
 * Floats of gate gradients kept before they become weight gradients: half a megabyte, which stays in the second-level
 * cache. Keeping those of all steps is 15 to 20 % slower.
 */
constexpr int64_t chunkFloats = 1 << 17;
constexpr int64_t fewestChunkRows = 128, mostChunkRows = 512;

struct BackwardScratch {
  int64_t steps;        // in a chunk
  float* kernel;        // transposed, see packGatesTransposed
  float* recurrent;     // likewise
  float* candidate;     // likewise
  float* dBias;         // [panels, panelRow]
  float* dz;            // [panels, steps * batch, panelRow]
  float* inputs;        // [steps * batch, inputRow]
  float* dInputs;       // likewise
  float* masked;        // [steps * batch, unitRow]: h times the recurrent mask
  float* reset;         // likewise: r h
  float* dh;            // [batch, unitRow]
  float* dc;            // likewise
  float* product;       // likewise: the gradient by h times the recurrent mask
  int32_t* firstValid;  // [batch]
  int32_t* maskedRows;  // [column parts, batch]: whether the current step is masked
  int32_t size;

  BackwardScratch(const Cell& cell, const Recurrence& r, float* memory) {
    Scratch part(memory);
    const int64_t width = r.panels() * r.panelRow(), states = r.batch * r.unitRow();
    const int64_t rows = larger(fewestChunkRows, smaller(mostChunkRows, chunkFloats / larger<int64_t>(1, width)));
    steps = smaller(r.time, (rows + r.batch - 1) / larger<int64_t>(1, r.batch));
    kernel = part.take(packedTransposedSize(r, r.layout.input, r.inputs));
    recurrent = part.take(packedTransposedSize(r, r.layout.recurrent, r.units));
    candidate = part.take(packedTransposedSize(r, r.layout.candidate, r.units));
    dBias = part.take(width);
    dz = part.take(width * steps * r.batch);
    inputs = part.take(r.inputs > 0 ? steps * r.batch * r.inputRow() : 0);
    dInputs = part.take(r.inputs > 0 ? steps * r.batch * r.inputRow() : 0);
    masked = part.take(steps * states);
    reset = part.take(r.layout.candidate.count > 0 ? steps * states : 0);
    dh = part.take(states);
    dc = part.take(cell.hasMemory ? states : 0);
    product = part.take(states);
    firstValid = reinterpret_cast<int32_t*>(part.take(r.batch));
    maskedRows = reinterpret_cast<int32_t*>(part.take(mostColumnParts * r.batch));
    size = part.size();
  }
};

/** Steps whose gradients are computed together. */
struct Chunk {
  int64_t firstStep, lastStep, rows;
  bool isFirst;  // the first to be worked on
};

struct Backward {
  const Cell& cell;
  const Recurrence& r;
  const BackwardCall& call;
  BackwardScratch scratch;
  Saved saved;

  int64_t chunkRows() const { return scratch.steps * r.batch; }

  /** Whether sequences are masked at step s; null if none of them is. */
  const int32_t* findMasked(int64_t s, const Part& part) const {
    if (!r.mask) return nullptr;
    int32_t* const masked = scratch.maskedRows + part.column * r.batch + part.region.first;
    int32_t any = 0;
    for (int64_t m = 0; m < part.rows(); m++) any |= masked[m] = r.isMasked(part.region.first + m, s);
    return any ? masked : nullptr;
  }

  /** out = start + dz weights^T for the gates of one part; columns from to to of out [rows, unitRow]. */
  void propagate(const GateVectors& part, const float* dz, const float* weights, const float* start, float* out,
                 int64_t rows, int64_t from, int64_t to, bool backToFront) const {
    const int64_t depth = r.panels() * part.count * VW, row = r.panelRow(), end = smaller(to, r.units);
    const int64_t firstBlock = from / PW, blocks = (end + PW - 1) / PW - firstBlock;
    for (int64_t i = 0; i < blocks; i++) {
      const int64_t block = firstBlock + (backToFront ? blocks - 1 - i : i), n = block * PW;
      const int64_t first = larger(from, n), width = panelVectors(smaller<int64_t>(PW, r.units - n)) * VW;
      multiply({{dz + part.first * VW, row, part.count * VW, 1, r.panels(), chunkRows() * row},
                {weights + n * depth + first - n, width},
                {start ? start + first : nullptr, r.unitRow()},
                {out + first, r.unitRow()},
                panelVectors(smaller(n + PW, end) - first)},
               rows);
    }
  }

  /** One step of one part: dz, and dh, dc of the state before. */
  void runStep(int64_t s, int64_t chunkStep, const Part& part) const {
    const Region& region = part.region;
    const int64_t first = region.first, rows = part.rows(), row = r.panelRow(), unitRow = r.unitRow();
    const int64_t length = r.batch * unitRow, at = first * unitRow, chunkRow = chunkStep * r.batch;
    const int64_t memory = cell.hasMemory ? 1 : 0;
    float* const dz = scratch.dz + (chunkRow + first) * row;
    float* const dh = scratch.dh + at;
    float* const product = scratch.product + at;
    addOutputGradients(r, scratch.firstValid, call.dy, s, region, scratch.dh);
    const int32_t* masked = findMasked(s, part);
    for (int64_t p = part.firstPanel; p < part.lastPanel; p++) {
      const int64_t unit = at + p * r.layout.blocks * VW, before = s * length + unit, after = before + length;
      cell.backward({rows, unitRow, row, saved.gates + ((p * r.time + s) * r.batch + first) * row * cell.savesGates,
                     saved.h + before, saved.c + before * memory, saved.h + after, saved.c + after * memory, masked,
                     scratch.dh + unit, scratch.dc + unit * memory, dz + p * chunkRows() * row});
    }
    // The left operands of the weight gradients, while the rows are at hand.
    if (r.inputs > 0)
      gatherInputs(r, call.x, s, part.ownFirst(), part.ownLast(),
                   scratch.inputs + (chunkRow + part.ownFirst()) * r.inputRow());
    const float* recurrentInput = saved.h + s * length + at;
    if (call.recurrentMask) {
      multiplyState(r, saved.h + s * length, call.recurrentMask, region, scratch.masked + chunkRow * unitRow, false);
      recurrentInput = scratch.masked + chunkRow * unitRow + at;
    }
    if (part.shared) barrier();  // for dz of all panels
    // dh of the state before: what the cell left there, and what went through the recurrent products.
    const bool nothing = r.layout.candidate.count == 0 && allMasked(r, s, first, region.last);
    const bool direct = r.layout.candidate.count == 0 && !call.recurrentMask;
    const bool backToFront = rows <= 4 && s % 2 == 1;  // see Forward::run
    const auto through = [&](const GateVectors& gates, const float* weights, const float* start, float* out) {
      propagate(gates, dz, weights, start, out, rows, region.from, region.to, backToFront);
    };
    if (nothing) return;
    if (direct) return through(r.layout.recurrent, scratch.recurrent, dh, dh);
    if (r.layout.candidate.count > 0) {
      through(r.layout.candidate, scratch.candidate, nullptr, product);
      for (int64_t p = part.firstPanel; p < part.lastPanel; p++)
        cell.resetBackward({rows, unitRow, row, saved.gates + ((p * r.time + s) * r.batch + first) * row,
                            recurrentInput + p * VW, product + p * VW, dz + p * chunkRows() * row,
                            scratch.reset + chunkRow * unitRow + at + p * VW});
      if (part.shared) barrier();  // for dz of the reset gate
      through(r.layout.recurrent, scratch.recurrent, product, product);
    } else {
      through(r.layout.recurrent, scratch.recurrent, nullptr, product);
    }
    multiplyState(r, scratch.product, call.recurrentMask, region, scratch.dh, true);
  }

  /** dx = dz W^T for rows first to last of the chunk. */
  void inputGradients(int64_t first, int64_t last) const {
    const GateVectors& in = r.layout.input;
    const int64_t depth = r.panels() * in.count * VW, row = r.panelRow();
    for (int64_t n = 0; n < r.inputs; n += PW) {
      const int64_t columns = smaller<int64_t>(PW, r.inputs - n);
      const int vectors = panelVectors(columns);
      multiply({{scratch.dz + first * row + in.first * VW, row, in.count * VW, 1, r.panels(), chunkRows() * row},
                {scratch.kernel + n * depth, vectors * VW},
                {nullptr, 0},
                {scratch.dInputs + first * r.inputRow() + n, r.inputRow()},
                vectors},
               last - first);
    }
  }

  /**
   * Adds the chunk to the columns of panel p in a weight gradient [height, weightRow], for rows from to to: the sum over
   * the chunk's rows of left[row, :] dz[row, :]. The last chunk comes first and finds nothing to add to.
   */
  void addWeightGradient(const GateVectors& part, int64_t p, const float* left, int64_t leftRow, int64_t from,
                         int64_t to, float* gradient, const Chunk& chunk) const {
    const int64_t row = r.panelRow(), lanes = r.lanes(p, part.count - 1);
    // Units side by side end somewhere in the panel; gates are as narrow as each other.
    const bool sideBySide = r.layout.blocks > 1;
    const int vectors = sideBySide ? panelVectors(smaller<int64_t>(part.count * VW, r.units - p * part.count * VW))
                                   : part.count;
    int64_t columns[4];
    for (int v = 0; v < part.count; v++) columns[v] = r.column(part, p, v) - r.column(part, p, 0);
    float* const out = gradient + from * r.weightRow() + r.column(part, p, 0);
    multiply({{left + from, 1, chunk.rows, leftRow},
              {scratch.dz + p * chunkRows() * row + part.first * VW, row},
              {chunk.isFirst ? nullptr : out, r.weightRow()},
              {out, r.weightRow()},
              vectors,
              int(sideBySide ? r.lanes(p, vectors - 1) : lanes),
              sideBySide ? nullptr : columns},
             to - from);
  }

  void addBiasGradient(int64_t p, const Chunk& chunk) const {
    const int64_t row = r.panelRow();
    float* const out = scratch.dBias + p * row;
    const float* dz = scratch.dz + p * chunkRows() * row;
    for (int v = 0; v < r.layout.vectors; v++) {
      Vec sum = chunk.isFirst ? Vec{} : load(out + v * VW);
      for (int64_t m = 0; m < chunk.rows; m++) sum += load(dz + m * row + v * VW);
      store(out + v * VW, sum);
    }
  }

  /** Where steps are indices: each row of gate gradients belongs to the row of the kernel that its step picked. */
  void addRowGradients(int64_t p, const Chunk& chunk) const {
    const GateVectors& in = r.layout.input;
    const int64_t row = r.panelRow(), width = r.weightRow();
    for (int v = 0; v < in.count; v++) {
      const int lanes = int(r.lanes(p, v));
      if (lanes == 0) continue;
      float* const gradient = call.dKernel + r.column(in, p, v);
      for (int64_t i = 0; chunk.isFirst && i < r.kernelRows; i++) storePartial(gradient + i * width, Vec{}, lanes);
      const float* dz = scratch.dz + p * chunkRows() * row + (in.first + v) * VW;
      for (int64_t s = chunk.firstStep; s < chunk.lastStep; s++)
        for (int64_t b = 0; b < r.batch; b++, dz += row) {
          float* const out = gradient + call.indices[r.at(b, s)] * width;
          if (lanes == VW) store(out, load(out) + load(dz));
          else storePartial(out, loadPartial(out, lanes) + load(dz), lanes);
        }
    }
  }

  /** One of several equal pieces of a chunk's weight gradients: of the rows of both, panel after panel. */
  void weightGradients(const Chunk& chunk, int64_t piece, int64_t pieces) const {
    const int64_t height = r.inputs + r.units, all = r.panels() * height;
    const int64_t begin = cut(all, piece, pieces), end = cut(all, piece + 1, pieces);
    const float* states = call.recurrentMask ? scratch.masked : saved.h + chunk.firstStep * r.batch * r.unitRow();
    for (int64_t p = 0; p < r.panels(); p++) {
      const int64_t from = larger<int64_t>(0, begin - p * height), to = smaller(height, end - p * height);
      if (from >= to) continue;
      addWeightGradient(r.layout.input, p, scratch.inputs, r.inputRow(), from, smaller(to, r.inputs), call.dKernel,
                        chunk);
      const int64_t fromUnit = larger<int64_t>(0, from - r.inputs), toUnit = to - r.inputs;
      addWeightGradient(r.layout.recurrent, p, states, r.unitRow(), fromUnit, toUnit, call.dRecurrent, chunk);
      if (r.layout.candidate.count > 0)
        addWeightGradient(r.layout.candidate, p, scratch.reset, r.unitRow(), fromUnit, toUnit, call.dRecurrent,
                          chunk);
      if (from > 0) continue;
      addBiasGradient(p, chunk);
      if (call.indices) addRowGradients(p, chunk);
    }
  }

  /**
   * The input and weight gradients of a chunk, in a few pieces per thread taken in turn: cores differ in speed, and
   * others use them too. `next` is the first piece that nobody has taken.
   */
  void gradientsOfChunk(const Chunk& chunk, int32_t threads, int32_t* next) const {
    const int32_t inputPieces = !call.dx ? 0 : threads == 1 ? 1 : 2 * threads;
    const int32_t weightPieces = threads == 1 ? 1 : 3 * threads;
    for (;;) {
      const int32_t piece = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
      if (piece >= inputPieces + weightPieces) return;
      if (piece < inputPieces) {
        inputGradients(cut(chunk.rows, piece, inputPieces), cut(chunk.rows, piece + 1, inputPieces));
      } else {
        weightGradients(chunk, piece - inputPieces, weightPieces);
      }
    }
  }

  /** Everything, as one of `threads` threads. */
  void run(int32_t thread, int32_t threads, int32_t* next) const {
    const Part part = partOf(r, thread, threads);
    const int64_t first = part.ownFirst(), last = part.ownLast();
    for (int64_t end = r.time; end > 0;) {
      const int64_t start = (end - 1) / scratch.steps * scratch.steps;
      const Chunk chunk = {start, end, (end - start) * r.batch, end == r.time};
      if (thread == 0) __atomic_store_n(next, 0, __ATOMIC_RELAXED);
      for (int64_t s = end - 1; s >= start; s--) runStep(s, s - start, part);
      barrier();
      gradientsOfChunk(chunk, threads, next);
      barrier();
      for (int64_t s = start; call.dx && first < last && s < end; s++)
        scatterInputs(r, scratch.dInputs + ((s - start) * r.batch + first) * r.inputRow(), s, first, last, call.dx);
      end = start;
    }
  }

  /** Where piece `at` of `parts` equal pieces begins. */
  static int64_t cut(int64_t count, int64_t at, int64_t parts) { return count * at / parts; }
};

}  // namespace

void runBackward(const Cell& cell, const Recurrence& r, const BackwardCall& call) {
  const BackwardScratch scratch(cell, r, call.scratch);
  const Saved saved(cell, r, const_cast<float*>(call.saved));  // read only
  const int64_t width = r.panels() * r.panelRow();
  findFirstValid(r, scratch.firstValid);
  loadState(r, call.dhT, 0, r.batch, scratch.dh);
  if (cell.hasMemory) loadState(r, call.dcT, 0, r.batch, scratch.dc);
  if (r.rows() > 0) {
    packGatesTransposed(r, r.layout.recurrent, call.recurrent, r.units, scratch.recurrent);
    packGatesTransposed(r, r.layout.candidate, call.recurrent, r.units, scratch.candidate);
    if (call.dx) packGatesTransposed(r, r.layout.input, call.kernel, r.inputs, scratch.kernel);
    const Backward backward = {cell, r, call, scratch, saved};
    const int64_t work = 2 * r.rows() * r.weightRow() * (r.inputs + r.units);
    int32_t next = 0;
    parallelThreads(recurrentThreads(work),
                    [&](int32_t thread, int32_t threads) { backward.run(thread, threads, &next); });
  } else {
    zeroBytes(call.dKernel, size_t(r.weightRow() * r.kernelRows) * sizeof(float));
    zeroBytes(call.dRecurrent, size_t(r.weightRow() * r.units) * sizeof(float));
    zeroBytes(scratch.dBias, size_t(width) * sizeof(float));
  }
  const GateVectors &in = r.layout.input, &back = r.layout.recurrent;
  if (call.dBias) {
    unpackGates(r, in, scratch.dBias + in.first * VW, r.panelRow(), 1, call.dBias);
    if (cell.splitBias)
      unpackGates(r, back, scratch.dBias + back.first * VW, r.panelRow(), 1, call.dBias + r.weightRow());
  }
  storeState(r, scratch.dh, 0, r.batch, call.dh0);
  if (cell.hasMemory) storeState(r, scratch.dc, 0, r.batch, call.dc0);
}

int32_t backwardScratchSize(const Cell& cell, const Recurrence& r) { return BackwardScratch(cell, r, nullptr).size; }

}  // namespace RONDO_ARCH
