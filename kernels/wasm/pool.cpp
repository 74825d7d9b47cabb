// The thread pool behind kernels/parallel.h for WebAssembly in shared memory. Threads are workers that JavaScript starts
// (src/backend/wasm-threads.ts), each with an instance of this module over the same memory.
//
// Workers are guests, never needed: whoever answers the call to a region in time takes part, and the caller, who works
// along, does the rest. So nothing waits for a worker that is not there yet, or no longer.
#include "parallel.h"

#define IMPORT(name) __attribute__((import_module("rondo"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

extern "C" {
/** Asks for workers until `count` run; they arrive later, if at all. */
IMPORT(startWorkers) void startWorkers(int32_t count);
/** Milliseconds, as exactly as the page may know. */
IMPORT(now) double now();
/** Throws the error of a worker that failed. */
IMPORT(throwFailure) void throwFailure();
}

namespace {

using Task = void (*)(void* context, int32_t thread, int32_t threads);

/** How long an idle worker watches for work before it sleeps: waking a sleeper costs more than most regions take. */
constexpr double workerSpin = 0.1;
/** How long a region with barriers waits for sleepers to answer: a few times what waking them takes. */
constexpr double answerTime = 0.5;
/** How long a thread spins for others before it lends its core to them. */
constexpr double waitSpin = 0.05;
constexpr int64_t nap = 200000;  // nanoseconds

/** The region called last: a number that changes with every region, whether it takes more threads, how many came. */
constexpr uint32_t countMask = 0xff, open = 0x100, number = 0x200;

struct Pool {
  int32_t wanted = 1;   // threads, the caller included
  int32_t asked = 0;    // workers asked for
  int32_t waiting = 0;  // workers at hand
  int32_t failed = 0;
  int32_t generation = 0;  // of workers: those of earlier ones are to stop
  bool late = false;       // workers may come while the caller is at work already
  Task task = nullptr;
  void* context = nullptr;
  uint32_t limit = 0;  // workers that the region takes
  alignas(64) uint32_t region = 0;
  alignas(64) int32_t running = 0;
  alignas(64) int32_t arrived = 0;
  alignas(64) uint32_t barriers = 0;
};
Pool pool;

alignas(64) char callerBuffer[rondoThreadBufferBytes];
thread_local char* buffer = callerBuffer;
/** Threads of the region this thread works in; 0 outside. */
thread_local int32_t regionThreads = 0;
/** Whether this thread may sleep: that of a page may not. */
thread_local bool maySleep = false;

template <class T> T read(const T& value) { return __atomic_load_n(&value, __ATOMIC_SEQ_CST); }
template <class T> void write(T& value, T to) { __atomic_store_n(&value, to, __ATOMIC_SEQ_CST); }

template <class T> void sleepWhile(T& value, T expected, int64_t nanoseconds) {
  __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int32_t*>(&value), int32_t(expected), nanoseconds);
}
template <class T> void wake(T& value) {
  __builtin_wasm_memory_atomic_notify(reinterpret_cast<int32_t*>(&value), 0xffffffffu);
}

/** Spins until ready() holds or the time is over; whether it holds. */
template <class Ready> bool spin(double milliseconds, const Ready& ready) {
  double until = 0;
  for (;;) {
    for (int i = 0; i < 200; i++)
      if (ready()) return true;
    const double time = now();
    if (until == 0) until = time + milliseconds;
    if (time >= until) return false;
  }
}

/** Waits until `value` is no longer `expected`, lending the core to others after a while where that is possible. */
template <class T> void awaitChange(T& value, T expected) {
  const auto changed = [&] { return read(value) != expected; };
  while (!spin(waitSpin, changed))
    if (maySleep) sleepWhile(value, expected, nap);
}

void runAlone(Task task, void* context) {
  const int32_t outer = regionThreads;
  regionThreads = 1;
  task(context, 0, 1);
  regionThreads = outer;
}

/** Ends a region to newcomers; how many workers came. */
int32_t close() { return int32_t(__atomic_fetch_and(&pool.region, ~open, __ATOMIC_SEQ_CST) & countMask); }

