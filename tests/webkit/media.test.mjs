// The host's media: WebRTC outside the page, while the page in WebKit, which has none, does the SIP.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withParties } from "../e2e/support/parties.mjs";
import { hasChromium } from "../e2e/support/browser.mjs";
import { until } from "../e2e/support/process.mjs";
import { lacksWebKit } from "./support/shell.mjs";
import { withShell } from "./support/run.mjs";

/** What each side's microphone hears. */
const ALICE = 1000;
const BOB = 440;

/** Waits until the host's media hears a tone, or no longer does. */
function hostHears(shell, hertz, present = true) {
  return until(`the host ${present ? "hears" : "does not hear"} ${hertz} Hz`, async () => {
    const [session] = await shell.media();
    return session && (present ? session.tones[hertz] > 0.8 : session.tones[hertz] < 0.1) && session;
  }, 8000, 100);
}

describe("media of the host, for a page in WebKit", { skip: lacksWebKit({ media: true }) || !hasChromium }, () => {
  test("are heard both ways by a browser, are muted and heard again, and end with the call", { timeout: 90000 }, () =>
    withShell({ media: true, query: { tone: BOB } }, ({ server, shell }) =>
      withParties(server, { alice: "sipwake" }, async (alice) => {
        await shell.load();
        await shell.registered();
        assert.equal(await shell.run("return typeof RTCPeerConnection"), "undefined", "the page could not do it");
        await alice.call("bob");
        const shown = await shell.callIs("ringing");
        await shell.perform(shown.uuid, "answer");
        await shell.callIs("active");
        await alice.is(0, "up");
        const session = await hostHears(shell, ALICE);
        assert.equal(session.uuid, shown.uuid);
        assert.equal(session.state, "connected");
        assert.ok(session.tones[BOB] < 0.05, "it hears the other, not itself");
        await alice.hears({ user: "bob", name: "bob (the host)" });

        await shell.perform(shown.uuid, "mute");
        await alice.hears({ user: "bob", name: "bob (the host)" }, 0, false);
        await hostHears(shell, ALICE);
        await shell.perform(shown.uuid, "unmute");
        await alice.hears({ user: "bob", name: "bob (the host)" });

        await shell.perform(shown.uuid, "end");
        await alice.is(0, "over");
        await until("the session is closed", async () => (await shell.media()).length === 0);
        assert.deepEqual(await shell.run("return phone.errors"), []);
      })));
});
