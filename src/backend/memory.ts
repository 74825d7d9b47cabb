/** 64 KiB pages: 16 MiB to begin with, 4 GiB at most, which is reserved but costs nothing until it is touched. */
const INITIAL_PAGES = 256;
const MAXIMUM_PAGES = 65536;

/**
 * The memory of an arena. `onBuffer` gets its buffer now and after every `grow`, which detaches the previous one.
 * Where 4 GiB of address space cannot be reserved, the largest power of two that can.
 */
export function createArenaMemory(onBuffer?: (buffer: ArrayBuffer) => void): WebAssembly.Memory {
  const memory = reserve(MAXIMUM_PAGES);
  if (onBuffer) {
    const { grow } = memory;
    memory.grow = (pages) => {
      const before = grow.call(memory, pages);
      onBuffer(memory.buffer as ArrayBuffer);
      return before;
    };
    onBuffer(memory.buffer as ArrayBuffer);
  }
  return memory;
}

function reserve(maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum });
  } catch (error) {
    if (maximum / 2 < INITIAL_PAGES) throw error;
    return reserve(maximum / 2);
  }
}
