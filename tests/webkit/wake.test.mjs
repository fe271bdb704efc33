// The wake in a real WebKit: message handlers of a web view, a page from a custom scheme, the host's own decisions and sockets.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../e2e/support/process.mjs";
import { TOKEN, lacksWebKit } from "./support/shell.mjs";
import { kinds, withShell } from "./support/run.mjs";

for (const kind of kinds) {
  describe(`a page in WebKit, against ${kind}`, { skip: lacksWebKit() }, () => {
    test("registers on the host's socket, sleeps, is woken by a push, and the answer of the call screen answers the call", { timeout: 60000 }, () =>
      withShell({ kind, media: true }, async ({ push, shell, alice }) => {
        await shell.load();
        await shell.registered();
        assert.equal(await shell.run("return location.protocol"), "sipwake-app:");
        assert.equal((await shell.system()).sockets, 1, "the host has the socket");
        const ready = await shell.sleep();
        assert.equal(ready.done, true);
        await until("the socket is closed", async () => (await shell.system()).sockets === 0);

        const call = alice.invite(`sip:bob@${alice.domain}`);
        const pushed = await push.received(({ token }) => token === TOKEN);
        assert.ok(pushed.payload);
        const shown = await shell.callIs("ringing");
        await call.has(180, { limitMs: 8000 });
        assert.equal((await shell.system()).calls.length, 1, "push and INVITE are one call");
        const action = await shell.perform(shown.uuid, "answer");
        const dialog = await call.answered(8000);
        const active = await shell.callIs("active");
        assert.ok(active.connectedAt >= shown.reportedAt);
        assert.deepEqual((await shell.system()).done, [{ actionId: action, done: "fulfilled" }]);

        await shell.perform(shown.uuid, "end");
        await alice.next("BYE").then((bye) => alice.reply(bye, 200));
        assert.equal((await shell.callIs("ended")).reason, "local");
        assert.equal(dialog.callId, call.callId);
        assert.deepEqual(await shell.run("return phone.errors"), []);
      }));
  });
}
