// What `make demo` prints is true: the page is at the address, and the snippet, pasted into its console, makes the phone ring.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { hasChromium, startBrowser } from "./support/browser.mjs";
import { ROOT, until } from "./support/process.mjs";

const built = existsSync(join(ROOT, "www", "dist", ".built"));
const skip = !hasChromium ? "chromium is not installed" : !built ? "the demo page is not built" : false;

describe("make demo", { skip, timeout: 120000 }, () => {
  let demo;
  let printed = "";
  let browser;

  before(async () => {
    demo = spawn(process.execPath, ["scripts/demo.mjs"], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    demo.stdout.on("data", (data) => (printed += data));
    browser = await startBrowser();
    await until("the address", () => printed.includes("Ctrl-C ends it."), 60000);
  });

  after(async () => {
    demo?.kill("SIGKILL");
    await browser?.stop();
  });

  test("prints an address, two users, a line for a remote machine, and a snippet that calls the phone", async () => {
    const address = /open +(http:\/\/localhost:(\d+)\/)/.exec(printed);
    assert.ok(address, printed);
    assert.match(printed, /users +alice \(password \S+\), bob \(password \S+\)/);
    assert.match(printed, new RegExp(`ssh -L ${address[2]}:localhost:${address[2]} \\S+@\\S+`));
    const snippet = printed.slice(printed.indexOf("paste this")).split("\n").filter((line) => line.startsWith("    ")).join("\n");

    const page = await browser.open(address[1]);
    const phone = await until("the phone", () => page.frames().find((frame) => frame.url().includes("phone.html")));
    await phone.waitForFunction(() => window.sipwakeDemo?.ready);
    await phone.evaluate(() => window.sipwakeDemo.ready);
    const app = await until("the page in the phone", () => page.frames().find((frame) => frame.url().includes("app.html")));
    await app.waitForSelector('[data-testid="registration"][data-state="registered"]', { state: "attached", timeout: 15000 });
    // As a console takes it: `await` and declarations at the top, whatever the page's policy says of evaluated text.
    const session = await browser.context.newCDPSession(page);
    const { exceptionDetails } = await session.send("Runtime.evaluate", { expression: snippet, replMode: true, awaitPromise: true });
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
    await phone.waitForSelector('[data-testid="screen-incoming"]:not([hidden])', { state: "visible", timeout: 15000 });
    assert.match(await phone.textContent('[data-testid="incoming-name"]'), /alice/i);
  });

  test("ends on Ctrl-C, server and all", async () => {
    const port = /localhost:(\d+)\//.exec(printed)[1];
    const ended = new Promise((resolve) => demo.once("exit", resolve));
    demo.kill("SIGINT");
    assert.equal(await ended, 0);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  });
});
