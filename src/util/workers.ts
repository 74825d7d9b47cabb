import { RondoError } from "../errors.js";

/** One end of a line between two threads. */
export interface Port {
  /** Sends a copy; the memory in `transfer` moves instead and cannot be used here any more. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** `onFailure` is told when the other side ended without being asked to. */
  listen(onMessage: (message: unknown) => void, onFailure?: (error: Error) => void): void;
  /** Ends the other side. */
  close(): void;
}

/** Starts a worker that runs the entry made for it; an entry point provides it. */
export type OpenWorker = () => Port;

let open: OpenWorker | undefined;

/** Called once by an entry point. */
export function provideWorkers(workers: OpenWorker): void {
  open = workers;
}

/** A new worker. Throws RondoError "backend" where there are none. @internal */
export function openWorker(): Port {
  if (open) return open();
  throw new RondoError("backend", "there are no workers here", { fix: "leave worker out of the options of fit" });
}
