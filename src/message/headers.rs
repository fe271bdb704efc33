//! The header lines of a message, in order, each as it came or as it was built.

use super::HeaderName;
use super::text::{Elements, split_list};
use crate::common::lists::{Gather, Keep};

/// Header lines in the order of the wire. Lines that came from the wire are kept octet for octet; a changed line is
/// built anew, and the others stay as they are.
#[derive(Clone, Default)]
pub struct Headers {
    /// The head as it came, start line and all; lines point into it. Octets that are no UTF-8 are replaced one by one.
    pub(super) wire: String,
    pub(super) lines: Vec<Line>,
}

#[derive(Clone)]
pub(super) struct Line {
    pub(super) name: HeaderName,
    pub(super) text: Text,
}

#[derive(Clone)]
pub(super) enum Text {
    /// As it came, and readable as it came.
    Wire(Span),
    /// As it came, but folded or no UTF-8: the octets are for the writer, the value is for readers.
    Kept { span: Span, raw: Option<Box<[u8]>>, value: Box<str> },
    /// Built here; the name only where [`HeaderName`] does not know it.
    Built { name: Option<Box<str>>, value: String },
}

/// Places in [`Headers::wire`].
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) name_end: u32,
    pub(super) value_start: u32,
    pub(super) value_end: u32,
    pub(super) end: u32,
}

impl Text {
    /// Where the line stands in the head; nowhere if it was built.
    pub(super) const fn span(&self) -> Span {
        match self {
            Self::Wire(span) | Self::Kept { span, .. } => *span,
            Self::Built { .. } => Span { start: 0, name_end: 0, value_start: 0, value_end: 0, end: 0 },
        }
    }
}

/// The values of one name, see [`Headers::lines`] and [`Headers::values`]. Written out and not put together of adapters, of
/// which every use would make instances of its own.
pub struct Values<'a> {
    headers: &'a Headers,
    name: HeaderName,
    at: usize,
    list: bool,
    elements: Elements<'a>,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(element) = self.elements.next() {
                return Some(element);
            }
            let line = self.headers.lines.get(self.at)?;
            self.at += 1;
            if line.name == self.name && self.name != HeaderName::Other {
                let value = self.headers.value(line);
                if !self.list {
                    return Some(value);
                }
                self.elements = split_list(value);
            }
        }
    }
}

impl Headers {
    fn slice(&self, start: u32, end: u32) -> &str {
        self.wire.get(start as usize..end as usize).unwrap_or("")
    }

    pub(super) fn value<'a>(&'a self, line: &'a Line) -> &'a str {
        match &line.text {
            Text::Wire(span) => self.slice(span.value_start, span.value_end),
            Text::Kept { value, .. } => value,
            Text::Built { value, .. } => value,
        }
    }

    /// The name in its canonical spelling where it is known, as written where not.
    pub(super) fn name<'a>(&'a self, line: &'a Line) -> &'a str {
        match (line.name, &line.text) {
            (HeaderName::Other, Text::Wire(span) | Text::Kept { span, .. }) => self.slice(span.start, span.name_end),
            (HeaderName::Other, Text::Built { name, .. }) => name.as_deref().unwrap_or(""),
            (known, _) => known.as_str(),
        }
    }

    /// The octets of a line that came from the wire.
    pub(super) fn octets<'a>(&'a self, line: &'a Line) -> Option<&'a [u8]> {
        match &line.text {
            Text::Wire(span) | Text::Kept { span, raw: None, .. } => Some(self.slice(span.start, span.end).as_bytes()),
            Text::Kept { raw: Some(raw), .. } => Some(raw),
            Text::Built { .. } => None,
        }
    }

