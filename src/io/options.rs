//! What the application configures.

use super::media::IceServer;
use super::{HeaderList, Video};
use crate::common::secret::Secret;

/// Who carries out flow or media commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Driver {
    /// The host where its `welcome` offers the capability, else the page.
    #[default]
    Auto,
    /// The page, always.
    Page,
    /// The host, always; without a host nothing works.
    Host,
}

/// Options of the whole endpoint.
#[derive(Debug, Clone)]
pub struct EndpointOptions {
    /// Whether there is a host to say `hello` to.
    pub host: bool,
    /// Who owns the sockets.
    pub transport: Driver,
    /// Who owns the media sessions.
    pub media: Driver,
    /// Who keeps the time.
    pub timers: Driver,
    /// Servers for ICE.
    pub ice_servers: Vec<IceServer>,
    /// Upper limit of ICE gathering in milliseconds, 60,000 at most.
    pub gathering_limit_ms: u32,
    /// Whether a description leaves as soon as a usable candidate is there.
    pub first_usable_candidate: bool,
    /// Tone for machines without a microphone in hertz, 20,000 at most; 0: none.
    pub test_tone_hz: u16,
    /// The User-Agent header.
    pub user_agent: String,
    /// `+sip.instance` where no host gives one: `urn:uuid:…`. Empty: a random one.
    pub instance: String,
    /// Browser features that are not there, told to the host: `WebAssembly`, `RTCPeerConnection`, …
    pub missing: Vec<String>,
    /// Whether there are trace events at all.
    pub trace: bool,
    /// Whether the trace shows full text. Otherwise what opens a door is redacted, what people write, and who they are.
    pub full_trace: bool,
    /// Whether a redacted trace shows who calls whom all the same. Otherwise each person is a number.
    pub trace_names: bool,
    /// How long the first REGISTER waits for `welcome` and the push token in milliseconds, 60,000 at most; then it goes
    /// without.
    pub token_wait_ms: u64,
    /// What an earlier page left to know ([`Output::Save`](super::Output)): then it goes on where that was.
    pub state: Option<String>,
    /// Whether established calls are left to the next page as well. With a host they always are.
    pub keep_calls: bool,
    /// An extra INVITE header that carries the push's id, besides `X-Push-ID`.
    pub push_id_header: Option<String>,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        Self {
            host: false,
            transport: Driver::Auto,
            media: Driver::Auto,
            timers: Driver::Auto,
            ice_servers: Vec::new(),
            gathering_limit_ms: 1_000,
            first_usable_candidate: true,
            test_tone_hz: 0,
            user_agent: concat!("sipwake/", env!("CARGO_PKG_VERSION")).to_owned(),
            instance: String::new(),
            missing: Vec::new(),
            trace: true,
            full_trace: false,
            trace_names: false,
            token_wait_ms: 3_000,
            state: None,
            keep_calls: false,
            push_id_header: None,
        }
    }
}

/// What happens to the registration when the app goes to the background.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BackgroundPolicy {
    /// The binding stays, the socket is closed cleanly: for servers that keep the token in the binding (RFC 8599).
    #[default]
    CloseTransport,
    /// The binding goes, push parameters included in the REGISTER: for servers that keep tokens apart from bindings.
    Unregister,
    /// Nothing is done.
    Keep,
}

/// Whether provisional responses are acknowledged with PRACK (RFC 3262).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reliability {
    /// Where the far end can: `Supported: 100rel`.
    #[default]
    Supported,
    /// Our calls ask for it: `Require: 100rel`. Who does not know it is called once more without.
    Required,
    /// Never.
    Off,
}

/// How ICE candidates that are found late are told (Trickle ICE, RFC 8838, by INFO as RFC 8840 has it).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrickleIce {
    /// Never: what the description has is all.
    Off,
    /// Our offers have what gathering has found in its time, so that everybody can take them; late ones, and ours to a far
    /// end that trickles, follow by INFO where the far end says that it takes them.
    #[default]
    Half,
    /// Our offers leave at once, without waiting for candidates: for servers and far ends that are known to trickle. One
    /// that turns out not to is offered the session anew.
    Full,
}

