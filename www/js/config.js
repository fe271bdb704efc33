// What the page is to talk to: URL parameters first, then demo.json beside the page, then defaults.

const defaults = {
  server: "/ws",
  push: "/",
  domain: "sipwake.test",
  preset: "freeswitch-apn",
  regContactParams: "",
  contactUriParams: "",
  policy: "unregister",
  profile: "B",
  media: "",
  tone: "1",
  callerTone: "1000",
  phoneTone: "440",
  declineCode: "603",
  expires: "600",
  trace: "redacted",
  autostart: "1",
};

/** What a device of this kind gives its app; only the token is the phone's own. */
export const device = {
  bundle: "dev.sipwake.phone",
  topic: "dev.sipwake.phone.voip",
  team: "SWK42DEMO9",
  environment: "sandbox",
  name: "iPhone",
  os: "iOS",
  osVersion: "26.1",
};

/** `name:password`, as a user. A colon may be part of the password. */
function user(text) {
  const colon = text.indexOf(":");
  return colon < 0 ? { name: text, password: "" } : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** An address that may be relative to the page, with the scheme that is wanted. */
function address(text, scheme) {
  const url = new URL(text, location.href);
  if (scheme === "ws" && url.protocol.startsWith("http")) url.protocol = url.protocol.replace("http", "ws");
  return url.href.replace(/\/$/, "");
}

/** Reads the configuration. Throws only if there is nobody to be. */
export async function loadConfig() {
  const parameters = Object.fromEntries(new URLSearchParams(location.search));
  const complete = ["server", "push", "domain", "caller", "phone"].every((name) => parameters[name]);
  const served = complete ? {} : await fetch("demo.json").then((response) => (response.ok ? response.json() : {})).catch(() => ({}));
  const users = Array.isArray(served.users) ? served.users : [];
  const { users: _, ...rest } = served;
  const given = { ...defaults, ...rest, ...parameters };
  const named = (parameter, fallback) => {
    const asked = parameters[parameter] ? user(parameters[parameter]) : undefined;
    const known = users.find((one) => one.name === asked?.name) ?? (asked ? {} : fallback);
    const one = { password: "", ...known, ...(asked?.password ? asked : asked && { name: asked.name }) };
    return { ...one, displayName: one.displayName ?? one.name.replace(/^./, (first) => first.toUpperCase()) };
  };
  return {
    ...given,
    server: address(given.server, "ws"),
    push: address(given.push, "http"),
    caller: named("caller", users[0] ?? { name: "alice" }),
    phone: named("phone", users[1] ?? { name: "bob" }),
    media: given.media || (given.profile === "A" ? "page" : "host"),
    transport: given.profile === "A" ? "page" : "host",
    tone: given.tone !== "0",
    callerTone: Number(given.callerTone) || 1000,
    phoneTone: Number(given.phoneTone) || 440,
    declineCode: Number(given.declineCode) || 603,
    expires: Number(given.expires) || 600,
    autostart: given.autostart !== "0",
  };
}

/** What the two users are called, by user name. */
export const names = ({ caller, phone }) => Object.fromEntries([caller, phone].map(({ name, displayName }) => [name, displayName]));

/** The options of an account, for one of the two users. */
export function accountOptions(config, who, push) {
  const options = {
    username: who.name,
    password: who.password,
    domain: config.domain,
    displayName: who.displayName || undefined,
    servers: [config.server],
    expires: config.expires,
    declineCode: config.declineCode,
  };
  if (push) {
    options.backgroundPolicy = config.policy;
    options.push = {
      preset: config.preset === "none" ? undefined : config.preset,
      regContactParams: config.regContactParams || undefined,
      contactUriParams: config.contactUriParams || undefined,
    };
  }
  return options;
}
