type AnyIterator<T> = Iterator<T> | AsyncIterator<T>;

/** Starts a pass. */
export function iteratorOf<T>(iterable: Iterable<T> | AsyncIterable<T>): AnyIterator<T> {
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
}

/** The next item, or the end once `signal` says so: a source that never answers cannot hold an aborted training up. */
export async function nextOf<T>(iterator: AnyIterator<T>, signal: AbortSignal | undefined): Promise<IteratorResult<T>> {
  const end = { done: true, value: undefined } as const;
  if (!signal) return iterator.next();
  if (signal.aborted) return end;
  const next = iterator.next();
  if (!(next instanceof Promise)) return next;
  return new Promise((resolve, reject) => {
    const stop = () => resolve(end);
    signal.addEventListener("abort", stop);
    next.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Ends a pass early. One that is aborted is not waited for: its source may still be busy with the next item. */
export async function closePass<T>(iterator: AnyIterator<T> | null, signal: AbortSignal | undefined): Promise<void> {
  const closing = Promise.resolve(iterator?.return?.());
  if (signal?.aborted) closing.catch(() => {});
  else await closing;
}
