//! Searching and sorting that costs few bytes: the standard library's fast algorithms for both weigh more in the package
//! than whole layers of the engine, and what is searched and sorted here is short.

/// Whether `needle` stands in `text`.
#[must_use]
pub fn contains(text: &str, needle: &str) -> bool {
    position(text, needle).is_some()
}

/// What stands before and after the first `needle` in `text`.
#[must_use]
pub fn cut<'a>(text: &'a str, needle: &str) -> Option<(&'a str, &'a str)> {
    let at = position(text, needle)?;
    Some((text.get(..at)?, text.get(at + needle.len()..)?))
}

/// `text` with `to` wherever `from` stands.
#[must_use]
pub fn replace(text: &str, from: &str, to: &str) -> String {
    let (mut replaced, mut left) = (String::new(), text);
    while let Some((before, after)) = cut(left, from) {
        replaced.push_str(before);
        replaced.push_str(to);
        left = after;
    }
    replaced.push_str(left);
    replaced
}

fn position(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len().max(1)).position(|window| window == needle.as_bytes())
}

/// The numbers from 0 to `len` in the order that `follows` wants: it says whether the first comes after the second.
/// Equals keep their order. Takes n · log n steps.
#[must_use]
pub fn in_order(len: usize, follows: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..len).collect();
    let mut merged = Vec::with_capacity(len);
    let mut width = 1;
    while width < len {
        merged.clear();
        for pair in sorted.chunks(width * 2) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let (Some((a, rest_left)), Some((b, rest_right))) = (left.split_first(), right.split_first()) {
                if follows(*a, *b) {
                    merged.push(*b);
                    right = rest_right;
                } else {
                    merged.push(*a);
                    left = rest_left;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut sorted, &mut merged);
        width *= 2;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_text_is_replaced_once() {
        assert_eq!(replace("a=true;b=true", "=true", "=false"), "a=false;b=false");
        assert_eq!(replace("aaa", "aa", "a"), "aa");
        assert_eq!(replace("abc", "d", "e"), "abc");
    }

    #[test]
    fn a_needle_is_found_at_both_ends_and_nowhere_else() {
        assert!(contains("abc", "a") && contains("abc", "bc") && contains("abc", "abc"));
        assert!(!contains("abc", "d") && !contains("ab", "abc") && !contains("", "a"));
    }

    #[test]
    fn a_text_is_cut_at_the_first_needle() {
        assert_eq!(cut("a::b::c", "::"), Some(("a", "b::c")));
        assert_eq!(cut("::", "::"), Some(("", "")));
        assert_eq!(cut("a:b", "::"), None);
        assert_eq!(cut("ä–b", "–"), Some(("ä", "b")));
    }

    #[test]
    fn the_order_is_that_of_a_stable_sort() {
        for len in 0..40_usize {
            let keys: Vec<usize> = (0..len).map(|i| i * 7919 % 11).collect();
            let mut expected: Vec<usize> = (0..len).collect();
            expected.sort_by_key(|i| keys[*i]);
            assert_eq!(in_order(len, &|a, b| keys[a] > keys[b]), expected, "{len}");
        }
    }
}