/// Which INVITEs may take the place of a call (Replaces, RFC 3891) without a person. Whoever sends one knows the tags
/// of the call's dialog, which nobody can guess; this is about what else it takes (RFC 3891 section 3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReplacePolicy {
    /// Those of the call's far end, of whoever that referred (Referred-By, RFC 3892), and of the account's own user, as
    /// the network says who they are or else as they say it. All others ring, and take the call's place if answered.
    #[default]
    Peer,
    /// All that come by the account's server.
    Accept,
    /// None: each rings, and takes the call's place if answered.
    Ask,
}

/// A ready-made way to write the token into the Contact of REGISTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushPreset {
    /// RFC 8599: `pn-provider`, `pn-param`, `pn-prid` as URI parameters.
    Rfc8599Apns,
    /// FreeSWITCH with mod_apn: `app-id`, `pn-voip-tok`, `pn-im-tok` as URI parameters, closed by one more.
    FreeswitchApn,
    /// Flexisip: the parameters of RFC 8599 for one or two tokens, each with its service (`pn-prid=…:voip&…:remote`), and
    /// `apns.dev` for tokens of the sandbox.
    Flexisip,
    /// What Linphone wrote before RFC 8599: `pn-type`, `app-id`, `pn-tok` as URI parameters.
    LinphoneLegacy,
    /// PortSIP PBX: a header of REGISTER, `X-P-Push`, which at the log-out says that no push is wanted any more.
    Portsip,
}

/// How push tokens get into the Contact of REGISTER; into nothing else. Templates know the placeholders
/// `{voip-token} {im-token} {topic} {bundle} {team} {instance} {environment} {platform}`; a parameter whose
/// placeholder is empty is left out whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushOptions {
    /// A known server's form, without any template besides.
    pub preset: Option<PushPreset>,
    /// Parameters after the `>`, as a template: `;app-id={bundle};pn-voip-tok={voip-token}`.
    pub reg_contact_params: String,
    /// Parameters inside the `<>`, as a template.
    pub contact_uri_params: String,
}

/// One server of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipServer {
    /// A `ws:` or `wss:` URL without user, password and fragment.
    pub url: String,
    /// Servers of more weight come first. Those of the same weight come in the order given if it is 0, else in a random
    /// one, so that many phones spread over them.
    pub weight: u16,
}

impl PushOptions {
    /// What stands for the host's words in a template, between braces.
    pub const PLACEHOLDERS: [&str; 8] =
        ["voip-token", "im-token", "topic", "bundle", "team", "instance", "environment", "platform"];
}

impl From<&str> for SipServer {
    fn from(url: &str) -> Self {
        Self { url: url.to_owned(), weight: 0 }
    }
}

impl From<String> for SipServer {
    fn from(url: String) -> Self {
        Self { url, weight: 0 }
    }
}

/// A header of the requests of an account. One of the same name that a command brings takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    /// Of requests with this method; `None`: of all. The ACK of a refused INVITE is the transaction's own and has none.
    pub method: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// How a flow is kept alive, and found dead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeepAlive {
    /// CRLF; a server that does not answer those is asked by OPTIONS.
    #[default]
    Auto,
    /// CRLF alone (RFC 5626 section 3.5.1): a server that never answered one is not held to it.
    Crlf,
    /// OPTIONS (RFC 3261 section 11), which every server answers.
    Options,
}

