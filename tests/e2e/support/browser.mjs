// Chromium for the tests: a fresh profile each time, files served from loopback, and ears.
import { createServer } from "node:http";
import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, join, normalize, sep } from "node:path";
import { chromium } from "playwright-core";
import { find } from "../../../scripts/tools.mjs";
import { removeFolder, runFolder } from "./process.mjs";

const PROGRAM = find("chromium");

/** Whether this machine can run these tests at all. */
export const hasChromium = Boolean(PROGRAM);

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required"];
const FAKE_DEVICE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
  ".wasm": "application/wasm", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2" };

/** Serves a folder; `pages` are further paths with their text, for example { "/x.html": "<p>…" }. */
export async function serveFolder(folder, pages = {}) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://127.0.0.1").pathname);
    const name = path.endsWith("/") ? `${path}index.html` : path;
    const file = normalize(join(folder, name));
    let body = pages[name];
    if (body === undefined && file.startsWith(normalize(folder) + sep) && existsSync(file) && statSync(file).isFile()) body = readFileSync(file);
    if (body === undefined) {
      response.writeHead(name === "/favicon.ico" ? 204 : 404).end();
      return;
    }
    response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "cache-control": "no-store" }).end(body);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Starts Chromium. Whatever a page complains of (an error in its console, an uncaught exception, a crash) is kept;
 * `stop` fails if something came that no pattern given to `expect` matches.
 */
export async function startBrowser({ fakeDevice = false, args = [], viewport = { width: 1280, height: 900 } } = {}) {
  const folder = runFolder("chromium");
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: PROGRAM, headless: true, viewport, args: [...FLAGS, ...(fakeDevice ? FAKE_DEVICE : []), ...args],
    handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
  }).catch((error) => {
    removeFolder(folder);
    throw error;
  });
  const complaints = [];
  const console_ = [];
  const expected = [];
  const complain = (what, text) => {
    if (!expected.some((pattern) => pattern.test(text))) complaints.push(`${what}: ${text}`);
  };
  context.on("console", (message) => {
    console_.push({ at: Date.now(), type: message.type(), text: message.text() });
    if (message.type() === "error") complain(`console of ${message.page()?.url() ?? "?"}`, `${message.text()} ${message.location().url}`);
  });
  context.on("weberror", (error) => complain("uncaught", error.error()?.stack ?? String(error.error())));
  context.on("page", (page) => page.on("crash", () => complain("crash", page.url())));
  return {
    context,
    console: console_,
    complaints,
    /** Complaints that match are part of the test. */
    expect: (...patterns) => expected.push(...patterns),
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async stop() {
      await context.close().catch(() => {});
      removeFolder(folder);
      if (complaints.length) throw new Error(`pages complained:\n${complaints.join("\n")}`);
    },
  };
}

/**
 * Listens to a MediaStream of a page until a tone stands out (or, with present: false, no longer does), and gives the
 * milliseconds that took; null: it did not happen in time. The page itself must play the stream: nothing is added here.
 * @param frame a page or frame of playwright
 * @param stream an expression for the stream in that frame, for example "window.sipwakeDemo.remoteStream"
 */
export async function hears(frame, stream, hz, { present = true, limitMs = 2000 } = {}) {
  const handle = await frame.evaluateHandle(stream);
  try {
    return await frame.evaluate(async ({ stream: source, hz: tone, present: wanted, limitMs: limit }) => {
      const start = performance.now();
      if (!(source instanceof MediaStream)) throw new Error("no MediaStream there to listen to");
      const context = new AudioContext();
      const node = context.createMediaStreamSource(source);
      const analyser = context.createAnalyser();
      analyser.fftSize = 4096;
      analyser.smoothingTimeConstant = 0;
      node.connect(analyser);
      const levels = new Float32Array(analyser.frequencyBinCount);
      const width = context.sampleRate / analyser.fftSize;
      const standsOut = () => {
        analyser.getFloatFrequencyData(levels);
        const band = levels.slice(Math.round(200 / width), Math.round(4000 / width));
        const at = Math.round(tone / width) - Math.round(200 / width);
        const peak = Math.max(...band.slice(at - 2, at + 3));
        const middle = [...band].sort((a, b) => a - b)[band.length >> 1];
        return peak > -70 && peak >= Math.max(...band) - 3 && peak > middle + 20;
      };
      try {
        let quiet = 0;
        while (performance.now() - start < limit) {
          await new Promise((resolve) => { setTimeout(resolve, 25); });
          const found = standsOut();
          quiet = found ? 0 : quiet + 1;
          // Silence must last: a single empty window may be a late packet.
          if (wanted ? found : quiet >= 8) return Math.round(performance.now() - start);
        }
        return null;
      } finally {
        await context.close();
      }
    }, { stream: handle, hz, present, limitMs });
  } finally {
    await handle.dispose();
  }
}
