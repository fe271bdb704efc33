// The demo page as people see it: five moments at two widths, real calls behind each; nothing overflows, axe finds
// nothing, and the pictures are kept in target/test/screens/ to be looked at.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { hasChromium, startBrowser } from "./support/browser.mjs";
import { hasEdge, startEdge } from "./support/edge.mjs";
import { ROOT, until } from "./support/process.mjs";

const skip = !hasChromium ? "chromium is not installed" : !hasEdge ? "the embedded server is not built" : false;
const SCREENS = join(ROOT, "target", "test", "screens");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const id = (name) => `[data-testid="${name}"]`;

/** The frame whose document has this name, once it is usable. */
async function frameOf(page, name) {
  const frame = await until(`the frame ${name}`, () => page.frames().find((one) => new URL(one.url(), "http://x").pathname.endsWith(name)));
  await frame.waitForFunction(() => window.sipwakeDemo?.ready);
  await frame.evaluate(() => window.sipwakeDemo.ready);
  return frame;
}

/** Looks at every document of the page, hidden ones excepted, and keeps a picture. */
async function look(page, name) {
  await page.evaluate(() => document.fonts.ready);
  for (const frame of page.frames()) {
    const where = `${name}: ${new URL(frame.url(), "http://x").pathname}`;
    const element = frame.parentFrame() && (await frame.frameElement());
    if (element && !(await element.isVisible())) continue;
    const { content, room } = await frame.evaluate(() => ({ content: document.documentElement.scrollWidth, room: window.innerWidth }));
    assert.ok(content <= room, `${where} is ${content} px wide in ${room} px`);
    await frame.evaluate(axe);
    const found = await frame.evaluate(() => window.axe.run(document, { iframes: false, resultTypes: ["violations"] }));
    const problems = found.violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
    assert.deepEqual(problems, [], where);
  }
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
}

