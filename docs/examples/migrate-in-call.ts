// Coming from JsSIP or SIP.js: hold, mute, digits, transfer, INFO, ICE restart, the far end's sound. Each is a promise.
import type { Call } from "sipwake";

export async function inCall(call: Call, other: Call, element: HTMLVideoElement) {
  await call.hold();
  await call.unhold();
  await call.mute(true);
  await call.dtmf("1234#", { durationMs: 100, gapMs: 70 });
  await call.info({ contentType: "application/json", body: '{"a":1}' });
  await call.renegotiate({ iceRestart: true });
  call.attach(element);
  await call.transfer("sip:carol@example.com");
  await call.transfer(other);
  await call.hangup();
}
