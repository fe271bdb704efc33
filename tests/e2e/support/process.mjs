// Processes and folders that a test starts: all under tests/run/, all ended by their id.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { createServer, connect } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const RUN = join(ROOT, "tests", "run");
const living = new Set();
const folders = new Set();

// Whatever way this process ends, what it started ends too. Each child leads a group of its own, so that the
// workers of a server go with it.
process.once("exit", () => {
  for (const child of living) signal(child, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const name of ["SIGINT", "SIGTERM"]) process.once(name, () => process.exit(1));

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // It has ended already.
  }
}

/** A fresh folder under tests/run/. */
export function runFolder(name) {
  mkdirSync(RUN, { recursive: true });
  const folder = mkdtempSync(join(RUN, `${name}-`));
  folders.add(folder);
  return folder;
}

/** Removes a folder made by runFolder. */
export function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.delete(folder);
}

/** As many loopback TCP ports as asked for that nobody listens on now. */
export async function freePorts(count) {
  const servers = [];
  for (let i = 0; i < count; i += 1) {
    const server = createServer();
    await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Starts a program whose output goes to a file of the folder. */
export function start(program, args, { folder, log = "log", env = {} }) {
  const path = join(folder, log);
  const out = openSync(path, "a");
  const child = spawn(program, args, {
    cwd: folder, detached: true, stdio: ["ignore", out, out], env: { ...process.env, ...env },
  });
  closeSync(out);
  living.add(child);
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(String(error)));
    child.once("exit", (code, name) => resolve(`ended: ${code ?? name}`));
  });
  let over = null;
  ended.then((why) => {
    over = why;
    living.delete(child);
  });
  return {
    pid: child.pid,
    ended,
    get over() { return over; },
    output: () => readFileSync(path, "utf8"),
    async stop(limitMs = 3000) {
      if (over === null) signal(child, "SIGTERM");
      await within(limitMs, "an end", ended).catch(() => {
        signal(child, "SIGKILL");
        return ended;
      });
    },
    signal: (name) => signal(child, name),
  };
}

/** Waits until a TCP port of loopback accepts, or the process has ended. */
export async function accepts(port, process_, limitMs = 10000) {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    if (process_?.over) break;
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => { socket.destroy(); resolve(true); });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await sleep(20);
  }
  throw new Error(`port ${port} does not accept (${process_?.over ?? "too slow"})\n${process_?.output().slice(-3000) ?? ""}`);
}

/** Waits. */
export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** The promise's value, or a failure that says what did not come in time. */
export async function within(limitMs, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`in vain for ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until the function gives something true, and gives it; fails with what was waited for. */
export async function until(what, test, limitMs = 5000, everyMs = 20) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() >= end) throw new Error(`in vain for ${limitMs} ms: ${what}`);
    await sleep(everyMs);
  }
}
