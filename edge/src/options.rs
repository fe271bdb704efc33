//! What can be chosen when the server is started.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

use crate::digest::{Algorithm, Hash, random};

/// What `--help` prints.
pub const HELP: &str = "\
The development server of sipwake: SIP registrar and proxy over WebSocket, simulated push service, static files.

Usage: sipwake-edge [options]

  --host ADDRESS          where to listen (127.0.0.1)
  --port PORT             port of the one origin for pages, /ws and /push (0: a free one)
  --www FOLDER            static files to serve
  --json                  print one line of JSON at the start

  --domain NAME           SIP domain (sipwake.local)
  --realm NAME            digest realm (the domain)
  --user NAME:PASSWORD    a user; repeat for more (alice and bob with random passwords)
  --digest LIST           challenges, in this order: md5, sha-256, sha-512-256, each also with -sess, all;
                          both: sha-256,md5 (both)
  --qop LIST              auth, auth-int, or both with a comma (auth)
  --no-qop                challenge without qop, as RFC 2069 did
  --userhash              want user names hashed
  --auth-info             prove in each 2xx to REGISTER that the server knows the password, and name the next nonce
  --token NAME:TOKEN      a token of a user, which may come instead of a digest; repeat for more
  --nonce-lifetime SEC    after this a nonce is stale (300)
  --no-proxy-auth         do not challenge INVITE and other requests to users
  --expires SEC           granted where none is asked for (3600)
  --min-expires SEC       below this 423 (10)
  --max-expires SEC       above this cut (604800)
  --flow-timer SEC        Flow-Timer for outbound clients; 0: none (25)
  --ping SEC              WebSocket ping, a silent socket is closed; 0: none (20)
  --origin ORIGIN         accept WebSockets of this Origin only; repeat for more

  --hold SEC              how long an INVITE waits for a sleeping phone (25)
  --push-url URL          where pushes are posted: URL/3/device/TOKEN (this server's simulated service)
  --push-always           push to phones that are registered, too
  --cancel-push           push also when a held call is cancelled or answered elsewhere
  --keep-push-parameters  leave pn-* parameters in the Request-URI of the INVITE

What it answers besides files:
  /ws                     SIP over WebSocket, subprotocol sip
  /trace                  every SIP message and push as server-sent events, secrets hidden;
                          ?history=1 what was before, too, ?full=1 nothing hidden (from this machine only)
  POST /3/device/TOKEN    a push, as to APNs
  /push/listen?token=T    the payloads for a phone as server-sent events; what comes before waits until its time is over
  /push/log               all pushes with headers and outcome (from this machine only)
  POST /push/kill?token=T the token is dead from now on: 410
  /demo.json              what the demo page asks for: server, push, domain, users
";

/// A user who may register.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub password: String,
}

/// All options.
#[derive(Clone, Debug)]
pub struct Options {
    pub host: String,
    pub port: u16,
    pub www: Option<PathBuf>,
    pub json: bool,
    pub domain: String,
    pub realm: String,
    pub users: Vec<User>,
    pub algorithms: Vec<Algorithm>,
    /// The list of qop values; empty: challenge without it.
    pub qop: String,
    pub userhash: bool,
    pub auth_info: bool,
    pub tokens: Vec<(String, String)>,
    pub nonce_lifetime: Duration,
    pub proxy_auth: bool,
    pub expires: u32,
    pub min_expires: u32,
    pub max_expires: u32,
    pub flow_timer: u32,
    pub ping: Duration,
    pub origins: Vec<String>,
    pub hold: Duration,
    pub push_url: Option<String>,
    pub push_always: bool,
    pub cancel_push: bool,
    pub keep_push_parameters: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            host: "127.0.0.1".into(),
            port: 0,
            www: None,
            json: false,
            domain: "sipwake.local".into(),
            realm: String::new(),
            users: Vec::new(),
            algorithms: [Hash::Sha256, Hash::Md5].map(|hash| Algorithm { hash, session: false }).to_vec(),
            qop: "auth".into(),
            userhash: false,
            auth_info: false,
            tokens: Vec::new(),
            nonce_lifetime: Duration::from_secs(300),
            proxy_auth: true,
            expires: 3600,
            min_expires: 10,
            max_expires: 604_800,
            flow_timer: 25,
            ping: Duration::from_secs(20),
            origins: Vec::new(),
            hold: Duration::from_secs(25),
            push_url: None,
            push_always: false,
            cancel_push: false,
            keep_push_parameters: false,
        }
    }
}

