// What travels between page and host, for who writes a host or a port of it. Written by `make docs` from src/bridge.

/**
 * The messages of the bridge between page and host, as `JSON.parse` gives them: docs/bridge.md says what each is for. A port carries them as
 * text. Within a version fields, types and names may be added, so a reader ignores what it does not know.
 */
export declare namespace bridge {
  /** What is around every message. */
  interface Envelope {
    /** Id, unique per sender and session. */
    id: string;
    /** Number in its direction, from 1, without gaps; 0 in `hello`. */
    seq: number;
    /** Highest number received in order from the other side. */
    ack: number;
    /** Epoch milliseconds when it was sent. */
    at: number;
    /** Version of the bridge. */
    v: 1;
    /** The session; null in `hello` only. */
    session: string | null;
  }

  /** Told, not answered. */
  interface Event<Type extends string, P> extends Envelope { type: Type; kind: "event"; p: P }
  /** Answered by one reply. */
  interface Request<Type extends string, P> extends Envelope { type: Type; kind: "request"; deadlineMs?: number | null; p: P }
  /** The answer to the request with the id `re`. */
  interface Reply<Type extends string, Value> extends Envelope { type: Type; kind: "reply"; re: string; p: { ok: true; value: Value } | { ok: false; error: ReplyError } }

  /** Why a request was not done. */
  interface ReplyError {
    /** A stable word. */
    code: string;
    /** For developers; nothing depends on it. */
    message: string;
    /** Whether the same request may succeed later. */
    retryable: boolean;
    /** The SIP status behind it. */
    sip?: SipStatus | null;
  }

  /** A SIP status behind an error or an end. */
  interface SipStatus {
    /** The status code. */
    status: number;
    /** The reason phrase. */
    phrase?: string | null;
    /** The Reason header. */
    reason?: string | null;
  }

  /** The page is there. The only message without a session. */
  interface Hello {
    /** Versions of the bridge. */
    protocol: Protocol;
    /** Who speaks. */
    package: PackageInfo;
    /** What runs the engine. */
    engine: Engine;
    /** Optional features of the page. */
    capabilities?: string[] | null;
    /** What the page looked for and did not find, such as `RTCPeerConnection`. */
    missing?: string[] | null;
    /** Set when the same page goes on; not when a page was loaded. */
    resume?: Resume | null;
  }

  /** Versions of the bridge that the page speaks. */
  interface Protocol {
    /** The lowest. */
    min: number;
    /** The highest. */
    max: number;
  }

  /** The package that says hello. */
  interface PackageInfo {
    /** Its name. */
    name: string;
    /** Its version. */
    version: string;
  }

  /** The same page goes on after a disturbance. */
  interface Resume {
    /** The session it was in. */
    session: string;
    /** The highest number it received there. */
    lastSeq: number;
  }

  /** The host's answer to `hello`. */
  interface Welcome {
    /** The version that both speak. */
    protocol: number;
    /** The session; every later message names it. */
    session: string;
    /** `urn:uuid:…` for `+sip.instance`, kept by the host. */
    instance: string;
    /** The app and the device. */
    host: HostInfo;
    /** The system's call screen. */
    callUi: CallUi;
    /** Optional features of the host. */
    capabilities?: string[] | null;
    /** Whether the device is in Lockdown Mode. */
    lockdown: boolean;
    /** The highest number that the host received in the session that `resume` named, if it still knew it. */
    resumedSeq?: number | null;
    /** The state of things. */
    snapshot: Snapshot;
  }

  /** The app and the device. */
  interface HostInfo {
    /** The app's name. */
    name: string;
    /** The app's version. */
    version: string;
    /** The operating system. */
    os: string;
    /** Its version. */
    osVersion: string;
    /** The device's model. */
    device: string;
  }

  /** All that a page that comes up has to know. */
  interface Snapshot {
    /** The push tokens. */
    tokens?: PushToken[] | null;
    /** The calls. */
    calls?: SnapshotCall[] | null;
    /** The pushes that still wait for their INVITE. Each comes as `push.incoming` too. */
    pushes?: SnapshotPush[] | null;
    /** The sound. */
    audio?: AudioSnapshot | null;
    /** The app's state. */
    app?: AppState | null;
    /** The network's state. */
    network?: NetworkChanged | null;
  }

  /** A push token came, changed or died. */
  interface PushToken {
    /** What it is for. */
    kind: TokenKind;
    /** `apns`, `fcm`, `webpush` or another. */
    provider: string;
    /** The token; absent: it died. */
    token?: string | null;
    /** Sandbox or production. */
    environment: Environment;
    /** The app's bundle. */
    bundleId: string;
    /** The push service's topic. */
    topic: string;
    /** The team. */
    teamId?: string | null;
    /** Ready-made Contact parameters; they win over the account's template. */
    contactParams?: string | null;
  }

