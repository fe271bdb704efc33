//! Date (RFC 3261 section 20.17): when a message was sent.

use super::HeaderError;
use super::text::{number, trim};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Reads `Sat, 13 Nov 2010 23:29:00 GMT` as seconds since the beginning of 1970. The day of the week is not checked
/// against the date.
///
/// # Errors
/// What breaks the grammar, another zone than GMT, or a day that no calendar has.
pub(super) fn date(text: &str) -> Result<u64, HeaderError> {
    let (day_of_week, after) = trim(text).split_once(',').ok_or(HeaderError::Syntax)?;
    if !DAYS.iter().any(|day| day.eq_ignore_ascii_case(trim(day_of_week))) {
        return Err(HeaderError::Syntax);
    }
    let mut parts = after.split([' ', '\t']).filter(|part| !part.is_empty());
    let mut next = || parts.next().ok_or(HeaderError::Syntax);
    let (day, month, year, time, zone) = (next()?, next()?, next()?, next()?, next()?);
    if next().is_ok() || !zone.eq_ignore_ascii_case("GMT") {
        return Err(HeaderError::Syntax);
    }
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month)).ok_or(HeaderError::Syntax)? as u64 + 1;
    let (day, year) = (number::<u64>(day)?, number::<u64>(year)?);
    let mut clock = time.split(':').map(number::<u64>);
    let mut next = || clock.next().unwrap_or(Err(HeaderError::Syntax));
    let (hour, minute, second) = (next()?, next()?, next()?);
    let length = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    // A second may be the 60th: leap seconds.
    if !(1..=length).contains(&day) || !(1970..=9999).contains(&year) || hour > 23 || minute > 59 || second > 60 {
        return Err(HeaderError::Number);
    }
    if next().is_ok() {
        return Err(HeaderError::Syntax);
    }
    // Years begin in March here, so that the day of a leap year is the last one.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day - 1;
    Ok((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.17
    #[test]
    fn dates_are_seconds_since_1970() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
            ("Tue, 29 Feb 2000 00:00:01 gmt", 951_782_401),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(date(text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_no_calendar_has_is_refused() {
        for bad in [
            "",
            "Fri, 01 Jan 2010 16:00:00 EST",
            "Mon, 29 Feb 2010 00:00:00 GMT",
            "Mon, 29 Feb 2100 00:00:00 GMT",
            "Mon, 31 Apr 2010 00:00:00 GMT",
            "Mon, 00 Jan 2010 00:00:00 GMT",
            "Mon, 01 Foo 2010 00:00:00 GMT",
            "Mon, 01 Jan 2010 24:00:00 GMT",
            "Mon, 01 Jan 2010 00:60:00 GMT",
            "Mon, 01 Jan 2010 00:00 GMT",
            "Mon, 01 Jan 2010 00:00:00:00 GMT",
            "Mon, 01 Jan 2010 00:00:00",
            "Mon, 01 Jan 2010 00:00:00 GMT x",
            "01 Jan 2010 00:00:00 GMT",
            "Day, 01 Jan 2010 00:00:00 GMT",
            "Mon, 01 Jan 99999 00:00:00 GMT",
            "Mon, 01 Jan 1969 00:00:00 GMT",
        ] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
