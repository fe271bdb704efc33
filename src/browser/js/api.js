// The classes of applications. The engine takes commands with a name and tells events with a name; accounts, calls and
// their like are numbers to it. Here they become objects, promises and listeners, and nothing is decided.
import { SipError, headers } from "./error.js";
import { ignore, openTab } from "./host.js";
import { Listeners, report } from "./listeners.js";
import { chooseDevices, heedDevices, listDevices, watchDevices } from "./sources.js";
import { summary } from "./stats.js";

/** What an object of ours stands for: its endpoint's core, and what is known of it. @type {WeakMap<object, { core: Core, id: number, info: any, account?: Account }>} */
const known = new WeakMap();
/** @param {any} object */
const of = (object) => /** @type {{ core: Core, id: number, info: any, account?: Account }} */ (known.get(object));
/** The account of an object, also after that is gone. @param {object} object */
const accountOf = (object) => {
  const record = of(object);
  return (record.account ??= record.core.object("account", record.info.account));
};
/** Its number, where it is of this endpoint. @param {any} object @param {Core} core */
const idOf = (object, core) => (of(object)?.core === core ? of(object).id : undefined);
/** A command about an object of ours. @param {object} object @param {string} name @param {unknown[]} values */
const tell = (object, name, ...values) => {
  const { core, id } = of(object);
  return core.command(name, id, ...values);
};
/** What an element shows: the last call that was attached to it. @type {WeakMap<object, () => void>} */
const shown = new WeakMap();
/** The media session of a call, where it is in this page. @param {Call} call */
const mediaOf = (call) => of(call).core.engine.media(call.uuid);
/** What a media failure is to the application. @param {unknown} reason */
const deviceError = (reason) => {
  const code = typeof reason !== "string" || reason === "other" ? "mediaFailed" : reason === "permissionDenied" ? "microphoneDenied" : reason;
  return new SipError(code, `${code}: the device cannot be used; everything is as it was`);
};
const hostsDevices = () => new SipError("unsupported", "unsupported: media is the host's, and so are its devices; only where the sound goes can be said");
/** Getters for what is known of an object. @param {Function} type @param {string} names */
const reads = (type, names) => {
  for (const name of names.split(" ")) {
    Object.defineProperty(type.prototype, name, { configurable: true, get() { return of(this).info[name]; } });
  }
};

export class Account {
  get id() {
    return of(this).id;
  }
  register(options) {
    return tell(this, "register", undefined, undefined, options);
  }
  unregister(options) {
    const { all, ...rest } = options ?? {};
    return tell(this, all ? "unregisterAll" : "unregister", undefined, undefined, rest);
  }
  queryPush(provider) {
    return tell(this, "queryPush", provider);
  }
  remove(options) {
    return tell(this, "removeAccount", undefined, undefined, options);
  }
}
reads(Account, "name connectivity registration");

