//! The server's side of digest authentication: challenges, nonces, the check of an answer.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use md5::{Digest as _, Md5};
use sha2::{Sha256, Sha512_256};

use crate::message::{split, unquote};
use crate::options::{Options, User};

/// The hash function of a challenge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

/// A digest algorithm of a challenge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Algorithm {
    pub hash: Hash,
    /// `-sess`: A1 is made once, with the nonces of both sides.
    pub session: bool,
}

impl Algorithm {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match (self.hash, self.session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512_256, false) => "SHA-512-256",
            (Hash::Sha512_256, true) => "SHA-512-256-sess",
        }
    }

    /// All there are.
    pub fn all() -> impl Iterator<Item = Algorithm> {
        let hashes = [Hash::Sha512_256, Hash::Sha256, Hash::Md5];
        hashes.into_iter().flat_map(|hash| [false, true].map(|session| Algorithm { hash, session }))
    }

    fn hash(self, octets: impl AsRef<[u8]>) -> String {
        match self.hash {
            Hash::Md5 => hex(&Md5::digest(octets.as_ref())),
            Hash::Sha256 => hex(&Sha256::digest(octets.as_ref())),
            Hash::Sha512_256 => hex(&Sha512_256::digest(octets.as_ref())),
        }
    }
}

/// Lower-case hexadecimal.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Random hexadecimal of so many octets.
pub fn random(octets: usize) -> String {
    let mut buffer = vec![0_u8; octets];
    // Without a random source there is no safe nonce; the system's never fails after boot.
    if getrandom::fill(&mut buffer).is_err() {
        std::process::abort();
    }
    hex(&buffer)
}

/// What a request's credentials are worth.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// The user proved to be who he says.
    Known(String),
    /// No credentials for our realm.
    Missing,
    /// Right password, but the nonce is too old, not ours, or used before.
    Stale,
    /// Wrong user, wrong password, or not what was challenged.
    Refused,
}

struct Nonce {
    issued: Instant,
    counted: u32,
    /// A1 of a `-sess` session, once its first answer has come.
    session: Option<String>,
}

/// A request as its digest sees it.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub body: &'a [u8],
}

/// Issues challenges and checks answers.
pub struct Digest {
    realm: String,
    algorithms: Vec<Algorithm>,
    qop: String,
    userhash: bool,
    tokens: Vec<(String, String)>,
    lifetime: Duration,
    opaque: String,
    nonces: HashMap<String, Nonce>,
}

impl Digest {
    /// A checker without nonces.
    pub fn new(options: &Options) -> Digest {
        Digest {
            realm: options.realm.clone(),
            algorithms: options.algorithms.clone(),
            qop: options.qop.clone(),
            userhash: options.userhash,
            tokens: options.tokens.clone(),
            lifetime: options.nonce_lifetime,
            opaque: random(8),
            nonces: HashMap::new(),
        }
    }

    /// The values of WWW-Authenticate or Proxy-Authenticate, one for each algorithm.
    pub fn challenges(&mut self, now: Instant, stale: bool) -> Vec<String> {
        let lifetime = self.lifetime;
        self.nonces.retain(|_, nonce| now.duration_since(nonce.issued) < lifetime * 2);
        let nonce = self.nonce(now, None);
        let mut list = Vec::new();
        if !self.tokens.is_empty() {
            list.push(format!("Bearer realm=\"{}\", scope=\"sip\"", self.realm));
        }
        for algorithm in &self.algorithms {
            let mut value = format!(
                "Digest realm=\"{}\", nonce=\"{nonce}\", opaque=\"{}\", algorithm={}",
                self.realm,
                self.opaque,
                algorithm.name()
            );
            if !self.qop.is_empty() {
                value.push_str(&format!(", qop=\"{}\"", self.qop));
            }
            if self.userhash {
                value.push_str(", userhash=true, charset=UTF-8");
            }
            if stale {
                value.push_str(", stale=true");
            }
            list.push(value);
        }
        list
    }

    fn nonce(&mut self, now: Instant, session: Option<String>) -> String {
        let nonce = random(16);
        self.nonces.insert(nonce.clone(), Nonce { issued: now, counted: 0, session });
        nonce
    }

