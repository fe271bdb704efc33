use super::*;
use crate::auth::digest::{MD5, hash};
use crate::common::random::Seeded;
use crate::common::secret::Secret;

struct Bench {
    auth: Authenticator,
    random: Random,
}

fn alice() -> AuthOptions {
    with(Credentials { password: Some(Secret::new("s3cret")), ..Credentials::default() })
}

fn with(credentials: Credentials) -> AuthOptions {
    AuthOptions { username: "alice".into(), credentials, tokens: true, ..AuthOptions::default() }
}

/// Nothing is known, but somebody can be asked.
fn asking() -> AuthOptions {
    AuthOptions { ask: true, ..with(Credentials::default()) }
}

fn request(method: Method) -> Request {
    Request::new(method, "sip:lab.example")
}

fn challenge(status: u16, lines: &[&str]) -> Response {
    let mut response = Response::new(status, "Unauthorized");
    let name = if status == 401 { HeaderName::WwwAuthenticate } else { HeaderName::ProxyAuthenticate };
    for line in lines {
        response.headers.push(name, *line);
    }
    response
}

/// What Kamailio sends.
fn plain(nonce: &str) -> Response {
    challenge(401, &[&format!(r#"Digest realm="lab.example", nonce="{nonce}", qop="auth""#)])
}

fn stale(nonce: &str) -> Response {
    challenge(401, &[&format!(r#"Digest realm="lab.example", nonce="{nonce}", qop="auth", stale=true"#)])
}

fn code(result: Result<Learnt, Error>) -> ErrorCode {
    result.expect_err("an error").code
}

/// A parameter of the only Authorization of a request.
fn param(request: &Request, name: &str) -> Option<String> {
    let line =
        request.headers.get(HeaderName::Authorization).or(request.headers.get(HeaderName::ProxyAuthorization))?;
    Some(message::challenges(line).expect("credentials")[0].get(name)?.into_owned())
}

impl Bench {
    fn new(options: AuthOptions) -> Self {
        Self { auth: Authenticator::new(options), random: Random::new(Seeded(5)) }
    }

    fn authorized(&mut self, method: Method) -> Request {
        let mut request = request(method);
        self.auth.authorize(&mut request, &mut self.random);
        request
    }

    /// The registrar challenges a REGISTER that carries no answer.
    fn challenged(&mut self, response: &Response) -> Result<Learnt, Error> {
        self.auth.learn(&request(Method::Register), response, true)
    }

    /// What the answer to a challenge looks like.
    fn answer_to(options: AuthOptions, lines: &[&str]) -> Result<Request, ErrorCode> {
        let mut bench = Self::new(options);
        bench.challenged(&challenge(401, lines)).map_err(|error| error.code)?;
        Ok(bench.authorized(Method::Register))
    }
}

#[test]
fn nothing_is_sent_before_a_challenge() {
    assert_eq!(Bench::new(alice()).authorized(Method::Register).headers.get(HeaderName::Authorization), None);
}

/// RFC 3261 22.4
/// RFC 7616 3.4.1
#[test]
fn a_challenge_is_answered_with_the_digest_over_method_and_uri() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n1")).unwrap();
    let request = bench.authorized(Method::Register);
    let get = |name| param(&request, name).unwrap();
    assert_eq!((get("username"), get("realm"), get("nonce")), ("alice".into(), "lab.example".into(), "n1".into()));
    assert_eq!((get("uri"), get("qop"), get("nc")), ("sip:lab.example".into(), "auth".into(), "00000001".into()));
    let ha1 = MD5.hash(&["alice", "lab.example", "s3cret"]);
    let ha2 = MD5.hash(&["REGISTER", "sip:lab.example"]);
    assert_eq!(get("response"), MD5.hash(&[&ha1, "n1", "00000001", &get("cnonce"), "auth", &ha2]));
    assert_eq!((param(&request, "algorithm"), param(&request, "opaque")), (None, None));
}

/// RFC 7616 3.4
#[test]
fn qop_nc_and_algorithm_stand_without_quotes() {
    let request =
        Bench::answer_to(alice(), &[r#"Digest realm="a", nonce="n", qop="auth,auth-int", algorithm=MD5"#]).unwrap();
    let line = request.headers.get(HeaderName::Authorization).unwrap();
    assert!(line.contains("qop=auth, nc=00000001, cnonce=\"") && line.contains("algorithm=MD5,"), "{line}");
}

/// RFC 7616 3.4
#[test]
fn quotes_and_backslashes_are_escaped_on_the_wire_and_plain_in_the_digest() {
    let options = AuthOptions { username: r#"a"b\c"#.into(), ..alice() };
    let request = Bench::answer_to(options, &[r#"Digest realm="x\"y", nonce="n", opaque="o\\p""#]).unwrap();
    let line = request.headers.get(HeaderName::Authorization).unwrap();
    assert!(
        line.starts_with(r#"Digest username="a\"b\\c", realm="x\"y", "#) && line.ends_with(r#"opaque="o\\p""#),
        "{line}"
    );
    let ha1 = MD5.hash(&[r#"a"b\c"#, r#"x"y"#, "s3cret"]);
    let ha2 = MD5.hash(&["REGISTER", "sip:lab.example"]);
    assert_eq!(param(&request, "response").unwrap(), MD5.hash(&[&ha1, "n", &ha2]));
}

/// RFC 8760 2.4
#[test]
fn the_topmost_supported_challenge_is_answered() {
    const MD5: &str = r#"Digest realm="a", nonce="md5", algorithm=MD5, qop="auth""#;
    const SHA: &str = r#"Digest realm="a", nonce="sha", algorithm=SHA-256, qop="auth""#;
    const OTHER: &str = r#"Digest realm="a", nonce="other", algorithm=SHA-3, qop="auth""#;
    for (lines, nonce) in [
        (&[MD5, SHA][..], "md5"),
        (&[SHA, MD5], "sha"),
        (&[OTHER, SHA, MD5], "sha"),
        (&["Bearer realm=\"a\"", MD5], "md5"),
        (&[r#"Digest realm="a", nonce="x", qop="other""#, SHA], "sha"),
    ] {
        let request = Bench::answer_to(alice(), lines).unwrap();
        assert_eq!(param(&request, "nonce").as_deref(), Some(nonce), "{lines:?}");
        assert_eq!(request.headers.lines(HeaderName::Authorization).count(), 1);
    }
    let strict = AuthOptions { forbid_md5: true, ..alice() };
    assert_eq!(param(&Bench::answer_to(strict, &[MD5, SHA]).unwrap(), "nonce").as_deref(), Some("sha"));
}

/// RFC 8760 2.3
#[test]
fn several_challenges_in_one_line_are_told_apart() {
    let line = r#"Digest realm="a", nonce="x", algorithm=SHA-3, Digest realm="a", nonce="y", algorithm=SHA-256"#;
    let request = Bench::answer_to(alice(), &[line]).unwrap();
    assert_eq!(
        (param(&request, "nonce").as_deref(), param(&request, "algorithm").as_deref()),
        (Some("y"), Some("SHA-256"))
    );
}

#[test]
fn where_no_algorithm_will_do_that_is_said() {
    let strict = AuthOptions { forbid_md5: true, ..alice() };
    for (credentials, lines) in [
        (alice(), &[][..]),
        (alice(), &["Basic realm=\"a\""]),
        (alice(), &[r#"Digest realm="a", nonce="n", algorithm=SHA-1"#]),
        (strict, &[r#"Digest realm="a", nonce="n""#]),
    ] {
        assert_eq!(Bench::answer_to(credentials, lines).err(), Some(ErrorCode::NoSupportedAlgorithm), "{lines:?}");
    }
}

#[test]
fn an_ha1_stands_for_the_password_of_its_algorithm_alone() {
    let ha1 = MD5.hash(&["alice", "a", "s3cret"]);
    let only_md5 = with(Credentials { ha1_md5: Some(Secret::new(ha1.to_uppercase())), ..Credentials::default() });
    let sha = r#"Digest realm="a", nonce="sha", algorithm=SHA-256"#;
    let md5 = r#"Digest realm="a", nonce="md5""#;
    let request = Bench::answer_to(only_md5.clone(), &[sha, md5]).unwrap();
    let ha2 = MD5.hash(&["REGISTER", "sip:lab.example"]);
    assert_eq!(param(&request, "response").unwrap(), MD5.hash(&[&ha1, "md5", &ha2]));
    assert_eq!(Bench::answer_to(only_md5, &[sha]).err(), Some(ErrorCode::NoCredentials));
    let nothing = with(Credentials::default());
    assert_eq!(Bench::answer_to(nothing, &[md5]).err(), Some(ErrorCode::NoCredentials));
}

/// RFC 7616 3.4, 3.6
#[test]
fn the_next_request_goes_out_with_the_known_nonce_and_a_rising_hexadecimal_count() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n1")).unwrap();
    let counts: Vec<_> = (0..17).map(|_| param(&bench.authorized(Method::Register), "nc").unwrap()).collect();
    assert_eq!((counts[1].as_str(), counts[9].as_str(), counts[16].as_str()), ("00000002", "0000000a", "00000011"));
}

/// RFC 7616 3.4
#[test]
fn every_answer_has_a_client_nonce_of_its_own() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n1")).unwrap();
    let first = param(&bench.authorized(Method::Register), "cnonce");
    assert_ne!(first, param(&bench.authorized(Method::Register), "cnonce"));
}

#[test]
fn a_nonce_without_qop_is_good_for_one_answer() {
    let mut bench = Bench::new(alice());
    bench.challenged(&challenge(401, &[r#"Digest realm="lab.example", nonce="n""#])).unwrap();
    let first = bench.authorized(Method::Register);
    assert_eq!((param(&first, "nonce").as_deref(), param(&first, "nc")), (Some("n"), None));
    assert_eq!(param(&bench.authorized(Method::Register), "nonce"), None);
}

#[test]
fn old_answers_in_the_request_are_replaced() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n1")).unwrap();
    let mut request = bench.authorized(Method::Register);
    bench.auth.authorize(&mut request, &mut bench.random);
    assert_eq!(request.headers.lines(HeaderName::Authorization).count(), 1);
    assert_eq!(param(&request, "nc").as_deref(), Some("00000002"));
}

#[test]
fn a_refused_fresh_answer_means_a_wrong_password_and_is_not_repeated() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n1")).unwrap();
    let request = bench.authorized(Method::Register);
    let refused = bench.auth.learn(&request, &plain("n2"), true);
    assert_eq!(refused, Err(Error::sip(ErrorCode::WrongPassword, 401)));
    assert_eq!(param(&bench.authorized(Method::Register), "nonce"), None);
}

#[test]
fn a_refused_known_nonce_is_answered_anew() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n1")).unwrap();
    bench.authorized(Method::Register);
    let request = bench.authorized(Method::Register);
    bench.auth.learn(&request, &plain("n2"), true).unwrap();
    let request = bench.authorized(Method::Register);
    assert_eq!((param(&request, "nonce"), param(&request, "nc")), (Some("n2".into()), Some("00000001".into())));
    assert_eq!(code(bench.auth.learn(&request, &plain("n3"), true)), ErrorCode::WrongPassword);
}

/// RFC 7616 3.3: who asks again with the nonce that was answered, and does not call it stale, has refused the answer.
#[test]
fn the_answered_nonce_asked_again_is_a_refusal_however_often_it_was_used() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n1")).unwrap();
    for _ in 0..3 {
        bench.authorized(Method::Register);
    }
    let request = bench.authorized(Method::Register);
    bench.auth.learn(&request, &stale("n1"), true).unwrap();
    let request = bench.authorized(Method::Register);
    bench.auth.concluded(&request, &challenge(200, &[]));
    let request = bench.authorized(Method::Register);
    assert_eq!(code(bench.auth.learn(&request, &plain("n1"), true)), ErrorCode::WrongPassword);
}

/// RFC 7616 3.3
#[test]
fn a_stale_fresh_answer_is_given_anew_but_not_for_ever() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n0")).unwrap();
    let mut rounds = 0;
    loop {
        let request = bench.authorized(Method::Register);
        match bench.auth.learn(&request, &stale("n"), true) {
            Ok(_) => rounds += 1,
            Err(error) => break assert_eq!(error.code, ErrorCode::WrongPassword),
        }
        assert!(rounds < 10);
    }
    assert_eq!(rounds, 3);
}

#[test]
fn nonces_that_are_good_once_never_add_up_to_a_wrong_password() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n")).unwrap();
    for _ in 0..20 {
        bench.authorized(Method::Register);
        let request = bench.authorized(Method::Register);
        bench.auth.learn(&request, &stale("n"), true).unwrap();
    }
}

/// RFC 3261 22.1
#[test]
fn the_registrars_first_realm_is_the_accounts_and_no_other() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n")).unwrap();
    let other = challenge(407, &[r#"Digest realm="evil.example", nonce="n""#]);
    assert_eq!(code(bench.auth.learn(&request(Method::Invite), &other, false)), ErrorCode::RealmNotAllowed);
    assert_eq!(
        code(bench.challenged(&challenge(401, &[r#"Digest realm="evil.example", nonce="n""#]))),
        ErrorCode::RealmNotAllowed
    );
    let own = challenge(407, &[r#"Digest realm="lab.example", nonce="p", qop="auth""#]);
    bench.auth.learn(&request(Method::Invite), &own, false).unwrap();
    let invite = bench.authorized(Method::Invite);
    assert!(invite.headers.get(HeaderName::ProxyAuthorization).is_some());
}

#[test]
fn nobody_but_the_registrar_can_name_the_first_realm() {
    let mut bench = Bench::new(alice());
    let result = bench.auth.learn(&request(Method::Invite), &plain("n"), false);
    assert_eq!(code(result), ErrorCode::RealmNotAllowed);
    assert_eq!(param(&bench.authorized(Method::Invite), "nonce"), None);
}

#[test]
fn listed_realms_are_answered_and_no_other_not_even_the_registrars() {
    let listed = || AuthOptions { realms: vec!["a".into(), "b".into()], ..alice() };
    assert!(Bench::answer_to(listed(), &[r#"Digest realm="b", nonce="n""#]).is_ok());
    let refused = Bench::answer_to(listed(), &[r#"Digest realm="B", nonce="n""#]);
    assert_eq!(refused.err(), Some(ErrorCode::RealmNotAllowed));
}

/// RFC 3261 22.3
#[test]
fn each_allowed_realm_of_one_response_gets_an_answer() {
    let mut bench = Bench::new(AuthOptions { realms: vec!["a".into(), "b".into()], ..alice() });
    let lines = [
        r#"Digest realm="a", nonce="1", qop="auth""#,
        r#"Digest realm="c", nonce="3""#,
        r#"Digest realm="b", nonce="2", qop="auth""#,
    ];
    bench.auth.learn(&request(Method::Invite), &challenge(407, &lines), false).unwrap();
    let invite = bench.authorized(Method::Invite);
    let answers: Vec<_> = invite.headers.lines(HeaderName::ProxyAuthorization).collect();
    assert_eq!(answers.len(), 2);
    assert!(answers[0].contains(r#"nonce="1""#) && answers[1].contains(r#"nonce="2""#));
}

#[test]
fn the_answer_for_the_registrar_does_not_go_out_with_a_call() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n")).unwrap();
    assert_eq!(param(&bench.authorized(Method::Invite), "nonce"), None);
    assert_eq!(param(&bench.authorized(Method::Register), "nc").as_deref(), Some("00000001"));
}

#[test]
fn debug_output_shows_no_secret() {
    let mut options = alice();
    options.credentials.ha1_md5 = Some(Secret::new("0123456789abcdef"));
    options.credentials.bearer_token = Some(Secret::new("t0ken"));
    let mut bench = Bench::new(options);
    bench.challenged(&plain("n")).unwrap();
    let ha1 = MD5.hash(&["alice", "lab.example", "s3cret"]);
    let text = format!("{:?}", bench.auth);
    for secret in ["s3cret", "0123456789abcdef", "t0ken", &ha1] {
        assert!(!text.contains(secret));
    }
}

const KINDS: [DigestAlgorithm; 3] = [DigestAlgorithm::Md5, DigestAlgorithm::Sha256, DigestAlgorithm::Sha512_256];

fn info(name: HeaderName, value: &str) -> Response {
    let mut response = Response::new(200, "OK");
    response.headers.push(name, value);
    response
}

/// RFC 7616 3.4.1, 3.4.2; RFC 8760 2.1: each algorithm, and each as a session.
#[test]
fn every_algorithm_makes_its_own_digest() {
    for kind in KINDS {
        for session in [false, true] {
            let name = [kind.name(), if session { "-sess" } else { "" }].concat();
            let line = format!(r#"Digest realm="a", nonce="n", qop="auth", algorithm={name}"#);
            let request = Bench::answer_to(alice(), &[&line]).unwrap();
            let get = |name| param(&request, name).unwrap();
            assert_eq!(get("algorithm"), name);
            let mut a1 = hash(kind, &["alice:a:s3cret"]);
            if session {
                a1 = hash(kind, &[&a1, "n", &get("cnonce")]);
            }
            let a2 = hash(kind, &["REGISTER:sip:lab.example"]);
            let expected = hash(kind, &[&a1, "n:00000001", &get("cnonce"), "auth", &a2]);
            assert_eq!(get("response"), expected, "{name}");
        }
    }
}

/// RFC 7616 3.4.3: the body is part of A2, and so is the empty one.
#[test]
fn auth_int_covers_the_body() {
    for body in ["", "v=0\r\n"] {
        let mut bench = Bench::new(alice());
        bench.challenged(&challenge(401, &[r#"Digest realm="a", nonce="n", qop="auth-int""#])).unwrap();
        let mut request = request(Method::Register);
        if !body.is_empty() {
            request.set_body("text/plain", body.as_bytes().to_vec());
        }
        bench.auth.authorize(&mut request, &mut bench.random);
        let get = |name| param(&request, name).unwrap();
        let a2 = MD5.hash(&["REGISTER:sip:lab.example", &MD5.hash(&[body])]);
        let expected = MD5.hash(&[&MD5.hash(&["alice:a:s3cret"]), "n:00000001", &get("cnonce"), "auth-int", &a2]);
        assert_eq!((get("qop"), get("response")), ("auth-int".into(), expected));
    }
}

/// RFC 7616 3.4.2: A1 of a session is made once; later requests and the next nonce go on with it.
#[test]
fn a_session_keeps_what_it_began_with() {
    let mut bench = Bench::new(alice());
    bench.challenged(&challenge(401, &[r#"Digest realm="a", nonce="n", qop="auth", algorithm=MD5-sess"#])).unwrap();
    let first = bench.authorized(Method::Register);
    let began = param(&first, "cnonce").unwrap();
    assert!(bench.auth.concluded(&first, &info(HeaderName::AuthenticationInfo, r#"nextnonce="n2""#)));
    let second = bench.authorized(Method::Register);
    let get = |name| param(&second, name).unwrap();
    assert_eq!((get("nonce"), get("nc")), ("n2".into(), "00000001".into()));
    let a1 = MD5.hash(&[&MD5.hash(&["alice:a:s3cret"]), "n", &began]);
    let a2 = MD5.hash(&["REGISTER:sip:lab.example"]);
    assert_eq!(get("response"), MD5.hash(&[&a1, "n2:00000001", &get("cnonce"), "auth", &a2]));
}

/// RFC 7616 3.4.4
#[test]
fn a_hashed_user_name_is_sent_where_the_server_wants_it() {
    let line = r#"Digest realm="a", nonce="n", qop="auth", algorithm=SHA-256, userhash=true, charset=UTF-8"#;
    let request = Bench::answer_to(alice(), &[line]).unwrap();
    let name = hash(DigestAlgorithm::Sha256, &["alice:a"]);
    assert_eq!((param(&request, "username"), param(&request, "userhash")), (Some(name), Some("true".into())));
    let line = request.headers.get(HeaderName::Authorization).unwrap();
    assert!(line.contains(", userhash=true,"), "{line}");
}

/// RFC 7616 3.4: `username*` for a server that knows it; RFC 3261 25.1 has UTF-8 in quoted strings for the others.
#[test]
fn a_name_that_is_not_ascii_goes_out_as_the_server_can_read_it() {
    let options = || AuthOptions { username: "J\u{e4}s\u{f8}n".into(), ..alice() };
    let line = r#"Digest realm="a", nonce="n", qop="auth", charset=UTF-8"#;
    let request = Bench::answer_to(options(), &[line]).unwrap();
    let text = request.headers.get(HeaderName::Authorization).unwrap();
    assert!(text.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n, realm="), "{text}");
    let a1 = MD5.hash(&["J\u{e4}s\u{f8}n:a:s3cret"]);
    let a2 = MD5.hash(&["REGISTER:sip:lab.example"]);
    let expected = MD5.hash(&[&a1, "n:00000001", &param(&request, "cnonce").unwrap(), "auth", &a2]);
    assert_eq!(param(&request, "response"), Some(expected));
    let request = Bench::answer_to(options(), &[r#"Digest realm="a", nonce="n""#]).unwrap();
    assert_eq!(param(&request, "username").as_deref(), Some("J\u{e4}s\u{f8}n"));
}

/// RFC 7616 3.5: the server announces its next nonce, for the registrar's answers and for the proxy's.
#[test]
fn the_next_nonce_is_used_from_its_first_count_on() {
    for (status, method, name) in [
        (401, Method::Register, HeaderName::AuthenticationInfo),
        (407, Method::Invite, HeaderName::ProxyAuthenticationInfo),
    ] {
        let mut bench = Bench::new(AuthOptions { realms: vec!["a".into()], ..alice() });
        let line = r#"Digest realm="a", nonce="n1", qop="auth""#;
        bench.auth.learn(&request(method.clone()), &challenge(status, &[line]), false).unwrap();
        let first = bench.authorized(method.clone());
        assert!(bench.auth.concluded(&first, &info(name, r#"nextnonce="n2""#)));
        let second = bench.authorized(method.clone());
        assert_eq!(
            (param(&second, "nonce").as_deref(), param(&second, "nc").as_deref()),
            (Some("n2"), Some("00000001"))
        );
        // Nobody asked with it, so a refusal says nothing about the password.
        let again = challenge(status, &[r#"Digest realm="a", nonce="n3", qop="auth""#]);
        bench.auth.learn(&second, &again, false).unwrap();
    }
}

/// RFC 7616 3.5: also without a qop, where a nonce is good for one answer.
#[test]
fn the_next_nonce_makes_a_spent_session_usable() {
    let mut bench = Bench::new(alice());
    bench.challenged(&challenge(401, &[r#"Digest realm="a", nonce="n1""#])).unwrap();
    let first = bench.authorized(Method::Register);
    bench.auth.concluded(&first, &info(HeaderName::AuthenticationInfo, r#"nextnonce="n2""#));
    assert_eq!(param(&bench.authorized(Method::Register), "nonce").as_deref(), Some("n2"));
}

/// RFC 7616 3.5: `rspauth` is the digest without a method, over the response's body for auth-int.
#[test]
fn a_server_that_proves_itself_is_believed_and_one_that_cannot_is_not() {
    for (qop, body) in [("auth", ""), ("auth-int", "served")] {
        for session in ["", "-sess"] {
            let mut bench = Bench::new(alice());
            let line = format!(r#"Digest realm="a", nonce="n", qop="{qop}", algorithm=SHA-256{session}"#);
            bench.challenged(&challenge(401, &[&line])).unwrap();
            let request = bench.authorized(Method::Register);
            let cnonce = param(&request, "cnonce").unwrap();
            let h = |parts: &[&str]| hash(DigestAlgorithm::Sha256, parts);
            let mut a1 = h(&["alice:a:s3cret"]);
            if !session.is_empty() {
                a1 = h(&[&a1, "n", &cnonce]);
            }
            let a2 = if qop == "auth" { h(&[":sip:lab.example"]) } else { h(&[":sip:lab.example", &h(&[body])]) };
            let proof = h(&[&a1, "n:00000001", &cnonce, qop, &a2]);
            for (proof, cnonce, right) in [(&*proof, &*cnonce, true), (&"0".repeat(64), &cnonce, false)] {
                let value =
                    format!(r#"rspauth="{proof}", qop={qop}, nc=00000001, cnonce="{cnonce}", nextnonce="next{right}""#);
                let mut response = info(HeaderName::AuthenticationInfo, &value);
                response.set_body("text/plain", body.as_bytes().to_vec());
                assert_eq!(bench.auth.concluded(&request, &response), right, "{qop} {session}");
            }
            // What an unproven server announces is not used.
            assert_eq!(param(&bench.authorized(Method::Register), "nonce").as_deref(), Some("nexttrue"));
        }
    }
}

/// RFC 7616 3.5: with several answers in the request the client's nonce says which one is meant.
#[test]
fn the_next_nonce_goes_to_the_realm_that_it_is_from() {
    let mut bench = Bench::new(AuthOptions { realms: vec!["a".into(), "b".into()], ..alice() });
    let lines = [r#"Digest realm="a", nonce="1", qop="auth""#, r#"Digest realm="b", nonce="2", qop="auth""#];
    bench.challenged(&challenge(401, &lines)).unwrap();
    let request = bench.authorized(Method::Register);
    let second = request.headers.lines(HeaderName::Authorization).nth(1).unwrap();
    let cnonce = message::challenges(second).unwrap()[0].get("cnonce").unwrap().into_owned();
    let value = format!(r#"nextnonce="3", cnonce="{cnonce}""#);
    bench.auth.concluded(&request, &info(HeaderName::AuthenticationInfo, &value));
    bench.auth.concluded(&request, &info(HeaderName::AuthenticationInfo, r#"nextnonce="4", cnonce="foreign""#));
    let next = bench.authorized(Method::Register);
    let nonces: Vec<_> = next
        .headers
        .lines(HeaderName::Authorization)
        .map(|line| message::challenges(line).unwrap()[0].get("nonce").unwrap().into_owned())
        .collect();
    assert_eq!(nonces, ["1", "3"]);
}

/// RFC 3261 22.3: what one server on the way has let through goes out again for the next one, even with a nonce that
/// is good for one request.
#[test]
fn a_proxy_and_the_far_end_both_get_their_answer() {
    let mut bench = Bench::new(AuthOptions { realms: vec!["p".into(), "u".into()], ..alice() });
    let first = challenge(407, &[r#"Digest realm="p", nonce="1""#]);
    bench.auth.learn(&request(Method::Invite), &first, false).unwrap();
    let invite = bench.authorized(Method::Invite);
    let second = challenge(401, &[r#"Digest realm="u", nonce="2""#]);
    bench.auth.learn(&invite, &second, false).unwrap();
    let invite = bench.authorized(Method::Invite);
    assert_eq!(invite.headers.lines(HeaderName::ProxyAuthorization).count(), 1);
    assert_eq!(invite.headers.lines(HeaderName::Authorization).count(), 1);
}

/// RFC 8898 2.2: a token is sent where one is asked for, rather than a password.
#[test]
fn a_token_is_preferred_where_there_is_one() {
    let mut options = alice();
    let lines = [r#"Digest realm="a", nonce="n""#, r#"Bearer realm="a", authz_server="https://id.example/""#];
    let scheme = |options: AuthOptions| {
        let request = Bench::answer_to(options, &lines).unwrap();
        request.headers.get(HeaderName::Authorization).unwrap().to_owned()
    };
    assert!(scheme(options.clone()).starts_with("Digest "));
    options.credentials.bearer_token = Some(Secret::new("abc.def"));
    assert_eq!(scheme(options), "Bearer abc.def");
}

/// RFC 8898 5: a token is for who may read everything; a digest is not.
#[test]
fn no_token_goes_where_it_can_be_read() {
    let mut options = AuthOptions { tokens: false, ..alice() };
    options.credentials.bearer_token = Some(Secret::new("t"));
    let lines = ["Bearer realm=\"a\"", r#"Digest realm="a", nonce="n""#];
    assert!(param(&Bench::answer_to(options.clone(), &lines).unwrap(), "nonce").is_some());
    options.ask = true;
    assert_eq!(Bench::answer_to(options, &lines[..1]).err(), Some(ErrorCode::NoSupportedAlgorithm));
}

/// RFC 8898 2.2: without a password a refused token is the end; with one the password is tried.
#[test]
fn a_refused_token_is_not_sent_again() {
    let mut options = with(Credentials { bearer_token: Some(Secret::new("t")), ..Credentials::default() });
    let bearer = r#"Bearer realm="a", error="invalid_token""#;
    for (password, expected) in [(None, Err(ErrorCode::WrongPassword)), (Some(Secret::new("p")), Ok("Digest"))] {
        options.credentials.password = password;
        let mut bench = Bench::new(options.clone());
        bench.challenged(&challenge(401, &["Bearer realm=\"a\""])).unwrap();
        let request = bench.authorized(Method::Register);
        assert_eq!(request.headers.get(HeaderName::Authorization), Some("Bearer t"));
        let refused =
            challenge(401, &[bearer, r#"Digest realm="a", nonce="n""#][..if expected.is_ok() { 2 } else { 1 }]);
        let learnt = bench.auth.learn(&request, &refused, true).map_err(|error| error.code);
        assert_eq!(learnt.clone().map(drop), expected.map(drop));
        let next = bench.authorized(Method::Register);
        let sent = next.headers.get(HeaderName::Authorization).map(|line| line.split(' ').next().unwrap());
        assert_eq!(sent, expected.ok());
    }
}

/// RFC 8898 6: a token that the far end of one call asked for does not go out with other requests.
#[test]
fn a_token_for_a_far_end_is_sent_once_and_one_for_a_proxy_or_the_registrar_always() {
    let options = || AuthOptions {
        realms: vec!["a".into()],
        ..with(Credentials { bearer_token: Some(Secret::new("t")), ..Credentials::default() })
    };
    for (status, method, second) in [(401, Method::Invite, 0), (407, Method::Invite, 1), (401, Method::Register, 1)] {
        let mut bench = Bench::new(options());
        bench.auth.learn(&request(method.clone()), &challenge(status, &["Bearer realm=\"a\""]), false).unwrap();
        let count =
            |request: &Request| request.headers.iter().filter(|(name, _)| name.ends_with("uthorization")).count();
        assert_eq!(count(&bench.authorized(method.clone())), 1);
        assert_eq!(count(&bench.authorized(method.clone())), second, "{status} {method:?}");
    }
}

mod questions;
