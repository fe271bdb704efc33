//! The server's side of authentication, with arithmetic of its own: RFC 7616 and 8760 by the letter, and tokens.

use md5::{Digest, Md5};
use sha2::{Sha256, Sha512_256};
use sipwake::message::{HeaderName, Request, Response};

/// What a request's credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Right, but the nonce is old or was used before.
    Stale,
    Bad,
}

/// What the server says about itself in a 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    None,
    Right,
    Wrong,
}

pub struct Gate {
    pub users: Vec<(String, String)>,
    /// What is offered, in this order; none: one challenge that names no algorithm.
    pub algorithms: Vec<&'static str>,
    /// The list of qop values; empty: the parameter is left out.
    pub qop: &'static str,
    /// Further parameters of the challenges.
    pub more: &'static str,
    /// The token that is taken; the challenge for it comes first.
    pub token: Option<&'static str>,
    /// Announces another nonce in each 2xx, and takes no older one.
    pub next_nonces: bool,
    pub proof: Proof,
    /// What the last good answer used: algorithm, qop and user.
    pub last: Option<(String, String, String)>,
    /// Nonces that are taken, and how often each was used.
    nonces: Vec<(String, u32)>,
    made: u32,
    /// A1 of the `-sess` sessions, by nonce.
    sessions: Vec<(String, String)>,
}

impl Gate {
    pub fn new() -> Self {
        Self {
            users: Vec::new(),
            algorithms: Vec::new(),
            qop: "auth",
            more: "",
            token: None,
            next_nonces: false,
            proof: Proof::None,
            last: None,
            nonces: Vec::new(),
            made: 0,
            sessions: Vec::new(),
        }
    }

    /// Keeps the newest nonces alone.
    pub fn forget_old_nonces(&mut self) {
        self.nonces.drain(..self.nonces.len().saturating_sub(4));
        self.nonces.shrink_to_fit();
        self.sessions.clear();
    }

    /// Takes no nonce that it has made so far.
    pub fn forget_nonces(&mut self) {
        self.nonces.clear();
    }

    fn make_nonce(&mut self) -> String {
        self.made += 1;
        let nonce = format!("n{}", self.made);
        self.nonces.push((nonce.clone(), 0));
        nonce
    }

