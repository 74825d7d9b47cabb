import { host } from "../util/host.js";

/** Milliseconds of computing after which others get a turn: short enough for a page to feel alive. */
const INTERVAL = 40;

/** Lets timers, events and other promises run now and then during a long loop. */
export class Breath {
  private last = host().now();

  async take(): Promise<void> {
    if (host().now() - this.last < INTERVAL) return;
    await host().yieldToEventLoop();
    this.last = host().now();
  }
}
