import { RondoError } from "../errors.js";

/** What the program answers to its caller. */
export const exitCodes = { ok: 0, error: 1, usage: 2, interrupted: 130 } as const;

/** Options are mistakes of usage, everything else is an error. */
export function exitCodeOf(error: unknown): number {
  return error instanceof RondoError && error.code === "option" ? exitCodes.usage : exitCodes.error;
}

/** What to print about an error: the message for those thrown on purpose, everything for the others. */
export function describeError(error: unknown, verbose = process.env["RONDO_DEBUG"] === "1"): string {
  if (error instanceof RondoError) return `error: ${verbose ? (error.stack ?? error.message) : error.message}`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `error: this should not have happened; please report it with the lines below and the output of "rondo doctor"\n${stack}`;
}

/** An error as one JSON object, for `--json`. */
export function errorEvent(error: unknown): object {
  if (!(error instanceof RondoError)) return { type: "error", code: "internal", message: String(error) };
  const { code, message, received, expected, fix, path } = error;
  return { type: "error", code, message, received, expected, fix, path };
}