  /** A call as the host knows it. */
  interface SnapshotCall {
    /** The key. */
    callUuid: string;
    /** Who called. */
    direction: CallDirection;
    /** The push that announced it. */
    pushId?: string | null;
    /** The SIP Call-ID, as far as it is known. */
    sipCallId?: string | null;
    /** Whose call, where it is known. */
    account?: string | null;
    /** The caller as the push names it. */
    fromUri?: string | null;
    /** Whether the system shows it. */
    reported: boolean;
    /** Whether the user answered. */
    answered: boolean;
    /** Whether it is held. */
    held: boolean;
    /** Whether the microphone is off. */
    muted: boolean;
    /** Its media sessions at the host: the audio of a connected call outlives the page. */
    media?: number[] | null;
    /** An action that waits for the page. */
    pendingAction?: PendingAction | null;
  }

  /** An action of the user that waits for the page. */
  interface PendingAction {
    /** Its id, the same as in `call.perform`. */
    actionId: string;
    /** What. */
    action: CallAction;
    /** When, epoch milliseconds. */
    at: number;
  }

  /** A push whose call has not come yet. */
  interface SnapshotPush {
    /** Its id. */
    pushId: string;
    /** The call it announced. */
    callUuid: string;
    /** For whom, where that is known. */
    account?: string | null;
    /** The INVITE must be there within so many milliseconds. */
    inviteTimeoutMs?: number | null;
  }

  /** The system's audio session. */
  interface AudioSnapshot {
    /** Whether it is ours. */
    active: boolean;
    /** Where the sound goes, where that is known. */
    route?: AudioRoute | null;
  }

  /** Where the sound goes and comes from now. */
  interface AudioRoute {
    /** Where it goes. */
    outputs?: AudioPort[] | null;
    /** Where it comes from. */
    inputs?: AudioPort[] | null;
    /** Why it changed, in the system's word. */
    reason?: string | null;
  }

  /** An output or input of the system. */
  interface AudioPort {
    /** What it is. */
    type: AudioPortType;
    /** Its name for people. */
    name: string;
    /** Its id. */
    uid: string;
  }

  /** What the app is doing. */
  interface AppState {
    /** In one word. */
    state: AppStateName;
    /** Whether the device is locked. */
    locked: boolean;
    /** Whether protected data can be read. */
    protectedData: boolean;
    /** Time left in the background. */
    remainingMs?: number | null;
  }

  /** The network changed. */
  interface NetworkChanged {
    /** Whether there is one. */
    online: boolean;
    /** Which. */
    interface: NetworkInterface;
    /** Whether it costs. */
    expensive: boolean;
    /** Whether it is to be spared. */
    constrained: boolean;
    /** Whether our address changed. */
    addressChanged: boolean;
  }

  /** The page can take messages. */
  interface Ready {}

  /** Is anybody there? */
  interface Ping {
    /** Epoch milliseconds. */
    at: number;
  }

  /** Yes. */
  interface Pong {
    /** The `at` of the ping. */
    at: number;
  }

  /** What was received, from a side that has nothing else to say. Neither numbered nor acknowledged itself. */
  interface Ack {}

  /** The session is over; say hello again. */
  interface SessionReset {
    /** Why. */
    reason: ResetReason;
  }

  /** Keep this. */
  interface StateSave {
    /** What for. */
    key: string;
    /** It, in base64. Of no use to anybody else, and not to be logged. */
    valueB64: string;
  }

  /** It is kept. */
  interface StateSaveReply {}

  /** What is kept? */
  interface StateLoad {
    /** What for. */
    key: string;
  }

  /** What is kept. */
  interface StateLoadReply {
    /** It, in base64; absent: nothing. */
    valueB64?: string | null;
  }

  /** The accounts that the host provides, all of them: one that was there and is no more is removed. */
  interface Config {
    /** The accounts. */
    accounts?: ProvisionedAccount[] | null;
  }

  /** An account that the host provides. */
  interface ProvisionedAccount {
    /** Its name in all messages, unless the options have a `name`. */
    id: string;
    /** Its options, as the application would give them to `createAccount`. No secret belongs in there. */
    options: unknown;
    /** Its password. Absent: `credentials.get` asks for it when a server does. */
    secret?: string | null;
  }

