/** 64 KiB pages: 16 MiB to begin with, 4 GiB at most, which is reserved but costs nothing until it is touched. */
const INITIAL_PAGES = 256;
const MAXIMUM_PAGES = 65536;

/** The memory of an arena. `onBuffer` gets its buffer now and after every `grow`, which detaches the previous one. */
export function createArenaMemory(onBuffer: (buffer: ArrayBuffer) => void): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES });
  const { grow } = memory;
  memory.grow = (pages) => {
    const before = grow.call(memory, pages);
    onBuffer(memory.buffer as ArrayBuffer);
    return before;
  };
  onBuffer(memory.buffer as ArrayBuffer);
  return memory;
}
