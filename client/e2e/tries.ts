/** Names each test that needs a second try, with what failed in the first: `vitest` says neither of one that passes. */

import { afterEach } from "vitest";

afterEach(({ task }) => {
  const where = [task.file.name, task.suite?.name, task.name].filter(Boolean).join(" > ");
  if (task.result?.retryCount) console.warn(`tried again: ${where}: ${task.result.errors?.map((error) => error.message.split("\n")[0]).join("; ")}`);
});
