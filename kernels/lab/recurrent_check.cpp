// The recurrent kernels against plain double precision over odd shapes and all options, on one and two threads; with
// "time", their speed.
#include "reference.h"

using namespace RONDO_ARCH;
using namespace lab;

struct Outputs {
  std::vector<float> y, hT, cT, dx, dKernel, dRecurrent, dBias, dh0, dc0;
};

/** Runs the kernels; memory that must be written starts as NaN. */
static Outputs run(const Problem& p, bool training, bool wantDx = true) {
  const float poison = NAN;
  const int B = p.batch, T = p.time, I = p.inputs, U = p.units, after = p.kind == GruAfter;
  const bool gru = p.kind == GruAfter || p.kind == GruBefore;
  const int savedSize = p.kind == Lstm ? lstmSavedSize(B, T, I, U)
                        : gru          ? gruSavedSize(after, B, T, I, U)
                                       : rnnSavedSize(B, T, I, U);
  const auto scratchSize = [&](int backward) {
    return p.kind == Lstm ? lstmScratchSize(B, T, I, U, backward, 0, 0)
           : gru          ? gruScratchSize(after, B, T, I, U, backward, 0, 0)
                          : rnnScratchSize(B, T, I, U, backward, 0, 0);
  };
  std::vector<float> saved(training ? savedSize : 0, poison), scratch(scratchSize(0), poison);
  float* keep = training ? saved.data() : nullptr;
  Outputs o;
  o.y.assign(p.outputs(), poison);
  o.hT.assign(p.h0.size(), poison);
  o.cT.assign(p.h0.size(), poison);
  const float* bias = p.useBias ? p.bias.data() : nullptr;
  const float* h0 = p.useStates ? p.h0.data() : nullptr;
  const float* c0 = p.useStates ? p.c0.data() : nullptr;
  const int32_t* mask = p.useMask ? p.mask.data() : nullptr;
  const float* rm = p.useRecurrentMask ? p.recurrentMask.data() : nullptr;
  const float *x = p.x.data(), *w = p.kernel.data(), *u = p.recurrent.data();
  if (p.kind == Lstm)
    lstmForward(x, 0, w, u, bias, h0, c0, mask, rm, o.y.data(), o.hT.data(), o.cT.data(), keep, 0, scratch.data(), B, T, I, U,
                p.sequences, p.goBackwards, p.zeroOutputForMask);
  else if (gru)
    gruForward(after, x, 0, w, u, bias, h0, mask, rm, o.y.data(), o.hT.data(), keep, 0, scratch.data(), B, T, I, U,
               p.sequences, p.goBackwards, p.zeroOutputForMask);
  else
    rnnForward(p.activation, x, 0, w, u, bias, h0, mask, rm, o.y.data(), o.hT.data(), keep, 0, scratch.data(), B, T, I, U,
               p.sequences, p.goBackwards, p.zeroOutputForMask);
  if (!training) return o;
  o.dx.assign(p.x.size(), poison);
  o.dKernel.assign(p.kernel.size(), poison);
  o.dRecurrent.assign(p.recurrent.size(), poison);
  o.dBias.assign(p.biasSize(), poison);
  o.dh0.assign(p.h0.size(), poison);
  o.dc0.assign(p.h0.size(), poison);
  std::vector<float> back(scratchSize(1), poison);
  float* dx = wantDx ? o.dx.data() : nullptr;
  if (p.kind == Lstm)
    lstmBackward(x, 0, w, u, h0, c0, mask, rm, keep, p.dy.data(), p.dhT.data(), p.dcT.data(), dx, o.dKernel.data(),
                 o.dRecurrent.data(), o.dBias.data(), o.dh0.data(), o.dc0.data(), back.data(), B, T, I, U, p.sequences,
                 p.goBackwards, p.zeroOutputForMask);
  else if (gru)
    gruBackward(after, x, 0, w, u, bias, h0, mask, rm, keep, p.dy.data(), p.dhT.data(), dx, o.dKernel.data(),
                o.dRecurrent.data(), o.dBias.data(), o.dh0.data(), back.data(), B, T, I, U, p.sequences, p.goBackwards,
                p.zeroOutputForMask);
  else
    rnnBackward(p.activation, x, 0, w, u, h0, mask, rm, keep, p.dy.data(), p.dhT.data(), dx, o.dKernel.data(),
                o.dRecurrent.data(), o.dBias.data(), o.dh0.data(), back.data(), B, T, I, U, p.sequences, p.goBackwards,
                p.zeroOutputForMask);
  return o;
}

static bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || !memcmp(a.data(), b.data(), a.size() * sizeof(float)));
}

static void expect(bool ok, const char* what, const char* message) {
  if (ok) return;
  printf("FAIL %s: %s\n", what, message);
  failures++;
}

static void check(Problem p) {
  p.fill();
  char what[200];
  static const char* const kinds[] = {"lstm", "gru", "gru (reset before)", "rnn"};
  snprintf(
      what, sizeof what,
      "%s activation %d [%d, %d, %d] -> %d, sequences %d backwards %d zero %d bias %d states %d mask %d dropout %d",
      kinds[p.kind], p.activation, p.batch, p.time, p.inputs, p.units, p.sequences, p.goBackwards, p.zeroOutputForMask,
      p.useBias, p.useStates, p.useMask, p.useRecurrentMask);
  const Results want = solve(p);
  rondo::setThreads(1);
  const Outputs got = run(p, true);
  const bool first = failures == 0;
  expectClose(what, "y", got.y.data(), want.y, 3e-6);
  expectClose(what, "hT", got.hT.data(), want.hT, 3e-6);
  expectClose(what, "dx", got.dx.data(), want.dx, 2e-5);
  expectClose(what, "dKernel", got.dKernel.data(), want.dKernel, 2e-5);
  expectClose(what, "dRecurrent", got.dRecurrent.data(), want.dRecurrent, 2e-5);
  expectClose(what, "dBias", got.dBias.data(), want.dBias, 2e-5);
  expectClose(what, "dh0", got.dh0.data(), want.dh0, 2e-5);
  if (p.kind == Lstm) {
    expectClose(what, "cT", got.cT.data(), want.cT, 3e-6);
    expectClose(what, "dc0", got.dc0.data(), want.dc0, 2e-5);
  }
  for (int threads = 1; threads <= 3; threads++) {
    rondo::setThreads(threads);
    const Outputs inference = run(p, false);
    expect(same(inference.y, got.y) && same(inference.hT, got.hT) && (p.kind != Lstm || same(inference.cT, got.cT)),
           what, "inference differs from training");
    const Outputs again = run(p, true);
    expect(same(again.y, got.y) && same(again.dx, got.dx) && same(again.dKernel, got.dKernel) &&
               same(again.dRecurrent, got.dRecurrent) && same(again.dBias, got.dBias) && same(again.dh0, got.dh0),
           what, "the number of threads changes the result");
  }
  expect(same(run(p, true, false).dKernel, got.dKernel), what, "results differ without dx");
  if (first && failures) printf("(first failure)\n");
}

/** One step at a time with the states handed on gives the bits of the whole sequence. */
static void checkStreaming(Kind kind, int batch, int time, int inputs, int units) {
  Problem p = {};
  p.kind = kind, p.activation = 1, p.batch = batch, p.time = time, p.inputs = inputs, p.units = units;
  p.useBias = p.useStates = true;
  p.fill();
  rondo::setThreads(1);
  const Outputs whole = run(p, false);
  Problem step = p;
  step.time = 1;
  for (int t = 0; t < time; t++) {
    step.x.resize(size_t(batch) * inputs);
    for (int b = 0; b < batch; b++)
      memcpy(&step.x[size_t(b) * inputs], &p.x[(size_t(b) * time + t) * inputs], size_t(inputs) * sizeof(float));
    step.mask.assign(batch, 1);
    const Outputs o = run(step, false);
    step.h0 = o.hT;
    if (kind == Lstm) step.c0 = o.cT;
  }
  expect(same(step.h0, whole.hT) && (kind != Lstm || same(step.c0, whole.cT)), "streaming",
         "differs from the whole sequence");
}