    /// Adds the challenges to a 401 or 407.
    pub fn challenge(&mut self, response: &mut Response, name: HeaderName, realm: &str, verdict: Verdict) {
        if self.token.is_some() {
            let error = if verdict == Verdict::Bad { ", error=\"invalid_token\"" } else { "" };
            let value = format!("Bearer realm=\"{realm}\", scope=\"sip\", authz_server=\"https://id.test/\"{error}");
            response.headers.push(name, value);
        }
        let nonce = self.make_nonce();
        let unnamed = [""];
        let offered = if self.algorithms.is_empty() { &unnamed[..] } else { &self.algorithms };
        for algorithm in offered {
            let mut value = format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", opaque=\"o\\\"p\"");
            if !self.qop.is_empty() {
                value.push_str(&format!(", qop=\"{}\"", self.qop));
            }
            if !algorithm.is_empty() {
                value.push_str(&format!(", algorithm={algorithm}"));
            }
            if verdict == Verdict::Stale {
                value.push_str(", stale=true");
            }
            value.push_str(self.more);
            response.headers.push(name, value);
        }
    }

    /// Judges the credentials of a request; without any for this realm they are bad.
    pub fn check(&mut self, request: &Request, name: HeaderName, realm: &str) -> Verdict {
        let mut verdict = Verdict::Bad;
        for line in request.headers.lines(name) {
            if let Some(token) = line.strip_prefix("Bearer ") {
                if self.token == Some(token) {
                    return Verdict::Good;
                }
            } else if field(line, "realm").as_deref() == Some(realm) {
                assert_eq!(verdict, Verdict::Bad, "two answers for one realm");
                verdict = self.judge(request, line, realm);
            }
        }
        verdict
    }

    fn judge(&mut self, request: &Request, line: &str, realm: &str) -> Verdict {
        let get = |name: &str| field(line, name).unwrap_or_default();
        let algorithm = get("algorithm");
        if !self.algorithms.is_empty() && !self.algorithms.contains(&&*algorithm) {
            return Verdict::Bad;
        }
        assert_eq!((get("uri").as_str(), get("opaque").as_str()), (request.uri(), "o\"p"));
        let (user, password) = match self.user(line, &algorithm, realm) {
            Some(user) => user,
            None => return Verdict::Bad,
        };
        let (nonce, count, cnonce, qop) = (get("nonce"), get("nc"), get("cnonce"), get("qop"));
        let offered = if self.qop.is_empty() { qop.is_empty() } else { self.qop.split(',').any(|one| one == qop) };
        assert!(offered, "{line}");
        let a1 = self.a1(&algorithm, &nonce, &cnonce, &format!("{user}:{realm}:{password}"));
        let mut a2 = format!("{}:{}", request.method().as_str(), request.uri());
        if qop == "auth-int" {
            a2 = format!("{a2}:{}", hash(&algorithm, request.body()));
        }
        let a2 = hash(&algorithm, a2.as_bytes());
        let expected = if qop.is_empty() {
            hash(&algorithm, format!("{a1}:{nonce}:{a2}").as_bytes())
        } else {
            hash(&algorithm, format!("{a1}:{nonce}:{count}:{cnonce}:{qop}:{a2}").as_bytes())
        };
        if get("response") != expected {
            return Verdict::Bad;
        }
        let Some((_, used)) = self.nonces.iter_mut().find(|(known, _)| *known == nonce) else { return Verdict::Stale };
        let count = if qop.is_empty() {
            1
        } else {
            assert_eq!(count.len(), 8, "{line}");
            u32::from_str_radix(&count, 16).expect("a hexadecimal count")
        };
        if count <= *used {
            return Verdict::Stale;
        }
        *used = count;
        self.last = Some((algorithm, qop, user));
        Verdict::Good
    }

    fn user(&self, line: &str, algorithm: &str, realm: &str) -> Option<(String, String)> {
        let hashed = field(line, "userhash").as_deref() == Some("true");
        let name = match field(line, "username*") {
            Some(escaped) => decode(escaped.strip_prefix("UTF-8''")?),
            None => field(line, "username")?,
        };
        let is = |user: &str| {
            if hashed { hash(algorithm, format!("{user}:{realm}").as_bytes()) == name } else { user == name }
        };
        self.users.iter().find(|(user, _)| is(user)).cloned()
    }

    fn a1(&mut self, algorithm: &str, nonce: &str, cnonce: &str, user: &str) -> String {
        let a1 = hash(algorithm, user.as_bytes());
        if !algorithm.ends_with("-sess") {
            return a1;
        }
        if let Some((_, a1)) = self.sessions.iter().find(|(of, _)| of == nonce) {
            return a1.clone();
        }
        let a1 = hash(algorithm, format!("{a1}:{nonce}:{cnonce}").as_bytes());
        self.sessions.push((nonce.to_owned(), a1.clone()));
        a1
    }

    /// Adds what the server says to a good answer in its 2xx.
    pub fn inform(&mut self, request: &Request, answered: HeaderName, response: &mut Response, name: HeaderName) {
        let Some(line) = request.headers.get(answered).filter(|line| line.starts_with("Digest ")) else { return };
        let get = |name: &str| field(line, name).unwrap_or_default();
        let mut parts = Vec::new();
        if self.proof != Proof::None {
            let (algorithm, nonce, cnonce) = (get("algorithm"), get("nonce"), get("cnonce"));
            let (user, password) = self.user(line, &algorithm, &get("realm")).expect("a known user");
            let a1 = self.a1(&algorithm, &nonce, &cnonce, &format!("{user}:{}:{password}", get("realm")));
            let mut a2 = format!(":{}", get("uri"));
            if get("qop") == "auth-int" {
                a2 = format!("{a2}:{}", hash(&algorithm, response.body()));
            }
            let a2 = hash(&algorithm, a2.as_bytes());
            let proof = format!("{a1}:{nonce}:{}:{cnonce}:{}:{a2}", get("nc"), get("qop"));
            let mut proof = hash(&algorithm, proof.as_bytes());
            if self.proof == Proof::Wrong {
                proof = proof.chars().rev().collect();
            }
            parts.push(format!("rspauth=\"{proof}\", cnonce=\"{cnonce}\", nc={}, qop={}", get("nc"), get("qop")));
        }
        if self.next_nonces {
            let next = self.make_nonce();
            self.nonces.retain(|(nonce, _)| *nonce != get("nonce"));
            if let Some((_, a1)) = self.sessions.iter().find(|(of, _)| *of == get("nonce")).cloned() {
                self.sessions.push((next.clone(), a1));
            }
            parts.push(format!("nextnonce=\"{next}\""));
        }
        if !parts.is_empty() {
            response.headers.push(name, parts.join(", "));
        }
    }
}

/// A parameter of an Authorization line.
pub fn field(line: &str, name: &str) -> Option<String> {
    let rest = line.strip_prefix("Digest ")?;
    let (mut quoted, mut escaped, mut parts) = (false, false, vec![String::new()]);
    for letter in rest.chars() {
        if letter == ',' && !quoted {
            parts.push(String::new());
            continue;
        }
        if letter == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = letter == '\\' && !escaped;
        parts.last_mut().expect("a part").push(letter);
    }
    let value = parts.iter().find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    Some(value.replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn decode(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(if octet == b'%' {
            let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
            u8::from_str_radix(std::str::from_utf8(&digits).expect("ASCII"), 16).expect("hexadecimal")
        } else {
            octet
        });
    }
    String::from_utf8(octets).expect("UTF-8")
}

fn hash(algorithm: &str, octets: &[u8]) -> String {
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect();
    match algorithm.strip_suffix("-sess").unwrap_or(algorithm) {
        "" | "MD5" => hex(&Md5::digest(octets)),
        "SHA-256" => hex(&Sha256::digest(octets)),
        "SHA-512-256" => hex(&Sha512_256::digest(octets)),
        other => panic!("{other} was never offered"),
    }
}
