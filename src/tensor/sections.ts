/** What a stretch of work is for. Work outside of the last two is forward. */
export type SectionKind = "layer" | "backward" | "update";

/** Hears which part of a program runs, so that a profile can say where time went. */
export interface SectionListener {
  enter(kind: SectionKind, name: string): void;
  leave(): void;
  /** An operation was recorded for the backward pass; it belongs to the layer that runs now. */
  recorded(operation: object): void;
  /** From here on, gradients of this recorded operation are computed. */
  differentiates(operation: object): void;
}

/** Null unless a profile listens: then telling costs one comparison. */
export let sectionListener: SectionListener | null = null;

/** @internal */
export function listenToSections(listener: SectionListener | null): void {
  sectionListener = listener;
}

/** Runs `body` as a named part of the program. @internal */
export function inSection<R>(kind: SectionKind, name: () => string, body: () => R): R {
  const listener = sectionListener;
  if (!listener) return body();
  listener.enter(kind, name());
  try {
    return body();
  } finally {
    listener.leave();
  }
}