    /// Checks the Authorization values of a request. `users`: all names, and each one's password.
    pub fn check<'a>(
        &mut self,
        now: Instant,
        values: impl Iterator<Item = &'a str>,
        request: Signed<'_>,
        users: &[User],
    ) -> Verdict {
        for value in values {
            if let Some(token) = value.trim().strip_prefix("Bearer ") {
                let known = self.tokens.iter().find(|(_, known)| known == token.trim());
                return known.map_or(Verdict::Refused, |(name, _)| Verdict::Known(name.clone()));
            }
            let credentials = Credentials::read(value);
            if credentials.get("realm") == Some(&self.realm) {
                return self.judge(now, &credentials, request, users);
            }
        }
        Verdict::Missing
    }

    /// What a 2xx says after an answer that was good: that the server knows the password as well, and the next nonce.
    pub fn info<'a>(
        &mut self,
        now: Instant,
        values: impl Iterator<Item = &'a str>,
        uri: &str,
        body: &[u8],
        users: &[User],
    ) -> Option<String> {
        let credentials = values.map(Credentials::read).find(|found| found.get("realm") == Some(&self.realm))?;
        let get = |name: &str| credentials.get(name).map(String::as_str).unwrap_or_default();
        let response = Signed { method: "", uri, body };
        let algorithm = self.algorithm(&credentials)?;
        let user = self.user(&credentials, algorithm, users)?;
        let proof = self.response(&credentials, algorithm, user, response)?;
        let session = self.nonces.remove(get("nonce")).and_then(|nonce| nonce.session);
        let mut value = format!("rspauth=\"{proof}\", nextnonce=\"{}\"", self.nonce(now, session));
        if !self.qop.is_empty() {
            value.push_str(&format!(", qop={}, nc={}, cnonce=\"{}\"", get("qop"), get("nc"), get("cnonce")));
        }
        Some(value)
    }

    fn algorithm(&self, credentials: &Credentials) -> Option<Algorithm> {
        let named = credentials.get("algorithm").map_or("MD5", String::as_str);
        self.algorithms.iter().find(|have| have.name().eq_ignore_ascii_case(named)).copied()
    }

    /// The user that the answer names, in plain, escaped or hashed.
    fn user<'u>(&self, credentials: &Credentials, algorithm: Algorithm, users: &'u [User]) -> Option<&'u User> {
        let hashed = credentials.get("userhash").is_some_and(|value| value == "true");
        if hashed != self.userhash {
            return None;
        }
        let escaped = credentials.get("username*").map(|value| value.strip_prefix("UTF-8''").map(unescape));
        let name = escaped.unwrap_or_else(|| credentials.get("username").cloned())?;
        users.iter().find(|user| {
            if hashed { algorithm.hash(format!("{}:{}", user.name, self.realm)) == name } else { user.name == name }
        })
    }

    /// The digest that an answer should have.
    fn response(
        &mut self,
        credentials: &Credentials,
        algorithm: Algorithm,
        user: &User,
        request: Signed<'_>,
    ) -> Option<String> {
        let get = |name: &str| credentials.get(name).map(String::as_str);
        let nonce = get("nonce")?;
        let mut first = algorithm.hash(format!("{}:{}:{}", user.name, self.realm, user.password));
        if algorithm.session {
            let known = self.nonces.get(nonce).and_then(|known| known.session.clone());
            first = match known {
                Some(known) => known,
                None => algorithm.hash(format!("{first}:{nonce}:{}", get("cnonce")?)),
            };
        }
        let mut second = format!("{}:{}", request.method, request.uri);
        if self.qop.is_empty() {
            return Some(algorithm.hash(format!("{first}:{nonce}:{}", algorithm.hash(second))));
        }
        let (count, cnonce, qop) = (get("nc")?, get("cnonce")?, get("qop")?);
        if !self.qop.split(',').any(|offered| offered == qop) {
            return None;
        }
        if qop == "auth-int" {
            second = format!("{second}:{}", algorithm.hash(request.body));
        }
        let expected = algorithm.hash(format!("{first}:{nonce}:{count}:{cnonce}:{qop}:{}", algorithm.hash(second)));
        // Only who knows the password begins a session.
        if let Some(known) = self.nonces.get_mut(nonce)
            && algorithm.session
            && get("response").is_some_and(|said| said.eq_ignore_ascii_case(&expected))
        {
            known.session = Some(first);
        }
        Some(expected)
    }

    fn judge(&mut self, now: Instant, credentials: &Credentials, request: Signed<'_>, users: &[User]) -> Verdict {
        let get = |name: &str| credentials.get(name).map(String::as_str);
        let (Some(nonce), Some(uri), Some(response)) = (get("nonce"), get("uri"), get("response")) else {
            return Verdict::Refused;
        };
        let Some(algorithm) = self.algorithm(credentials) else { return Verdict::Refused };
        let Some(user) = self.user(credentials, algorithm, users) else { return Verdict::Refused };
        if uri != request.uri {
            return Verdict::Refused;
        }
        let count = get("nc").filter(|count| count.len() == 8).and_then(|count| u32::from_str_radix(count, 16).ok());
        if count.is_none() && !self.qop.is_empty() {
            return Verdict::Refused;
        }
        let expected = self.response(credentials, algorithm, user, request);
        if !expected.is_some_and(|expected| expected.eq_ignore_ascii_case(response)) {
            return Verdict::Refused;
        }
        match self.nonces.get_mut(nonce) {
            Some(known) if now.duration_since(known.issued) < self.lifetime => match count {
                Some(number) if number <= known.counted => Verdict::Stale,
                _ => {
                    known.counted = count.unwrap_or(0);
                    Verdict::Known(user.name.clone())
                }
            },
            _ => Verdict::Stale,
        }
    }
}