  /** A server asks for a secret that the application has not given. */
  interface CredentialsGet {
    /** For which account. */
    account: string;
    /** Who asks. */
    realm: string;
  }

  /** The secret. */
  interface CredentialsGetReply {
    /** The password; absent: there is none. */
    secret?: string | null;
  }

  /** A line for the host's log. */
  interface Log {
    /** `debug`, `info`, `warn` or `error`. */
    level: string;
    /** The line, redacted. */
    message: string;
    /** More, redacted. */
    fields?: unknown | null;
  }

  /** The page misses a token. */
  interface RequestToken {
    /** Which. */
    kind: TokenKind;
  }

  /** A push came; the host has read it and reported it. */
  interface PushIncoming {
    /** Id of the push: the payload's. One that has none is known by its call, and has `callUuid` here. */
    pushId: string;
    /** The call it announces. */
    callUuid: string;
    /** For whom, where that is known. */
    account?: string | null;
    /** The called URI. */
    toUri?: string | null;
    /** What it announces. */
    kind: PushKind;
    /** The SIP Call-ID, if the payload names one. */
    sipCallId?: string | null;
    /** The caller's URI, if the payload names one. */
    fromUri?: string | null;
    /** The caller's name, if the payload names one. */
    displayName?: string | null;
    /** Whether it is a video call. */
    video: boolean;
    /** How old the push was when it came. */
    ageMs: number;
    /** How long it is worth anything. */
    ttlMs?: number | null;
    /** What the app was doing. */
    launch: Launch;
    /** Whether the device is locked. */
    locked: boolean;
    /** How the system took it. */
    reported: Reported;
    /** Whether the system insisted on a report. */
    mustReport: boolean;
    /** The rest of the payload, as far as it may be passed on. */
    raw: unknown;
    /** The INVITE must be there within so many milliseconds. */
    inviteTimeoutMs: number;
  }

  /** How the system took the report. */
  interface Reported {
    /** Whether it shows the call. */
    ok: boolean;
    /** Why not. */
    errorCode?: string | null;
  }

  /** The engine's answer to a push. */
  interface PushIncomingReply {
    /** Whether it waits for the INVITE, or has it. */
    accepted: boolean;
    /** Why not. */
    reason?: PushRefusal | null;
    /** The call that the push belongs to, if the INVITE was there first. */
    boundCallUuid?: string | null;
  }

  /** What became of a push. */
  interface PushResolved {
    /** The push. */
    pushId: string;
    /** The call. */
    callUuid: string;
    /** What became of it. */
    outcome: PushOutcome;
    /** The SIP status behind it. */
    sip?: SipStatus | null;
  }

  /** An INVITE came. */
  interface CallIncoming {
    /** The UUID that the page proposes. */
    callUuid: string;
    /** The INVITE's Call-ID. */
    sipCallId: string;
    /** The push it belongs to, if the INVITE or the engine knows one. */
    pushId?: string | null;
    /** Whose call. */
    account?: string | null;
    /** The caller's URI. */
    fromUri: string;
    /** The caller's name. */
    displayName?: string | null;
    /** The caller as the system shows it. */
    handle: Handle;
    /** Whether it is a video call. */
    video: boolean;
    /** What the system may offer. */
    supports: Supports;
  }

  /** Who is at the far end, as the system shows it. */
  interface Handle {
    /** What it is. */
    type: HandleType;
    /** The text. */
    value: string;
  }

  /** What the system may offer for a call. */
  interface Supports {
    /** Hold. */
    hold: boolean;
    /** Digits. */
    dtmf: boolean;
    /** Joining calls. */
    group: boolean;
    /** Splitting them. */
    ungroup: boolean;
  }

  /** The host's answer to an INVITE. */
  interface CallIncomingReply {
    /** The UUID that counts. */
    callUuid: string;
    /** How it is known. */
    match: CallMatch;
    /** Why the system does not show it. */
    error?: ReportError | null;
  }

  /** The application starts a call. What the system lets happen comes back as `call.perform` with the action `start`; until then nothing is sent. */
  interface CallStart {
    /** Its UUID, minted by the page. */
    callUuid: string;
    /** Whose call. */
    account: string;
    /** Whom it calls. */
    handle: Handle;
    /** Their name. */
    displayName?: string | null;
    /** Whether it is a video call. */
    video: boolean;
  }

  /** The system lets the call start. Where it does not, the error says why: a name of [`RequestRefusal`]. */
  interface CallStartReply {}

