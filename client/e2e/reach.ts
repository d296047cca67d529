/** Before the first test: whether there is a deployment to test, said once instead of by every test. */

import { API, APP, SANDBOX } from "./deployment";

export async function setup(): Promise<void> {
  for (const address of [APP, `${API}/v1/status`, `${SANDBOX}/sandbox/inbox`]) {
    const status = await fetch(address).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status !== 200) throw new Error(`${address} answers ${status || "nothing"}: start the local cloud by \`make run\` (docs/development.md, The client in a browser)`);
  }
}
