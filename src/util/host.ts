/** What the library needs from the program it runs in; an entry point (Node, web) provides it. */
export interface Host {
  /** Milliseconds from some fixed moment, for durations. */
  now(): number;
  /** Lets timers, input events and other promises run, then continues. */
  yieldToEventLoop(): Promise<void>;
  /** Writes one line for people to read. */
  print(line: string): void;
}

// Single files used without an entry point compute all the same: they only never pause, and print nothing.
let current: Host = {
  now: () => 0,
  yieldToEventLoop: () => Promise.resolve(),
  print: () => {},
};

/** Called once by an entry point. */
export function provideHost(host: Host): void {
  current = host;
}

/** The host in use. @internal */
export function host(): Host {
  return current;
}
