// The built package (`make pkg`) as its users load it: Node, a plain page, a bundler, TypeScript.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import webpack from "webpack";
import { launch, root, serve } from "./support/browser.mjs";

const run = promisify(execFile);
const exported = ["Account", "Call", "Endpoint", "Publication", "Referral", "SipError", "Subscriber", "Subscription", "Transfer", "default", "initSync", "parseMessage", "version"];
const { version } = JSON.parse(await readFile(join(root, "pkg/package.json"), "utf8"));

/** A folder of its own in which `sipwake` is installed. */
let home;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "sipwake-package-"));
  await mkdir(join(home, "node_modules"));
  await symlink(join(root, "pkg"), join(home, "node_modules/sipwake"));
  await writeFile(join(home, "package.json"), '{ "type": "module", "private": true }');
});
after(() => rm(home, { recursive: true, force: true }));

/** Runs a script in Node, in the folder where the package is installed. */
async function node(script) {
  await writeFile(join(home, "script.mjs"), script);
  const { stdout } = await run(process.execPath, ["script.mjs"], { cwd: home });
  return JSON.parse(stdout);
}
const check = `
  const registered = { code: await Endpoint.start({ nonsense: 1 }).then(() => "started", (error) => [error instanceof SipError, error.name, error.code, error.field]) };
  const endpoint = await Endpoint.start({ host: "none" });
  const state = endpoint.state;
  await endpoint.stop().catch(() => {});
`;

