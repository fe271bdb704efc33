// How a call is doing: quality while it lasts, and how long its set-up took.
import type { Call } from "sipwake";

export function watchQuality(call: Call, show: (line: string) => void): () => void {
  const timer = setInterval(async () => {
    const { audio, video, roundTripMs, path, setup } = await call.getStats();
    const { codec, lost = 0, packets = 0, jitterMs, bitrate } = audio?.received ?? {};
    show(`${codec}: ${bitrate} bit/s, ${lost} of ${packets + lost} lost, jitter ${jitterMs} ms, round trip ${roundTripMs} ms, ${path?.local}`);
    if (video?.received) show(`${video.received.width}x${video.received.height}, ${video.received.framesPerSecond} pictures a second`);
    show(`joined after ${setup.mediaMs} ms`);
  }, 2000);
  return () => clearInterval(timer);
}
