// Let a host have the sockets, the time and the media, take the accounts that it provides, and choose where the sound goes.
import init, { Endpoint, type BridgeMessage, type Port } from "sipwake";

declare const shell: { send(text: string): void; listen(take: (text: string) => void): void };

await init();
const port: Port = { post: (text) => shell.send(text), onmessage: null };
shell.listen((text) => port.onmessage?.(text));
const endpoint = await Endpoint.start({ host: port, transport: "host", timers: "host", media: "host" });

endpoint.on("account_provisioned", ({ account, id }) => console.log(`the host's ${id} is ${account.name}`));
endpoint.on("audio_route_changed", async ({ outputs }) => {
  const headset = outputs?.find(({ type }) => type === "bluetoothHfp");
  if (headset) await endpoint.setDevices({ speaker: headset.uid });
  else await endpoint.showAudioPicker();
});

/** What a log may show of a message: its name, never what it carries. */
export const name = (message: BridgeMessage) => `${message.kind} ${message.type}`;