describe("in Node", () => {
  test("await init() reads the wasm from the file system, and names are what they should be", async () => {
    const seen = await node(`
      import * as all from "sipwake";
      import init, { Endpoint, SipError, version } from "sipwake";
      await Promise.all([init(), init()]);
      await init();
      ${check}
      console.log(JSON.stringify({ names: Object.keys(all), registered, state, version }));
    `);
    assert.deepEqual(seen.names, exported);
    assert.deepEqual(seen.registered.code, [true, "SipError", "invalidOption", "nonsense"]);
    assert.deepEqual(seen.state, { accounts: [], calls: [], subscriptions: [], host: false });
    assert.equal(seen.version, version);
  });

  test("a file: URL, octets and initSync with octets or a module load it too", async () => {
    for (const load of [
      'await init(import.meta.resolve("sipwake/sipwake_bg.wasm"))',
      'await init(new URL(import.meta.resolve("sipwake/sipwake_bg.wasm")))',
      "await init(octets)",
      "await init({ module_or_path: 1 }).catch(() => init(octets))",
      "initSync({ module: octets })",
      "initSync(new WebAssembly.Module(octets))",
    ]) {
      const seen = await node(`
        import { readFileSync } from "node:fs";
        import init, { initSync, Endpoint } from "sipwake";
        const octets = readFileSync(new URL(import.meta.resolve("sipwake/sipwake_bg.wasm")));
        ${load};
        console.log(JSON.stringify((await Endpoint.start({ host: "none" })).state));
        process.exit();
      `);
      assert.deepEqual(seen.calls, [], load);
    }
  });

  test("use before init, and a damaged file, are errors that say so; after that init still works", async () => {
    const seen = await node(`
      import init, { initSync, Endpoint, SipError, parseMessage } from "sipwake";
      const codes = [];
      const note = (error) => codes.push(error instanceof SipError && error.code);
      await Endpoint.start().catch(note);
      try { parseMessage("") } catch (error) { note(error) }
      await init(new Uint8Array([1, 2, 3])).catch(note);
      await init("file:///nowhere.wasm").catch(note);
      try { initSync({ module: new Uint8Array(8) }) } catch (error) { note(error) }
      await init();
      console.log(JSON.stringify(codes));
    `);
    assert.deepEqual(seen, ["notInitialised", "notInitialised", "wasmNotLoaded", "wasmNotLoaded", "wasmNotLoaded"]);
  });

  test("initSync while init is under way is an error, for a second instance would strand what the first has made", async () => {
    const seen = await node(`
      import { readFileSync } from "node:fs";
      import init, { initSync, Endpoint } from "sipwake";
      const octets = readFileSync(new URL(import.meta.resolve("sipwake/sipwake_bg.wasm")));
      const loading = init(octets);
      let code;
      await null;
      try { initSync({ module: octets }) } catch (error) { code = error.code }
      await loading;
      initSync({ module: octets });
      const { state } = await Endpoint.start({ host: "none" });
      console.log(JSON.stringify({ code, state }));
      process.exit();
    `);
    assert.deepEqual(seen, { code: "invalidState", state: { accounts: [], calls: [], subscriptions: [], host: false } });
  });

  test("where there is no WebAssembly, import works and init says why it does not", async () => {
    const seen = await node(`
      delete globalThis.WebAssembly;
      const { default: init, initSync } = await import("sipwake");
      const codes = [await init().catch((error) => error.code)];
      try { initSync({ module: new Uint8Array() }) } catch (error) { codes.push(error.code) }
      console.log(JSON.stringify(codes));
    `);
    assert.deepEqual(seen, ["wasmUnsupported", "wasmUnsupported"]);
  });

  test("no id comes from Math.random: there is none in the package, and a constant one changes nothing", async () => {
    for (const name of ["sipwake.js", "media.js", "node.js"]) assert.doesNotMatch(await readFile(join(root, "pkg", name), "utf8"), /Math\s*\.\s*random/);
    const ids = await node(`
      Math.random = () => 0.5;
      const { default: init, Endpoint } = await import("sipwake");
      await init();
      const posted = [];
      const sent = [];
      class Socket {
        constructor() { setTimeout(() => { this.readyState = 1; this.protocol = "sip"; this.onopen(); }); }
        send(text) { sent.push(text); }
        close() {}
      }
      const host = { post: (text) => posted.push(JSON.parse(text)), onmessage: null };
      const ends = [];
      for (let i = 0; i < 20; i++) {
        const endpoint = await Endpoint.start({ WebSocket: Socket, host, tokenWaitMs: 0 });
        await endpoint.createAccount({ username: "a", domain: "b.example", servers: ["wss://b.example"] });
        ends.push(endpoint);
      }
      for (let i = 0; i < 100 && sent.filter((text) => text.startsWith("REGISTER")).length < 20; i++) await new Promise((resolve) => setTimeout(resolve, 20));
      const found = (pattern) => sent.map((text) => pattern.exec(text)?.[1]).filter(Boolean);
      console.log(JSON.stringify({ callIds: found(/^Call-ID: (.*)\\r/m), branches: found(/;branch=([^;\\r]*)/), tags: found(/^From:.*;tag=([^;\\r]*)/m), contacts: found(/^Contact: <sip:([^@]*)@/m), bridge: posted.map(({ id }) => id) }));
      process.exit();
    `);
    for (const [what, list] of Object.entries(ids)) {
      assert.ok(list.length >= 20, `${what}: ${list.length}`);
      assert.equal(new Set(list).size, list.length, `${what} ${list}`);
      assert.ok(list.every((id) => id.length > 5), `${what} ${list}`);
    }
  });

  test("import touches nothing", async () => {
    const seen = await node(`
      const touched = [];
      for (const name of ["WebSocket", "crypto", "performance", "document", "navigator", "sessionStorage", "window", "fetch", "RTCPeerConnection", "setTimeout"]) {
        const value = globalThis[name];
        Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); return value; } });
      }
      const before = new Set(Object.getOwnPropertyNames(globalThis));
      await import("sipwake");
      const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
      console.log(JSON.stringify({ touched, added }));
    `);
    assert.deepEqual(seen, { touched: [], added: [] });
  });
});

