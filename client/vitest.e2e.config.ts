import { defineConfig } from "vitest/config";

/** Tests of what is built: in a real browser, and mini-programs without their platforms. One at a time. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    globalSetup: ["e2e/reach.ts"],
    setupFiles: ["e2e/tries.ts"],
    // Where nobody can look again.
    retry: process.env.CI ? 1 : 0,
  },
});