  /** What is shown of a call changed. */
  interface CallUpdate {
    /** The call. */
    callUuid: string;
    /** The far end's name. */
    displayName?: string | null;
    /** The far end as the system shows it. */
    handle?: Handle | null;
    /** Whether it is a video call. */
    video?: boolean | null;
    /** What the system may offer. */
    supports?: Supports | null;
  }

  /** A call changed its phase. */
  interface CallState {
    /** The call. */
    callUuid: string;
    /** The phase. */
    state: CallStateName;
    /** When, epoch milliseconds. */
    at: number;
    /** Its Call-ID. */
    sipCallId?: string | null;
  }

  /** A call is over. */
  interface CallEnded {
    /** The call. */
    callUuid: string;
    /** How. */
    reason: EndReason;
    /** The SIP status behind it. */
    sip?: SipStatus | null;
    /** When, epoch milliseconds. */
    at: number;
  }

  /** A button in the page. What the user wants comes back as `call.perform`. */
  interface CallRequest {
    /** The call. */
    callUuid: string;
    /** What. */
    action: CallAction;
    /** Which digits. */
    digits?: string | null;
    /** With which call. */
    groupWith?: string | null;
  }

  /** The button was taken. */
  interface CallRequestReply {}

  /** The user wants something. */
  interface CallPerform {
    /** Id of the action; the same action never has two. */
    actionId: string;
    /** The call. */
    callUuid: string;
    /** What. */
    action: CallAction;
    /** From where. */
    origin: Origin;
    /** Which digits. */
    digits?: string | null;
    /** With which call. */
    groupWith?: string | null;
    /** Whom to call. */
    handle?: Handle | null;
    /** Whether with video. */
    video?: boolean | null;
  }

  /** The engine's answer to an action; `pending` may come before the final one. */
  interface CallPerformReply {
    /** How far it is. */
    state: PerformState;
    /** When both sides agreed, epoch milliseconds. */
    connectedAt?: number | null;
    /** Why it failed. */
    error?: ReplyError | null;
  }

  /** The system gave up on an action. */
  interface CallPerformTimedOut {
    /** The action. */
    actionId: string;
    /** The call. */
    callUuid: string;
    /** What. */
    action: CallAction;
  }

  /** The system forgot every call: end everything. */
  interface ProviderReset {}

  /** Somebody asked for a call outside the page; the application may start it. */
  interface IntentStartCall {
    /** Whose call, where it is known. */
    account?: string | null;
    /** Whom to call. */
    handle: Handle;
    /** Their name. */
    displayName?: string | null;
    /** Whether with video. */
    video: boolean;
    /** Where it was asked for. */
    source: StartSource;
  }

  /** The system gave us the audio session: only now audio may start. */
  interface AudioActivated {
    /** The call it is for, where that is known. */
    callUuid?: string | null;
    /** The session's category. */
    category?: string | null;
    /** Its mode. */
    mode?: string | null;
    /** Its sample rate in hertz. */
    sampleRate?: number | null;
  }

  /** The system took the audio session back. */
  interface AudioDeactivated {
    /** The call it was for, where that is known. */
    callUuid?: string | null;
  }

  /** Something else took the sound: a call of another app, an alarm. */
  interface AudioInterruption {
    /** Which end of it. */
    phase: InterruptionPhase;
    /** At the end: whether the system thinks that we should go on. */
    shouldResume?: boolean | null;
    /** Why, in the system's word. */
    reason?: string | null;
  }

  /** The system's sound broke down and was set up anew: what was made of it is gone. */
  interface MediaServicesReset {}

  /** Where the sound is to go. */
  interface AudioSetRoute {
    /** `speaker` or `default`. */
    route?: string | null;
    /** Or one of the outputs. */
    uid?: string | null;
  }

  /** The sound goes there. */
  interface AudioDone {}

  /** The user is to choose where the sound goes, in the system's own picture. */
  interface AudioShowPicker {}

  /** The app is about to sleep. */
  interface WillSuspend {
    /** Time for what has to be done. */
    budgetMs: number;
    /** What to do; absent: what each account says. */
    policy?: SuspendPolicy | null;
  }

  /** The page is ready to sleep, or is not. */
  interface WillSuspendReply {
    /** Whether all was done. */
    done: boolean;
    /** Whether a binding is left. */
    registered: boolean;
  }

  /** The app is awake again. */
  interface AppResumed {
    /** How long it slept. */
    suspendedForMs: number;
  }

  /** Do not let the app be suspended, as far as that is in your hands. */
  interface KeepAwake {
    /** Names it, for `app.release`. The same again begins anew. */
    token: string;
    /** A word for the log. */
    reason: string;
    /** It is over after this, whether released or not. */
    maxMs: number;
  }

