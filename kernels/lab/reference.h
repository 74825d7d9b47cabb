// The recurrent layers in plain double precision, one element at a time, with gradients: what the kernels are checked
// against. Written from the formulas of Keras, step by step and sequence by sequence; its own gradients are checked
// against finite differences.
#pragma once
#include "lab.h"

namespace lab {

enum Kind { Lstm, GruAfter, GruBefore, Rnn };

struct Problem {
  Kind kind;
  int activation;  // of Rnn
  int batch, time, inputs, units;
  bool sequences, goBackwards, zeroOutputForMask;
  bool useBias, useStates, useMask, useRecurrentMask;

  std::vector<float> x, kernel, recurrent, bias, h0, c0, recurrentMask, dy, dhT, dcT;
  std::vector<int32_t> mask;

  int gates() const { return kind == Lstm ? 4 : kind == Rnn ? 1 : 3; }
  int biasSize() const { return gates() * units * (kind == GruAfter ? 2 : 1); }
  size_t outputs() const { return size_t(batch) * (sequences ? time : 1) * units; }

  void fill() {
    const float scale = 1 / std::sqrt(units + 1.0f);
    x = randoms(size_t(batch) * time * inputs);
    kernel = randoms(size_t(inputs) * gates() * units, scale);
    recurrent = randoms(size_t(units) * gates() * units, scale);
    bias = randoms(biasSize(), 0.5f);
    h0 = randoms(size_t(batch) * units);
    c0 = randoms(size_t(batch) * units);
    dy = randoms(outputs());
    dhT = randoms(size_t(batch) * units);
    dcT = randoms(size_t(batch) * units);
    recurrentMask.resize(size_t(batch) * units);
    for (float& m : recurrentMask) m = nextRandom() % 4 == 0 ? 0 : 1 / 0.75f;
    mask.resize(size_t(batch) * time);
    for (int32_t& m : mask) m = nextRandom() % 3 != 0;
    for (int t = 0; t < time && batch > 1; t++) mask[size_t(time) + t] = 0;  // one sequence is masked throughout
    if (!useBias) bias.assign(bias.size(), 0);
    if (!useStates) h0.assign(h0.size(), 0), c0.assign(c0.size(), 0);
    if (!useRecurrentMask) recurrentMask.assign(recurrentMask.size(), 1);
    if (!useMask) mask.assign(mask.size(), 1);
  }
};

struct Results {
  std::vector<double> y, hT, cT, dx, dKernel, dRecurrent, dBias, dh0, dc0;
};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double activate(int code, double x) {
  return code == 0 ? x : code == 1 ? std::tanh(x) : code == 2 ? (x > 0 ? x : 0) : sigmoid(x);
}
inline double activateGradient(int code, double y) {
  return code == 0 ? 1 : code == 1 ? 1 - y * y : code == 2 ? y > 0 : y * (1 - y);
}

/** What one step keeps for its gradient. */
struct Step {
  std::vector<double> h, c, hMasked;          // before the step
  std::vector<double> a, b, g, o, fromState;  // gates, by cell
  std::vector<double> hNew, cNew;
  bool masked = false;
  int shown = -1;  // the step whose hNew is this step's output, or none
};

template <class V>
inline Results solve(const Problem& p, const V& x, const V& kernel, const V& recurrent, const V& bias, const V& h0,
                     const V& c0) {
  const int u = p.units, in = p.inputs, G = p.gates(), W = G * u;
  Results r;
  r.y.assign(p.outputs(), 0);
  r.hT.resize(size_t(p.batch) * u);
  r.cT.resize(size_t(p.batch) * u);
  r.dx.assign(x.size(), 0);
  r.dKernel.assign(kernel.size(), 0);
  r.dRecurrent.assign(recurrent.size(), 0);
  r.dBias.assign(p.biasSize(), 0);
  r.dh0.resize(r.hT.size());
  r.dc0.resize(r.hT.size());
  for (int b = 0; b < p.batch; b++) {
    std::vector<double> h(&h0[size_t(b) * u], &h0[size_t(b) * u] + u), c(&c0[size_t(b) * u], &c0[size_t(b) * u] + u);
    std::vector<Step> steps(p.time);
    const float* keep = &p.recurrentMask[size_t(b) * u];
    int lastShown = -1;
    for (int s = 0; s < p.time; s++) {
      const int t = p.goBackwards ? p.time - 1 - s : s;
      const auto* xt = &x[(size_t(b) * p.time + t) * in];
      Step& k = steps[s];
      k.masked = !p.mask[size_t(b) * p.time + t];
      k.h = h, k.c = c, k.hNew = h, k.cNew = c, k.hMasked = h;
      for (int j = 0; j < u; j++) k.hMasked[j] *= keep[j];
      k.a = k.b = k.g = k.o = k.fromState = std::vector<double>(u);
      const auto fromInput = [&](int gate, int j) {
        double sum = bias[gate * u + j];
        for (int i = 0; i < in; i++) sum += double(xt[i]) * kernel[i * W + gate * u + j];
        return sum;
      };
      const auto fromState = [&](int gate, int j, const std::vector<double>& state) {
        double sum = p.kind == GruAfter ? bias[W + gate * u + j] : 0;
        for (int i = 0; i < u; i++) sum += state[i] * recurrent[i * W + gate * u + j];
        return sum;
      };
      if (p.kind == Rnn) {
        for (int j = 0; j < u; j++) k.hNew[j] = activate(p.activation, fromInput(0, j) + fromState(0, j, k.hMasked));
      } else if (p.kind == Lstm) {
        for (int j = 0; j < u; j++) {
          k.a[j] = sigmoid(fromInput(0, j) + fromState(0, j, k.hMasked));
          k.b[j] = sigmoid(fromInput(1, j) + fromState(1, j, k.hMasked));
          k.g[j] = std::tanh(fromInput(2, j) + fromState(2, j, k.hMasked));
          k.o[j] = sigmoid(fromInput(3, j) + fromState(3, j, k.hMasked));
          k.cNew[j] = k.b[j] * c[j] + k.a[j] * k.g[j];
          k.hNew[j] = k.o[j] * std::tanh(k.cNew[j]);
        }
      } else {
        for (int j = 0; j < u; j++) {
          k.a[j] = sigmoid(fromInput(0, j) + fromState(0, j, k.hMasked));
          k.b[j] = sigmoid(fromInput(1, j) + fromState(1, j, k.hMasked));
        }
        std::vector<double> reset(u);
        for (int j = 0; j < u; j++) reset[j] = k.b[j] * k.hMasked[j];
        for (int j = 0; j < u; j++) {
          k.fromState[j] = p.kind == GruAfter ? fromState(2, j, k.hMasked) : fromState(2, j, reset);
          k.g[j] = std::tanh(fromInput(2, j) + (p.kind == GruAfter ? k.b[j] * k.fromState[j] : k.fromState[j]));
          k.hNew[j] = k.a[j] * h[j] + (1 - k.a[j]) * k.g[j];
        }
      }
      if (!k.masked) h = k.hNew, c = k.cNew, lastShown = s;
      k.shown = !k.masked ? s : p.zeroOutputForMask ? -1 : lastShown;
      if (k.shown >= 0 && (p.sequences || s == p.time - 1))
        for (int j = 0; j < u; j++) r.y[(p.sequences ? size_t(b) * p.time + s : b) * u + j] = steps[k.shown].hNew[j];
    }
    for (int j = 0; j < u; j++) r.hT[size_t(b) * u + j] = h[j], r.cT[size_t(b) * u + j] = c[j];

    // Backward: output gradients go to the step whose new state was shown.
    std::vector<std::vector<double>> dShown(p.time, std::vector<double>(u, 0.0));
    for (int s = 0; s < p.time; s++)
      if (steps[s].shown >= 0 && (p.sequences || s == p.time - 1))
        for (int j = 0; j < u; j++)
          dShown[steps[s].shown][j] += p.dy[(p.sequences ? size_t(b) * p.time + s : b) * u + j];
    std::vector<double> dh(&p.dhT[size_t(b) * u], &p.dhT[size_t(b) * u] + u),
        dc(&p.dcT[size_t(b) * u], &p.dcT[size_t(b) * u] + u);
    for (int s = p.time - 1; s >= 0; s--) {
      const Step& k = steps[s];
      if (k.masked) continue;
      const int t = p.goBackwards ? p.time - 1 - s : s;
      std::vector<double> dIn(W, 0.0), dState(W, 0.0), dhNew(u), dhBefore(u, 0.0), dhMasked(u, 0.0);
      for (int j = 0; j < u; j++) dhNew[j] = dh[j] + dShown[s][j];
      if (p.kind == Rnn) {
        for (int j = 0; j < u; j++) dIn[j] = dState[j] = dhNew[j] * activateGradient(p.activation, k.hNew[j]);
      } else if (p.kind == Lstm) {
        for (int j = 0; j < u; j++) {
          const double tc = std::tanh(k.cNew[j]), d = dc[j] + dhNew[j] * k.o[j] * (1 - tc * tc);
          dIn[j] = d * k.g[j] * k.a[j] * (1 - k.a[j]);
          dIn[u + j] = d * k.c[j] * k.b[j] * (1 - k.b[j]);
          dIn[2 * u + j] = d * k.a[j] * (1 - k.g[j] * k.g[j]);
          dIn[3 * u + j] = dhNew[j] * tc * k.o[j] * (1 - k.o[j]);
          dc[j] = d * k.b[j];
        }
        dState = dIn;
      } else {
        for (int j = 0; j < u; j++) {
          const double d = dhNew[j] * (1 - k.a[j]) * (1 - k.g[j] * k.g[j]);
          dIn[2 * u + j] = d;
          dIn[j] = dState[j] = dhNew[j] * (k.h[j] - k.g[j]) * k.a[j] * (1 - k.a[j]);
          dState[2 * u + j] = p.kind == GruAfter ? d * k.b[j] : d;
          dhBefore[j] = dhNew[j] * k.a[j];
        }
        std::vector<double> dr(u, 0.0);
        for (int j = 0; j < u; j++) {
          if (p.kind == GruAfter) dr[j] = dIn[2 * u + j] * k.fromState[j];
          if (p.kind == GruBefore) {
            double dReset = 0;
            for (int i = 0; i < u; i++) dReset += dIn[2 * u + i] * recurrent[j * W + 2 * u + i];
            dr[j] = dReset * k.hMasked[j];
            dhMasked[j] += dReset * k.b[j];
          }
          dIn[u + j] = dState[u + j] = dr[j] * k.b[j] * (1 - k.b[j]);
        }
      }
      for (int n = 0; n < W; n++) {
        r.dBias[n] += dIn[n];
        if (p.kind == GruAfter) r.dBias[W + n] += dState[n];
        const bool candidate = p.kind == GruBefore && n >= 2 * u;
        for (int i = 0; i < in; i++) {
          r.dKernel[i * W + n] += x[(size_t(b) * p.time + t) * in + i] * dIn[n];
          r.dx[(size_t(b) * p.time + t) * in + i] += dIn[n] * kernel[i * W + n];
        }
        for (int i = 0; i < u; i++) {
          r.dRecurrent[i * W + n] += k.hMasked[i] * (candidate ? k.b[i] : 1) * dState[n];
          if (!candidate) dhMasked[i] += dState[n] * recurrent[i * W + n];
        }
      }
      for (int j = 0; j < u; j++) dh[j] = dhBefore[j] + dhMasked[j] * keep[j];
    }
    for (int j = 0; j < u; j++) r.dh0[size_t(b) * u + j] = dh[j], r.dc0[size_t(b) * u + j] = dc[j];
  }
  return r;
}

inline Results solve(const Problem& p) { return solve(p, p.x, p.kernel, p.recurrent, p.bias, p.h0, p.c0); }

}  // namespace lab
