import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    setupFiles: ["src/entry/node.ts", "test/support/seed.ts"],
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Processes rather than threads: the native backend has its own threads.
    pool: "forks",
    maxWorkers: 2,
  },
});