  /** It is kept awake. */
  interface KeepAwakeReply {}

  /** It may be suspended again. */
  interface Release {
    /** The name it was kept awake by. */
    token: string;
  }

  /** A registration changed. */
  interface RegState {
    /** Whose. */
    account: string;
    /** How it is. */
    state: RegStateName;
    /** When it ends, epoch milliseconds. */
    expiresAt?: number | null;
    /** The SIP status behind it. */
    sip?: SipStatus | null;
  }

  /** Connect. */
  interface WsOpen {
    /** The socket's number, chosen by the page. */
    sock: number;
    /** A `ws:` or `wss:` URL. */
    url: string;
    /** Subprotocols to offer. */
    protocols?: string[] | null;
  }

  /** Send one message: text, or binary in base64. */
  interface WsSend {
    /** The socket. */
    sock: number;
    /** A text message. */
    text?: string | null;
    /** A binary message. */
    dataB64?: string | null;
  }

  /** Close. */
  interface WsClose {
    /** The socket. */
    sock: number;
    /** The close code. */
    code: number;
    /** The close reason. */
    reason?: string | null;
  }

  /** The handshake is done. */
  interface WsOpened {
    /** The socket. */
    sock: number;
    /** The subprotocol that the server chose. */
    protocol: string;
  }

  /** One message came. */
  interface WsMessage {
    /** The socket. */
    sock: number;
    /** A text message. */
    text?: string | null;
    /** A binary message in base64. */
    dataB64?: string | null;
    /** When, epoch milliseconds. */
    at: number;
  }

  /** The socket is closed. */
  interface WsClosed {
    /** The socket. */
    sock: number;
    /** The close code; 1006 where there was no close frame. */
    code: number;
    /** The close reason. */
    reason?: string | null;
    /** Whether the closing handshake was complete. */
    clean: boolean;
  }

  /** The socket could not be made. */
  interface WsFailed {
    /** The socket. */
    sock: number;
    /** A word for the log. */
    error: string;
  }

  /** Wake me in so many milliseconds; replaces an earlier one with the same number. */
  interface TimerSet {
    /** The timer's number. */
    timer: number;
    /** When, from now. */
    inMs: number;
  }

  /** Forget it. */
  interface TimerClear {
    /** The timer's number. */
    timer: number;
  }

  /** It is time. */
  interface TimerFired {
    /** The timer's number. */
    timer: number;
    /** How late this is. */
    lateMs: number;
  }

  /** Make a media session. */
  interface MediaOpen {
    /** The session's number, chosen by the page. */
    media: number;
    /** The call it is for. */
    callUuid: string;
    /** `false`: the microphone is opened by `media.microphone`. Otherwise at once. */
    microphone?: boolean | null;
    /** Servers for ICE. */
    iceServers?: IceServer[] | null;
    /** With audio. */
    audio: boolean;
    /** With video: the camera is opened, and descriptions have it both ways until `media.direction` says otherwise. */
    video: boolean;
    /** How descriptions are made. */
    policy: MediaPolicy;
  }

  /** A STUN or TURN server. */
  interface IceServer {
    /** `stun:`, `turn:` or `turns:` URLs. */
    urls?: string[] | null;
    /** For TURN. */
    username?: string | null;
    /** For TURN. */
    credential?: string | null;
  }

  /** How a description is made. */
  interface MediaPolicy {
    /** Upper limit of ICE gathering. */
    gatheringLimitMs?: number | null;
    /** Whether the description leaves as soon as a usable candidate is there. */
    firstUsableCandidate?: boolean | null;
    /** Tone to send where there is no microphone in hertz; 0 or absent: fail. */
    testToneHz?: number | null;
    /** Whether candidates that come after a description are told by `media.candidate`. */
    trickle?: boolean | null;
  }

  /** It is done: the reply to every other `media.*` request. */
  interface MediaDone {}

  /** Make an offer; the reply carries it. */
  interface MediaOffer {
    /** The session. */
    media: number;
    /** Whether ICE starts anew. */
    iceRestart?: boolean | null;
  }

  /** The description that `media.offer` and `media.accept` asked for. */
  interface MediaSdp {
    /** The local description. */
    sdp: string;
  }

  /** Take this offer; the reply carries the answer. */
  interface MediaAccept {
    /** The session. */
    media: number;
    /** The remote description. */
    sdp: string;
  }

  /** Take this answer. */
  interface MediaSetAnswer {
    /** The session. */
    media: number;
    /** The remote description. */
    sdp: string;
    /** Of a provisional response: a later answer takes its place. */
    provisional?: boolean | null;
  }

