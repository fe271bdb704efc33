// Trickle ICE (RFC 8840) in Chromium against the embedded server: media over candidates that no description had.
import assert from "node:assert/strict";
import { test } from "node:test";
import { talking } from "./support/talk.mjs";

const talk = talking();

/** A call of two accounts, what both hear, and what went over the wire. */
async function speak(page, atAlice, atBob) {
  return page.evaluate(
    async ([atAlice, atBob]) => {
      const alice = await t.start("alice", 440, { trace: "full" }, atAlice);
      const bob = await t.start("bob", 1000, {}, atBob);
      const wire = [];
      alice.endpoint.on("trace", ({ text }) => wire.push(text ?? ""));
      const { call, incoming } = await t.talk(alice, bob);
      const heard = [await t.hears(incoming.remoteStream), await t.hears(call.remoteStream)];
      const { setup } = await call.getStats();
      const renewed = () => wire.filter((text) => /^(INVITE|UPDATE) [^]*^To:.*;tag=/m.test(text));
      if (atAlice.trickleIce === "full" && atBob.trickleIce === "off") await t.until("it is offered anew", () => renewed().length);
      const problems = alice.events.filter(({ name }) => name === "problem").map(({ error }) => error.code);
      const infos = () => wire.filter((text) => text.startsWith("INFO "));
      await t.until("everything is told", () => infos().length === 0 || infos().some((text) => text.includes("a=end-of-candidates")));
      await call.hangup();
      await bob.find("call_terminated");
      await t.stop(alice, bob);
      const offers = wire.filter((text) => text.startsWith("INVITE "));
      const answer = wire.find((text) => text.startsWith("SIP/2.0 200") && text.includes("m=audio"));
      return { heard, setup, problems, offers, renewed: renewed(), answer, infos: infos(), counters: alice.endpoint.counters() };
    },
    [atAlice, atBob],
  );
}

const close = ([atBob, atAlice]) => Math.abs(atBob - 440) < 30 && Math.abs(atAlice - 1000) < 30;

test("two that trickle fully hear each other over candidates that only INFO brought", async () => {
  const { page, complaints } = await talk.open();
  const seen = await speak(page, { trickleIce: "full" }, { trickleIce: "full" });
  assert.ok(close(seen.heard), String(seen.heard));
  assert.doesNotMatch(seen.offers[0], /a=candidate/);
  assert.match(seen.offers[0], /a=ice-options:trickle/);
  assert.doesNotMatch(seen.answer, /a=candidate/);
  assert.match(seen.infos.join(), /Info-Package: trickle-ice[^]*Content-Type: application\/trickle-ice-sdpfrag[^]*a=candidate:/);
  assert.ok(seen.infos.some((text) => text.includes("a=end-of-candidates")));
  assert.equal(seen.renewed.length, 0);
  assert.deepEqual(seen.problems, []);
  assert.ok(seen.setup.mediaMs > 0);
  assert.equal(seen.counters.peerConnections, 0);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("by default the offer has candidates, and the answer of a far end that trickles none", async () => {
  const { page } = await talk.open();
  const seen = await speak(page, {}, {});
  assert.ok(close(seen.heard), String(seen.heard));
  assert.match(seen.offers[0], /a=candidate/);
  assert.doesNotMatch(seen.answer, /a=candidate/);
  assert.deepEqual([seen.renewed.length, seen.problems], [0, []]);
  await page.close();
});

test("a far end that does without is offered the session anew", async () => {
  const { page } = await talk.open();
  const seen = await speak(page, { trickleIce: "full" }, { trickleIce: "off" });
  assert.ok(close(seen.heard), String(seen.heard));
  assert.doesNotMatch(seen.offers[0], /a=candidate/);
  assert.match(seen.answer, /a=candidate/);
  assert.doesNotMatch(seen.answer, /trickle/);
  assert.match(seen.renewed[0], /a=candidate/);
  assert.deepEqual([seen.infos.length, seen.renewed.length, seen.problems], [0, 1, ["trickleRefused"]]);
  await page.close();
});

test("without trickle on either side nobody says a word of it", async () => {
  const { page } = await talk.open();
  const seen = await speak(page, { trickleIce: "off" }, { trickleIce: "off" });
  assert.ok(close(seen.heard), String(seen.heard));
  assert.doesNotMatch(seen.offers[0] + seen.answer, /trickle/i);
  await page.close();
});
