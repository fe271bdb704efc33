//! An account and a session description as tests begin with.

use sipwake::common::secret::Secret;
use sipwake::io::AccountOptions;

pub fn account(name: &str) -> AccountOptions {
    AccountOptions {
        username: name.to_owned(),
        domain: "example.test".to_owned(),
        password: Some(Secret::new("secret")),
        servers: vec!["wss://sip.example.test/ws".into()],
        ..AccountOptions::default()
    }
}

pub fn sdp(index: usize) -> String {
    format!(
        "v=0\r\no=- {index} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
         c=IN IP4 0.0.0.0\r\na=ice-ufrag:u{index}\r\na=ice-pwd:p{index}\r\na=sendrecv\r\n"
    )
}
