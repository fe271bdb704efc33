//! What the application is asked, and what is remembered beyond the page.

use super::*;

fn ask(bench: &mut Bench, lines: &[&str]) -> Question {
    match bench.challenged(&challenge(401, lines)) {
        Ok(Learnt::Ask(question)) => question,
        other => panic!("no question: {other:?}"),
    }
}

fn password(text: &str) -> Option<Credentials> {
    Some(Credentials { password: Some(Secret::new(text)), ..Credentials::default() })
}

/// RFC 8898 2.1, RFC 8760 2.4: the application hears what would do.
#[test]
fn the_question_says_what_is_asked() {
    let lines = [
        r#"Bearer realm="a", scope="sip", authz_server="https://id.example/""#,
        r#"Digest realm="a", nonce="n", algorithm=SHA-256-sess"#,
        r#"Digest realm="a", nonce="n""#,
    ];
    let options = AuthOptions { forbid_md5: true, ..asking() };
    let question = ask(&mut Bench::new(options), &lines);
    let expected = Question {
        realm: "a".into(),
        kind: CredentialsKind::Bearer,
        algorithms: vec![DigestAlgorithm::Sha256],
        authz_server: Some("https://id.example/".into()),
        scope: Some("sip".into()),
        rejected: false,
    };
    assert_eq!(question, expected);
    assert_eq!(ask(&mut Bench::new(asking()), &lines[1..]).kind, CredentialsKind::Digest);
}

