import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Against what hangs, not against what is slow: a busy machine may take ten times as long.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