/** The reference's gradients against central differences. */
static void checkReference(Problem p) {
  p.fill();
  const auto toDouble = [](const std::vector<float>& v) { return std::vector<double>(v.begin(), v.end()); };
  std::vector<double> values[] = {toDouble(p.x),    toDouble(p.kernel), toDouble(p.recurrent),
                                  toDouble(p.bias), toDouble(p.h0),     toDouble(p.c0)};
  const auto loss = [&] {
    const Results r = solve(p, values[0], values[1], values[2], values[3], values[4], values[5]);
    double sum = 0;
    for (size_t i = 0; i < r.y.size(); i++) sum += r.y[i] * p.dy[i];
    for (size_t i = 0; i < r.hT.size(); i++) sum += r.hT[i] * p.dhT[i] + (p.kind == Lstm ? r.cT[i] * p.dcT[i] : 0);
    return sum;
  };
  const Results r = solve(p);
  const std::vector<double>* gradients[] = {&r.dx, &r.dKernel, &r.dRecurrent, &r.dBias, &r.dh0, &r.dc0};
  for (int which = 0; which < (p.kind == Lstm ? 6 : 5); which++)
    for (size_t i = 0; i < values[which].size(); i++) {
      const double x = values[which][i], step = 1e-5;
      values[which][i] = x + step;
      const double up = loss();
      values[which][i] = x - step;
      const double down = loss();
      values[which][i] = x;
      const double numeric = (up - down) / (2 * step);
      if (!(std::fabs(numeric - (*gradients[which])[i]) < 1e-7)) {
        printf("FAIL reference: kind %d gradient %d[%zu] %g, numerically %g\n", p.kind, which, i,
               (*gradients[which])[i], numeric);
        failures++;
      }
    }
}

static void time(Kind kind, int batch, int steps, int inputs, int units, int threads) {
  rondo::setThreads(threads);
  Problem p = {};
  p.kind = kind, p.activation = 1, p.batch = batch, p.time = steps, p.inputs = inputs, p.units = units;
  p.sequences = p.useBias = true;
  p.fill();
  const bool gru = kind == GruAfter || kind == GruBefore;
  const int after = kind == GruAfter, B = batch, T = steps, I = inputs, U = units;
  std::vector<float> saved(kind == Lstm ? lstmSavedSize(B, T, I, U)
                           : gru        ? gruSavedSize(after, B, T, I, U)
                                        : rnnSavedSize(B, T, I, U));
  std::vector<float> scratch(1 << 25), y(p.outputs()), hT(p.h0.size()), cT(hT), dx(p.x.size()),
      dKernel(p.kernel.size()), dRecurrent(p.recurrent.size()), dBias(p.biasSize());
  const auto forward = [&](float* keep) {
    if (kind == Lstm)
      lstmForward(p.x.data(), 0, p.kernel.data(), p.recurrent.data(), p.bias.data(), 0, 0, 0, 0, y.data(), hT.data(),
                  cT.data(), keep, 0, scratch.data(), B, T, I, U, 1, 0, 0);
    else if (gru)
      gruForward(after, p.x.data(), 0, p.kernel.data(), p.recurrent.data(), p.bias.data(), 0, 0, 0, y.data(), hT.data(),
                 keep, 0, scratch.data(), B, T, I, U, 1, 0, 0);
    else
      rnnForward(1, p.x.data(), 0, p.kernel.data(), p.recurrent.data(), p.bias.data(), 0, 0, 0, y.data(), hT.data(), keep, 0,
                 scratch.data(), B, T, I, U, 1, 0, 0);
  };
  const auto backward = [&] {
    if (kind == Lstm)
      lstmBackward(p.x.data(), 0, p.kernel.data(), p.recurrent.data(), 0, 0, 0, 0, saved.data(), p.dy.data(), 0, 0,
                   dx.data(), dKernel.data(), dRecurrent.data(), dBias.data(), 0, 0, scratch.data(), B, T, I, U, 1, 0,
                   0);
    else if (gru)
      gruBackward(after, p.x.data(), 0, p.kernel.data(), p.recurrent.data(), p.bias.data(), 0, 0, 0, saved.data(),
                  p.dy.data(), 0, dx.data(), dKernel.data(), dRecurrent.data(), dBias.data(), 0, scratch.data(), B, T,
                  I, U, 1, 0, 0);
    else
      rnnBackward(1, p.x.data(), 0, p.kernel.data(), p.recurrent.data(), 0, 0, 0, saved.data(), p.dy.data(), 0, dx.data(),
                  dKernel.data(), dRecurrent.data(), dBias.data(), 0, scratch.data(), B, T, I, U, 1, 0, 0);
  };
  const double flops = 2.0 * B * T * p.gates() * U * (I + U);
  const int runs = int(fmin(300, fmax(7, 2e10 / flops)));
  const double infer = fastest(runs, [&] { forward(nullptr); });
  const double train = fastest(runs, [&] { forward(saved.data()); });
  const double back = fastest(runs, backward);
  const double both = fastest(runs, [&] { forward(saved.data()), backward(); });
  static const char* const names[] = {"lstm", "gru", "gru-", "rnn"};
  printf("%-4s %3d %3d %4d %4d threads %d:", names[kind], B, T, I, U, threads);
  const auto print = [&](const char* what, double time, double work) {
    printf(" | %s %8.3f ms %3.0f %%", what, time * 1e3, 100 * shareOfPeak(work, time, threads));
  };
  print("infer", infer, flops), print("forward", train, flops), print("backward", back, 2 * flops);
  print("both", both, 3 * flops);
  printf("\n");
}

