/** Workers at most: more threads gain nothing on the sizes recurrent layers have. */
export const MAXIMUM_WORKERS = 15;

const STACK_BYTES = 256 * 1024;
/** At least rondoThreadBufferBytes in kernels/parallel.h. */
const BUFFER_BYTES = 192 * 1024;

/** Bytes of arena that one worker needs: working memory, stack, thread-local variables. */
export function workerBytes(threadLocal: number): number {
  return BUFFER_BYTES + STACK_BYTES + Math.ceil(threadLocal / 64) * 64;
}

/** What a worker is told. */
export interface WorkerOrder {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The pool's number of the workers it belongs with. */
  readonly generation: number;
  /** Its block of the arena. */
  readonly block: number;
}

/**
 * Starts a worker that runs `workerSource` on an order; it must not keep the process alive. `ended` is called once it is
 * gone, with the reason if it failed. Throws an Error when there can be none.
 */
export type WorkerStarter = (order: WorkerOrder, ended: (failure?: string) => void) => void;

/**
 * The program of a worker: defines run(order), which returns when the worker is to stop. As text, because a file of its
 * own would have to be found by bundlers, test runners and content security policies alike.
 */
export const workerSource = `
const run = ({ module, memory, generation, block }) => {
  const rondo = { startWorkers() {}, throwFailure() {}, now: () => performance.now() };
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, rondo });
  const stack = block + ${BUFFER_BYTES + STACK_BYTES};
  exports.__stack_pointer.value = stack;
  exports.__wasm_init_tls(stack);
  try {
    exports.work(generation, block);
  } catch (error) {
    exports.__stack_pointer.value = stack;
    exports.workerFailed();
    throw error;
  }
};
`;
