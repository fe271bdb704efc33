// Starts the embedded development server and reads where it listens.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, removeFolder, runFolder, start, until } from "./process.mjs";

/** The built server; SIPWAKE_EDGE names another. */
export const EDGE = process.env.SIPWAKE_EDGE
  ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug", "sipwake-edge");
export const hasEdge = existsSync(EDGE);

export const USERS = { alice: "alice-secret", bob: "bob-secret", carol: "carol-secret" };

/**
 * Starts the server with command line options; users: null leaves the users to the server.
 * The result has kind, domain, users, wsUrl as startKamailio's has, and http, trace, push as the server gives them; `pushes()` is
 * the log of its simulated push service, `follow()` a list that grows by every SIP message, unredacted: { at, dir, peer, user, text }.
 */
export async function startEdge(args = [], { users = USERS } = {}) {
  if (!hasEdge) throw new Error("build the server first: cargo build -p sipwake-edge");
  const folder = runFolder("edge");
  const named = Object.entries(users ?? {}).flatMap((pair) => ["--user", pair.join(":")]);
  const child = start(EDGE, ["--json", ...named, ...args], { folder });
  let said;
  try {
    await until("the server listens", () => child.over || child.output().includes("\n"), 10000, 5);
    said = JSON.parse(child.output().split("\n")[0]);
  } catch (error) {
    await child.stop();
    throw new Error(`the server did not start (${child.over ?? error}): ${child.output()}`);
  }
  const feeds = [];
  return {
    kind: "edge", ...said, wsUrl: said.ws, users: Object.fromEntries(said.users.map(({ name, password }) => [name, password])),
    log: () => child.output(),
    pushes: async () => (await fetch(said.push.log)).json(),
    async follow() {
      const entries = [];
      feeds.push(await listen(`${said.trace}?full=1`, (entry) => entries.push(entry)));
      return entries;
    },
    /** Ends the server by a signal; gives how it ended. */
    async stop() {
      for (const feed of feeds) feed.close();
      await child.stop();
      removeFolder(folder);
      return child.over;
    },
  };
}

/** Listens to a text/event-stream; every event is JSON. */
export async function listen(url, each) {
  const abort = new AbortController();
  const response = await fetch(url, { signal: abort.signal });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const ended = (async () => {
    let text = "";
    try {
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        text += part;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const data = text.slice(0, end).split("\n").filter((line) => line.startsWith("data:"));
          text = text.slice(end + 2);
          if (data.length > 0) each(JSON.parse(data.map((line) => line.slice(5)).join("\n")));
        }
      }
    } catch {
      // Closed by us or by the server.
    }
  })();
  return { close: () => abort.abort(), ended };
}