describe("in a page", () => {
  let browser, server;
  const routes = {
    "/": { body: '<!doctype html><title>plain</title><script type="importmap">{ "imports": { "sipwake": "/pkg/sipwake.js" } }</script>' },
    "/octets.wasm": { type: "application/octet-stream", body: undefined },
    "/missing.wasm": { status: 404, body: "" },
  };
  before(async () => {
    routes["/octets.wasm"].body = await readFile(join(root, "pkg/sipwake_bg.wasm"));
    server = await serve(routes);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  /** Evaluates in a fresh page. */
  async function page(script, argument) {
    const page = await browser.context.newPage();
    await page.goto(server.url);
    try {
      return await page.evaluate(script, argument);
    } finally {
      await page.close();
    }
  }

  test("it loads without a bundler", async () => {
    const seen = await page(async () => {
      const { default: init, Endpoint } = await import("sipwake");
      await init();
      const endpoint = await Endpoint.start();
      const { state } = endpoint;
      const counters = endpoint.counters();
      return { state, counters: { ...counters, timers: 0 } };
    });
    assert.deepEqual(seen.state, { accounts: [], calls: [], subscriptions: [], host: false });
    assert.deepEqual(seen.counters, { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 });
  });

  test("a wrong MIME type, a Response, and a browser that refuses to stream do no harm", async () => {
    const loaded = await page(async () => {
      const { default: init, version } = await import("sipwake");
      await init("/octets.wasm");
      return version;
    });
    assert.equal(loaded, version);
    assert.equal(await page(() => import("sipwake").then(async ({ default: init, version }) => (await init(await fetch("/octets.wasm")), version))), version);
    const refused = await page(async () => {
      WebAssembly.compileStreaming = async (response) => {
        await (await response).arrayBuffer();
        throw new TypeError("first argument must be an Response or Promise for Response");
      };
      const { default: init, version } = await import("sipwake");
      await init();
      return version;
    });
    assert.equal(refused, version);
  });

  test("a missing file is an error that says so, and init may be tried again", async () => {
    const seen = await page(async () => {
      const { default: init, SipError } = await import("sipwake");
      const error = await init("/missing.wasm").catch((error) => error);
      await init();
      return [error instanceof SipError, error.code];
    });
    assert.deepEqual(seen, [true, "wasmNotLoaded"]);
  });

  test("Lockdown Mode: without WebAssembly the import works and init says why", async () => {
    const code = await page(async () => {
      delete window.WebAssembly;
      const { default: init } = await import("sipwake");
      return init().catch((error) => error.code);
    });
    assert.equal(code, "wasmUnsupported");
  });

  test("a strict content security policy that lets WebAssembly run is enough", async () => {
    const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws:";
    routes["/strict/"] = { body: `<!doctype html><title>strict</title><meta http-equiv="content-security-policy" content="${policy}"><script type="module" src="strict.js"></script>` };
    routes["/strict/strict.js"] = {
      type: "text/javascript",
      body: `import init, { Endpoint } from "/pkg/sipwake.js";
        await init();
        const endpoint = await Endpoint.start();
        const down = new Promise((resolve) => endpoint.on("connectivity_changed", ({ error }) => error && resolve(error.code)));
        await endpoint.createAccount({ username: "a", domain: "b.example", servers: ["ws://127.0.0.1:9"] });
        document.title = await down;
        await endpoint.stop();`,
    };
    const page = await browser.context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${server.url}/strict/`);
    await page.waitForFunction(() => document.title !== "strict", undefined, { timeout: 10000 }).catch(() => {});
    assert.deepEqual(complaints, []);
    assert.equal(await page.title(), "connectionFailed");
    await page.close();
  });

  test("it runs in a worker, where calls have no media", async () => {
    const missing = await page(async () => {
      const script = `
        import init, { Endpoint } from "${location.origin}/pkg/sipwake.js";
        await init();
        const posted = [];
        const endpoint = await Endpoint.start({ host: { post: (text) => posted.push(text), onmessage: null } });
        await endpoint.stop();
        postMessage(JSON.parse(posted[0]).p.missing);`;
      const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { type: "module" });
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
      });
    });
    assert.deepEqual(missing, ["RTCPeerConnection", "MediaStream", "Audio"]);
  });

  test("webpack finds script and wasm by itself", async () => {
    const out = join(home, "dist");
    await writeFile(
      join(home, "entry.js"),
      'import init, { Endpoint } from "sipwake"; window.done = init().then(() => Endpoint.start()).then((endpoint) => endpoint.state, (error) => `${error.code} ${error.cause}`);',
    );
    const stats = await promisify(webpack)({
      mode: "production",
      context: home,
      entry: "./entry.js",
      output: { path: out, filename: "main.js", publicPath: "" },
      resolve: { symlinks: false },
      performance: { hints: false },
    });
    assert.ok(!stats.hasErrors(), stats.toString());
    assert.ok(!stats.hasWarnings(), stats.toString());
    const wasm = Object.keys(stats.compilation.assets).filter((name) => name.endsWith(".wasm"));
    assert.equal(wasm.length, 1);
    routes["/bundle/"] = { body: '<!doctype html><title>bundle</title><script src="main.js"></script>' };
    routes["/bundle/main.js"] = { type: "text/javascript", body: await readFile(join(out, "main.js")) };
    routes[`/bundle/${wasm[0]}`] = { type: "application/wasm", body: await readFile(join(out, wasm[0])) };
    const page = await browser.context.newPage();
    await page.goto(`${server.url}/bundle/`);
    assert.deepEqual(await page.evaluate(() => window.done), { accounts: [], calls: [], subscriptions: [], host: false });
    await page.close();
  });
});

describe("in TypeScript", () => {
  test("a program of a user's type-checks strictly, its mistakes do not, and there is no any", async () => {
    const types = await readFile(join(root, "pkg/sipwake.d.ts"), "utf8");
    for (const text of [types, await readFile(join(root, "pkg/media.d.ts"), "utf8")]) {
      assert.doesNotMatch(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""), /\bany\b/);
    }
    await writeFile(join(home, "program.ts"), await readFile(join(root, "tests/js/fixtures/program.ts")));
    const tsc = join(root, "node_modules/.bin/tsc");
    await run(tsc, ["--strict", "--noEmit", "--exactOptionalPropertyTypes", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom", "--types", "", "program.ts"], { cwd: home })
      .catch((error) => assert.fail(error.stdout));
  });

  test("every example of the manual type-checks strictly, and every method is in one", async () => {
    const folder = join(root, "docs/examples");
    const names = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
    const texts = [];
    for (const name of names) {
      texts.push(await readFile(join(folder, name), "utf8"));
      const lines = texts.at(-1).trimEnd().split("\n");
      assert.ok(lines.length <= 25 && lines[0].startsWith("// "), name);
      await writeFile(join(home, `example-${name}`), texts.at(-1));
    }
    const tsc = join(root, "node_modules/.bin/tsc");
    const options = ["--strict", "--noEmit", "--exactOptionalPropertyTypes", "--noUnusedLocals", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable", "--types", ""];
    await run(tsc, [...options, ...names.map((name) => `example-${name}`)], { cwd: home }).catch((error) => assert.fail(error.stdout));
    const types = await readFile(join(root, "pkg/sipwake.d.ts"), "utf8");
    const all = texts.join("\n");
    for (const name of ["Call", "Transfer", "Referral", "Subscription", "Subscriber", "Publication", "Endpoint"]) {
      const body = types.match(new RegExp(`export class ${name} \\{([\\s\\S]*?)\\n\\}`))[1].replace(/\/\*\*[\s\S]*?\*\//g, "");
      const elsewhere = ["constructor", "off", "suspend", "resume", "stop", "mute"];
      for (const [, method] of body.matchAll(/^ {2}(?:static )?(\w+)[(<]/gm)) assert.ok(elsewhere.includes(method) || new RegExp(`\\.${method}\\(`).test(all), `${name}.${method}`);
    }
    for (const [, event] of types.match(/export interface EventMap \{([\s\S]*?)\n\}/)[1].matchAll(/^ {2}(\w+): \{/gm)) assert.ok(all.includes(`"${event}"`), event);
  });

  test("the limits that JavaScript keeps are those of the engine", async () => {
    const limits = await readFile(join(root, "src/common/limits.rs"), "utf8");
    const listeners = await readFile(join(root, "src/browser/js/listeners.js"), "utf8");
    for (const [there, here] of [["TRACE_ENTRIES", "TRACED"], ["EVENTS_WAITING", "WAITING"]]) {
      const [, limit] = new RegExp(`const ${there}: usize = (\\d+);`).exec(limits);
      assert.match(listeners, new RegExp(`const ${here} = ${limit};`));
    }
  });

  test("every code of the engine is in the types", async () => {
    const types = await readFile(join(root, "pkg/sipwake.d.ts"), "utf8");
    const engine = await readFile(join(root, "src/io/error.rs"), "utf8");
    const codes = [...engine.matchAll(/Self::\w+ => "(\w+)",/g)].map(([, code]) => code);
    assert.ok(codes.length > 20);
    for (const code of codes) assert.match(types, new RegExp(`\\| "${code}"`));
  });

  test("every exported name is in the types, and every declared member is there", async () => {
    const types = await readFile(join(root, "pkg/sipwake.d.ts"), "utf8");
    const members = await node(`
      import * as all from "sipwake";
      const names = {};
      for (const name of ["Endpoint", "Account", "Call", "Transfer", "Referral", "Subscription", "Subscriber", "Publication"]) {
        names[name] = Object.getOwnPropertyNames(all[name].prototype).filter((n) => n !== "constructor").sort();
      }
      console.log(JSON.stringify(names));
    `);
    for (const [name, found] of Object.entries(members)) {
      const body = types.match(new RegExp(`export class ${name} \\{([\\s\\S]*?)\\n\\}`))[1].replace(/\/\*\*[\s\S]*?\*\//g, "");
      const declared = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(<:]/gm)].map(([, member]) => member).filter((member) => member !== "constructor");
      assert.deepEqual(declared.sort(), found, name);
    }
    for (const name of exported.filter((name) => name !== "default")) assert.match(types, new RegExp(`export (class|function|const) ${name}\\b`));
  });
});
