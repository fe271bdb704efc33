// Sees and changes what leaves: a header for every INVITE, a cap on the audio's bandwidth.
import { Endpoint } from "sipwake";

export const endpoint = await Endpoint.start({
  hooks: {
    message(text, { method, status }) {
      if (method === "INVITE" && status === undefined) return text.replace("\r\n\r\n", "\r\nX-Tenant: 7\r\n\r\n");
    },
    sdp(sdp, { local, type, call }) {
      console.log(local ? "ours" : "theirs", type, call?.remoteUri);
      if (!local) return sdp.replace(/(m=audio.*\r\n)/, "$1b=AS:40\r\n");
    },
  },
});
// What cannot take the original's place is refused: the original goes.
endpoint.on("problem", ({ error }) => console.log(error.code === "hookRefused"));