describe("the demo page", { skip, timeout: 300000 }, () => {
  let edge;
  let browser;

  before(async () => {
    edge = await startEdge(["--www", join(ROOT, "www", "dist")]);
    browser = await startBrowser();
  });

  // Each page holds a stream open, and a browser has few for one host.
  afterEach(() => Promise.all(browser.context.pages().map((page) => page.close())));

  after(async () => {
    await browser?.stop();
    await edge?.stop();
  });

  for (const width of [1280, 390]) {
    for (const colorScheme of ["light", "dark"]) {
      test(`five moments at ${width} px, ${colorScheme}`, async () => {
        const page = await browser.context.newPage();
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: width > 1000 ? 1440 : 844 });
        await page.goto(edge.http);
        const phone = await frameOf(page, "phone.html");
        const web = await frameOf(page, "web.html");
        const app = await frameOf(page, "app.html");
        const at = (moment) => `${moment}-${width}-${colorScheme}`;
        const show = (frame, name) => frame.locator(id(name)).scrollIntoViewIfNeeded();
        await web.locator(`${id("registration")}[data-state="registered"]`).waitFor();
        await app.locator(`${id("registration")}[data-state="registered"]`).waitFor();
        await look(page, at("1-idle"));

        await phone.locator(id("background")).click();
        await phone.locator(`${id("app-state")}[data-state="suspended"]`).waitFor({ timeout: 8000 });
        await web.locator(id("dial-call")).click();
        await phone.locator(id("screen-incoming")).waitFor();
        await show(phone, "incoming-name");
        await look(page, at("2-incoming"));

        await phone.locator(id("answer")).click();
        await phone.waitForFunction(() => window.sipwakeDemo.calls.at(-1)?.state === "active");
        await phone.waitForFunction((level) => Number(document.querySelector(level).getAttribute("aria-valuenow")) > 10, id("level"));
        await look(page, at("3-call"));

        const rung = page.locator(`${id("ladder-row")}[data-kind="sip"][data-from="page"][data-label="REGISTER"]`).last();
        await rung.scrollIntoViewIfNeeded();
        await rung.click();
        await page.locator(id("ladder-detail")).waitFor();
        await look(page, at("4-detail"));
        await page.keyboard.press("Escape");
        assert.equal(await page.locator(id("ladder-detail")).isVisible(), false);
        assert.equal(await rung.evaluate((element) => element === document.activeElement), true);

        await web.locator(id("hangup")).click();
        await web.locator(id("outcome")).waitFor();
        await phone.waitForFunction(() => window.sipwakeDemo.calls.at(-1)?.state === "ended");
        await show(web, "outcome");
        await look(page, at("5-ended"));
      });
    }
  }

  test("a call by keyboard alone: the focus goes on to what comes next", async () => {
    const page = await browser.open(edge.http);
    const phone = await frameOf(page, "phone.html");
    const web = await frameOf(page, "web.html");
    const app = await frameOf(page, "app.html");
    const focused = (frame, name) => frame.waitForFunction((wanted) => document.activeElement?.dataset.testid === wanted, name);
    await web.locator(`${id("registration")}[data-state="registered"]`).waitFor();
    await app.locator(`${id("registration")}[data-state="registered"]`).waitFor();
    await phone.locator(id("kill")).press("Enter");
    await web.locator(id("dial-target")).press("Enter");
    await focused(web, "hangup");
    await phone.locator(id("answer")).waitFor(); // press() alone would also take a button that is not shown yet
    await phone.locator(id("answer")).press("Enter");
    await phone.waitForFunction(() => window.sipwakeDemo.calls.at(-1)?.state === "active");
    await focused(phone, "hangup");
    await phone.locator(id("mute")).press("Space");
    await phone.locator(`${id("mute")}[aria-pressed="true"]`).waitFor();
    await phone.locator(id("hangup")).press("Space");
    await focused(phone, "unlock");
    await web.locator(id("outcome")).waitFor();
  });

  for (const width of [1280, 390]) {
    test(`the softphone holds the phone's call and takes it back, over the shell's media, at ${width} px`, async () => {
      const page = await browser.open(edge.http);
      await page.setViewportSize({ width, height: width > 1000 ? 1440 : 844 });
      const phone = await frameOf(page, "phone.html");
      const web = await frameOf(page, "web.html");
      const app = await frameOf(page, "app.html");
      await web.locator(`${id("registration")}[data-state="registered"]`).waitFor();
      await app.locator(`${id("registration")}[data-state="registered"]`).waitFor();
      await web.locator(id("dial-call")).click();
      await phone.locator(id("answer")).click();
      const heard = (frame, wanted) =>
        frame.waitForFunction(([level, wanted]) => (Number(document.querySelector(level)?.getAttribute("aria-valuenow") ?? 0) > 10) === wanted, [id("level"), wanted], { timeout: 10000 });
      await heard(phone, true);
      await web.locator(id("hold")).click();
      await web.locator(`${id("hold")}[aria-pressed="true"]`).waitFor();
      await web.waitForFunction((timer) => document.querySelector(timer).textContent === "On hold", id("call-timer"));
      await heard(phone, false);
      await web.locator(id("hold")).scrollIntoViewIfNeeded();
      await look(page, `8-held-${width}`);
      await web.locator(id("hold")).click();
      await web.locator(`${id("hold")}[aria-pressed="false"]`).waitFor();
      await heard(phone, true);
      await web.locator(id("hangup")).click();
      await web.locator(id("outcome")).waitFor();
    });
  }

  test("a call of the app is on the call screen, and a button in the app is done there as well", async () => {
    const page = await browser.open(edge.http);
    const phone = await frameOf(page, "phone.html");
    const web = await frameOf(page, "web.html");
    const app = await frameOf(page, "app.html");
    await web.locator(`${id("registration")}[data-state="registered"]`).waitFor();
    await app.locator(`${id("registration")}[data-state="registered"]`).waitFor();
    // The call screen is before the app from here on, so its buttons are pressed without looking.
    const press = (name) => app.locator(id(name)).dispatchEvent("click");
    await app.locator(id("dial-call")).click();
    await phone.locator(id("screen-call")).waitFor();
    await phone.waitForFunction(() => window.sipwakeDemo.calls[0]?.outgoing && window.sipwakeDemo.calls[0].state === "calling");
    await web.locator(id("answer")).click();
    await phone.waitForFunction(() => window.sipwakeDemo.calls[0].state === "active");
    await phone.waitForFunction((level) => Number(document.querySelector(level).getAttribute("aria-valuenow")) > 10, id("level"));
    await press("mute");
    await phone.locator(`${id("mute")}[aria-pressed="true"]`).waitFor();
    await press("hold");
    await phone.waitForFunction(() => window.sipwakeDemo.calls[0].held === true);
    await app.locator(`${id("hold")}[aria-pressed="true"]`).waitFor({ state: "attached" });
    await press("hold");
    await phone.waitForFunction(() => window.sipwakeDemo.calls[0].held === false);
    // What the screen does the app shows.
    const muted = () => app.evaluate(() => window.sipwakeDemo.call.muted);
    await until("it is not muted any more", async () => {
      // An unmute that comes with a change of hold is taken for the system's own, and is taken back.
      if (await muted()) await phone.locator(id("mute")).click();
      return !(await muted());
    }, 10000, 300);
    await press("hangup");
    await phone.waitForFunction(() => window.sipwakeDemo.calls[0].state === "ended");
    assert.equal(await phone.evaluate(() => window.sipwakeDemo.calls[0].reason), "local");
    await web.locator(id("outcome")).waitFor();

    await app.locator(id("dial-call")).click();
    await phone.waitForFunction(() => window.sipwakeDemo.calls[1]?.state === "calling");
    await web.locator(id("answer")).waitFor();
    await phone.evaluate(() => window.sipwakeDemo.reset());
    await until("the call is over everywhere", () => app.evaluate(() => window.sipwakeDemo.endpoint.state.calls.length === 0));
    assert.equal(await phone.evaluate(() => window.sipwakeDemo.calls[1].state), "ended");
  });

  test("a page that plays audio while its CallKit call lives is told off", async () => {
    const page = await browser.open(`${edge.http}/?media=page`);
    const phone = await frameOf(page, "phone.html");
    const web = await frameOf(page, "web.html");
    const app = await frameOf(page, "app.html");
    await web.locator(`${id("registration")}[data-state="registered"]`).waitFor();
    await app.locator(`${id("registration")}[data-state="registered"]`).waitFor();
    await web.locator(id("dial-call")).click();
    await phone.locator(id("answer")).click();
    await phone.locator(id("page-audio-error")).waitFor();
    await look(page, "7-page-audio-1280");
    await phone.locator(id("hangup")).click();
    await web.locator(id("outcome")).waitFor();
  });

  test("a wrong password is said in words that help", async () => {
    const page = await browser.open(`${edge.http}/?caller=alice:no-such-password`);
    const web = await frameOf(page, "web.html");
    await web.locator(id("error")).waitFor();
    assert.match(await web.locator(id("error")).textContent(), /wrongPassword/);
    assert.equal(await web.locator(id("registration")).getAttribute("data-state"), "failed");
    await look(page, "6-error-1280");
  });

  test("neither token nor password reaches the ladder", async () => {
    const page = await browser.open(edge.http);
    const phone = await frameOf(page, "phone.html");
    const app = await frameOf(page, "app.html");
    await app.locator(`${id("registration")}[data-state="registered"]`).waitFor();
    const { token, password } = await phone.evaluate(() => ({ token: window.sipwakeDemo.token, password: window.sipwakeDemo.config.phone.password }));
    await page.waitForFunction(() => window.sipwakeDemo.ladder.some(({ label }) => label.startsWith("200")));
    const text = await page.evaluate(() => JSON.stringify(window.sipwakeDemo.ladder));
    assert.match(text, /REGISTER/);
    for (const secret of [token, password]) assert.equal(text.includes(secret), false);
    assert.doesNotMatch(text, /response=\\?"[0-9a-f]{32}/);
  });

  test("the phone keeps its token and instance over a reload, apart from the web softphone's storage", async () => {
    const page = await browser.open(edge.http);
    const first = await (await frameOf(page, "phone.html")).evaluate(() => window.sipwakeDemo.token);
    assert.match(first, /^[0-9a-f]{64}$/);
    await page.reload();
    const phone = await frameOf(page, "phone.html");
    assert.equal(await phone.evaluate(() => window.sipwakeDemo.token), first);
    const web = await frameOf(page, "web.html");
    const kept = await web.evaluate(() => {
      try {
        return Object.keys(localStorage);
      } catch {
        return [];
      }
    });
    assert.deepEqual(kept.filter((key) => key.startsWith("sipwake.phone")), []);
  });
});
