// Processes of the web view that die: the page's own, and the one that has its sockets.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sleep, until } from "../e2e/support/process.mjs";
import { lacksWebKit } from "./support/shell.mjs";
import { kinds, withShell } from "./support/run.mjs";

/** Kills the web process and waits for the page that comes instead. */
async function killPage(shell) {
  const { loads } = await shell.system();
  const before = shell.events.filter(({ event }) => event === "terminated").length;
  await shell.signal("web", "SIGKILL");
  const { reason } = await until("the shell hears of it", () => shell.events.filter(({ event }) => event === "terminated")[before]);
  assert.equal(reason, "crashed");
  await until("another page says hello", () => shell.messages("fromPage", "hello").length > loads, 8000);
}

const NEEDS = { media: true };
const invites = (shell) => shell.messages("toPage", "ws.message").filter(({ p }) => p.text?.startsWith("INVITE "));

for (const kind of kinds) {
  describe(`a page in WebKit whose process dies, against ${kind}`, { skip: lacksWebKit(NEEDS) }, () => {
    const body = { ...NEEDS, kind };

    test("while it rings: the same call rings on, and the page that comes answers it", { timeout: 60000 }, () =>
      withShell(body, async ({ shell, alice }) => {
        await shell.load();
        await shell.registered();
        const call = alice.invite(`sip:bob@${alice.domain}`);
        const shown = await shell.callIs("ringing");
        await call.has(180);
        await killPage(shell);
        await until("the INVITE comes on the new flow", () => invites(shell).length === 2, 8000);
        await until("the page has the call", async () => (await shell.run("return phone.calls[0]?.state")) === "ringing");
        assert.equal(new Set(shell.effects("reportIncoming").map(({ uuid }) => uuid)).size, 1, "nothing rings twice");
        await shell.perform(shown.uuid, "answer");
        await call.answered();
        assert.equal((await shell.callIs("active")).uuid, shown.uuid);
        assert.equal((await shell.system()).calls.length, 1);
        assert.deepEqual((await shell.system()).done.map(({ done }) => done), ["fulfilled"]);
      }));

    test("while it answers: the page that comes takes the same action up and answers", { timeout: 60000 }, () =>
      withShell(body, async ({ shell, alice }) => {
        await shell.load();
        await shell.registered();
        const call = alice.invite(`sip:bob@${alice.domain}`);
        const shown = await shell.callIs("ringing");
        await call.has(180);
        // It shall die with the answer in its hands, not before and not after.
        await shell.signal("web", "SIGSTOP");
        const action = await shell.perform(shown.uuid, "answer");
        await until("the answer is on its way to the page", () => shell.messages("toPage", "call.perform").length === 1);
        await killPage(shell);
        await call.answered(9000);
        assert.equal((await shell.callIs("active")).uuid, shown.uuid);
        assert.deepEqual((await shell.system()).done, [{ actionId: action, done: "fulfilled" }]);
        const asked = shell.messages("toPage", "welcome").at(-1).p.value.snapshot.calls.find(({ callUuid }) => callUuid === shown.uuid);
        assert.equal(asked.pendingAction.actionId, action);
        assert.equal((await shell.system()).calls.length, 1);
      }));

    test("in a call: the call goes on in the page that comes; the next call is answered", { timeout: 60000 }, () =>
      withShell(body, async ({ shell, alice }) => {
        await shell.load();
        await shell.registered();
        const call = alice.invite(`sip:bob@${alice.domain}`);
        const shown = await shell.callIs("ringing");
        await shell.perform(shown.uuid, "answer");
        const dialog = await call.answered();
        await shell.callIs("active");
        await killPage(shell);
        const offer = await alice.next((message) => message.method === "INVITE" && message.callId === dialog.callId, 15000);
        const renewed = await alice.answer(offer);
        dialog.target = renewed.target;
        assert.equal(await shell.run("return phone.calls[0]?.state"), "connected");
        assert.equal((await shell.system()).calls[0].state, "active");
        assert.equal(shell.messages("fromPage", "media.open").length, 1, "the host's session is the same");
        const again = await dialog.request("OPTIONS");
        assert.equal(again.status, 200, "the page that came has the dialog");
        assert.equal((await dialog.bye()).status, 200);
        assert.equal((await shell.callIs("ended")).reason, "remoteEnded");
        const next = alice.invite(`sip:bob@${alice.domain}`);
        const second = await shell.callIs("ringing", { n: 1 });
        assert.notEqual(second.uuid, shown.uuid);
        await shell.perform(second.uuid, "answer");
        await next.answered();
        await shell.callIs("active", { n: 1 });
      }));
  });

  describe(`a page in WebKit with a socket of its own, against ${kind}`, { skip: lacksWebKit(NEEDS) }, () => {
    const own = { ...NEEDS, kind, query: { transport: "page" } };

    test("connects again when the network process is killed, is registered, and is called", { timeout: 60000 }, () =>
      withShell(own, async ({ shell, alice }) => {
        await shell.load();
        await shell.registered();
        assert.equal((await shell.system()).sockets, 0);
        await shell.run("phone.states = []; phone.endpoint.on('connectivity_changed', ({ state }) => phone.states.push(state))");
        await shell.signal("network", "SIGKILL");
        await until("the page has lost the socket and has another", async () => {
          const states = await shell.run("return phone.states");
          return states.length > 1 && states[0] !== "connected" && states.at(-1) === "connected";
        }, 15000);
        await shell.registered();
        assert.equal((await shell.system()).loads, 1, "the page lived");
        const call = alice.invite(`sip:bob@${alice.domain}`);
        const shown = await shell.callIs("ringing");
        await shell.perform(shown.uuid, "answer");
        await call.answered();
        await shell.callIs("active");
      }));

    test("keeps its call when the network process is killed", { timeout: 60000 }, () =>
      withShell(own, async ({ shell, alice }) => {
        await shell.load();
        await shell.registered();
        const call = alice.invite(`sip:bob@${alice.domain}`);
        const shown = await shell.callIs("ringing");
        await shell.perform(shown.uuid, "answer");
        const dialog = await call.answered();
        await shell.callIs("active");
        await shell.signal("network", "SIGKILL");
        await sleep(300);
        await until("the page is registered again", () => shell.messages("fromPage", "reg.state").filter(({ p }) => p.state === "registered").length > 1, 15000);
        assert.equal((await shell.system()).calls[0].state, "active");
        await shell.perform(shown.uuid, "end");
        const bye = await alice.next((message) => message.method === "BYE" && message.callId === dialog.callId);
        alice.reply(bye, 200);
        assert.equal((await shell.callIs("ended")).reason, "local");
      }));
  });
}
