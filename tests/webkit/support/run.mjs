// One run: push service, server, the shell, and what ends them whatever happens.
import { hasKamailio } from "../../e2e/support/kamailio.mjs";
import { startPush } from "../../e2e/support/push.mjs";
import { startServer } from "../../e2e/support/scenario.mjs";
import { Ua } from "../../e2e/support/ua.mjs";
import { startShell, TOKEN } from "./shell.mjs";

/** The servers that everything here is run against. Where nothing may be skipped, none is. */
export const kinds = hasKamailio || process.env.SIPWAKE_STRICT === "1" ? ["edge", "kamailio"] : ["edge"];

/** Sets everything up and hands `{ push, server, shell, alice }` to the body. Pushes for the shell's token reach its native side. */
export async function withShell({ kind = "edge", server: serverOptions = {}, ...options }, body) {
  const ends = [];
  const keep = (thing) => {
    ends.push(() => thing.stop());
    return thing;
  };
  let shell;
  let devices;
  try {
    const push = keep(await startPush());
    const server = keep(await startServer(kind, push, serverOptions));
    shell = keep(await startShell(server, options));
    devices = new AbortController();
    const delivered = deliver(push, shell, devices.signal);
    ends.push(async () => {
      devices.abort();
      await delivered;
    });
    const alice = await Ua.connect(server, { user: "alice" });
    ends.push(() => alice.close());
    await shell.token();
    await body({ push, server, shell, alice });
  } catch (error) {
    if (shell) error.message += `\n${shell.story()}\n${shell.child.output().slice(-2000)}`;
    throw error;
  } finally {
    for (const end of ends.reverse()) await end().catch(() => {});
  }
}

/** The device's connection to the push service. */
async function deliver(push, shell, signal) {
  try {
    const response = await fetch(`${push.url}/push/listen?token=${TOKEN}`, { signal });
    let text = "";
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (line.startsWith("data: ")) await shell.push(JSON.parse(line.slice(6)), shell.launch ?? "suspended");
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
