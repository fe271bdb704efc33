//! A JSON writer that appends to a string.

/// Writes JSON by appending; commas come by themselves.
#[derive(Debug, Default)]
pub struct Writer(String);

impl Writer {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }

    fn separate(&mut self) {
        if !matches!(self.0.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(',');
        }
    }

    /// Opens an object (`{`) or an array (`[`).
    pub fn open(&mut self, bracket: char) {
        self.separate();
        self.0.push(bracket);
    }

    /// Closes with `}` or `]`.
    pub fn close(&mut self, bracket: char) {
        self.0.push(bracket);
    }

    /// A member's name.
    pub fn key(&mut self, name: &str) {
        self.text(name);
        self.0.push(':');
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.separate();
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                '\0'..='\u{1f}' => {
                    self.0.push_str("\\u00");
                    let code = u32::from(c);
                    self.0.push(if code < 16 { '0' } else { '1' });
                    self.0.push(char::from_digit(code & 15, 16).unwrap_or('0'));
                }
                _ => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    /// An integer.
    pub fn integer(&mut self, value: u64) {
        self.separate();
        push_integer(&mut self.0, value);
    }

    /// A truth value.
    pub fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// JSON that is there already.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.0.push_str(json);
    }
}

/// Appends `value` in decimal, without the formatting machinery.
pub fn push_integer(out: &mut String, value: u64) {
    if value >= 10 {
        push_integer(out, value / 10);
    }
    out.push(char::from(b'0' + (value % 10).to_le_bytes()[0]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::json::Json;

    #[test]
    fn what_is_written_can_be_read() {
        let mut out = Writer::new();
        out.open('{');
        out.key("a");
        out.integer(1_234_567_890_123);
        out.key("t");
        out.text("\u{0}\u{1f}\"\\\r\n\té😀\u{2028}");
        out.key("l");
        out.open('[');
        out.boolean(true);
        out.open('{');
        out.close('}');
        out.raw("null");
        out.close(']');
        out.close('}');
        let text = out.finish();
        let json = Json::parse(&text).unwrap();
        assert_eq!(json.get("a").unwrap().integer(), Some(1_234_567_890_123));
        assert_eq!(json.get("t").unwrap().text().unwrap(), "\u{0}\u{1f}\"\\\r\n\té😀\u{2028}");
        assert_eq!(json.get("l").unwrap().raw(), "[true,{},null]");
    }
}