/// One account.
#[derive(Debug, Clone)]
pub struct AccountOptions {
    /// The name the bridge and the application know it by; empty: `username@domain`.
    pub name: String,
    /// User part of the address of record.
    pub username: String,
    /// Domain of the address of record and of the registrar.
    pub domain: String,
    /// User name of the credentials, if it is not `username`.
    pub auth_username: Option<String>,
    /// Password; or use the HA1 values.
    pub password: Option<Secret>,
    /// `H(username:realm:password)` with MD5, in hex.
    pub ha1_md5: Option<Secret>,
    /// The same with SHA-256.
    pub ha1_sha256: Option<Secret>,
    /// The same with SHA-512/256.
    pub ha1_sha512_256: Option<Secret>,
    /// An access token (RFC 8898), for servers that ask for one. It leaves over `wss:`, or to this machine, and no other way.
    pub bearer_token: Option<Secret>,
    /// Whether the application gives credentials when it is asked ([`Output::CredentialsNeeded`](super::Output)).
    pub credentials: bool,
    /// Realms that may be answered. Empty: the realm that the registrar names first, and no other after that.
    pub realms: Vec<String>,
    /// Whether MD5 challenges are refused.
    pub forbid_md5: bool,
    /// Display name of the From header.
    pub display_name: Option<String>,
    /// Where to connect to.
    pub servers: Vec<SipServer>,
    /// How many flows are kept at one time where the registrar supports that (RFC 5626 section 4.2): 1, or 2 to
    /// different servers.
    pub flows: u8,
    /// Further headers of every request, those that the engine sends by itself included.
    pub request_headers: Vec<RequestHeader>,
    /// Further headers of REGISTER.
    pub register_headers: HeaderList,
    /// Parameters after the `>` of every Contact: `;+sip.ice;methods="INVITE"`.
    pub contact_params: String,
    /// Whether to register at all.
    pub register: bool,
    /// Binding lifetime to ask for, in seconds: 10 to 31,536,000. The server's word counts.
    pub expires: u32,
    /// Push registration, if any.
    pub push: Option<PushOptions>,
    /// What going to the background means.
    pub background_policy: BackgroundPolicy,
    /// Status of a declined call: 603 stops every device, 486 this one. 400 to 699.
    pub decline_code: u16,
    /// How the flow is kept alive.
    pub keep_alive: KeepAlive,
    /// Milliseconds between keep-alives on an open flow: 1,000 to 3,600,000; 0: none. A Flow-Timer of the server wins.
    pub keep_alive_ms: u64,
    /// Milliseconds until a connection attempt is given up: 500 to 120,000.
    pub connect_timeout_ms: u64,
    /// Session interval to ask for in seconds (RFC 4028), 90 to 86,400; 0: no session timer unless the far end wants one.
    pub session_expires: u32,
    /// Whether provisional responses are acknowledged (RFC 3262).
    pub reliability: Reliability,
    /// How ICE candidates that are found late are told (RFC 8840).
    pub trickle_ice: TrickleIce,
    /// How many redirections (3xx) a call, or a request outside calls, follows, 16 at most; 0: none, it ends.
    pub max_redirects: u8,
    /// The URI of ours that the network shall assert (P-Preferred-Identity, RFC 3325), unless the call says another.
    pub preferred_identity: Option<String>,
    /// Event packages that others may subscribe to (RFC 6665); SUBSCRIBE for any other gets 489. Empty: none.
    pub events: Vec<String>,
    /// INFO packages that are taken (RFC 6086); any other gets 469. INFO without a package is always taken.
    pub info_packages: Vec<String>,
    /// Content types of MESSAGE that are taken; any other gets 415. Empty: all.
    pub message_types: Vec<String>,
    /// Whether a caller may be answered by the engine itself where it asks for that (Call-Info, Alert-Info,
    /// Answer-Mode). It opens the microphone without a person, so it is off unless the application wants it, and
    /// beside another call it rings all the same.
    pub allow_auto_answer: bool,
    /// Which INVITEs take a call's place without a person (Replaces, RFC 3891).
    pub replaces: ReplacePolicy,
    /// What becomes of video that a far end offers, in a call or in an INVITE that is answered without a word about it.
    pub remote_video: Video,
    /// Whether the application refreshes the binding: it is told in time, and the engine does not do it.
    pub refreshes_itself: bool,
}

impl Default for AccountOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            username: String::new(),
            domain: String::new(),
            auth_username: None,
            password: None,
            ha1_md5: None,
            ha1_sha256: None,
            ha1_sha512_256: None,
            bearer_token: None,
            credentials: false,
            realms: Vec::new(),
            forbid_md5: false,
            display_name: None,
            servers: Vec::new(),
            flows: 1,
            request_headers: Vec::new(),
            register_headers: HeaderList::new(),
            contact_params: String::new(),
            register: true,
            expires: 600,
            push: None,
            background_policy: BackgroundPolicy::CloseTransport,
            decline_code: 603,
            keep_alive: KeepAlive::Auto,
            keep_alive_ms: 25_000,
            connect_timeout_ms: 5_000,
            session_expires: 1_800,
            reliability: Reliability::Supported,
            trickle_ice: TrickleIce::Half,
            max_redirects: 5,
            preferred_identity: None,
            events: Vec::new(),
            info_packages: Vec::new(),
            message_types: Vec::new(),
            allow_auto_answer: false,
            replaces: ReplacePolicy::Peer,
            remote_video: Video::Receive,
            refreshes_itself: false,
        }
    }
}
