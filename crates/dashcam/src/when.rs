//! Times as people write them on the command line.

use dashcam_trace::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

/// Reads a time: a date (`2026-08-01`), a date and time (`2026-08-01T09:30`,
/// with or without zone), `today`, `yesterday`, or how long ago (`90m`, `24h`,
/// `7d`, `4w`). Dates without a zone are in `zone`.
pub(crate) fn parse(text: &str, now: &Zoned) -> anyhow::Result<Timestamp> {
    let zone = now.time_zone();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    if let Some(ago) = parse_ago(text) {
        return Ok(now.checked_sub(ago)?.timestamp());
    }
    let date = match text {
        "today" => Some(now.date()),
        "yesterday" => Some(now.date().yesterday()?),
        _ => parse_date(text),
    };
    if let Some(date) = date {
        return Ok(date.to_zoned(zone.clone())?.timestamp());
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return Ok(time.to_zoned(zone.clone())?.timestamp());
    }
    anyhow::bail!(
        "`{text}` is not a time: give a date (2026-08-01), a date and time \
         (2026-08-01T09:30), `today`, `yesterday`, or how long ago (24h, 7d, 4w)"
    )
}

fn parse_date(text: &str) -> Option<Date> {
    // A bare date, and not a date with a time, which jiff would cut.
    (text.len() == 10)
        .then(|| text.parse().ok())
        .flatten()
        .or_else(|| {
            // ccusage's way of writing dates.
            let compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
            compact
                .then(|| Date::strptime("%Y%m%d", text).ok())
                .flatten()
        })
}

fn parse_ago(text: &str) -> Option<Span> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number
        .parse()
        .ok()
        .filter(|number| (0..100_000).contains(number))?;
    match unit {
        "m" => Some(Span::new().minutes(number)),
        "h" => Some(Span::new().hours(number)),
        "d" => Some(Span::new().days(number)),
        "w" => Some(Span::new().weeks(number)),
        _ => None,
    }
}

/// The time zone of this name; the machine's own for `None`.
pub(crate) fn zone(name: Option<&str>) -> anyhow::Result<TimeZone> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) => TimeZone::get(name).map_err(|_| {
            anyhow::anyhow!("`{name}` is not a time zone: give an IANA name such as Europe/Berlin")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        let now: Zoned = "2026-11-23T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        parse(text, &now).map_or_else(|error| error.to_string(), |time| time.to_string())
    }

    #[test]
    fn dates_are_in_the_given_zone() {
        assert_eq!(parsed("2026-08-01"), "2026-07-31T22:00:00Z");
        assert_eq!(parsed("20260801"), "2026-07-31T22:00:00Z");
        assert_eq!(parsed("2026-08-01T09:30"), "2026-08-01T07:30:00Z");
        assert_eq!(parsed("2026-08-01T09:30:00Z"), "2026-08-01T09:30:00Z");
    }

    #[test]
    fn spans_count_back_from_now() {
        assert_eq!(parsed("24h"), "2026-11-22T11:00:00Z");
        assert_eq!(parsed("7d"), "2026-11-16T11:00:00Z");
        assert_eq!(parsed("yesterday"), "2026-11-21T23:00:00Z");
    }

    #[test]
    fn anything_else_is_refused_with_what_would_do() {
        for text in ["", "soon", "7x", "2026-13-01", "-1d", "é"] {
            assert!(parsed(text).contains("is not a time"), "{text}");
        }
    }
}
