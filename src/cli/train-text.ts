import { readFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { RondoError } from "../errors.js";
import type { TextEvent } from "../tasks/text-events.js";
import type { TextRun } from "../tasks/text-loop.js";
import type { PresetName, TextConfig } from "../tasks/text-options.js";
import { trainText } from "../tasks/text-training.js";
import { engine } from "../tensor/engine.js";
import "../entry/node.js";
import { createNodeFiles } from "../platform/files-node.js";
import { profileProcess } from "../platform/profile-node.js";
import { exitCodes } from "./errors.js";
import { formatCount, formatDuration } from "./format.js";
import { invocation } from "./invocation.js";
import { jsonReporter, liveReporter, plainReporter, type Reporter } from "./report.js";
import { append, createRun, findRun, removeTemporaryFiles, runFiles } from "./runs.js";
import { textConfigFrom } from "./text-flags.js";
import { readTexts, standardInput, type TextSource } from "./texts.js";
import { packageVersion } from "./version.js";

interface TrainFlags {
  readonly preset?: string;
  readonly resume?: string;
  readonly output: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  /** True, or the name of a file. */
  readonly profile?: boolean | string;
}

/** What config.json holds. */
interface RunConfig {
  readonly rondo: string;
  readonly command: "train text";
  readonly backend: string;
  /** As they were given; relative ones start at `folder`. "text.txt" alone is the one in the run's own folder. */
  readonly files: readonly string[];
  readonly folder: string;
  readonly config: TextConfig;
}

/** `rondo train text`. */
export async function trainTextCommand(files: readonly string[], flags: TrainFlags): Promise<void> {
  const given = textConfigFrom({ ...flags });
  if (flags.profile) profileProcess(flags.profile === true ? "1" : flags.profile);
  const run = flags.resume === undefined ? undefined : await findRun(flags.resume, flags.output);
  const paths = files.length === 0 && run !== undefined ? await filesOf(run) : files;
  if (paths.length === 0) {
    throw new RondoError("option", "there is nothing to train on", {
      expected: 'text files, folders of them, or "-" for standard input',
      fix: "rondo train text FILE",
    });
  }
  const { text, sources } = await readTexts(paths);
  const reporter = reporterFor(flags.json ?? false);
  const { output, dryRun } = flags;
  const preset = flags.preset as PresetName | undefined;
  const again = paths.includes(standardInput) ? null : paths;
  await trainOnText({ text, sources, paths: again, given, preset, run, output, dryRun, reporter });
}

/** The files a run was trained on. Throws RondoError when it does not say. */
async function filesOf(run: string): Promise<string[]> {
  const path = join(run, runFiles.config);
  const saved = await readFile(path, "utf8").then(
    (json) => JSON.parse(json) as Partial<RunConfig>,
    () => ({}) as Partial<RunConfig>,
  );
  const { files, folder = "." } = saved;
  if (Array.isArray(files))
    return files.map((file) => (file === runFiles.text ? join(run, file) : resolve(folder, file)));
  throw new RondoError("file", "the text of this run must be given again", {
    path,
    received: "no list of files",
    fix: `name the files it was trained on: rondo train text FILE --resume ${run}`,
  });
}

/** JSON where asked for, a live display on a terminal, lines elsewhere. */
export function reporterFor(json: boolean): Reporter {
  if (json) return jsonReporter(process.stdout);
  const color = process.env["NO_COLOR"] === undefined;
  const live = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  return live ? liveReporter(process.stdout, undefined, color) : plainReporter(process.stdout);
}

export interface TextTrainingRequest {
  readonly text: string;
  readonly sources: readonly TextSource[];
  /** The files the text can be read from again; null keeps it in the run's folder. */
  readonly paths: readonly string[] | null;
  readonly given: Partial<TextConfig>;
  readonly preset?: PresetName;
  /** Folder of the run to resume. */
  readonly run?: string;
  /** Folder for new runs. */
  readonly output: string;
  readonly dryRun?: boolean;
  readonly reporter: Reporter;
}

/** Trains, shows and records it, and answers Ctrl-C. Returns the run and its folder. */
export async function trainOnText(request: TextTrainingRequest): Promise<{ folder: string; result: TextRun }> {
  const { text, sources, given, preset, run, dryRun = false, reporter } = request;
  const { backend } = engine();
  reporter.line(`${backend.name} backend: ${backend.description}`);
  reporter.line(describeSources(sources, text.length));
  const recorder = new Recorder(request, `${backend.name}, ${backend.description}`);
  const interrupt = new Interrupt(reporter);
  const abort = new AbortController();
  interrupt.listen(() => abort.abort());
  try {
    const folder = dryRun ? undefined : await recorder.open();
    const result = await trainText({
      text,
      ...given,
      ...(preset === undefined ? {} : { preset }),
      ...(folder === undefined ? {} : { folder }),
      ...(run === undefined ? {} : { resume: join(run, runFiles.last) }),
      dryRun,
      signal: abort.signal,
      onEvent: async (event) => {
        await recorder.event(event);
        reporter.event(event);
      },
    });
    for (const line of closingLines(result, recorder, request)) reporter.line(line);
    if (result.reason === "interrupted") process.exitCode = interrupt.exitCode;
    return { folder: folder ?? "", result };
  } catch (error) {
    if (await recorder.discardUnbegun()) throw error;
    reporter.line(`What was trained so far is in ${recorder.folder}`);
    throw error;
  } finally {
    interrupt.stop();
    reporter.close();
  }
}

/** Keeps what happens in the run's folder. */
class Recorder {
  folder = "";
  last: Extract<TextEvent, { type: "step" }> | undefined;
  elapsed = 0;
  private readonly request: TextTrainingRequest;
  private readonly backend: string;

  constructor(request: TextTrainingRequest, backend: string) {
    this.request = request;
    this.backend = backend;
  }

  async open(): Promise<string> {
    const { run, output } = this.request;
    this.folder = run ?? (await createRun(output, "text"));
    await removeTemporaryFiles(this.folder);
    return this.folder;
  }

  private async write(name: string, content: string): Promise<void> {
    await createNodeFiles().write(join(this.folder, name), new TextEncoder().encode(content));
  }

  /** Leaves no folder behind for a training that did not begin. False when it did. */
  async discardUnbegun(): Promise<boolean> {
    if (!this.folder) return true;
    if (this.last || this.request.run) return false;
    await rm(this.folder, { recursive: true });
    return true;
  }

  async event(event: TextEvent): Promise<void> {
    if (event.type === "step") this.last = event;
    if (event.type === "end") this.elapsed = event.elapsed;
    if (!this.folder) return;
    if (event.type === "start") {
      const config: RunConfig = {
        rondo: packageVersion(),
        command: "train text",
        backend: this.backend,
        files: this.request.paths ?? [runFiles.text],
        folder: process.cwd(),
        config: event.config,
      };
      if (this.request.paths === null) await this.write(runFiles.text, this.request.text);
      await this.write(runFiles.config, `${JSON.stringify(config, null, 2)}\n`);
    } else if (event.type === "sample") {
      const head = `--- step ${event.step}, temperature ${event.temperature}`;
      append(join(this.folder, runFiles.samples), `${head}\n${event.text}\n\n`);
    }
    if (event.type !== "sample" && (event.type !== "step" || event.step % 10 === 0)) {
      append(join(this.folder, runFiles.metrics), `${JSON.stringify(event)}\n`);
    }
  }
}

/** Ctrl-C: once ends the training in order, twice at once. */
class Interrupt {
  exitCode: number = exitCodes.interrupted;
  private readonly reporter: Reporter;
  private stopListening = () => {};

  constructor(reporter: Reporter) {
    this.reporter = reporter;
  }

  listen(abort: () => void): void {
    let count = 0;
    const handle = (signal: NodeJS.Signals) => {
      this.exitCode = signal === "SIGTERM" ? 143 : exitCodes.interrupted;
      if (++count > 1) {
        this.reporter.close();
        process.exit(this.exitCode);
      }
      this.reporter.line("Saving; once more to quit at once.");
      abort();
    };
    process.on("SIGINT", handle);
    process.on("SIGTERM", handle);
    this.stopListening = () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    };
  }

  stop(): void {
    this.stopListening();
  }
}