  /** Open the microphone of a session that was made without. */
  interface MediaMicrophone {
    /** The session. */
    media: number;
  }

  /** What the next descriptions say about directions. */
  interface MediaDirection {
    /** The session. */
    media: number;
    /** Of audio: `sendrecv`, `sendonly`, `recvonly` or `inactive`, seen from us. */
    direction: string;
    /** Of video; absent: there is none, a video line gets port 0 and the camera is given back. */
    video?: string | null;
  }

  /** The last offer was refused: the session is as before it. */
  interface MediaRollback {
    /** The session. */
    media: number;
  }

  /** Send telephone events; the reply comes when the last has been sent. */
  interface MediaDtmf {
    /** The session. */
    media: number;
    /** `0` to `9`, `*`, `#`, `A` to `D`; `,` is a pause of two seconds. */
    digits: string;
    /** How long each is, in milliseconds. Default: 100. */
    durationMs?: number | null;
    /** The pause after each, in milliseconds. Default: 70. */
    gapMs?: number | null;
  }

  /** Stop or start sending the microphone, or the camera. */
  interface MediaMute {
    /** The session. */
    media: number;
    /** Silent, or black, from now on. */
    on: boolean;
    /** Whether it is the camera. */
    video?: boolean | null;
  }

  /** Say how the session is doing; the reply carries it. */
  interface MediaStats {
    /** The session. */
    media: number;
  }

  /** What `media.stats` asked for. */
  interface MediaReport {
    /** WebRTC's statistics: a JSON text, the list of its dictionaries. Empty: there are none to have. */
    report: string;
  }

  /** Close the session. */
  interface MediaClose {
    /** The session. */
    media: number;
  }

  /** An ICE candidate that came after a description: of the page's far end, or of the host's session. */
  interface MediaCandidate {
    /** The session. */
    media: number;
    /** The media line that it is of, as `a=mid` names it. */
    mid: string;
    /** The user name fragment of its generation. */
    ufrag?: string | null;
    /** `candidate:…` as SDP has it; empty: there are no more. */
    candidate: string;
  }

  /** All candidates of the session's descriptions so far have been told. */
  interface MediaGatheringDone {
    /** The session. */
    media: number;
  }

  /** The session's connection changed. */
  interface MediaState {
    /** The session. */
    media: number;
    /** The ICE state, as WebRTC names it. */
    ice?: string | null;
    /** The DTLS state, as WebRTC names it. */
    dtls?: string | null;
    /** Whether media can flow. */
    connected: boolean;
  }

  /** The session is beyond repair. */
  interface MediaFailed {
    /** The session. */
    media: number;
    /** A stable word; see `drivers`. */
    reason: string;
  }

  /** What runs the engine. `wasm`: WebAssembly in a page. `native`: The same core linked into the app. */
  type Engine = "wasm" | "native";

  /** The system's call screen. `callkit`: CallKit. `livecommunicationkit`: LiveCommunicationKit. `none`: There is none. */
  type CallUi = "callkit" | "livecommunicationkit" | "none";

  /** What a token is for. `voip`: Calls. `im`: Messages. */
  type TokenKind = "voip" | "im";

  /** Which of a push service's two worlds. `sandbox`: For development. `production`: For everybody. */
  type Environment = "sandbox" | "production";

  /** Who called. `incoming`: They did. `outgoing`: We did. */
  type CallDirection = "incoming" | "outgoing";

  /** What is done to a call. `start`: Start it. `answer`: Answer it. `end`: Decline it or hang up. `hold`: Hold it. `unhold`: Hold it no more. `mute`: Microphone off. `unmute`: Microphone on. `dtmf`: Send digits. `group`: Join it with another. `ungroup`: Split it off. */
  type CallAction = "start" | "answer" | "end" | "hold" | "unhold" | "mute" | "unmute" | "dtmf" | "group" | "ungroup";

  /** What an output or input is. `receiver`: The phone at the ear. `speaker`: The loudspeaker. `bluetoothHfp`: Bluetooth, both ways. `bluetoothLe`: Bluetooth Low Energy. `bluetoothA2dp`: Bluetooth, for listening only. `wired`: Something with a cable. `carAudio`: A car. `airplay`: AirPlay. `other`: Something else. */
  type AudioPortType = "receiver" | "speaker" | "bluetoothHfp" | "bluetoothLe" | "bluetoothA2dp" | "wired" | "carAudio" | "airplay" | "other";

  /** What the app is doing. `active`: In front. `inactive`: In front but covered. `background`: Behind. */
  type AppStateName = "active" | "inactive" | "background";

