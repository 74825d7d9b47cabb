import { writeFileSync } from "node:fs";
import { ProfileSession } from "../tensor/profile/profile.js";
import { fileError } from "./files-node.js";

/** As many kernel calls as a trace viewer can bear. */
const MOST_EVENTS = 500_000;

/**
 * Profiles the whole process. At its end RONDO_PROFILE=1 prints the tables to standard error, and anything else is the
 * name of a file for the trace. "0" and nothing are off.
 */
export function profileProcess(wish: string | undefined): void {
  if (!wish || wish === "0") return;
  const session = new ProfileSession(MOST_EVENTS);
  process.on("exit", () => {
    session.stop();
    const report = session.report(undefined);
    if (wish === "1") {
      process.stderr.write(`${report}\n`);
      return;
    }
    try {
      writeFileSync(wish, report.toTrace());
      process.stderr.write(`RONDO_PROFILE: ${report.total.calls} kernel calls in ${wish}\n`);
    } catch (error) {
      const { message } = fileError(error, wish, "write") as Error;
      process.stderr.write(`RONDO_PROFILE: ${message}\n`);
      process.exitCode ||= 1;
    }
  });
}
