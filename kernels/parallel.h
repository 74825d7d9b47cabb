// Parallel loops over a pool of threads: that of the native library, or the workers of a page or of Node for WebAssembly
// in shared memory.
//
// Results must not depend on the number of threads: split the work into pieces whose arithmetic does not depend on where
// the cuts are, and never add up partial results in thread order.
#pragma once
#include "rondo.h"

extern "C" {
/** Threads a region started now may get: 1 inside a region. */
int32_t rondoThreadCount();
/** Runs task(context, thread, threads) once per thread; thread 0 is the caller. threads is at most `limit`, often less. */
void rondoParallel(int32_t limit, void (*task)(void* context, int32_t thread, int32_t threads), void* context);
/** The same if its threads are awake, else the task alone on the calling thread. */
void rondoParallelBriefly(int32_t limit, void (*task)(void* context, int32_t thread, int32_t threads), void* context);
/** Waits for all threads of the region the caller is in. */
void rondoBarrier();
#ifdef __wasm__
/** Like rondoParallel, for tasks that need neither numbers nor barriers: threads that come late still take part. */
void rondoShare(int32_t limit, void (*task)(void* context, int32_t thread, int32_t threads), void* context);
/** Working memory of the thread at work: rondoThreadBufferBytes, aligned to cache lines. */
void* rondoThreadBuffer();
constexpr size_t rondoThreadBufferBytes = 192 * 1024;
#endif
}

namespace RONDO_ARCH {

// One copy of the body, however often it is called.
template <class F> RONDO_NOINLINE void runRange(const F& f, int64_t begin, int64_t end) { f(begin, end); }

/** Most threads parallelThreads can give. */
RONDO_INLINE int32_t threadCount() { return rondoThreadCount(); }

/** Waits until every thread of the current parallelThreads region has arrived. Nothing outside a region. */
RONDO_INLINE void barrier() { rondoBarrier(); }

/** Calls f(thread, threads) on every thread of a region of at most `limit` threads (see threadCount()). */
template <class F> void parallelThreads(int32_t limit, const F& f) {
  const auto task = [](void* context, int32_t thread, int32_t threads) {
    (*static_cast<const F*>(context))(thread, threads);
  };
  rondoParallel(limit, task, const_cast<F*>(&f));  // one copy of the body: also for one thread
}

/** Calls f() on up to `limit` threads, for work that they take from a common supply. */
template <class F> void shareAmong(int32_t limit, const F& f) {
#ifdef __wasm__
  rondoShare(limit, [](void* context, int32_t, int32_t) { (*static_cast<const F*>(context))(); }, const_cast<F*>(&f));
#else
  parallelThreads(limit, [&](int32_t, int32_t) { f(); });
#endif
}

/**
 * Calls f(begin, end) for ranges that cover [0, count), each of at least `grain` items, on several threads when there
 * are at least two grains.
 */
template <class F> void parallelFor(int64_t count, int64_t grain, const F& f) {
  if (count <= 0) return;
  const int64_t most = count / (grain > 0 ? grain : 1);
  const int32_t threads = most < 2 ? 1 : threadCount();
  if (threads <= 1) return runRange(f, 0, count);
  // A few pieces per thread, taken in turn: cores differ in speed, and others use them too.
  const int64_t pieces = smaller<int64_t>(most, threads * 4);
  int64_t next = 0;
  shareAmong(int32_t(smaller<int64_t>(threads, pieces)), [&] {
    for (;;) {
      const int64_t piece = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
      if (piece >= pieces) return;
      const int64_t whole = count / pieces, rest = count % pieces;
      runRange(f, whole * piece + rest * piece / pieces, whole * (piece + 1) + rest * (piece + 1) / pieces);
    }
  });
}

/** As above, with as many threads as there are. */
template <class F> RONDO_INLINE void parallelThreads(const F& f) { parallelThreads(threadCount(), f); }

#ifdef __wasm__
template <class F> RONDO_INLINE void parallelBriefly(int32_t, const F& f) { f(0, 1); }
#else
/**
 * As parallelThreads, for regions of a few microseconds: a thread that sleeps would come too late, so then the caller
 * works alone. Threads are woken for the next region only if such regions follow each other closely.
 */
template <class F> void parallelBriefly(int32_t limit, const F& f) {
  if (limit <= 1) {
    f(0, 1);
    return;
  }
  rondoParallelBriefly(
      limit, [](void* context, int32_t thread, int32_t threads) { (*static_cast<const F*>(context))(thread, threads); },
      const_cast<F*>(&f));
}
#endif

}  // namespace RONDO_ARCH
