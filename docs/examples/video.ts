// Video: calling with it, answering with it, showing both pictures, turning the camera on and off, the far end's wish for it.
import type { Account, Call, Endpoint } from "sipwake";

export async function videoCall(endpoint: Endpoint, account: Account, theirs: HTMLVideoElement, ours: HTMLVideoElement, ask: (question: string) => Promise<boolean>): Promise<Call> {
  const show = (call: Call) => {
    call.attach(theirs);
    call.attach(ours, { local: true });
  };
  endpoint.on("call_received", async ({ call }) => {
    show(call);
    // `receive` shows the caller without turning our camera on.
    await call.answer({ video: call.video ? ((await ask("with your camera?")) ? true : "receive") : false });
  });
  endpoint.on("video_requested", async ({ call }) => {
    if (await ask("turn your camera on, too?")) await call.setVideo(true);
  });
  const call = await endpoint.makeCall(account, "bob", { video: true });
  show(call);
  return call;
}

export const pause = (call: Call, on: boolean) => call.muteVideo(on);
export const audioOnly = (call: Call) => call.setVideo(false);