#[test]
fn what_the_application_says_is_used_for_its_realm_and_kept() {
    let mut bench = Bench::new(asking());
    let response = challenge(401, &[r#"Digest realm="a", nonce="n", qop="auth""#]);
    assert!(matches!(bench.challenged(&response), Ok(Learnt::Ask(_))));
    let given = Credentials { username: Some("bob".into()), ..password("p").unwrap() };
    bench.auth.give("a", Some(given));
    let learnt = bench.auth.learn_again(&request(Method::Register), &response, true, "a");
    assert_eq!(learnt, Ok(Learnt::Ready));
    let answered = bench.authorized(Method::Register);
    assert_eq!(param(&answered, "username").as_deref(), Some("bob"));
    let a2 = MD5.hash(&["REGISTER:sip:lab.example"]);
    let expected =
        MD5.hash(&[&MD5.hash(&["bob:a:p"]), "n:00000001", &param(&answered, "cnonce").unwrap(), "auth", &a2]);
    assert_eq!(param(&answered, "response"), Some(expected));
    // The next challenge of the realm needs no question.
    let other = challenge(407, &[r#"Digest realm="a", nonce="m""#]);
    assert_eq!(bench.auth.learn(&request(Method::Invite), &other, false), Ok(Learnt::Ready));
}

#[test]
fn nobody_is_asked_for_a_realm_that_may_not_be_answered() {
    let mut bench = Bench::new(AuthOptions { realms: vec!["a".into()], ..asking() });
    assert_eq!(code(bench.challenged(&plain("n"))), ErrorCode::RealmNotAllowed);
    let mut bench = Bench::new(asking());
    assert_eq!(code(bench.auth.learn(&request(Method::Invite), &plain("n"), false)), ErrorCode::RealmNotAllowed);
}

/// RFC 8898 2.1.1: a new token is asked for once, and again for the next request that it is refused to.
#[test]
fn refused_credentials_are_asked_for_anew_once() {
    let mut bench = Bench::new(asking());
    let bearer = challenge(401, &["Bearer realm=\"a\", error=\"invalid_token\""]);
    let token = |text: &str| Some(Credentials { bearer_token: Some(Secret::new(text)), ..Credentials::default() });
    let give = |bench: &mut Bench, text| {
        bench.auth.give("a", token(text));
        bench.auth.learn_again(&request(Method::Register), &bearer, true, "a").unwrap();
        bench.authorized(Method::Register)
    };
    assert!(!ask(&mut bench, &["Bearer realm=\"a\""]).rejected);
    let sent = give(&mut bench, "old");
    let again = bench.auth.learn(&sent, &bearer, true);
    assert!(matches!(again, Ok(Learnt::Ask(Question { rejected: true, .. }))), "{again:?}");
    let sent = give(&mut bench, "wrong");
    assert_eq!(code(bench.auth.learn(&sent, &bearer, true)), ErrorCode::WrongPassword);
    // Another time, and this time it is right.
    assert!(ask(&mut bench, &["Bearer realm=\"a\""]).rejected);
    let sent = give(&mut bench, "right");
    assert!(bench.auth.concluded(&sent, &Response::new(200, "OK")));
    // It has worn out: asked for anew like the first.
    let sent = bench.authorized(Method::Register);
    assert!(matches!(bench.auth.learn(&sent, &bearer, true), Ok(Learnt::Ask(_))));
}

#[test]
fn a_wrong_password_of_the_options_is_asked_for() {
    let mut bench = Bench::new(AuthOptions { ask: true, ..alice() });
    assert_eq!(bench.challenged(&plain("n1")), Ok(Learnt::Ready));
    let sent = bench.authorized(Method::Register);
    let again = bench.auth.learn(&sent, &plain("n2"), true);
    assert!(matches!(again, Ok(Learnt::Ask(Question { rejected: true, .. }))), "{again:?}");
}

#[test]
fn an_answer_that_does_not_fit_is_no_credentials_and_no_second_question() {
    let mut bench = Bench::new(asking());
    ask(&mut bench, &[r#"Digest realm="a", nonce="n""#]);
    bench.auth.give("a", Some(Credentials { ha1_sha256: Some(Secret::new("00")), ..Credentials::default() }));
    let response = challenge(401, &[r#"Digest realm="a", nonce="n""#]);
    let learnt = bench.auth.learn_again(&request(Method::Register), &response, true, "a");
    assert_eq!(code(learnt), ErrorCode::NoCredentials);
}

#[test]
fn one_question_follows_the_other_where_two_realms_ask() {
    let mut bench = Bench::new(AuthOptions { realms: vec!["a".into(), "b".into()], ..asking() });
    let lines = [r#"Digest realm="a", nonce="1""#, r#"Digest realm="b", nonce="2""#];
    let response = challenge(401, &lines);
    assert_eq!(ask(&mut bench, &lines).realm, "a");
    bench.auth.give("a", password("p"));
    let second = bench.auth.learn_again(&request(Method::Register), &response, true, "a");
    assert!(matches!(second, Ok(Learnt::Ask(Question { ref realm, .. })) if realm == "b"), "{second:?}");
    bench.auth.give("b", password("q"));
    assert_eq!(bench.auth.learn_again(&request(Method::Register), &response, true, "b"), Ok(Learnt::Ready));
    assert_eq!(bench.authorized(Method::Register).headers.lines(HeaderName::Authorization).count(), 2);
}

/// RFC 7616 3.6: what is remembered of a session beyond the page is its nonce and count, and no secret.
#[test]
fn a_snapshot_goes_on_where_it_was_taken() {
    for (algorithm, qop) in [("MD5", "auth"), ("SHA-512-256-sess", "auth-int")] {
        let mut bench = Bench::new(alice());
        let line =
            format!(r#"Digest realm="a \"b\", c", nonce="n\\1", qop="{qop}", opaque="o", algorithm={algorithm}"#);
        bench.challenged(&challenge(401, &[&line])).unwrap();
        bench.authorized(Method::Register);
        let snapshot = bench.auth.snapshot();
        assert!(!snapshot.contains("s3cret") && snapshot.starts_with("Sessions version=1"));
        let mut later = Bench::new(alice());
        assert!(later.auth.restore(&snapshot));
        assert_eq!(later.auth.snapshot(), snapshot);
        let (here, there) = (bench.authorized(Method::Register), later.authorized(Method::Register));
        for name in ["nonce", "nc", "opaque", "realm", "qop", "algorithm"] {
            assert_eq!(param(&here, name), param(&there, name), "{name}");
        }
        assert_eq!(param(&there, "nc").as_deref(), Some("00000002"));
        if algorithm != "MD5" {
            assert_eq!(param(&here, "response"), param(&there, "response"));
        }
        // The realm stays the account's.
        assert_eq!(code(later.challenged(&plain("n"))), ErrorCode::RealmNotAllowed);
    }
}

#[test]
fn a_snapshot_is_used_as_far_as_the_options_still_allow() {
    let mut bench = Bench::new(AuthOptions { realms: vec!["a".into()], ..alice() });
    bench.challenged(&challenge(401, &[r#"Digest realm="a", nonce="n", qop="auth""#])).unwrap();
    let snapshot = bench.auth.snapshot();
    for options in [
        AuthOptions { realms: vec!["b".into()], ..alice() },
        AuthOptions { realms: vec!["a".into()], forbid_md5: true, ..alice() },
        AuthOptions { realms: vec!["a".into()], ..asking() },
    ] {
        let mut later = Bench::new(options);
        assert!(later.auth.restore(&snapshot));
        assert_eq!(param(&later.authorized(Method::Register), "nonce"), None);
    }
}

#[test]
fn a_broken_or_newer_snapshot_is_not_taken() {
    for text in [
        "",
        "x",
        "Sessions version=2",
        "Sessions version=1\nDigest nc=1",
        "Sessions version=1\n\n",
        "Sessions version=1x",
    ] {
        let mut bench = Bench::new(alice());
        assert!(!bench.auth.restore(text), "{text:?}");
    }
}

/// RFC 8898 2.2, RFC 6750 2.1: a token is one word, and nothing else gets into the header.
#[test]
fn what_is_no_token_is_not_sent() {
    let response = challenge(401, &["Bearer realm=\"a\""]);
    for token in ["", "=", "a b", "a\r\nVia: x", "\u{e4}", "a=b", "a,b"] {
        let mut bench = Bench::new(asking());
        assert!(matches!(bench.challenged(&response), Ok(Learnt::Ask(_))));
        let given = Credentials { bearer_token: Some(Secret::new(token)), ..Credentials::default() };
        bench.auth.give("a", Some(given));
        let learnt = bench.auth.learn_again(&request(Method::Register), &response, true, "a");
        assert_eq!(code(learnt), ErrorCode::NoCredentials, "{token:?}");
    }
}