export class Call {
  get id() {
    return of(this).id;
  }
  get account() {
    return accountOf(this);
  }
  get remoteStream() {
    return mediaOf(this)?.remoteStream ?? null;
  }
  get localStream() {
    return mediaOf(this)?.localStream ?? null;
  }
  progress(options) {
    return tell(this, "progress", undefined, undefined, options);
  }
  answer(options) {
    const { video, ...rest } = options ?? {};
    const answer = () => tell(this, "answer", undefined, undefined, options && rest);
    if (video === undefined) return answer();
    // Where early media has said already what the answer says, it follows the answer.
    return this.setVideo(video).then(answer, (error) => {
      if (error.code !== "invalidState") throw error;
      return answer().then(() => this.setVideo(video));
    });
  }
  decline(code, options) {
    return tell(this, "decline", code, undefined, options);
  }
  redirect(targets, options) {
    return tell(this, "redirect", targets, undefined, options);
  }
  hangup(options) {
    return tell(this, "hangup", undefined, undefined, options);
  }
  mute(on) {
    return tell(this, "mute", on);
  }
  muteVideo(on) {
    return tell(this, "muteVideo", on);
  }
  setVideo(video, options) {
    return tell(this, "setVideo", video, undefined, options);
  }
  /** @param {HTMLMediaElement} element @param {{ local?: boolean }} [options] */
  attach(element, options) {
    const show = () => {
      if (shown.get(element) !== show) return void views.delete(show);
      const stream = options?.local ? this.localStream : this.remoteStream;
      if (element.srcObject === stream) return;
      // What is heard is played elsewhere, with or without an element.
      Object.assign(element, { muted: true, autoplay: true, playsInline: true, srcObject: stream });
      if (stream) element.play?.()?.catch(() => {});
    };
    const { views } = of(this);
    shown.set(element, show);
    views.add(show);
    show();
    return () => {
      views.delete(show);
      if (shown.get(element) === show && shown.delete(element)) element.srcObject = null;
    };
  }
  async getStats() {
    const text = await tell(this, "stats");
    const { setup } = of(this);
    try {
      return { ...summary(this, JSON.parse(text)), setup: { ...setup } };
    } catch {
      throw new SipError("unsupported", "the host's statistics cannot be read");
    }
  }
  hold(options) {
    return tell(this, "hold", true, undefined, options);
  }
  unhold(options) {
    return tell(this, "hold", false, undefined, options);
  }
  renegotiate(options) {
    return tell(this, "renegotiate", undefined, undefined, options);
  }
  dtmf(digits, options) {
    return tell(this, "dtmf", digits, undefined, options);
  }
  info(options) {
    return tell(this, "info", undefined, undefined, options);
  }
  message(body, options) {
    const { core, id, info } = of(this);
    return core.command("sendMessage", info.account, id, body, options);
  }
  transfer(target, options) {
    if (target instanceof Call) return tell(this, "transferToCall", idOf(target, of(this).core), undefined, options);
    return tell(this, "transfer", target, undefined, options);
  }
  get replaces() {
    const { core, info } = of(this);
    return info.replaces && core.object("call", info.replaces);
  }
}
reads(Call, "uuid direction state remoteUri remoteName assertedIdentity divertedFrom autoAnswerSeconds onHold remoteHold muted video videoMuted mediaConnected connectedAt sipCallId");

export class Transfer {
  get id() {
    return of(this).id;
  }
}
reads(Transfer, "status done");

export class Referral {
  get id() {
    return of(this).id;
  }
  accept(options) {
    return tell(this, "acceptReferral", undefined, undefined, options);
  }
  reject(status, options) {
    return tell(this, "rejectReferral", status, undefined, options);
  }
}

export class Subscription {
  get id() {
    return of(this).id;
  }
  get account() {
    return accountOf(this);
  }
  unsubscribe(options) {
    return tell(this, "unsubscribe", undefined, undefined, options);
  }
}
export class Subscriber {
  get id() {
    return of(this).id;
  }
  get account() {
    return accountOf(this);
  }
  accept(body, options) {
    return tell(this, "acceptSubscriber", body, undefined, options).then(() => void (of(this).info.state = options?.pending ? "pending" : "active"));
  }
  reject(status, options) {
    return tell(this, "rejectSubscriber", status, undefined, options);
  }
  notify(body, options) {
    return tell(this, "notify", body, undefined, options);
  }
}
for (const type of [Subscription, Subscriber]) reads(type, "event remoteUri state reason error");

export class Publication {
  get id() {
    return of(this).id;
  }
  update(body, options) {
    return tell(this, "republish", body, undefined, options);
  }
  remove(options) {
    return tell(this, "unpublish", undefined, undefined, options);
  }
}
reads(Publication, "published error");

/** What the engine knows by number, and what is known of a new one. @type {Record<string, [any, object]>} */
const kinds = {
  account: [Account, { connectivity: "idle", registration: { state: "unregistered", willRetry: false } }],
  call: [Call, {}],
  transfer: [Transfer, { status: 202, done: false }],
  referral: [Referral, {}],
  subscription: [Subscription, { state: "subscribing" }],
  subscriber: [Subscriber, { state: "subscribing" }],
  publication: [Publication, { published: false }],
};

/** How long after its beginning a call came so far. @param {any} record */
function noteSetup({ info, since, setup }) {
  const spent = () => Math.max(0, Date.now() - since);
  if (info.state === "ringing" || info.state === "early") setup.ringingMs ??= spent();
  if (info.connectedAt) setup.connectedMs ??= spent();
  if (info.mediaConnected) setup.mediaMs ??= spent();
}