  /** What the device is connected by. `wifi`: Wi-Fi. `cellular`: Mobile. `wired`: A cable. `other`: Something else. */
  type NetworkInterface = "wifi" | "cellular" | "wired" | "other";

  /** Why a session begins anew. `processTerminated`: The page's process was killed. `navigation`: The page was left. `queueOverflow`: Messages that must not be lost did not fit any more. `hostRestart`: The host began anew. */
  type ResetReason = "processTerminated" | "navigation" | "queueOverflow" | "hostRestart";

  /** What a push announces. `call`: A call. `cancel`: The caller gave up. `answeredElsewhere`: Another device answered. `declinedElsewhere`: Another device declined. `missed`: It was missed. */
  type PushKind = "call" | "cancel" | "answeredElsewhere" | "declinedElsewhere" | "missed";

  /** What the app was doing when the push came. `cold`: It was not running. `suspended`: It slept. `foreground`: It was in front. */
  type Launch = "cold" | "suspended" | "foreground";

  /** Why the engine does not take a push. `duplicate`: It is known. `unknownAccount`: It is for nobody here. `alreadyActive`: Its call is on already. `ended`: Its call is over. */
  type PushRefusal = "duplicate" | "unknownAccount" | "alreadyActive" | "ended";

  /** What became of a push. `bound`: Its INVITE came. `cancelled`: The caller gave up. `answeredElsewhere`: Another device answered. `declinedElsewhere`: Another device declined. `noCall`: No INVITE will come. `registrationFailed`: The registration failed. */
  type PushOutcome = "bound" | "cancelled" | "answeredElsewhere" | "declinedElsewhere" | "noCall" | "registrationFailed";

  /** What a handle is. `phone`: A telephone number. `email`: An e-mail address. `generic`: Anything else, such as a SIP URI. */
  type HandleType = "phone" | "email" | "generic";

  /** How the host knows an INVITE. `new`: It was reported just now. `push`: A push had announced it. `duplicate`: It was reported before. */
  type CallMatch = "new" | "push" | "duplicate";

  /** Why the system refused a report. `doNotDisturb`: Do Not Disturb, or a focus. `blocked`: The caller is blocked. `uuidExists`: There is a call with this UUID. `restrictedSharing`: Sharing is restricted. `protected`: The caller is protected. `sensitiveParticipants`: A participant is sensitive. `unentitled`: The app may not. `other`: Anything else. */
  type ReportError = "doNotDisturb" | "blocked" | "uuidExists" | "restrictedSharing" | "protected" | "sensitiveParticipants" | "unentitled" | "other";

  /** Phase of a call. `connecting`: It is being set up. `ringing`: It rings. `early`: It rings, with media. `connected`: Both sides agreed. `held`: We hold it. `resumed`: We hold it no more. `remoteHeld`: They hold it. `remoteResumed`: They hold it no more. */
  type CallStateName = "connecting" | "ringing" | "early" | "connected" | "held" | "resumed" | "remoteHeld" | "remoteResumed";

  /** How a call ended. `failed`: Something failed. `remoteEnded`: The far end ended it. `unanswered`: Nobody answered. `answeredElsewhere`: Another device answered. `declinedElsewhere`: Another device declined. `local`: This side ended it. */
  type EndReason = "failed" | "remoteEnded" | "unanswered" | "answeredElsewhere" | "declinedElsewhere" | "local";

  /** Where a change came from, so that nothing echoes. `user`: The user, through the system. `system`: The system itself. `app`: The page. `remote`: The far end. */
  type Origin = "user" | "system" | "app" | "remote";

  /** How far an action is. `pending`: It waits, for the INVITE as a rule. Another reply follows. `done`: It is done. `failed`: It cannot be done. */
  type PerformState = "pending" | "done" | "failed";

  /** Where somebody asked for a call. `recents`: The list of recent calls. `siri`: Siri. `url`: A link. */
  type StartSource = "recents" | "siri" | "url";

  /** Which end of an interruption. `began`: It begins. `ended`: It is over. */
  type InterruptionPhase = "began" | "ended";

  /** What going to the background means. `keep`: Nothing. `unregister`: The binding goes. `closeTransport`: The binding stays, the socket is closed. */
  type SuspendPolicy = "keep" | "unregister" | "closeTransport";

  /** State of a registration. `registering`: It is being made. `registered`: It is there. `failed`: It failed. `unregistered`: It is gone. */
  type RegStateName = "registering" | "registered" | "failed" | "unregistered";

