// A trace to look at, and one to attach to a report. Nothing in it opens a door, and persons are numbers in it.
import { Endpoint } from "sipwake";

/** `names` shows who calls whom, `full` every octet: for a developer's eyes. */
export const endpoint = await Endpoint.start({ trace: location.hash === "#debug" ? "names" : "redacted" });
endpoint.on("trace", ({ at, kind, text }) => console.debug(new Date(at).toISOString(), kind, text));

export function report(form: FormData) {
  form.append("trace", new Blob([endpoint.exportTrace()], { type: "text/plain" }), "sip.txt");
  form.append("open", JSON.stringify(endpoint.counters()));
}
