#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { closest } from "../errors.js";
import { describeError, errorEvent, exitCodeOf, exitCodes } from "./errors.js";
import { defaultRunsFolder } from "./runs.js";
import { addTextOptions } from "./text-flags.js";
import { packageVersion } from "./version.js";

// Whoever reads the output may have seen enough, as in `rondo generate … | head`. A training saves first, as on Ctrl-C.
let unread = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  if (unread) return;
  unread = true;
  if (!process.emit("SIGINT", "SIGINT")) process.exit(exitCodes.ok);
});

const program = new Command("rondo")
  .description("Trains recurrent networks and lets them write.")
  .version(packageVersion())
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: () => {} })
  .exitOverride()
  .addHelpText(
    "after",
    `
Examples:
  rondo demo                                     trains for half a minute on a text that comes with rondo
  rondo train text book.txt                      trains a model to write like the book
  rondo train text notes/ --preset best          a large model, on all text files of a folder
  rondo generate runs/text-1 --prompt "Once "    writes on from the prompt
  rondo train text --resume runs/text-1          goes on with an interrupted training`,
  );

const train = program
  .command("train")
  .description("train a model")
  .allowExcessArguments()
  .action(() => {
    const [kind] = train.args;
    train.error(kind === undefined ? "error: what shall be trained?" : `error: unknown command '${kind}'`, {
      exitCode: 2,
    });
  });

addTextOptions(
  train
    .command("text")
    .argument("[FILE...]", 'text files, folders of them, or "-" for standard input')
    .description("train a model to write, character by character, like the texts given"),
)
  .option("--resume <run>", "go on with this run, exactly where it stopped")
  .option("--output <folder>", "where runs are kept", defaultRunsFolder)
  .option("--dry-run", "try everything out in three steps and estimate the time; write nothing")
  .option("--json", "print one JSON object per event")
  .option("--profile [file]", "say at the end where time went, or write a trace for chrome://tracing to the file")
  .action(async (files: string[], options) => (await import("./train-text.js")).trainTextCommand(files, options));

program
  .command("generate")
  .description("let a trained model write")
  .argument("<MODEL>", "a run, its folder, or a .safetensors file")
  .option("-p, --prompt <text>", "text to go on from")
  .option("-n, --length <characters>", "how much to write", "500")
  .option("-t, --temperature <number>", "below 1 plays safe, above 1 takes risks, 0 takes the likeliest", "0.8")
  .option("--top-k <number>", "choose among the k likeliest characters only")
  .option("--top-p <number>", "choose among the likeliest characters that reach this probability together")
  .option("--seed <number>", "the same seed writes the same text")
  .option("--skip-unknown", "leave out characters of the prompt that the model does not know")
  .option("--output <folder>", "where runs are kept", defaultRunsFolder)
  .action(async (model: string, options) => (await import("./generate.js")).generateCommand(model, options));

program
  .command("demo")
  .description("train for half a minute on a text that comes with rondo, and show what the model writes")
  .option("--time <duration>", "how long to train", "40s")
  .option("--output <folder>", "where runs are kept", defaultRunsFolder)
  .action(async (options) => (await import("./demo.js")).demoCommand(options));

program
  .command("doctor")
  .description("show which backends work here, and why others do not")
  .option("--json", "print one JSON object")
  .action(async (options) => (await import("./doctor.js")).doctorCommand(options));

/** Names like the one that is not known: an option (also after a dot, as in --model.units) or a command. */
function suggestion(message: string): string {
  const option = /unknown option '(-[^'=]*)/.exec(message)?.[1];
  const command = /unknown command '([^']*)'/.exec(message)?.[1];
  const current = commandInUse();
  if (option) {
    const names = current.options.map((o) => o.long ?? o.short ?? "");
    const last = option.replace(/^-+/, "").split(".").at(-1)!;
    const near = closest(`--${last}`, names);
    return near ? `  did you mean "${near}"?\n` : "";
  }
  const near =
    command === undefined
      ? undefined
      : closest(
          command,
          current.commands.map((c) => c.name()),
        );
  return near ? `  did you mean "${near}"?\n` : "";
}

function commandInUse(): Command {
  let current: Command = program;
  for (const word of process.argv.slice(2)) {
    const next = current.commands.find((command) => command.name() === word);
    if (!next) break;
    current = next;
  }
  return current;
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error.exitCode !== 0) {
      process.stderr.write(
        `${error.message}\n${suggestion(error.message)}  fix: see ${fullName(commandInUse())} --help\n`,
      );
    }
  } else {
    if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify(errorEvent(error))}\n`);
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
