//! URIs: two lines, two URIs. What is read says again what was written, and equality is one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipwake::message::{NameAddr, Uri, escape_pvalue, escape_uri_header, escape_user, unescape, write_name_addr};

fuzz_target!(|text: &str| {
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    for escaped in [escape_user(first), escape_pvalue(first), escape_uri_header(first)] {
        assert_eq!(unescape(&escaped), first);
    }
    let user =
        format!("sip:{}@example.com;x={}?y={}", escape_user(second), escape_pvalue(second), escape_uri_header(second));
    if !second.is_empty() {
        let uri = Uri::parse(&user).expect("escaped parts make a URI");
        assert_eq!(uri.user_decoded().as_deref(), Some(second));
        assert_eq!(uri.header("y").as_deref(), Some(second));
    }
    let read = Uri::parse(first);
    if let Ok(uri) = &read {
        assert_eq!(uri.as_str(), first);
        assert!(uri.same_as(uri));
        assert!(first.starts_with(uri.without_headers()));
        let written = write_name_addr(Some(second), first);
        let address = NameAddr::parse(&written).expect("a URI in angle brackets");
        assert_eq!(address.uri().as_ref(), Ok(uri));
    }
    if let (Ok(a), Ok(b)) = (read, Uri::parse(second)) {
        assert_eq!(a.same_as(&b), b.same_as(&a));
    }
});
