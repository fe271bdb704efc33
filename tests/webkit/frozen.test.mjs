// A web process that the system has suspended: SIGSTOP, while the native side goes on, then SIGCONT.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sleep, until } from "../e2e/support/process.mjs";
import { parse } from "../e2e/support/ua.mjs";
import { TOKEN, lacksWebKit } from "./support/shell.mjs";
import { kinds, withShell } from "./support/run.mjs";

/** Longer than the host waits for an acknowledgement, so that it posts again to a page that cannot hear. */
const FROZEN_MS = 4500;

/** What the page took, by its acknowledgements, was posted in order and without a gap. */
function checkPosts(shell) {
  const numbers = [...new Set(shell.events.filter(({ event, message }) => event === "toPage" && message.seq > 0).map(({ message }) => message.seq))];
  assert.deepEqual(numbers, numbers.map((_, index) => index + 1));
  return numbers.length;
}

for (const kind of kinds) {
  describe(`a page in WebKit that is frozen, against ${kind}`, { skip: lacksWebKit({ media: true }) }, () => {
    test("while push, INVITE and answer arrive answers the call once it is thawed, and hears each thing once", { timeout: 60000 }, () =>
      withShell({ kind, media: true, server: { pushAlways: true } }, async ({ shell, alice }) => {
        await shell.load();
        await shell.registered();
        await shell.signal("web", "SIGSTOP");

        const call = alice.invite(`sip:bob@${alice.domain}`);
        const shown = await shell.callIs("ringing");
        await until("the host has the INVITE for the page", () => shell.messages("toPage", "ws.message").some(({ p }) => p.text?.startsWith("INVITE ")));
        await shell.perform(shown.uuid, "answer");
        assert.equal((await shell.system()).calls[0].state, "answering");
        const told = shell.events.filter(({ event }) => event === "fromPage").length;
        await sleep(FROZEN_MS);
        assert.equal(shell.events.filter(({ event }) => event === "fromPage").length, told, "a frozen page says nothing");
        assert.equal((await shell.system()).calls[0].state, "answering", "nothing is fulfilled by anybody but the page");
        assert.equal(call.provisional.filter(({ status }) => status > 100).length, kind === "kamailio" ? 1 : 0, "nothing but the 180 that this server says itself");

        await shell.signal("web", "SIGCONT");
        await call.answered(4000);
        await shell.callIs("active", { limitMs: 3000 });
        const system = await shell.system();
        assert.equal(system.calls.length, 1);
        assert.deepEqual(system.done.map(({ done }) => done), ["fulfilled"]);
        assert.equal(system.loads, 1, "the page lived");
        const taken = await until("all is acknowledged", async () => {
          const posted = checkPosts(shell);
          const last = shell.events.filter(({ event }) => event === "fromPage").at(-1).message.ack;
          return last === posted && last;
        });
        assert.ok(taken >= 3);
        assert.equal(await shell.run("return phone.received"), 1, "one call, however often it was told");
        assert.equal(shell.messages("fromPage", "call.incoming").length, 1);
        assert.deepEqual(shell.effects("problem"), []);
      }));

    test("in its sleep, when the push comes and the user answers, registers once it is thawed, and answers", { timeout: 60000 }, () =>
      withShell({ kind, media: true }, async ({ push, shell, alice }) => {
        await shell.load();
        await shell.registered();
        await shell.sleep();
        await until("the socket is closed", async () => (await shell.system()).sockets === 0);
        await shell.signal("web", "SIGSTOP");

        const call = alice.invite(`sip:bob@${alice.domain}`);
        await push.received(({ token }) => token === TOKEN);
        const shown = await shell.callIs("ringing");
        await shell.perform(shown.uuid, "answer");
        await sleep(3500);
        assert.equal((await shell.system()).sockets, 0);
        await shell.signal("web", "SIGCONT");
        await call.answered(6000);
        assert.equal((await shell.callIs("active")).uuid, shown.uuid);
        const first = shell.messages("toPage", "ws.message").map(({ p }) => parse(p.text)).find(({ method }) => method === "INVITE");
        assert.equal(first.callId, call.callId);
        checkPosts(shell);
      }));
  });
}
