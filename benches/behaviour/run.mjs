// Runs rows with libraries: a Chromium, a page for each row and library, a far end for each page.
import { build } from "esbuild";
import { join } from "node:path";
import { serveFolder, startBrowser } from "../../tests/e2e/support/browser.mjs";
import { ROOT, sleep, until, within } from "../../tests/e2e/support/process.mjs";
import { rows } from "./rows.mjs";
import { DOMAIN, PASSWORD, Script, USER } from "./server.mjs";

export const LIBRARIES = ["sipwake", "JsSIP", "SIP.js"];
export { rows };

class Verdict extends Error {
  constructor(verdict, why) {
    super(why);
    Object.assign(this, { verdict, why });
  }
}

class Row {
  console = [];

  constructor(browser, files, library, far) {
    Object.assign(this, { browser, files, library, far, pages: [] });
  }

  async another() {
    const page = await this.browser.context.newPage();
    this.pages.push(page);
    page.on("console", async (message) => {
      const values = await Promise.all(message.args().map((arg) => arg.evaluate((value) => (typeof value === "string" ? value : JSON.stringify(value))).catch(() => "")));
      this.console.push(values.join(" "));
    });
    await page.goto(`${this.files.url}/behaviour.html`);
    const call = (verb, ...args) => page.evaluate(async ([name, given]) => void (await window.phone[name](...given)), [verb, args]);
    const phone = { page, evaluate: (body) => page.evaluate(body) };
    phone.start = (options = {}) => call("start", this.library, { url: this.far.url, user: USER, password: PASSWORD, domain: DOMAIN, ...options });
    for (const verb of ["register", "call", "answer", "hangup", "hold"]) {
      // What it throws is the library's own way to say no; what counts is the wire.
      phone[verb] = (...args) => call(verb, ...args).catch((error) => this.console.push(String(error)));
    }
    return phone;
  }

  async open() {
    this.phone = await this.another();
    return this;
  }

  wrong(why) {
    throw new Verdict("wrong", why);
  }

  absent(why) {
    throw new Verdict("absent", why);
  }

  events() {
    return this.phone.page.evaluate(() => window.phone.events);
  }

  applied() {
    return this.phone.page.evaluate(() => window.phone.applied);
  }

  own() {
    return this.phone.page.evaluate(() => window.phone.own());
  }

  async heard(type) {
    return (await this.events()).find((event) => event.type === type);
  }

  told(type, limitMs = 5000) {
    return until(`no event ${type}`, () => this.heard(type), limitMs, 30);
  }

  maybeTold(test, limitMs) {
    return until("no event", async () => (await this.events()).find(test), limitMs, 30).catch(() => null);
  }

  async close() {
    for (const page of this.pages) await page.close().catch(() => {});
    await this.far.stop();
  }
}

async function judge(browser, files, row, library) {
  const t = new Row(browser, files, library, await Script.start());
  try {
    await t.open();
    await within(40_000, "the end of the row", row.run(t));
    return { verdict: "right" };
  } catch (error) {
    if (error instanceof Verdict) return { verdict: error.verdict, why: error.why };
    return { verdict: "wrong", why: error.message.split("\n")[0], trace: [...t.console.slice(-10), ...t.far.log.map(({ dir, message }) => `${dir} ${message.method ?? message.status} ${message.status ? message.cseqMethod : ""}`)] };
  } finally {
    await t.close();
  }
}

/** Verdicts of rows: { id: { library: { verdict: "right" | "wrong" | "absent", why? } } }. */
export async function judgeAll({ only = rows.map(({ id }) => id), libraries = LIBRARIES, atOnce = 6, tell = () => {} } = {}) {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "benches", "behaviour", "page.mjs")], bundle: true, format: "iife", write: false, platform: "browser", mainFields: ["browser", "module", "main"],
    define: { global: "window" }, logLevel: "error",
  });
  const files = await serveFolder(ROOT, { "/behaviour.html": "<!doctype html><meta charset=utf-8><title>behaviour</title><script src=behaviour.js></script>", "/behaviour.js": outputFiles[0].text });
  const browser = await startBrowser({ fakeDevice: true });
  // What libraries say on the console is no complaint here.
  browser.expect(/.*/s);
  const verdicts = {};
  const jobs = rows.filter(({ id }) => only.includes(id)).flatMap((row) => libraries.map((library) => ({ row, library })));
  try {
    const worker = async () => {
      for (let job = jobs.shift(); job; job = jobs.shift()) {
        const verdict = await judge(browser, files, job.row, job.library);
        (verdicts[job.row.id] ??= {})[job.library] = verdict;
        tell(job.row, job.library, verdict);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    await browser.stop();
    await files.stop();
  }
  return verdicts;
}

export { sleep };
