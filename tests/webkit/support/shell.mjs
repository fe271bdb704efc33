// The WebKitGTK shell as a process that a test drives, over a Unix socket.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { find } from "../../../scripts/tools.mjs";
import { ROOT, removeFolder, runFolder, start, until, within } from "../../e2e/support/process.mjs";

const NATIVE = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug", "sipwake-shell");
const PYTHON = "/usr/bin/python3";

/** Why this machine has no shell to drive, or false. Where nothing may be skipped it is a failure. */
export function lacksWebKit({ media = false } = {}) {
  const why = missing(media);
  if (why && process.env.SIPWAKE_STRICT === "1") throw new Error(why);
  return why;
}

function missing(media) {
  if (!find("xvfb-run")) return "xvfb-run is not installed";
  if (!existsSync(NATIVE)) return "the native side is not built (cargo build -p sipwake-shell)";
  if (!existsSync(join(ROOT, "pkg", "sipwake.js"))) return "the package is not built (make pkg)";
  const imports = `import gi; gi.require_version("WebKit2", "4.1"); from gi.repository import WebKit2${media ? "; import aiortc" : ""}`;
  try {
    execFileSync(PYTHON, ["-c", imports], { stdio: "ignore" });
  } catch {
    return `${PYTHON} has no WebKit2 4.1${media ? " or no aiortc" : ""}`;
  }
  return false;
}

/** The token of the shell's device. */
export const TOKEN = "ab12".repeat(16);

/**
 * Starts a shell whose page is bob's phone on the server.
 * @param options query: more parameters of the page; host: options of the native side; media: whether it has media of its own
 */
export async function startShell(server, { query = {}, host = {}, media = false, page = "page/index.html" } = {}) {
  const folder = runFolder("webkit");
  const path = join(folder, "control");
  const control = createServer();
  await new Promise((resolve, reject) => control.once("error", reject).listen(path, resolve));
  const connected = new Promise((resolve) => { control.once("connection", resolve); });
  const options = {
    control: path, native: NATIVE, root: ROOT, page: `tests/webkit/${page}`, media,
    query: String(new URLSearchParams({ server: server?.wsUrl, domain: server?.domain, user: "bob", password: server?.users.bob, transport: "host", media: "host", policy: "closeTransport", ...query })),
    host: {
      instance: "urn:uuid:6f0d3b1e-52b8-4c0f-9f43-7f6a3a1f0c11", name: "dev.sipwake.phone", version: "1.0", os: "iOS", osVersion: "26.1", device: "WebKitGTK",
      origins: ["sipwake-app://app"],
      profile: query.media === "page" ? "A" : "B", transport: query.transport !== "page", ...host,
    },
  };
  // No D-Bus, no accessibility bus, no compositing: none of them is there where these tests run.
  const env = { GDK_BACKEND: "x11", NO_AT_BRIDGE: "1", LIBGL_ALWAYS_SOFTWARE: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const child = start(find("xvfb-run"), ["-a", PYTHON, join(ROOT, "tests", "webkit", "shell", "main.py"), JSON.stringify(options)], { folder, env });
  const shell = new Shell(child, folder, control);
  try {
    await shell.attach(await within(15000, "the shell connects", Promise.race([connected, child.ended.then((why) => { throw new Error(why); })])));
  } catch (error) {
    error.message += `\n${child.output().slice(-3000)}`;
    await shell.stop();
    throw error;
  }
  return shell;
}

class Shell {
  /** Everything that it told, in order: { event, at, … }. */
  events = [];
  #answers = new Map();
  #asked = 0;

  constructor(child, folder, control) {
    Object.assign(this, { child, folder, control });
  }

  async attach(socket) {
    this.socket = socket;
    socket.on("error", () => {});
    createInterface({ input: socket }).on("line", (line) => {
      const told = JSON.parse(line);
      if (told.event) {
        if (told.text) told.message = JSON.parse(told.text);
        this.events.push(told);
        return;
      }
      const { resolve, reject } = this.#answers.get(told.re);
      this.#answers.delete(told.re);
      if (told.error === null) resolve(told.value);
      else reject(new Error(told.error));
    });
    await until("the shell has started", () => this.events.length > 0);
  }

  #ask(what, more = {}, limitMs = 10000) {
    const n = ++this.#asked;
    const answer = new Promise((resolve, reject) => { this.#answers.set(n, { resolve, reject }); });
    answer.catch(() => {});
    this.socket.write(`${JSON.stringify({ ...more, do: what, n })}\n`);
    return within(limitMs, `the shell's answer to ${what}`, answer);
  }

  /** Loads the page, as the app does when it is opened. */
  load = () => this.#ask("load");
  /** Runs the body of an async function in the page: `given` are the arguments; JSON both ways. */
  run = (script, given = {}, limitMs = 10000) => this.#ask("run", { script, arguments: given }, limitMs);
  /** An input of the native side. */
  input = (type, more = {}) => this.#ask("input", { input: { type, ...more } });
  /** A button of the call screen; the action's id. */
  perform = (uuid, action, digits) => this.#ask("perform", { uuid, action, digits });
  /** What the system shows. */
  system = () => this.#ask("system");
  /** The host's media sessions: what each hears. */
  media = () => this.#ask("media");
  /** A signal for the processes of the web view: `web` or `network`. */
  async signal(process_, name) {
    const count = await this.#ask("signal", { process: process_, signal: name });
    if (count === 0) throw new Error(`the web view has no ${process_} process`);
  }

  /** The device has a push token. */
  token = () => this.input("token", { token: TOKEN, environment: "sandbox", bundleId: "dev.sipwake.phone", topic: "dev.sipwake.phone.voip", teamId: "TEAM123456" });
  /** A call push arrives, as PushKit hands it over. */
  push = (payload, launch = "suspended") => this.input("push", { payload: JSON.stringify(payload), launch, locked: true });

  effects = (type) => this.events.filter(({ event, effect }) => event === "effect" && effect.type === type).map(({ effect }) => effect);
  /** Bridge messages of one direction (`toPage`, `fromPage`) and type. */
  messages = (direction, type, kind) => this.events
    .filter(({ event, message }) => event === direction && message.type === type && (!kind || message.kind === kind)).map(({ message }) => message);

  /** Waits for a state of the nth call on the screen. */
  callIs(state, { n = 0, limitMs = 8000 } = {}) {
    return until(`call ${n} is ${state}`, async () => {
      const call = (await this.system()).calls[n];
      return call?.state === state && call;
    }, limitMs);
  }

  /** Waits until the page is registered. */
  registered = (limitMs = 10000) => until("the page is registered", async () => (await this.run("return window.phone?.registration")) === "registered", limitMs, 50);

  /** Sleeps as an app does in the background: the page is told, and does what its account says. */
  async sleep() {
    await this.input("appState", { state: "background", locked: true });
    const before = this.effects("suspendReady").length;
    await this.input("willSuspend", { budgetMs: 5000 });
    return until("the app may sleep", () => this.effects("suspendReady")[before], 6000);
  }

  /** What happened, for the error of a test that fails. */
  story() {
    return this.events.map(({ event, effect, message, at, ...more }) => {
      const what = effect ? JSON.stringify(effect) : message ? `${message.kind} ${message.type} #${message.seq} ack ${message.ack} ${JSON.stringify(message.p ?? null).slice(0, 300)}` : JSON.stringify(more);
      return `${at % 1000000} ${event} ${what.slice(0, 360)}`;
    }).slice(-120).join("\n");
  }

  async stop() {
    this.socket?.destroy();
    this.control.close();
    await this.child.stop();
    removeFolder(this.folder);
  }
}
