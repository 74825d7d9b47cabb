import { RondoError } from "../errors.js";
import { MAXIMUM_WORKERS, type WorkerStarter, workerBytes } from "./wasm-worker.js";

/** What the pool (kernels/wasm/pool.cpp) exports. */
export interface PoolExports {
  setThreads(count: number, maySleep: number): void;
  stopWorkers(): number;
  readonly __stack_pointer: WebAssembly.Global<"i32">;
  readonly __tls_size: WebAssembly.Global<"i32">;
}

export interface ThreadOptions {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Why there can be no threads. */
  readonly problem?: string | undefined;
  readonly start: WorkerStarter;
}

/**
 * The workers of one instance of the kernels. They start when a computation first has use for them, and it does not wait
 * for them: they take part from the moment they are ready.
 */
export class WasmThreads {
  /** Threads kernels use, the calling one included. */
  count = 1;
  problem: string | undefined;
  private pool!: PoolExports;
  private firstBlock = 0;
  private stack = 0;
  private generation = 0;
  /** The generation of the worker that uses each block. */
  private readonly slots: (number | undefined)[] = [];

  constructor(private readonly options: ThreadOptions) {
    this.problem = options.problem;
  }

  /** What the module imports. */
  readonly imports = {
    startWorkers: (count: number) => this.startWorkers(count),
    now: () => performance.now(),
    throwFailure: () => this.fail(),
  };

  /** Called with the instance's exports before anything else; `heapStart` is where the blocks of the workers begin. */
  attach(pool: PoolExports, heapStart: number): void {
    this.pool = pool;
    this.firstBlock = Math.ceil(heapStart / 64) * 64;
    this.stack = pool.__stack_pointer.value;
  }

  /** First byte beyond what the workers need. */
  get end(): number {
    return this.problem === undefined ? this.firstBlock + MAXIMUM_WORKERS * this.blockBytes : this.firstBlock;
  }

  private get blockBytes(): number {
    return workerBytes(this.pool.__tls_size.value);
  }

  setThreads(wanted: number): void {
    this.count = this.problem === undefined ? Math.min(wanted, MAXIMUM_WORKERS + 1) : 1;
    if (this.count === 1) this.stopWorkers();
    this.pool.setThreads(this.count, maySleep() ? 1 : 0);
  }

  private stopWorkers(): void {
    this.generation = this.pool.stopWorkers();
  }

  /** Starts what is missing to `count` workers of this generation. */
  private startWorkers(count: number): void {
    const { module, memory, start } = this.options;
    const { generation } = this;
    let missing = count - this.slots.filter((holder) => holder === generation).length;
    for (let slot = 0; missing > 0 && slot < MAXIMUM_WORKERS; slot++) {
      // A worker that was sent home keeps its block until it has left.
      if (this.slots[slot] !== undefined) continue;
      this.slots[slot] = generation;
      missing--;
      const ended = (failure?: string) => {
        this.slots[slot] = undefined;
        // One that was not sent home should have stayed.
        if (generation === this.generation) this.giveUp(failure ?? "one ended unexpectedly");
      };
      try {
        start({ module, memory, generation, block: this.firstBlock + slot * this.blockBytes }, ended);
      } catch (error) {
        ended(String(error));
        return;
      }
    }
  }

  /** Goes on with one thread. */
  private giveUp(reason: string): void {
    this.problem = `workers cannot be used: ${reason.split("\n")[0]}`;
    this.setThreads(1);
  }

  private fail(): never {
    // The error leaves the kernel without giving back its stack.
    this.pool.__stack_pointer.value = this.stack;
    this.giveUp("one failed during a computation");
    throw new RondoError("backend", "a worker thread failed during a computation, whose results are lost", {
      fix: "repeat it: it goes on with one thread; if it fails again, the data or the library is at fault",
    });
  }
}

/** The thread of a page must stay responsive and may not sleep; all others may. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
