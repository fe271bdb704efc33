// The browser harness itself: it hears what is there, does not hear what is not, and notices complaints.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hasChromium, hears, serveFolder, startBrowser } from "./support/browser.mjs";
import { ROOT } from "./support/process.mjs";

const skip = hasChromium ? false : "chromium is not installed";

const PAGE = `<!doctype html><meta charset=utf-8><title>two ends</title><script type=module>
const tone = (hz) => {
  const context = new AudioContext(), oscillator = context.createOscillator(), out = context.createMediaStreamDestination();
  oscillator.frequency.value = hz;
  oscillator.connect(out);
  oscillator.start();
  return out.stream;
};
const play = (end) => ({ track }) => {
  end.remoteStream = new MediaStream([track]);
  end.audio = new Audio();
  end.audio.srcObject = end.remoteStream;
  end.audio.play();
};
const ends = [440, 1000].map((hz) => ({ pc: new RTCPeerConnection(), localStream: tone(hz) }));
const [a, b] = ends;
for (const [end, other] of [[a, b], [b, a]]) {
  end.pc.ontrack = play(end);
  end.pc.onicecandidate = ({ candidate }) => candidate && other.pc.addIceCandidate(candidate);
  end.localStream.getTracks().forEach((track) => end.pc.addTrack(track, end.localStream));
}
await a.pc.setLocalDescription();
await b.pc.setRemoteDescription(a.pc.localDescription);
await b.pc.setLocalDescription();
await a.pc.setRemoteDescription(b.pc.localDescription);
window.ends = ends;
</script>`;

describe("the browser harness", { skip, timeout: 60000 }, () => {
  let browser;
  let files;

  before(async () => {
    files = await serveFolder(ROOT, { "/ends.html": PAGE });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.stop();
    await files?.stop();
  });

  test("tones cross two peer connections over loopback and are told apart", async () => {
    const page = await browser.open(`${files.url}/ends.html`);
    await page.waitForFunction(() => window.ends?.every((end) => end.remoteStream));
    assert.notEqual(await hears(page, "window.ends[1].remoteStream", 440, { limitMs: 5000 }), null);
    assert.notEqual(await hears(page, "window.ends[0].remoteStream", 1000, { limitMs: 5000 }), null);
    assert.equal(await hears(page, "window.ends[1].remoteStream", 1000, { limitMs: 500 }), null);
    await page.evaluate(() => window.ends[0].localStream.getTracks().forEach((track) => { track.enabled = false; }));
    assert.notEqual(await hears(page, "window.ends[1].remoteStream", 440, { present: false, limitMs: 3000 }), null);
    assert.notEqual(await hears(page, "window.ends[0].remoteStream", 1000), null);
    await page.evaluate(() => window.ends[0].localStream.getTracks().forEach((track) => { track.enabled = true; }));
    assert.notEqual(await hears(page, "window.ends[1].remoteStream", 440), null);
    await page.close();
  });

  test("files have the types that browsers insist on, and none outside the folder is served", async () => {
    const served = await serveFolder(`${ROOT}/tests/e2e`, { "/a.wasm": "x" });
    try {
      assert.equal((await fetch(`${served.url}/a.wasm`)).headers.get("content-type"), "application/wasm");
      assert.equal((await fetch(`${served.url}/loopback.test.mjs`)).headers.get("content-type"), "text/javascript");
      assert.equal((await fetch(`${served.url}/..%2f..%2fpackage.json`)).status, 404);
    } finally {
      await served.stop();
    }
  });

  test("an error in a page's console fails the run, unless the test expects it", async () => {
    const own = await startBrowser();
    await own.open(`${files.url}/ends.html`).then((page) => page.evaluate(() => console.error("one")));
    await assert.rejects(own.stop(), /one/);
    const other = await startBrowser();
    other.expect(/two/);
    const page = await other.open(`${files.url}/ends.html`);
    await page.evaluate(() => { console.error("two"); });
    await other.stop();
  });

  test("an uncaught exception in a page fails the run", async () => {
    const own = await startBrowser();
    const page = await own.open(`${files.url}/ends.html`);
    await page.evaluate(() => { setTimeout(() => { throw new Error("three"); }, 0); });
    await page.waitForTimeout(200);
    await assert.rejects(own.stop(), /three/);
  });
});
