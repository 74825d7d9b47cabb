#include "pool.h"

#if defined(__linux__)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // sched_getcpu
#endif
#endif
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <atomic>

extern "C" {
int32_t rondoThreadCount();
void rondoParallel(int32_t limit, void (*task)(void*, int32_t, int32_t), void* context);
void rondoParallelBriefly(int32_t limit, void (*task)(void*, int32_t, int32_t), void* context);
void rondoBarrier();
}

namespace rondo {
namespace {

/** How long an idle worker watches for work before it sleeps: waking a sleeper costs more than most regions take. */
constexpr int64_t spinNanoseconds = 80000;

using Task = void (*)(void* context, int32_t thread, int32_t threads);

int64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1000000000 + t.tv_nsec;
}

void pauseBriefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

/** Spins until ready() holds, lending the core to others after a while: the awaited thread may need it. */
template <class Ready> void await(const Ready& ready) {
  for (int round = 0;; round++) {
    for (int i = 0; i < 64; i++) {
      if (ready()) return;
      pauseBriefly();
    }
    if (round > 32) sched_yield();
  }
}

struct alignas(64) Worker {
  /** Counts the regions this worker was called to. */
  std::atomic<uint32_t> ticket{0};
  std::atomic<bool> asleep{false};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t called = PTHREAD_COND_INITIALIZER;
  bool woken = false;
  int32_t thread = 0;
};

/** Never destroyed: workers outlive every Node environment and stop with the process. */
struct Pool {
  std::atomic<int32_t> wanted{1};
  std::atomic<bool> busy{false};
  int32_t started = 0;  // workers running; only changed while busy
  Worker workers[maximumThreads - 1];

  // The region under way.
  Task task = nullptr;
  void* context = nullptr;
  int32_t threads = 1;
  int callerCore = -1;
  int64_t lastBrief = 0;  // when the last brief region ended
  alignas(64) std::atomic<int32_t> running{0};
  alignas(64) std::atomic<int32_t> arrived{0};
  alignas(64) std::atomic<uint32_t> barriers{0};
};

Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

/** Threads of the region this thread works in; 0 outside. */
thread_local int32_t regionThreads = 0;

void waitForTicket(Worker& worker, uint32_t last) {
  const auto called = [&] { return worker.ticket.load(std::memory_order_acquire) != last; };
  for (;;) {
    const int64_t until = now() + spinNanoseconds;
    do {
      for (int i = 0; i < 64; i++) {
        if (called()) return;
        pauseBriefly();
      }
    } while (now() < until);
    pthread_mutex_lock(&worker.mutex);
    worker.asleep.store(true);
    while (worker.ticket.load() == last && !worker.woken) pthread_cond_wait(&worker.called, &worker.mutex);
    worker.asleep.store(false);
    worker.woken = false;
    pthread_mutex_unlock(&worker.mutex);
  }
}

int currentCore() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

/**
 * Leaves the core of the thread that called. A busy system may wake a worker there, and then the two wait for each other
 * in turn: a recurrence that meets at every step becomes ten times slower.
 */
void leaveCore(int core) {
#if defined(__linux__)
  if (core < 0 || core >= CPU_SETSIZE || sched_getcpu() != core) return;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(core, &others);
  if (CPU_COUNT(&others) == 0) return;
  sched_setaffinity(0, sizeof others, &others);  // moves at once
  sched_setaffinity(0, sizeof allowed, &allowed);
#else
  (void)core;
#endif
}

void* workerMain(void* argument) {
  Worker& worker = *static_cast<Worker*>(argument);
  Pool& p = pool();
  const FlushSubnormals flush;
  for (uint32_t last = 0;; last++) {
    waitForTicket(worker, last);
    leaveCore(p.callerCore);
    regionThreads = p.threads;
    p.task(p.context, worker.thread, p.threads);
    regionThreads = 0;
    p.running.fetch_sub(1, std::memory_order_release);
  }
  return nullptr;
}

void call(Worker& worker) {
  worker.ticket.fetch_add(1);
  if (!worker.asleep.load()) return;
  pthread_mutex_lock(&worker.mutex);
  pthread_cond_signal(&worker.called);
  pthread_mutex_unlock(&worker.mutex);
}

/** Starts workers until `count` run or the system refuses; returns how many run. */
int32_t ensureWorkers(Pool& p, int32_t count) {
  while (p.started < count) {
    Worker& worker = p.workers[p.started];
    worker.thread = p.started + 1;
    pthread_t handle;
    if (pthread_create(&handle, nullptr, workerMain, &worker) != 0) break;
    pthread_detach(handle);
    p.started++;
  }
  return p.started < count ? p.started : count;
}

/** Wakes a worker without work for it: it will watch for some time. */
void wake(Worker& worker) {
  pthread_mutex_lock(&worker.mutex);
  worker.woken = true;
  pthread_cond_signal(&worker.called);
  pthread_mutex_unlock(&worker.mutex);
}

/** Runs the task on the caller and `helpers` workers; the pool is busy with it. */
void runTogether(Pool& p, int32_t helpers, Task task, void* context) {
  p.task = task;
  p.context = context;
  p.threads = helpers + 1;
  p.callerCore = currentCore();
  p.running.store(helpers, std::memory_order_relaxed);
  for (int32_t i = 0; i < helpers; i++) call(p.workers[i]);
  regionThreads = helpers + 1;
  task(context, 0, helpers + 1);
  regionThreads = 0;
  await([&] { return p.running.load(std::memory_order_acquire) == 0; });
}

void runAlone(Task task, void* context) {
  const int32_t outer = regionThreads;
  regionThreads = 1;
  task(context, 0, 1);
  regionThreads = outer;
}

}  // namespace

