//! Base64 (RFC 4648 section 4) for binary in JSON.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Octets as base64 with padding.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len().div_ceil(3) * 4);
    for chunk in octets.chunks(3) {
        let mut group: u32 = 0;
        for index in 0..3 {
            group = (group << 8) | u32::from(chunk.get(index).copied().unwrap_or(0));
        }
        for index in 0..4 {
            if index > chunk.len() {
                out.push('=');
            } else {
                let letter = usize::try_from((group >> (18 - 6 * index)) & 63).unwrap_or(0);
                out.push(char::from(ALPHABET.get(letter).copied().unwrap_or(b'=')));
            }
        }
    }
    out
}

/// The octets of a base64 text, padding optional; `None` if it is not one.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for chunk in text.chunks(4) {
        if chunk.len() == 1 {
            return None;
        }
        let mut group: u32 = 0;
        for index in 0..4 {
            let digit = match chunk.get(index) {
                Some(letter) => ALPHABET.iter().position(|a| a == letter)?,
                None => 0,
            };
            group = (group << 6) | u32::try_from(digit).unwrap_or(0);
        }
        let octets = group.to_be_bytes();
        out.extend(octets.iter().skip(1).take(chunk.len() - 1));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_the_rfc_hold() {
        for (octets, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(octets.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(octets.as_bytes()));
        }
    }

    #[test]
    fn every_octet_survives() {
        let octets: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&octets)), Some(octets));
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        assert_eq!(decode("Zg=v"), None);
        assert_eq!(decode("Z"), None);
        assert_eq!(decode("Zm 9v"), None);
    }
}
