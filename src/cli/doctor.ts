import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { createBackendChooser } from "../backend/select.js";
import { backendCandidates, requestedBackend } from "../platform/node.js";
import { packageVersion } from "./version.js";

/** What `rondo doctor` finds out. */
interface Report {
  readonly rondo: string;
  readonly node: string;
  readonly v8: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memory: string;
  readonly requested: string | null;
  readonly backend: string | null;
  readonly problem: string | null;
  readonly backends: readonly { name: string; state: string; detail: string }[];
}

function examine(): Report {
  const requested = requestedBackend();
  const chooser = createBackendChooser(backendCandidates(), requested);
  let backend: string | null = null;
  let problem: string | null = null;
  try {
    backend = chooser.open().name;
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  return {
    rondo: packageVersion(),
    node: process.version,
    v8: process.versions.v8,
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    requested: requested ?? null,
    backend,
    problem,
    backends: chooser.report().map(({ name, state, detail }) => ({ name, state, detail })),
  };
}

/** `rondo doctor`: fails when no backend can be used. */
export async function doctorCommand({ json }: { json?: boolean }): Promise<void> {
  const report = examine();
  if (report.backend === null) process.exitCode = 1;
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const lines = [
    `rondo      ${report.rondo}`,
    `node       ${report.node} (V8 ${report.v8})`,
    `system     ${report.system}`,
    `processor  ${report.processor}, ${report.cores} cores usable, ${report.memory}`,
    "",
    ...report.backends.map(({ name, state, detail }) => {
      const mark = name === report.backend ? "in use" : state === "failed" ? "failed" : "works";
      return `${name.padEnd(10)} ${mark.padEnd(7)} ${detail}`;
    }),
  ];
  if (report.requested) lines.push("", `RONDO_BACKEND asks for "${report.requested}".`);
  if (report.problem) lines.push("", report.problem);
  process.stdout.write(`${lines.join("\n")}\n`);
}