int32_t setThreads(int32_t count) {
  const int32_t clamped = count < 1 ? 1 : count > maximumThreads ? maximumThreads : count;
  pool().wanted.store(clamped);
  return clamped;
}

}  // namespace rondo

using namespace rondo;

int32_t rondoThreadCount() { return regionThreads > 0 ? 1 : pool().wanted.load(std::memory_order_relaxed); }

void rondoParallel(int32_t limit, Task task, void* context) {
  Pool& p = pool();
  const int32_t wanted = p.wanted.load(std::memory_order_relaxed);
  const int32_t most = limit < wanted ? limit : wanted;
  // Another Node environment (a worker thread) may be using the pool: do not wait for it.
  if (most <= 1 || regionThreads > 0 || p.busy.exchange(true, std::memory_order_acquire)) return runAlone(task, context);
  runTogether(p, ensureWorkers(p, most - 1), task, context);
  p.busy.store(false, std::memory_order_release);
}

void rondoParallelBriefly(int32_t limit, Task task, void* context) {
  Pool& p = pool();
  const int32_t wanted = p.wanted.load(std::memory_order_relaxed);
  const int32_t most = limit < wanted ? limit : wanted;
  if (most <= 1 || regionThreads > 0 || p.busy.exchange(true, std::memory_order_acquire)) return runAlone(task, context);
  const int32_t helpers = ensureWorkers(p, most - 1);
  bool allAwake = true;
  for (int32_t i = 0; i < helpers; i++) {
    if (!p.workers[i].asleep.load(std::memory_order_acquire)) continue;
    allAwake = false;
    if (now() - p.lastBrief < spinNanoseconds) wake(p.workers[i]);
  }
  if (allAwake) runTogether(p, helpers, task, context);
  else runAlone(task, context);
  p.lastBrief = now();
  p.busy.store(false, std::memory_order_release);
}

void rondoBarrier() {
  if (regionThreads <= 1) return;
  Pool& p = pool();
  const uint32_t round = p.barriers.load(std::memory_order_acquire);
  if (p.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == regionThreads) {
    p.arrived.store(0, std::memory_order_relaxed);
    p.barriers.store(round + 1, std::memory_order_release);
  } else {
    await([&] { return p.barriers.load(std::memory_order_acquire) != round; });
  }
}
