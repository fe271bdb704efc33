// What happens in and around calls, with JsSIP or SIP.js as the other party, through Kamailio, with sound.
import { after, before, describe, test } from "node:test";
import { hasChromium } from "./support/browser.mjs";
import { hasKamailio, startKamailio } from "./support/kamailio.mjs";
import { sleep } from "./support/process.mjs";
import { withParties } from "./support/parties.mjs";

/** Calls and is answered; both hear each other. Gives the numbers of the call on both sides. */
async function connect(server, from, to) {
  const [n, m] = await Promise.all([from.get("calls.length"), to.get("calls.length")]);
  await from.call(`sip:${to.user}@${server.domain}`);
  await to.is(m, "ringing");
  await to.answer(m);
  await Promise.all([from.is(n, "up"), to.is(m, "up")]);
  await Promise.all([from.hears(to, n), to.hears(from, m)]);
  return [n, m];
}

/** The tests of this file with one of the libraries. */
export function interopCallTests(library) {
  const missing = !hasChromium ? "chromium is not installed" : !hasKamailio ? "kamailio is not installed" : false;
  if (missing && process.env.SIPWAKE_STRICT === "1") throw new Error(missing);
  describe(`${library} as the other party, in and around calls`, { skip: missing, timeout: 170_000 }, () => {
    let server;
    before(async () => { server = await startKamailio(); });
    after(() => server?.stop());
    const three = { alice: "sipwake", bob: library, carol: library };
    const withTwo = (body) => () => withParties(server, { alice: "sipwake", bob: library }, body);

    // RFC 3264 8.4: hold and resume by either side
    test("we hold and resume; they hold and resume", { timeout: 60_000 }, withTwo(async (alice, bob) => {
      await connect(server, alice, bob);
      await alice.hold(0);
      await bob.hears(alice, 0, false);
      await alice.unhold(0);
      await Promise.all([alice.hears(bob), bob.hears(alice)]);
      await bob.hold(0);
      await alice.page.waitForFunction(() => window.party.calls[0].held);
      await bob.hears(alice, 0, false);
      await bob.unhold(0);
      await alice.page.waitForFunction(() => !window.party.calls[0].held);
      await Promise.all([alice.hears(bob), bob.hears(alice)]);
      await bob.hangup(0);
      await alice.is(0, "over");
    }));

    // RFC 6086 4.2.2: digits in INFO
    // RFC 4733 2: digits in RTP
    test("digits go both ways, in INFO and in RTP", { timeout: 60_000 }, withTwo(async (alice, bob) => {
      await connect(server, bob, alice);
      await alice.info(0, "5");
      await bob.got("dtmf", "5");
      await bob.info(0, "7");
      await alice.got("dtmf", "7");
      // The upper frequency of each digit.
      await Promise.all([bob.hearsHertz(1336), alice.rtp(0, "5")]);
      await Promise.all([alice.hearsHertz(1477), bob.rtp(0, "9")]);
      await alice.hangup(0);
      await bob.is(0, "over");
    }));

    // RFC 3428 4: a text outside of calls
    test("texts go both ways", { timeout: 30_000 }, withTwo(async (alice, bob) => {
      await alice.message(`sip:bob@${server.domain}`, "hello bob");
      await bob.got("messages", "hello bob");
      await bob.message(`sip:alice@${server.domain}`, "hello alice");
      await alice.got("messages", "hello alice");
    }));

    // RFC 5589 6.1: we transfer without asking
    test("we transfer them to a third, blindly", { timeout: 60_000 }, () => withParties(server, three, async (alice, bob, carol) => {
      await connect(server, alice, bob);
      await alice.transfer(0, `sip:carol@${server.domain}`);
      await carol.is(0, "ringing");
      await carol.answer(0);
      await bob.is(1, "up");
      await Promise.all([bob.hears(carol, 1), carol.hears(bob)]);
      await alice.got("transfers", "accepted");
      await alice.is(0, "over");
      await carol.hangup(0);
      await bob.is(1, "over");
    }));

    // RFC 5589 6.1: they transfer us without asking
    test("they transfer us to a third, blindly", { timeout: 60_000 }, () => withParties(server, three, async (alice, bob, carol) => {
      await connect(server, bob, alice);
      await bob.transfer(0, `sip:carol@${server.domain}`);
      await carol.is(0, "ringing");
      await carol.answer(0);
      await alice.is(1, "up");
      await Promise.all([alice.hears(carol, 1), carol.hears(alice)]);
      await bob.got("transfers", "accepted");
      await carol.hangup(0);
      await alice.is(1, "over");
    }));

    // RFC 5589 7: we talk to both, then connect them
    // RFC 3891 3: the third party's call takes the place of the one with us
    test("we connect the two that we talk to", { timeout: 60_000 }, () => withParties(server, three, async (alice, bob, carol) => {
      await connect(server, alice, bob);
      await alice.hold(0);
      await connect(server, alice, carol);
      await alice.hold(1);
      await alice.attended(0, 1);
      await Promise.all([bob.is(1, "up"), carol.is(1, "up")]);
      await Promise.all([bob.hears(carol, 1), carol.hears(bob, 1)]);
      await Promise.all([alice.is(0, "over"), alice.is(1, "over")]);
      await bob.hangup(1);
      await carol.is(1, "over");
    }));

    // RFC 5589 7: they talk to both, then connect us
    // RFC 3891 3: a call to us takes the place of the one that we have
    test("they connect us with a third that they talk to", { timeout: 60_000 }, () => withParties(server, { alice: "sipwake", bob: library, carol: "sipwake" }, async (alice, bob, carol) => {
      await connect(server, bob, alice);
      await bob.hold(0);
      await connect(server, bob, carol);
      await bob.hold(1);
      await bob.attended(0, 1);
      await alice.is(1, "up");
      await carol.is(1, "up");
      await Promise.all([alice.hears(carol, 1), carol.hears(alice, 1)]);
      await alice.hangup(1);
      await carol.is(1, "over");
      await sleep(100);
    }));
  });
}