impl Options {
    /// Reads the command line. None: help was asked for.
    pub fn read() -> Result<Option<Options>, lexopt::Error> {
        let mut options = Options::default();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("host") => options.host = parser.value()?.string()?,
                Long("port") => options.port = parser.value()?.parse()?,
                Long("www") => options.www = Some(parser.value()?.into()),
                Long("json") => options.json = true,
                Long("domain") => options.domain = parser.value()?.string()?.to_ascii_lowercase(),
                Long("realm") => options.realm = parser.value()?.string()?,
                Long("user") => options.users.push(parser.value()?.parse_with(user)?),
                Long("digest") => options.algorithms = parser.value()?.parse_with(algorithms)?,
                Long("qop") => options.qop = parser.value()?.parse_with(qop)?,
                Long("no-qop") => options.qop.clear(),
                Long("userhash") => options.userhash = true,
                Long("auth-info") => options.auth_info = true,
                Long("token") => {
                    let User { name, password } = parser.value()?.parse_with(user)?;
                    options.tokens.push((name, password));
                }
                Long("nonce-lifetime") => options.nonce_lifetime = parser.value()?.parse_with(seconds)?,
                Long("no-proxy-auth") => options.proxy_auth = false,
                Long("expires") => options.expires = parser.value()?.parse()?,
                Long("min-expires") => options.min_expires = parser.value()?.parse()?,
                Long("max-expires") => options.max_expires = parser.value()?.parse()?,
                Long("flow-timer") => options.flow_timer = parser.value()?.parse()?,
                Long("ping") => options.ping = parser.value()?.parse_with(seconds)?,
                Long("origin") => options.origins.push(parser.value()?.string()?),
                Long("hold") => options.hold = parser.value()?.parse_with(seconds)?,
                Long("push-url") => {
                    options.push_url = Some(parser.value()?.string()?.trim_end_matches('/').to_string());
                }
                Long("push-always") => options.push_always = true,
                Long("cancel-push") => options.cancel_push = true,
                Long("keep-push-parameters") => options.keep_push_parameters = true,
                other => return Err(other.unexpected()),
            }
        }
        if options.realm.is_empty() {
            options.realm = options.domain.clone();
        }
        if options.users.is_empty() {
            let names = ["alice", "bob"];
            options.users = names.map(|name| User { name: name.into(), password: random(6) }).to_vec();
        }
        Ok(Some(options))
    }

    /// The password of a user.
    pub fn password(&self, name: &str) -> Option<String> {
        self.users.iter().find(|user| user.name == name).map(|user| user.password.clone())
    }
}

fn user(text: &str) -> Result<User, String> {
    let (name, password) = text.split_once(':').ok_or("name:password is wanted")?;
    Ok(User { name: name.into(), password: password.into() })
}

fn algorithms(text: &str) -> Result<Vec<Algorithm>, String> {
    match text {
        "both" => return Ok(Options::default().algorithms),
        "all" => return Ok(Algorithm::all().collect()),
        _ => {}
    }
    let find = |name: &str| Algorithm::all().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
    text.split(',').map(|name| find(name.trim()).ok_or_else(|| "there is no such algorithm".to_string())).collect()
}

fn qop(text: &str) -> Result<String, String> {
    let known = text.split(',').all(|value| matches!(value, "auth" | "auth-int"));
    if known { Ok(text.into()) } else { Err("auth, auth-int or both is wanted".into()) }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().map_err(|_| "a number of seconds is wanted")?;
    Duration::try_from_secs_f64(number).map_err(|_| "a number of seconds is wanted".into())
}