/** What stands behind one endpoint. The engine calls `event`, `completed` and `deliver`. */
class Core {
  /** @type {any} */
  engine;
  host = false;
  /** What this tab keeps for it. @type {any} */
  tab;
  listeners;
  /** @type {Map<string, Map<number, object>>} */
  #objects = new Map();
  /** @type {Map<number, { resolve: Function, reject: Function, name: string, credentials?: Function }>} */
  #pending = new Map();
  /** The applications' `credentials`, by account. @type {Map<number, Function>} */
  #ask = new Map();
  /** For the application, once the outputs are carried out. @type {(() => void)[]} */
  #notices = [];
  #delivering = false;
  /** The accounts that the host provides, by its id. @type {Map<string, { account: any, made: string }>} */
  #provided = new Map();
  #providing = Promise.resolve();
  #last = 0;
  /** Whether accounts may have gone. */
  #prune = false;
  /** @type {(() => void)[]} */
  #leave = [];

  /** @param {any} options */
  constructor(options) {
    this.listeners = new Listeners(options?.trace !== "off");
  }

  /** @param {any} options */
  async start(options) {
    if (typeof options?.hooks === "object" && options.hooks) {
      const hooks = { ...options.hooks };
      for (const name of ["message", "sdp"]) if (typeof hooks[name] === "function") hooks[name] = this.#hook(hooks[name]);
      options = { ...options, hooks };
    }
    this.tab = await openTab();
    try {
      this.engine = make(options, this);
    } catch (error) {
      this.tab.close();
      throw error;
    }
    this.engine.begin();
    this.#leave.push(
      watchDevices((lost) => {
        const told = lost ? () => this.event("device_lost", { ...lost }) : async () => this.event("devices_changed", { devices: await listDevices() });
        Promise.resolve(told()).then(() => this.deliver(), () => {});
      }),
    );
    // A page is told when the network changes, and when it is looked at again. Hints, nothing more.
    if (typeof document === "undefined") return;
    const hint = (/** @type {boolean | undefined} */ online) => void this.command("networkChanged", online).catch(() => {});
    this.#listen(globalThis, "online", () => hint(true));
    this.#listen(globalThis, "offline", () => hint(false));
    this.#listen(document, "visibilitychange", () => document.visibilityState === "visible" && hint(undefined));
  }

  /** @param {any} target @param {string} name @param {() => void} listener */
  #listen(target, name, listener) {
    target.addEventListener(name, listener);
    this.#leave.push(() => target.removeEventListener(name, listener));
  }

  /** A hook that throws is told to the developer and to the engine. @param {Function} hook */
  #hook(hook) {
    return (/** @type {string} */ text, /** @type {any} */ info) => {
      const call = info.callUuid && [...this.all("call")].find((call) => of(call).info.uuid === info.callUuid);
      try {
        return hook(text, call ? { ...info, call } : info);
      } catch (error) {
        report(error);
        throw error;
      }
    };
  }

  /** @param {string} kind */
  #group(kind) {
    let group = this.#objects.get(kind);
    if (!group) this.#objects.set(kind, (group = new Map()));
    return group;
  }

  /** @param {string} kind @returns {Iterable<any>} */
  all(kind) {
    return this.#group(kind).values();
  }

  /** The object with this number, made when it is first spoken of. @param {string} kind @param {number} id @returns {any} */
  object(kind, id) {
    const group = this.#group(kind);
    let object = group.get(id);
    if (!object) {
      const [type, fresh] = kinds[kind];
      group.set(id, (object = new type()));
      const call = kind === "call" ? { views: new Set(), since: Date.now(), setup: {} } : {};
      known.set(object, { core: this, id, info: { ...fresh }, ...call });
      if (kind === "account") {
        of(object).info.name = this.engine.accountName(id);
        // An event may speak of one that is gone.
        this.#prune = true;
      }
    }
    return object;
  }

  /** What is known of an object, brought up to date. @param {string} kind @param {any} info */
  #update(kind, info) {
    const object = this.object(kind, info.id);
    const record = of(object);
    record.info = info;
    if (info.account !== undefined) accountOf(object);
    if (kind === "call") noteSetup(record);
    return object;
  }

  /** @param {string} name @param {unknown[]} values */
  command(name, ...[first, second, third, options]) {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      // To the engine it is enough that there is somebody to ask.
      const credentials = name === "createAccount" ? options?.credentials : undefined;
      if (credentials !== undefined) options = { ...options, credentials: typeof credentials === "function" || null };
      this.#pending.set(id, { resolve, reject, name, credentials });
      this.listeners.note(name, id);
      try {
        this.engine.command(id, name, first, second, third, options);
      } catch (error) {
        this.#pending.delete(id);
        throw error;
      }
      // Listeners hear of it when the application's own code is through.
      queueMicrotask(() => this.deliver());
    });
  }

  /** @param {number} id @param {boolean} failed @param {string} kind @param {any} value */
  completed(id, failed, kind, value) {
    this.#meet(kind, value);
    const credentials = this.#pending.get(id)?.credentials;
    if (credentials && !failed) this.#ask.set(value, credentials);
    this.#notices.push(() => {
      const { resolve, reject, name } = /** @type {any} */ (this.#pending.get(id));
      this.#pending.delete(id);
      this.listeners.note(failed ? "failed" : "done", id, failed ? value.code : "");
      if (name === "stop") this.#shut();
      // An account goes even where the registrar would not hear of it.
      this.#prune ||= name === "removeAccount";
      if (failed) reject(value);
      else if (kind) resolve(this.object(kind, value.id ?? value));
      else resolve(value && this.#fill(value));
    });
  }

  /** A call that is new is there before it is spoken of: `makeCall` is completed before the call's first event. @param {string} kind @param {any} info */
  #meet(kind, info) {
    if (kind === "call" && info?.uuid && !this.#group(kind).has(info.id)) this.#update(kind, info);
  }

  /** A server asks for what only the application has. @param {number} id @param {number} account @param {object} challenge */
  credentials(id, account, challenge) {
    this.#notices.push(async () => {
      const give = (/** @type {unknown} */ found) => this.engine.credentials(id, found);
      try {
        give(await this.#ask.get(account)?.({ account: this.object("account", account), ...challenge }));
      } catch (error) {
        report(error);
        give(undefined);
      }
    });
  }

  /** The accounts that the host provides: `config` as it came, when those before it are settled. @param {string} text */
  provision(text) {
    this.#providing = this.#providing.then(() => this.#provide(JSON.parse(text).accounts ?? [])).then(() => this.deliver());
  }

  /** @param {{ id: string, options: object, secret?: string }[]} accounts */
  async #provide(accounts) {
    for (const [id, { account, made }] of this.#provided) {
      if (accounts.some((one) => one.id === id && JSON.stringify(one) === made)) continue;
      this.#provided.delete(id);
      await this.command("removeAccount", account.id).catch(ignore);
    }
    for (const one of accounts) {
      const { id, options, secret } = one;
      if (this.#provided.has(id)) continue;
      try {
        const account = await this.command("createAccount", undefined, undefined, undefined, { name: id, ...options, ...(typeof secret === "string" && { password: secret }) });
        this.#provided.set(id, { account, made: JSON.stringify(one) });
        this.event("account_provisioned", { account: account.id, id });
      } catch (error) {
        this.event("problem", { error });
      }
    }
  }

  /** @param {string} name @param {any} event */
  event(name, event) {
    // As the host told it: no number in it is one of the engine's.
    if (typeof event === "string") return void this.#notices.push(() => this.listeners.emit(name, JSON.parse(event)));
    this.#meet("call", event.call);
    if (name === "host_changed") this.host = event.connected;
    this.#notices.push(() => this.#tell(name, event));
  }

  /** Puts objects where the engine's numbers are. @param {any} event */
  #fill(event) {
    for (const kind in kinds) {
      const value = event[kind];
      if (value !== undefined) event[kind] = value.id === undefined ? this.object(kind, value) : this.#update(kind, value);
    }
    for (const other of ["by", "about"]) if (event[other] !== undefined) event[other] = this.object("call", event[other]);
    if (event.headers !== undefined) event.headers = headers(event.headers);
    return event;
  }

  /** @param {string} name @param {any} event */
  #tell(name, event) {
    const { account, call, transfer, subscription, subscriber, publication, ...rest } = this.#fill(event);
    if (name === "connectivity_changed") of(account).info.connectivity = rest.state;
    if (name === "registration_changed") of(account).info.registration = rest;
    if (name === "subscribe_received") of(subscriber).info = { account: account.id, event: rest.event, remoteUri: rest.fromUri, state: "pending" };
    if (name === "transfer_changed") of(transfer).info = rest;
    if (name === "publication_changed") of(publication).info = rest;
    if (name !== "trace") this.listeners.note(name, of(call ?? account ?? transfer ?? subscription ?? subscriber ?? publication)?.id, (call ?? subscription ?? subscriber ?? rest).state ?? rest.status, rest.error?.code);
    for (const show of (call && of(call).views) ?? []) show();
    this.listeners.emit(name, event);
    // What is over is nobody's any more; its object stays readable.
    if (name === "call_terminated") this.#group("call").delete(call.id);
    if (rest.done && transfer) this.#group("transfer").delete(transfer.id);
    if (subscription?.state === "terminated") this.#group("subscription").delete(subscription.id);
    if (subscriber?.state === "terminated") this.#group("subscriber").delete(subscriber.id);
    if (event.referral) this.#group("referral").delete(event.referral.id);
  }

  /** What a listener causes is told after what it was told, never from inside its call. */
  deliver() {
    if (this.#delivering) return;
    this.#delivering = true;
    for (let notice; (notice = this.#notices.shift()); ) {
      // Whatever fails in one must not keep the others, and all after them, from being told.
      try {
        notice();
      } catch (error) {
        report(error);
      }
    }
    const accounts = this.#group("account");
    if (this.#prune) for (const id of accounts.keys()) if (this.engine.accountName(id) === undefined) accounts.delete(id), this.#ask.delete(id);
    this.#prune = this.#delivering = false;
  }

  #shut() {
    this.engine.shut();
    this.tab.close();
    for (const leave of this.#leave.splice(0)) leave();
    this.#objects.clear();
  }
}

/** @type {(options: unknown, core: Core) => any} */
let make;
/** How engines are made: index.js has the WebAssembly for it. @param {(options: unknown, core: Core) => any} how */
export function madeBy(how) {
  make = how;
}

export class Endpoint {
  static async start(options) {
    const core = new Core(options);
    await core.start(options);
    const endpoint = new Endpoint();
    known.set(endpoint, { core, id: 0, info: {} });
    return endpoint;
  }
  get state() {
    const { core } = of(this);
    const list = (/** @type {string} */ kind) => [...core.all(kind)].map((object) => ({ ...of(object).info, id: object.id, [kind]: object, ...(object.account && { account: object.account }) }));
    return { accounts: list("account"), calls: list("call"), subscriptions: list("subscription"), host: core.host };
  }
  on(name, listener) {
    const off = of(this).core.listeners.on(name, listener);
    if (name === "devices_changed") heedDevices();
    return off;
  }
  off(name, listener) {
    of(this).core.listeners.off(name, listener);
  }
  createAccount(options) {
    return of(this).core.command("createAccount", undefined, undefined, undefined, options);
  }
  #with(name, account, ...values) {
    const { core } = of(this);
    return core.command(name, idOf(account, core), ...values);
  }
  makeCall(account, target, options) {
    const replaces = options?.replaces;
    if (replaces instanceof Call) options = { ...options, replaces: idOf(replaces, of(this).core) ?? null };
    return this.#with("makeCall", account, target, undefined, options);
  }
  sendMessage(account, target, body, options) {
    return this.#with("sendMessage", account, typeof target === "string" ? target : undefined, body, options);
  }
  sendOptions(account, target, options) {
    return this.#with("sendOptions", account, target, undefined, options);
  }
  refer(account, target, referTo, options) {
    return this.#with("refer", account, target, referTo, options);
  }
  subscribe(account, target, event, options) {
    return this.#with("subscribe", account, target, event, options);
  }
  publish(account, event, body, options) {
    return this.#with("publish", account, event, body, options);
  }
  async devices() {
    if (of(this).core.engine.hasHostMedia()) throw hostsDevices();
    return listDevices().catch((reason) => {
      throw deviceError(reason);
    });
  }
  async setDevices(devices) {
    const { core } = of(this);
    for (const [name, id] of Object.entries(devices ?? {})) {
      if (!["microphone", "camera", "speaker"].includes(name)) throw new SipError("invalidOption", "there is no device of this kind", name);
      if (id !== null && id !== undefined && typeof id !== "string") throw new SipError("invalidOption", "a device is named by its id", name);
    }
    if (!core.engine.hasHostMedia()) {
      return chooseDevices(devices ?? {}).catch((reason) => {
        throw deviceError(reason);
      });
    }
    if (devices?.microphone !== undefined || devices?.camera !== undefined) throw hostsDevices();
    if (devices?.speaker !== undefined) await core.command("audioRoute", devices.speaker ?? "default");
  }
  async showAudioPicker() {
    await of(this).core.command("audioPicker");
  }
  networkChanged(online) {
    return of(this).core.command("networkChanged", online);
  }
  suspend() {
    return of(this).core.command("suspend");
  }
  resume(suspendedMs) {
    return of(this).core.command("resume", suspendedMs);
  }
  stop() {
    return of(this).core.command("stop");
  }
  exportTrace() {
    return of(this).core.listeners.exportTrace();
  }
  counters() {
    return of(this).core.engine.counters();
  }
}
