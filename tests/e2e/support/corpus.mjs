// Messages for tests/corpus: one of each kind, as it came in its WebSocket frame.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./process.mjs";
import { parse } from "./ua.mjs";

export const CORPUS = join(ROOT, "tests", "corpus");

/** The kind of a message: who sent it, what it is, what sets it apart; with a body also who got it. A keep-alive is of no kind. */
export function kindOf(who, text, to = "") {
  if (!text.trim()) return null;
  const message = parse(text);
  const marks = [];
  if (message.status) {
    marks.push(String(message.status), message.cseqMethod.toLowerCase());
    if (message.status === 401 || message.status === 407) marks.push(/algorithm=SHA-256/.test(text) ? "sha256" : "md5");
    if (message.cseqMethod === "REGISTER" && message.status === 200) marks.push(message.all("contact").join(",").match(/<sip/g)?.length > 1 ? "contacts" : message.header("contact") ? "contact" : "none");
  } else {
    marks.push(message.method.toLowerCase());
    if (message.toTag && message.method === "INVITE") marks.push("again");
    if (message.header("authorization") ?? message.header("proxy-authorization")) marks.push(/SHA-256/.test(message.header("authorization") ?? message.header("proxy-authorization")) ? "sha256" : "md5");
    if (message.method === "REGISTER" && /expires[=:] ?0/i.test(text)) marks.push("leave");
    if (/pn-|app-id/.test(message.header("contact") ?? "")) marks.push("push");
    if (message.header("reason")) marks.push("reason");
  }
  if (/a=(sendonly|inactive|recvonly)/.test(message.body)) marks.push(/a=(sendonly|inactive|recvonly)/.exec(message.body)[1]);
  if (message.all("record-route").length + message.all("route").length) marks.push("route");
  if (message.body && to) marks.push("for", to);
  return `${who}-${marks.join("-")}`;
}

/** Keeps what passed a relay of an end-to-end run in tests/corpus/runs/, if RECORD=1 is set and nothing of its kind is there yet. */
export function recordRun(frames, peer, server) {
  if (process.env.RECORD !== "1") return;
  const folder = join(CORPUS, "runs");
  mkdirSync(folder, { recursive: true });
  for (const { dir, text } of frames) {
    const kind = dir === "out" ? kindOf(peer, text) : kindOf(server, text, peer);
    if (kind && !existsSync(join(folder, `${kind}.sip`))) writeFileSync(join(folder, `${kind}.sip`), text);
  }
}
