import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach } from "vitest";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to standard input, which then ends. Without it, standard input is empty. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Sees the process and what it has printed so far. */
  readonly onOutput?: (stdout: string, child: ChildProcess) => void;
}

/** A folder for one test, removed after it; commands run in it. */
export function useFolder(): { path: string } {
  const folder = { path: "" };
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "rondo-cli-"));
  });
  afterEach(() => rm(folder.path, { recursive: true }));
  return folder;
}

/** Runs the built command line in `cwd`. */
export function rondo(cwd: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: "1", ...options.env };
    const child = spawn(process.execPath, [main, ...args], { cwd, env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
      options.onOutput?.(stdout, child);
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    // The program may end without reading all of it.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** A text that is learned in moments. */
export const text = "the cat sat on the mat. ".repeat(40);

/** A model that is trained in moments. */
export const tiny = [
  ...["--units", "16", "--embedding", "8", "--batch-size", "4", "--window", "12"],
  ...["--epochs", "4", "--learning-rate", "0.02", "--patience", "0"],
];
