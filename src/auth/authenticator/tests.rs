use super::*;
use crate::common::random::Seeded;

struct Bench {
    auth: Authenticator,
    random: Random,
}

fn alice() -> Credentials {
    Credentials { username: "alice".into(), password: Some(Secret::new("s3cret")), ..Credentials::default() }
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

fn code(result: Result<(), Error>) -> ErrorCode {
    result.expect_err("an error").code
}

/// A parameter of the only Authorization of a request.
fn param(request: &Request, name: &str) -> Option<String> {
    let line =
        request.headers.get(HeaderName::Authorization).or(request.headers.get(HeaderName::ProxyAuthorization))?;
    Some(message::challenges(line).expect("credentials")[0].get(name)?.into_owned())
}

impl Bench {
    fn new(credentials: Credentials) -> Self {
        Self { auth: Authenticator::new(credentials), random: Random::new(Seeded(5)) }
    }

    fn authorized(&mut self, method: Method) -> Request {
        let mut request = request(method);
        self.auth.authorize(&mut request, &mut self.random);
        request
    }

    /// The registrar challenges a REGISTER that carries no answer.
    fn challenged(&mut self, response: &Response) -> Result<(), Error> {
        self.auth.learn(&request(Method::Register), response, true)
    }

    /// What the answer to a challenge looks like.
    fn answer_to(credentials: Credentials, lines: &[&str]) -> Result<Request, ErrorCode> {
        let mut bench = Self::new(credentials);
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
    let ha1 = Algorithm::Md5.hash(&["alice", "lab.example", "s3cret"]);
    let ha2 = Algorithm::Md5.hash(&["REGISTER", "sip:lab.example"]);
    assert_eq!(get("response"), Algorithm::Md5.hash(&[&ha1, "n1", "00000001", &get("cnonce"), "auth", &ha2]));
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
    let credentials = Credentials { username: r#"a"b\c"#.into(), ..alice() };
    let request = Bench::answer_to(credentials, &[r#"Digest realm="x\"y", nonce="n", opaque="o\\p""#]).unwrap();
    let line = request.headers.get(HeaderName::Authorization).unwrap();
    assert!(
        line.starts_with(r#"Digest username="a\"b\\c", realm="x\"y", "#) && line.ends_with(r#"opaque="o\\p""#),
        "{line}"
    );
    let ha1 = Algorithm::Md5.hash(&[r#"a"b\c"#, r#"x"y"#, "s3cret"]);
    let ha2 = Algorithm::Md5.hash(&["REGISTER", "sip:lab.example"]);
    assert_eq!(param(&request, "response").unwrap(), Algorithm::Md5.hash(&[&ha1, "n", &ha2]));
}

/// RFC 8760 2.4
#[test]
fn the_topmost_supported_challenge_is_answered() {
    const MD5: &str = r#"Digest realm="a", nonce="md5", algorithm=MD5, qop="auth""#;
    const SHA: &str = r#"Digest realm="a", nonce="sha", algorithm=SHA-256, qop="auth""#;
    const OTHER: &str = r#"Digest realm="a", nonce="other", algorithm=SHA-512-256, qop="auth""#;
    for (lines, nonce) in [
        (&[MD5, SHA][..], "md5"),
        (&[SHA, MD5], "sha"),
        (&[OTHER, SHA, MD5], "sha"),
        (&["Bearer realm=\"a\"", MD5], "md5"),
        (&[r#"Digest realm="a", nonce="x", qop="auth-int""#, SHA], "sha"),
    ] {
        let request = Bench::answer_to(alice(), lines).unwrap();
        assert_eq!(param(&request, "nonce").as_deref(), Some(nonce), "{lines:?}");
        assert_eq!(request.headers.lines(HeaderName::Authorization).count(), 1);
    }
    let strict = Credentials { forbid_md5: true, ..alice() };
    assert_eq!(param(&Bench::answer_to(strict, &[MD5, SHA]).unwrap(), "nonce").as_deref(), Some("sha"));
}

/// RFC 8760 2.3
#[test]
fn several_challenges_in_one_line_are_told_apart() {
    let line = r#"Digest realm="a", nonce="x", algorithm=SHA-512-256, Digest realm="a", nonce="y", algorithm=SHA-256"#;
    let request = Bench::answer_to(alice(), &[line]).unwrap();
    assert_eq!(
        (param(&request, "nonce").as_deref(), param(&request, "algorithm").as_deref()),
        (Some("y"), Some("SHA-256"))
    );
}

#[test]
fn where_no_algorithm_will_do_that_is_said() {
    let strict = Credentials { forbid_md5: true, ..alice() };
    for (credentials, lines) in [
        (alice(), &[][..]),
        (alice(), &["Basic realm=\"a\""]),
        (alice(), &[r#"Digest realm="a", nonce="n", algorithm=MD5-sess"#]),
        (strict, &[r#"Digest realm="a", nonce="n""#]),
    ] {
        assert_eq!(Bench::answer_to(credentials, lines).err(), Some(ErrorCode::NoSupportedAlgorithm), "{lines:?}");
    }
}

#[test]
fn an_ha1_stands_for_the_password_of_its_algorithm_alone() {
    let ha1 = Algorithm::Md5.hash(&["alice", "a", "s3cret"]);
    let only_md5 = Credentials { password: None, ha1_md5: Some(Secret::new(ha1.to_uppercase())), ..alice() };
    let sha = r#"Digest realm="a", nonce="sha", algorithm=SHA-256"#;
    let md5 = r#"Digest realm="a", nonce="md5""#;
    let request = Bench::answer_to(only_md5.clone(), &[sha, md5]).unwrap();
    let ha2 = Algorithm::Md5.hash(&["REGISTER", "sip:lab.example"]);
    assert_eq!(param(&request, "response").unwrap(), Algorithm::Md5.hash(&[&ha1, "md5", &ha2]));
    assert_eq!(Bench::answer_to(only_md5, &[sha]).err(), Some(ErrorCode::NoCredentials));
    let nothing = Credentials { password: None, ..alice() };
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

/// RFC 7616 3.3
#[test]
fn a_stale_fresh_answer_is_given_anew_but_not_for_ever() {
    let mut bench = Bench::new(alice());
    bench.challenged(&plain("n0")).unwrap();
    let mut rounds = 0;
    loop {
        let request = bench.authorized(Method::Register);
        match bench.auth.learn(&request, &stale("n"), true) {
            Ok(()) => rounds += 1,
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
    let listed = || Credentials { realms: vec!["a".into(), "b".into()], ..alice() };
    assert!(Bench::answer_to(listed(), &[r#"Digest realm="b", nonce="n""#]).is_ok());
    let refused = Bench::answer_to(listed(), &[r#"Digest realm="B", nonce="n""#]);
    assert_eq!(refused.err(), Some(ErrorCode::RealmNotAllowed));
}

/// RFC 3261 22.3
#[test]
fn each_allowed_realm_of_one_response_gets_an_answer() {
    let mut bench = Bench::new(Credentials { realms: vec!["a".into(), "b".into()], ..alice() });
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
    let mut bench = Bench::new(Credentials { ha1_md5: Some(Secret::new("0123456789abcdef")), ..alice() });
    bench.challenged(&plain("n")).unwrap();
    let ha1 = Algorithm::Md5.hash(&["alice", "lab.example", "s3cret"]);
    let text = format!("{:?}", bench.auth);
    for secret in ["s3cret", "0123456789abcdef", &ha1] {
        assert!(!text.contains(secret));
    }
}