void runRegion(int32_t limit, Task task, void* context, bool late) {
  const int32_t most = limit < pool.wanted ? limit : pool.wanted;
  if (most <= 1 || regionThreads > 0) return runAlone(task, context);
  if (pool.asked < most - 1) startWorkers(pool.asked = most - 1);
  const int32_t waiting = read(pool.waiting), helpers = waiting < most - 1 ? waiting : most - 1;
  if (helpers <= 0) return runAlone(task, context);

  pool.task = task;
  pool.context = context;
  pool.late = late;
  pool.limit = uint32_t(helpers);
  write(pool.running, 0);
  write(pool.arrived, 0);
  write(pool.region, ((pool.region & ~(countMask | open)) + number) | open);
  wake(pool.region);
  int32_t joined = helpers;
  if (!late) {
    spin(answerTime, [&] { return (read(pool.region) & countMask) == uint32_t(helpers); });
    joined = close();
  }
  regionThreads = joined + 1;
  task(context, 0, regionThreads);
  regionThreads = 0;
  if (late) joined = close();
  // Counts down from 0, to -joined whenever they came.
  for (int32_t ended; (ended = read(pool.running)) > -joined;) awaitChange(pool.running, ended);
  if (read(pool.failed)) throwFailure();
}

/** Takes part in regions until it is to stop. */
void takePart(int32_t generation) {
  uint32_t taken = 0;
  for (uint32_t last = 0;;) {
    const auto called = [&] { return read(pool.region) != last; };
    while (!called() && !spin(workerSpin, called)) sleepWhile(pool.region, last, -1);
    last = read(pool.region);
    if (read(pool.generation) != generation) return;
    if (!(last & open) || (last & countMask) >= pool.limit || (last & ~countMask) == taken) continue;
    if (!__atomic_compare_exchange_n(&pool.region, &last, last + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      last = 0;  // somebody else came first: look again
      continue;
    }
    taken = last & ~countMask;
    const int32_t thread = int32_t(++last & countMask);
    if (!pool.late) {
      for (uint32_t seen; (seen = read(pool.region)) & open;) awaitChange(pool.region, seen);
    }
    regionThreads = int32_t(read(pool.region) & countMask) + 1;
    pool.task(pool.context, thread, regionThreads);
    regionThreads = 0;
    __atomic_fetch_sub(&pool.running, 1, __ATOMIC_SEQ_CST);
    wake(pool.running);
  }
}

}  // namespace

int32_t rondoThreadCount() { return regionThreads > 0 ? 1 : pool.wanted; }
void* rondoThreadBuffer() { return buffer; }
void rondoParallel(int32_t limit, Task task, void* context) { runRegion(limit, task, context, false); }
void rondoShare(int32_t limit, Task task, void* context) { runRegion(limit, task, context, true); }

void rondoBarrier() {
  if (regionThreads <= 1) return;
  const uint32_t round = read(pool.barriers);
  if (__atomic_add_fetch(&pool.arrived, 1, __ATOMIC_SEQ_CST) == regionThreads) {
    write(pool.arrived, 0);
    write(pool.barriers, round + 1);
    wake(pool.barriers);
  } else {
    while (read(pool.barriers) == round && !read(pool.failed)) awaitChange(pool.barriers, round);
  }
}

// ---- for JavaScript -------------------------------------------------------------------------------------------------

extern "C" {
/** Threads a region may use from now on; `sleeps` says whether the calling thread may. */
EXPORT(setThreads) void setThreads(int32_t count, int32_t sleeps) {
  pool.wanted = count;
  maySleep = sleeps != 0;
}

/** Sends the workers home; returns the number of the next generation. */
EXPORT(stopWorkers) int32_t stopWorkers() {
  pool.asked = 0;
  write(pool.failed, 0);
  write(pool.generation, pool.generation + 1);
  write(pool.waiting, 0);
  write(pool.region, (pool.region & ~(countMask | open)) + number);
  wake(pool.region);  // from their sleep, to see it
  return pool.generation;
}

/** Workers that took part in the last region, for tests. */
EXPORT(helpers) int32_t helpers() { return int32_t(read(pool.region) & countMask); }

/** The life of a worker, with working memory of its own. */
EXPORT(work) void work(int32_t generation, char* workingMemory) {
  buffer = workingMemory;
  maySleep = true;
  __atomic_fetch_add(&pool.waiting, 1, __ATOMIC_SEQ_CST);
  takePart(generation);
}

/** Called when work() threw: nobody waits for this worker any more, and the caller of the region is told. */
EXPORT(workerFailed) void workerFailed() {
  write(pool.failed, 1);
  __atomic_fetch_sub(&pool.running, 1, __ATOMIC_SEQ_CST);
  wake(pool.running);
  __atomic_fetch_add(&pool.barriers, 1, __ATOMIC_SEQ_CST);
  wake(pool.barriers);
}
}
