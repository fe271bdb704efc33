// Parties of calls in pages of one browser, each with a tone of its own for a microphone.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { join } from "node:path";
import { hears, serveFolder, startBrowser } from "./browser.mjs";
import { ROOT, until, within } from "./process.mjs";

/** What each user's microphone hears, in hertz. */
const TONES = { alice: 1000, bob: 440, carol: 1700 };

const page = `<!doctype html><meta charset=utf-8><title>party</title><script>
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext(), oscillator = context.createOscillator(), out = context.createMediaStreamDestination();
  oscillator.frequency.value = Number(new URLSearchParams(location.search).get("tone"));
  oscillator.connect(out);
  oscillator.start();
  return out.stream;
};
</script><script src=parties.js></script>`;

async function script() {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "tests", "e2e", "support", "parties.page.mjs")], bundle: true, format: "iife", write: false,
    platform: "browser", mainFields: ["browser", "module", "main"], define: { global: "window" }, logLevel: "error",
  });
  return outputFiles[0].text;
}

class Party {
  constructor(page_, user, library) {
    Object.assign(this, { page: page_, user, library });
    for (const verb of ["call", "answer", "hangup", "hold", "unhold", "info", "rtp", "message", "transfer", "attended", "stop"]) {
      this[verb] = (...args) => within(10_000, `${user} (${library}): ${verb}`, this.page.evaluate(async ([name, given]) => void (await window.party[name](...given)), [verb, args]));
    }
  }

  get name() {
    return `${this.user} (${this.library})`;
  }

  get(expression) {
    return this.page.evaluate(`window.party.${expression}`);
  }

  /** Waits for a state of its call with that number: ringing, up, over. */
  is(n, state, limitMs = 8000) {
    return until(`call ${n} of ${this.name} is ${state}`, () => this.get(`calls[${n}]?.state === "${state}"`), limitMs);
  }

  /** Waits for something in one of its lists. */
  got(list, value, limitMs = 5000) {
    return until(`${this.name} has ${value} in ${list}`, () => this.page.evaluate(([name, wanted]) => window.party[name].map(String).includes(wanted), [list, value]), limitMs);
  }

  /** Hears the other in its call, or no longer does. */
  async hears(other, n = 0, present = true) {
    await until(`${this.name} has sound`, () => this.get(`calls[${n}].stream?.getAudioTracks().length > 0`));
    const took = await hears(this.page, `window.party.calls[${n}].stream`, TONES[other.user], { present, limitMs: 6000 });
    assert.notEqual(took, null, `${this.name} ${present ? "hears" : "does not hear"} ${other.name} in its call ${n}`);
  }

  /** Hears a frequency, such as one of a dialled digit. */
  async hearsHertz(hertz, n = 0) {
    const took = await hears(this.page, `window.party.calls[${n}].stream`, hertz, { limitMs: 4000 });
    assert.notEqual(took, null, `${this.name} hears ${hertz} Hz`);
  }
}

/**
 * Runs a body with parties on a server: { alice: "sipwake", bob: "jssip" } are users and what plays them.
 */
export async function withParties(server, who, body) {
  const files = await serveFolder(ROOT, { "/party.html": page, "/parties.js": await script() });
  const browser = await startBrowser();
  // What the other libraries complain of is not ours to judge.
  browser.expect(/.*/s);
  const parties = [];
  try {
    for (const [user, library] of Object.entries(who)) {
      const party = new Party(await browser.open(`${files.url}/party.html?tone=${TONES[user]}`), user, library);
      await party.page.evaluate(async ([kind, account]) => { window.party = await window.parties[kind](account); }, [
        library, { url: server.wsUrl, user, password: server.users[user], domain: server.domain }]);
      parties.push(party);
    }
    await body(...parties);
  } catch (error) {
    for (const party of parties) {
      const trace = await party.get("trace?.map((text) => text.split('\\r\\n')[0]).slice(-40).join('\\n')").catch(() => null);
      if (trace) error.message += `\n${party.name}\n${trace}`;
    }
    throw error;
  } finally {
    await Promise.all(parties.map((party) => party.stop().catch(() => {})));
    await browser.stop();
    await files.stop();
  }
}