function describeSources(sources: readonly TextSource[], characters: number): string {
  const names = sources.slice(0, 3).map(({ path }) => basename(path));
  const more = sources.length > 3 ? ` and ${sources.length - 3} more` : "";
  return `${names.join(", ")}${more}: ${formatCount(characters)} characters`;
}

const endings: Readonly<Record<TextRun["reason"], string>> = {
  epochs: "Finished",
  time: "Time is over",
  patience: "No more progress",
  interrupted: "Interrupted",
  dryRun: "Everything works; nothing was written",
};

function closingLines(
  result: TextRun,
  { folder, last, elapsed }: Recorder,
  { text, dryRun }: TextTrainingRequest,
): string[] {
  const { reason, steps, bestLoss } = result;
  if (dryRun) {
    return ["", `${endings.dryRun}. The training would take about ${formatDuration(last?.left ?? 0)}.`];
  }
  const kind = result.history.at(-1)?.validationLoss === null ? "training" : "validation";
  const loss =
    bestLoss === null
      ? ""
      : `; best ${kind} loss ${bestLoss.toFixed(4)} nats per character (${(bestLoss / Math.LN2).toFixed(3)} bits)`;
  const lines = ["", `${endings[reason]} after ${formatCount(steps)} steps, ${formatDuration(elapsed)}${loss}.`];
  const rondo = invocation();
  if (reason === "interrupted") {
    if (steps > 0) lines.push(`Go on: ${rondo} train text --resume ${folder}`);
  } else {
    // A prompt the model knows the characters of.
    const [word] = /\p{L}{2,}/u.exec(text) ?? [];
    lines.push(`Everything is in ${folder}`, `Next: ${rondo} generate ${folder}${word ? ` --prompt "${word}"` : ""}`);
  }
  return lines;
}
