/** Names each test that needs a second try, with what failed in the first: `vitest` says neither of one that passes. */

import { afterEach } from "vitest";

afterEach(({ task }) => {
  if (task.result?.retryCount) console.warn(`tried again: ${task.name}: ${task.result.errors?.map((error) => error.message.split("\n")[0]).join("; ")}`);
});
