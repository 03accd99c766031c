//! Times as the harness writes them.

use dashcam_trace::Timestamp;

/// Reads a time such as `2026-11-23T10:31:49.514Z`. That one form is read
/// without a date library, since every line has one; any other form of RFC
/// 3339 is read all the same.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    parse_usual(text.as_bytes()).or_else(|| text.parse().ok())
}

fn parse_usual(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let separators = [
        text[4], text[7], text[10], text[13], text[16], text[19], text[23],
    ];
    if &separators != b"--T::.Z" {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0_i64, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let valid = (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        // Ends of months and leap seconds are the library's.
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Timestamp::from_millisecond(seconds * 1_000 + number(20, 23)?).ok()
}

/// Counts from March on, so that a leap day is the last day of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_forms_are_read_too() {
        for text in [
            "2024-02-29T00:00:00.000Z",
            "2026-11-23T10:31:49Z",
            "2026-11-23T11:31:49+01:00",
        ] {
            assert_eq!(parse(text), text.parse().ok());
            assert!(parse(text).is_some());
        }
        for text in [
            "",
            "yesterday",
            "2026-02-30T00:00:00.000Z",
            "2026-11-23T25:31:49.514Z",
        ] {
            assert_eq!(parse(text), None);
        }
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_library_gives(millis in 0_i64..253_402_207_200_000) {
            let at = Timestamp::from_millisecond(millis).unwrap();
            let text = format!("{at:.3}");
            prop_assert_eq!(parse(&text), Some(at));
            prop_assert_eq!(text.len(), 24);
        }
    }
}
