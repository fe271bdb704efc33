//! What the library does with iterators and lists, in fewer octets. Every use of a generic function is an instance of its own,
//! and the library's are made for speed with long lists; ours are short.

/// Makes a list of what an iterator brings.
pub trait Gather: Iterator + Sized {
    /// All items, in order, as `collect` has them, which asks ahead how many there will be.
    fn gather(self) -> Vec<Self::Item> {
        let mut all = Vec::new();
        for item in self {
            all.push(item);
        }
        all
    }
}

impl<I: Iterator> Gather for I {}

/// Takes items out of a list.
pub trait Keep<T> {
    /// Keeps what `wanted` says and the order, as `retain` does, which moves each item but once.
    fn keep(&mut self, wanted: impl FnMut(&T) -> bool);
}

impl<T> Keep<T> for Vec<T> {
    fn keep(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        let mut at = 0;
        while let Some(item) = self.get(at) {
            if wanted(item) {
                at += 1;
            } else {
                self.remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_iterator_brings_is_listed_in_order() {
        assert_eq!((0..5).filter(|n| n % 2 == 0).gather(), [0, 2, 4]);
        assert!(std::iter::empty::<u8>().gather().is_empty());
    }

    #[test]
    fn what_is_wanted_is_kept_in_order() {
        let mut list = vec![1, 2, 3, 4, 5, 6];
        list.keep(|n| n % 3 != 0);
        assert_eq!(list, [1, 2, 4, 5]);
        list.keep(|_| false);
        assert!(list.is_empty());
    }
}