int main(int argc, char** argv) {
  if (argc > 1 && !strcmp(argv[1], "time")) {
    const int most = argc > 2 ? atoi(argv[2]) : 2;
    for (int threads = 1; threads <= most; threads++) {
      for (Kind kind : {Lstm, GruAfter, Rnn}) {
        time(kind, 32, 100, 128, 128, threads);
        time(kind, 32, 100, 256, 256, threads);
      }
      if (argc > 3) continue;
      time(GruBefore, 32, 100, 128, 128, threads);
      time(Lstm, 64, 50, 512, 512, threads);
      time(Lstm, 128, 20, 32, 64, threads);
      time(Lstm, 32, 50, 1, 32, threads);
      time(Lstm, 1, 100, 64, 64, threads);
      time(Lstm, 1, 1, 64, 64, threads);
      time(Lstm, 1, 1, 128, 128, threads);
      time(GruAfter, 1, 1, 64, 64, threads);
      time(Rnn, 1, 1, 64, 64, threads);
    }
    return 0;
  }
  for (int kind = 0; kind < 4; kind++)
    for (int bits = 0; bits < 128; bits++) {
      Problem p = {};
      p.kind = Kind(kind), p.activation = bits % 4 == 2 ? 3 : bits % 4;
      p.sequences = bits & 1, p.goBackwards = bits & 2, p.zeroOutputForMask = bits & 4, p.useBias = bits & 8;
      p.useStates = bits & 16, p.useMask = bits & 32, p.useRecurrentMask = bits & 64;
      p.batch = 2, p.time = 3, p.inputs = 2, p.units = 3;
      if (bits % 3 == 0) checkReference(p);
      p.activation = bits % 4;
      const int batches[] = {1, 2, 3, 7, 13, 33}, times[] = {1, 2, 5, 9, 40},
                widths[] = {1, 3, 4, 5, 8, 16, 19, 33, 50, 64, 70, 100};
      for (int i = 0; i < 4; i++) {
        p.batch = batches[nextRandom() % 6], p.time = times[nextRandom() % 5];
        p.inputs = widths[nextRandom() % 12], p.units = widths[nextRandom() % 12];
        check(p);
      }
      p.batch = 0, p.time = 3;
      check(p);
      p.batch = 3, p.time = 0;
      check(p);
    }
  Problem large = {};
  large.sequences = large.useBias = true;
  for (Kind kind :
       {Lstm, GruAfter, GruBefore, Rnn}) {  // several chunks of steps, several pieces of the inner dimension
    large.kind = kind, large.activation = 1, large.batch = 32, large.time = 40, large.inputs = 140, large.units = 150;
    check(large);
    for (int units : {1, 8, 19, 64, 100})
      for (int batch : {1, 2, 3}) checkStreaming(kind, batch, 12, 5, units);
  }
  return finish();
}
