//! The server's side of digest authentication: challenges, nonces, the check of an answer.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::message::{split, unquote};
use crate::options::Options;

/// A digest algorithm of a challenge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Md5 => hex(&Md5::digest(text.as_bytes())),
            Algorithm::Sha256 => hex(&Sha256::digest(text.as_bytes())),
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
}

/// Issues challenges and checks answers.
pub struct Digest {
    realm: String,
    algorithms: Vec<Algorithm>,
    qop: bool,
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
            qop: options.qop,
            lifetime: options.nonce_lifetime,
            opaque: random(8),
            nonces: HashMap::new(),
        }
    }

    /// The values of WWW-Authenticate or Proxy-Authenticate, one for each algorithm.
    pub fn challenges(&mut self, now: Instant, stale: bool) -> Vec<String> {
        let lifetime = self.lifetime;
        self.nonces.retain(|_, nonce| now.duration_since(nonce.issued) < lifetime * 2);
        let nonce = random(16);
        self.nonces.insert(nonce.clone(), Nonce { issued: now, counted: 0 });
        let mut list = Vec::new();
        for algorithm in &self.algorithms {
            let mut value = format!(
                "Digest realm=\"{}\", nonce=\"{nonce}\", opaque=\"{}\", algorithm={}",
                self.realm,
                self.opaque,
                algorithm.name()
            );
            if self.qop {
                value.push_str(", qop=\"auth\"");
            }
            if stale {
                value.push_str(", stale=true");
            }
            list.push(value);
        }
        list
    }

    /// Checks the Authorization values of a request.
    pub fn check<'a>(
        &mut self,
        now: Instant,
        values: impl Iterator<Item = &'a str>,
        method: &str,
        request_uri: &str,
        password: impl Fn(&str) -> Option<String>,
    ) -> Verdict {
        for value in values {
            let credentials = Credentials::read(value);
            if credentials.get("realm") == Some(&self.realm) {
                return self.judge(now, &credentials, method, request_uri, password);
            }
        }
        Verdict::Missing
    }

    fn judge(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        method: &str,
        request_uri: &str,
        password: impl Fn(&str) -> Option<String>,
    ) -> Verdict {
        let get = |name: &str| credentials.get(name).map(String::as_str);
        let (Some(user), Some(nonce), Some(uri), Some(response)) =
            (get("username"), get("nonce"), get("uri"), get("response"))
        else {
            return Verdict::Refused;
        };
        let named = get("algorithm").unwrap_or("MD5");
        let Some(algorithm) = self.algorithms.iter().find(|have| have.name().eq_ignore_ascii_case(named)).copied()
        else {
            return Verdict::Refused;
        };
        let Some(secret) = password(user) else { return Verdict::Refused };
        if uri != request_uri {
            return Verdict::Refused;
        }
        let first = algorithm.hash(&format!("{user}:{}:{secret}", self.realm));
        let second = algorithm.hash(&format!("{method}:{uri}"));
        let (expected, count) = if self.qop {
            let (Some(count), Some(cnonce), Some("auth")) = (get("nc"), get("cnonce"), get("qop")) else {
                return Verdict::Refused;
            };
            let number = u32::from_str_radix(count, 16).ok().filter(|_| count.len() == 8);
            let Some(number) = number else { return Verdict::Refused };
            (algorithm.hash(&format!("{first}:{nonce}:{count}:{cnonce}:auth:{second}")), Some(number))
        } else {
            (algorithm.hash(&format!("{first}:{nonce}:{second}")), None)
        };
        if !expected.eq_ignore_ascii_case(response) {
            return Verdict::Refused;
        }
        match self.nonces.get_mut(nonce) {
            Some(known) if now.duration_since(known.issued) < self.lifetime => match count {
                Some(number) if number <= known.counted => Verdict::Stale,
                _ => {
                    known.counted = count.unwrap_or(0);
                    Verdict::Known(user.to_string())
                }
            },
            _ => Verdict::Stale,
        }
    }
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

    fn digest(algorithms: Vec<Algorithm>) -> Digest {
        let options = Options { realm: "http-auth@example.org".into(), algorithms, qop: true, ..Options::default() };
        Digest::new(&options)
    }

    /// RFC 7616 section 3.9.1, whose nonce is put among the issued ones.
    fn example(digest: &mut Digest, algorithm: &str, response: &str) -> Verdict {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let now = Instant::now();
        digest.nonces.entry(nonce.into()).or_insert(Nonce { issued: now, counted: 0 });
        let value = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             algorithm={algorithm}, nonce=\"{nonce}\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        digest.check(now, [value.as_str()].into_iter(), "GET", "/dir/index.html", |_| Some("Circle of Life".into()))
    }

    const MD5: &str = "8ca523f5e9506fed4657c9700eebdbec";
    const SHA256: &str = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";

    #[test]
    fn the_examples_of_rfc_7616_are_accepted() {
        assert_eq!(example(&mut digest(vec![Algorithm::Md5]), "MD5", MD5), Verdict::Known("Mufasa".into()));
        assert_eq!(example(&mut digest(vec![Algorithm::Sha256]), "SHA-256", SHA256), Verdict::Known("Mufasa".into()));
    }

    #[test]
    fn a_nonce_count_used_twice_is_stale() {
        let mut digest = digest(vec![Algorithm::Md5]);
        example(&mut digest, "MD5", MD5);
        assert_eq!(example(&mut digest, "MD5", MD5), Verdict::Stale);
    }

    #[test]
    fn an_algorithm_that_was_not_offered_is_refused() {
        assert_eq!(example(&mut digest(vec![Algorithm::Sha256]), "MD5", MD5), Verdict::Refused);
    }

    #[test]
    fn a_foreign_realm_counts_as_no_credentials() {
        let mut digest = digest(vec![Algorithm::Md5]);
        let value = ["Digest username=\"a\", realm=\"other\""];
        assert_eq!(digest.check(Instant::now(), value.into_iter(), "GET", "/", |_| None), Verdict::Missing);
    }
}