    /// All lines as name and value, for those who read them as text.
    #[must_use]
    pub fn list(&self) -> Vec<(String, String)> {
        self.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).gather()
    }

    /// The value of the first line of this name, unfolded and without white space at its ends.
    #[must_use]
    pub fn get(&self, name: HeaderName) -> Option<&str> {
        self.lines(name).next()
    }

    /// The value of the first line of this name, in any case, long or compact.
    #[must_use]
    pub fn get_named(&self, name: &str) -> Option<&str> {
        self.lines_named(name).next()
    }

    /// The values of all lines of this name.
    #[must_use]
    pub const fn lines(&self, name: HeaderName) -> Values<'_> {
        Values { headers: self, name, at: 0, list: false, elements: split_list("") }
    }

    /// The values of all lines of this name, in any case, long or compact.
    pub fn lines_named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(move |line| self.is_named(line, name)).map(|line| self.value(line))
    }

    fn is_named(&self, line: &Line, name: &str) -> bool {
        match HeaderName::of(name) {
            HeaderName::Other => line.name == HeaderName::Other && self.name(line).eq_ignore_ascii_case(name),
            known => line.name == known,
        }
    }

    /// The values of this name over all lines; where the header is a comma list, element by element. Commas in
    /// quoted strings and angle brackets do not count.
    #[must_use]
    pub fn values(&self, name: HeaderName) -> Values<'_> {
        Values { list: name.is_list(), ..self.lines(name) }
    }

    /// Whether a comma list holds this token, in any case: `Supported`, `Require`, `Allow`.
    #[must_use]
    pub fn has_token(&self, name: HeaderName, token: &str) -> bool {
        self.values(name).any(|value| value.eq_ignore_ascii_case(token))
    }

    /// Name and value of every line. Known names are spelt canonically.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|line| (self.name(line), self.value(line)))
    }

    /// The known names, line by line.
    pub fn names(&self) -> impl Iterator<Item = HeaderName> {
        self.lines.iter().map(|line| line.name)
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a line at the end. [`HeaderName::Other`] names nothing, and the writer refuses it: see
    /// [`push_named`](Self::push_named).
    pub fn push(&mut self, name: HeaderName, value: impl Into<String>) {
        self.lines.push(Line { name, text: Text::Built { name: None, value: value.into() } });
    }

    /// Adds a line of any name at the end.
    pub fn push_named(&mut self, name: &str, value: impl Into<String>) {
        let known = HeaderName::of(name);
        let name = if known == HeaderName::Other { Some(Box::from(name)) } else { None };
        self.lines.push(Line { name: known, text: Text::Built { name, value: value.into() } });
    }

    /// Adds a line before all others of its name; before everything if there is none.
    pub fn push_first(&mut self, name: HeaderName, value: impl Into<String>) {
        let at = self.lines.iter().position(|line| line.name == name).unwrap_or(0);
        self.lines.insert(at, Line { name, text: Text::Built { name: None, value: value.into() } });
    }

    /// Makes this the only line of its name, in the place of the first one, or at the end.
    pub fn set(&mut self, name: HeaderName, value: impl Into<String>) {
        let line = Line { name, text: Text::Built { name: None, value: value.into() } };
        match self.lines.iter().position(|line| line.name == name) {
            Some(at) => {
                let mut index = 0;
                self.lines.keep(|line| {
                    index += 1;
                    index <= at + 1 || line.name != name
                });
                if let Some(first) = self.lines.get_mut(at) {
                    *first = line;
                }
            }
            None => self.lines.push(line),
        }
    }

    /// Adds the lines of this name as they stand in `other`.
    pub fn copy(&mut self, other: &Self, name: HeaderName) {
        for line in other.lines.iter().filter(|line| line.name == name) {
            let value = other.value(line);
            let text = match &line.text {
                // No text can say these octets, so the line itself is copied, unfolded.
                Text::Kept { span, raw: Some(raw), .. } => {
                    let start = (span.value_start - span.start) as usize;
                    let end = (span.value_end - span.start) as usize;
                    let octets = raw.get(start..end).unwrap_or_default();
                    let mut copy = Vec::with_capacity(octets.len() + name.as_str().len() + 4);
                    copy.extend_from_slice(name.as_str().as_bytes());
                    copy.extend_from_slice(b": ");
                    copy.extend(octets.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
                    copy.extend_from_slice(b"\r\n");
                    let span = Span { start: 0, name_end: 0, value_start: start as u32, value_end: end as u32, end: 0 };
                    Text::Kept { span, raw: Some(copy.into_boxed_slice()), value: value.into() }
                }
                _ => Text::Built { name: None, value: value.to_owned() },
            };
            self.lines.push(Line { name, text });
        }
    }

    /// Removes all lines of this name.
    pub fn remove(&mut self, name: HeaderName) {
        self.lines.keep(|line| line.name != name);
    }

    /// Removes the first value of a comma list and keeps the rest: the topmost Via, the first Route.
    pub fn remove_first(&mut self, name: HeaderName) {
        let Some(at) = self.lines.iter().position(|line| line.name == name) else { return };
        let rest = self.lines.get(at).map(|line| {
            let value = self.value(line);
            let end = super::text::find_outside(value, b',').unwrap_or(value.len());
            super::text::trim(super::text::rest(super::text::cut(value, end).1)).to_owned()
        });
        match (rest.filter(|rest| !rest.is_empty() && name.is_list()), self.lines.get_mut(at)) {
            (Some(value), Some(line)) => line.text = Text::Built { name: None, value },
            _ => {
                self.lines.remove(at);
            }
        }
    }
}

impl std::fmt::Debug for Headers {
    /// Says how many lines there are and nothing of what is in them: some name persons, some open doors.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Headers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Headers {
        let mut headers = Headers::default();
        headers.push(HeaderName::Via, "SIP/2.0/WS a;branch=1, SIP/2.0/WS b;branch=2");
        headers.push(HeaderName::Subject, "one, two");
        headers.push_named("X-Any", "x");
        headers.push(HeaderName::Via, "SIP/2.0/WS c;branch=3");
        headers
    }

    /// RFC 3261 7.3.1
    #[test]
    fn lists_are_split_over_all_lines_and_texts_are_not() {
        let headers = sample();
        assert_eq!(headers.values(HeaderName::Via).count(), 3);
        assert_eq!(headers.values(HeaderName::Subject).collect::<Vec<_>>(), ["one, two"]);
        assert_eq!(headers.lines(HeaderName::Via).count(), 2);
    }

    /// RFC 3261 7.3.1, 7.3.3
    #[test]
    fn names_are_found_in_any_case_and_compact() {
        let mut headers = sample();
        headers.push_named("s", "again");
        assert_eq!(headers.get_named("x-ANY"), Some("x"));
        assert_eq!(headers.get_named("SUBJECT"), Some("one, two"));
        assert_eq!(headers.lines_named("s").count(), 2);
        assert_eq!(headers.get_named("X-Other"), None);
        assert_eq!(headers.get(HeaderName::Other), None);
        assert_eq!(headers.iter().last(), Some(("Subject", "again")));
    }

    #[test]
    fn setting_leaves_one_line_in_the_place_of_the_first() {
        let mut headers = sample();
        headers.set(HeaderName::Via, "new");
        let lines: Vec<_> = headers.iter().collect();
        assert_eq!(lines, [("Via", "new"), ("Subject", "one, two"), ("X-Any", "x")]);
        headers.set(HeaderName::To, "t");
        assert_eq!(headers.iter().last(), Some(("To", "t")));
        headers.remove(HeaderName::Via);
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn the_first_of_a_name_goes_before_the_others() {
        let mut headers = sample();
        headers.push_first(HeaderName::Via, "top");
        assert_eq!(headers.get(HeaderName::Via), Some("top"));
        headers.push_first(HeaderName::To, "t");
        assert_eq!(headers.iter().next(), Some(("To", "t")));
    }

    #[test]
    fn the_first_value_of_a_list_can_be_removed() {
        let mut headers = sample();
        headers.remove_first(HeaderName::Via);
        assert_eq!(headers.values(HeaderName::Via).next(), Some("SIP/2.0/WS b;branch=2"));
        headers.remove_first(HeaderName::Via);
        assert_eq!(headers.values(HeaderName::Via).next(), Some("SIP/2.0/WS c;branch=3"));
        headers.remove_first(HeaderName::Via);
        headers.remove_first(HeaderName::Via);
        assert_eq!(headers.get(HeaderName::Via), None);
        headers.remove_first(HeaderName::Subject);
        assert_eq!(headers.get(HeaderName::Subject), None);
    }

    #[test]
    fn debug_output_shows_no_value() {
        assert_eq!(format!("{:?}", sample()), "Headers");
    }
}