/// RFC 8187: what percent signs say.
fn unescape(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match rest.strip_prefix('%').and_then(|rest| rest.get(..2)).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                octets.extend(first.to_string().as_bytes());
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The parameters of an Authorization value.
struct Credentials(HashMap<String, String>);

impl Credentials {
    fn read(value: &str) -> Credentials {
        let mut map = HashMap::new();
        if let Some((scheme, rest)) = value.trim().split_once([' ', '\t'])
            && scheme.eq_ignore_ascii_case("Digest")
        {
            for part in split(rest, ',') {
                if let Some((name, value)) = part.split_once('=') {
                    map.insert(name.trim().to_ascii_lowercase(), unquote(value.trim()));
                }
            }
        }
        Credentials(map)
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: Algorithm = Algorithm { hash: Hash::Md5, session: false };
    const SHA256: Algorithm = Algorithm { hash: Hash::Sha256, session: false };
    const SHA512_256: Algorithm = Algorithm { hash: Hash::Sha512_256, session: false };

    fn digest(realm: &str, algorithms: Vec<Algorithm>, userhash: bool) -> Digest {
        Digest::new(&Options { realm: realm.into(), algorithms, userhash, ..Options::default() })
    }

    fn judge(digest: &mut Digest, value: &str, uri: &str, name: &str, password: &str) -> Verdict {
        let users = [User { name: name.into(), password: password.into() }];
        digest.check(Instant::now(), [value].into_iter(), Signed { method: "GET", uri, body: b"" }, &users)
    }

    fn issue(digest: &mut Digest, nonce: &str) {
        let fresh = Nonce { issued: Instant::now(), counted: 0, session: None };
        digest.nonces.entry(nonce.into()).or_insert(fresh);
    }

    /// RFC 7616 section 3.9.1, whose nonce is put among the issued ones.
    fn example(digest: &mut Digest, algorithm: &str, response: &str) -> Verdict {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        issue(digest, nonce);
        let value = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             algorithm={algorithm}, nonce=\"{nonce}\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        judge(digest, &value, "/dir/index.html", "Mufasa", "Circle of Life")
    }

    const MD5_RESPONSE: &str = "8ca523f5e9506fed4657c9700eebdbec";
    const SHA256_RESPONSE: &str = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    const REALM: &str = "http-auth@example.org";

    #[test]
    fn the_examples_of_rfc_7616_are_accepted() {
        let known = Verdict::Known("Mufasa".into());
        assert_eq!(example(&mut digest(REALM, vec![MD5], false), "MD5", MD5_RESPONSE), known);
        assert_eq!(example(&mut digest(REALM, vec![SHA256], false), "SHA-256", SHA256_RESPONSE), known);
    }

    /// RFC 7616 section 3.9.2 as erratum 4897 corrects it.
    #[test]
    fn the_example_with_a_hashed_name_is_accepted() {
        let mut digest = digest("api@example.org", vec![SHA512_256], true);
        issue(&mut digest, "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK");
        let value = "Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", \
                     realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256, \
                     nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, \
                     cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth, \
                     response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\", userhash=true";
        let name = "J\u{e4}s\u{f8}n Doe";
        assert_eq!(judge(&mut digest, value, "/doe.json", name, "Secret, or not?"), Verdict::Known(name.into()));
    }

    #[test]
    fn a_nonce_count_used_twice_is_stale() {
        let mut digest = digest(REALM, vec![MD5], false);
        example(&mut digest, "MD5", MD5_RESPONSE);
        assert_eq!(example(&mut digest, "MD5", MD5_RESPONSE), Verdict::Stale);
    }

    #[test]
    fn an_algorithm_that_was_not_offered_is_refused() {
        assert_eq!(example(&mut digest(REALM, vec![SHA256], false), "MD5", MD5_RESPONSE), Verdict::Refused);
    }

    #[test]
    fn a_foreign_realm_counts_as_no_credentials() {
        let value = "Digest username=\"a\", realm=\"other\"";
        assert_eq!(judge(&mut digest(REALM, vec![MD5], false), value, "/", "a", "b"), Verdict::Missing);
    }

    #[test]
    fn a_token_says_who_it_is() {
        let tokens = vec![("alice".to_string(), "t0ken".to_string())];
        let mut digest = Digest::new(&Options { tokens, ..Options::default() });
        assert!(digest.challenges(Instant::now(), false)[0].starts_with("Bearer realm="));
        assert_eq!(judge(&mut digest, "Bearer t0ken", "/", "a", "b"), Verdict::Known("alice".into()));
        assert_eq!(judge(&mut digest, "Bearer other", "/", "a", "b"), Verdict::Refused);
    }
}