  /** What the page sends. */
  type FromPage =
    | Request<"hello", Hello>
    | Event<"ready", Ready>
    | Request<"ping", Ping>
    | Reply<"pong", Pong>
    | Event<"ack", Ack>
    | Request<"state.save", StateSave>
    | Request<"state.load", StateLoad>
    | Request<"credentials.get", CredentialsGet>
    | Event<"log", Log>
    | Event<"push.requestToken", RequestToken>
    | Reply<"push.incoming", PushIncomingReply>
    | Event<"push.resolved", PushResolved>
    | Request<"call.incoming", CallIncoming>
    | Request<"call.start", CallStart>
    | Event<"call.update", CallUpdate>
    | Event<"call.state", CallState>
    | Event<"call.ended", CallEnded>
    | Request<"call.request", CallRequest>
    | Reply<"call.perform", CallPerformReply>
    | Request<"audio.setRoute", AudioSetRoute>
    | Event<"audio.showPicker", AudioShowPicker>
    | Reply<"app.willSuspend", WillSuspendReply>
    | Request<"app.keepAwake", KeepAwake>
    | Event<"app.release", Release>
    | Event<"reg.state", RegState>
    | Event<"ws.open", WsOpen>
    | Event<"ws.send", WsSend>
    | Event<"ws.close", WsClose>
    | Event<"timer.set", TimerSet>
    | Event<"timer.clear", TimerClear>
    | Request<"media.open", MediaOpen>
    | Request<"media.offer", MediaOffer>
    | Request<"media.accept", MediaAccept>
    | Request<"media.setAnswer", MediaSetAnswer>
    | Request<"media.microphone", MediaMicrophone>
    | Request<"media.direction", MediaDirection>
    | Request<"media.rollback", MediaRollback>
    | Request<"media.dtmf", MediaDtmf>
    | Request<"media.mute", MediaMute>
    | Request<"media.stats", MediaStats>
    | Request<"media.close", MediaClose>
    | Event<"media.candidate", MediaCandidate>;

  /** What the host sends. */
  type FromHost =
    | Reply<"welcome", Welcome>
    | Request<"ping", Ping>
    | Reply<"pong", Pong>
    | Event<"ack", Ack>
    | Event<"session.reset", SessionReset>
    | Reply<"state.save", StateSaveReply>
    | Reply<"state.load", StateLoadReply>
    | Event<"config", Config>
    | Reply<"credentials.get", CredentialsGetReply>
    | Event<"push.token", PushToken>
    | Request<"push.incoming", PushIncoming>
    | Reply<"call.incoming", CallIncomingReply>
    | Reply<"call.start", CallStartReply>
    | Reply<"call.request", CallRequestReply>
    | Request<"call.perform", CallPerform>
    | Event<"call.performTimedOut", CallPerformTimedOut>
    | Event<"call.providerReset", ProviderReset>
    | Event<"intent.startCall", IntentStartCall>
    | Event<"audio.activated", AudioActivated>
    | Event<"audio.deactivated", AudioDeactivated>
    | Event<"audio.route", AudioRoute>
    | Event<"audio.interruption", AudioInterruption>
    | Event<"audio.mediaServicesReset", MediaServicesReset>
    | Reply<"audio.setRoute", AudioDone>
    | Event<"app.state", AppState>
    | Request<"app.willSuspend", WillSuspend>
    | Event<"app.resumed", AppResumed>
    | Reply<"app.keepAwake", KeepAwakeReply>
    | Event<"network.changed", NetworkChanged>
    | Event<"ws.opened", WsOpened>
    | Event<"ws.message", WsMessage>
    | Event<"ws.closed", WsClosed>
    | Event<"ws.failed", WsFailed>
    | Event<"timer.fired", TimerFired>
    | Reply<"media.open", MediaDone>
    | Reply<"media.offer", MediaSdp>
    | Reply<"media.accept", MediaSdp>
    | Reply<"media.setAnswer", MediaDone>
    | Reply<"media.microphone", MediaDone>
    | Reply<"media.direction", MediaDone>
    | Reply<"media.rollback", MediaDone>
    | Reply<"media.dtmf", MediaDone>
    | Reply<"media.mute", MediaDone>
    | Reply<"media.stats", MediaReport>
    | Reply<"media.close", MediaDone>
    | Event<"media.candidate", MediaCandidate>
    | Event<"media.gatheringDone", MediaGatheringDone>
    | Event<"media.state", MediaState>
    | Event<"media.failed", MediaFailed>;
}

/** Any message of the bridge, told apart by `type` and `kind`. */
export type BridgeMessage = bridge.FromPage | bridge.FromHost;
