// A page in which two media sessions talk to each other. For tests only.

/** A page with the module, and helpers beside it in `window.t`. */
export async function mediaPage(from, url) {
  const page = await from.context.newPage();
  await page.goto(url);
  await page.evaluate(async () => {
    // So that a test can look at the counters of the browser's own connections, in the order in which they were made.
    const pcs = [];
    if (window.RTCPeerConnection) {
      window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(options) {
          super(options);
          pcs.push(this);
        }
      };
    }
    const media = await import("/src/browser/js/media.js");
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    window.t = {
      ...media,
      sleep,
      open(options) {
        const events = [];
        const session = media.createMedia(options, (event) => events.push(event));
        const event = async (type, from = 0) => {
          for (let i = 0; i < 500; i++) {
            const found = events.slice(from).find((e) => e.type === type);
            if (found) return found;
            await sleep(10);
          }
          throw new Error(`no ${type} in ${JSON.stringify(events.slice(from).map((e) => e.type + (e.reason ?? "")))}`);
        };
        /** What `command` brings: the next event of this type. */
        const after = (type, command) => {
          const from = events.length;
          command(session);
          return event(type, from);
        };
        return { session, events, event, after, pc: pcs.at(-1) };
      },
      /** `a` offers anew, `b` answers. */
      async renegotiate(a, b, restart) {
        const offer = await a.after("described", (session) => session.offer(restart));
        const answer = await b.after("described", (session) => session.accept(offer.sdp));
        await a.after("applied", (session) => session.setAnswer(answer.sdp));
        return { offer: offer.sdp, answer: answer.sdp };
      },
      /** Packets that come during this time. */
      async packets(side, forMs = 600) {
        const count = async () => {
          let sum = 0;
          for (const report of (await side.pc.getStats()).values()) if (report.type === "inbound-rtp") sum += report.packetsReceived;
          return sum;
        };
        const before = await count();
        await sleep(forMs);
        return (await count()) - before;
      },
      /** The strongest frequencies that are heard while this lasts. */
      async tones(stream, forMs) {
        const context = new AudioContext();
        const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
        context.createMediaStreamSource(stream).connect(analyser);
        const hertz = context.sampleRate / analyser.fftSize;
        const heard = [];
        for (const until = performance.now() + forMs; performance.now() < until; await sleep(20)) {
          const bins = new Float32Array(analyser.frequencyBinCount);
          analyser.getFloatFrequencyData(bins);
          const level = (wanted) => Math.max(...bins.slice(Math.round(wanted / hertz) - 1, Math.round(wanted / hertz) + 2));
          heard.push(level);
        }
        await context.close();
        return { loudest: (wanted) => Math.max(...heard.map((level) => level(wanted))) };
      },
      async connect(a, b) {
        a.session.offer();
        b.session.accept((await a.event("described")).sdp);
        a.session.setAnswer((await b.event("described")).sdp);
        await a.event("applied");
        await Promise.all([a.event("connected"), b.event("connected")]);
      },
      /** The strongest frequency of a stream, or 0 where it is silent. */
      async hears(stream, forMs = 300) {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 4096;
        analyser.smoothingTimeConstant = 0;
        context.createMediaStreamSource(stream).connect(analyser);
        await sleep(forMs);
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        const hertz = context.sampleRate / analyser.fftSize;
        await context.close();
        const best = bins.reduce((top, value, i) => (value > bins[top] ? i : top), 0);
        return bins[best] < -70 ? 0 : best * hertz;
      },
    };
  });
  return page;
}
