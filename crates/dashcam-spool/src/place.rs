//! Where things lie in the data folder.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The platform's data folder for dashcam; `None` where there is no home.
///
/// `$XDG_DATA_HOME` or `~/.local/share` on Unix, `%APPDATA%` on Windows.
pub fn data_dir() -> Option<PathBuf> {
    let from = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    let base = if cfg!(windows) {
        from("APPDATA").or_else(|| Some(std::env::home_dir()?.join("AppData").join("Roaming")))
    } else {
        from("XDG_DATA_HOME").or_else(|| Some(std::env::home_dir()?.join(".local/share")))
    };
    base.filter(|base| base.is_absolute())
        .map(|base| base.join("dashcam"))
}

/// The spool's folder in a data folder.
pub fn spool_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("spool")
}

/// The name of the segment of a moment: one a day, in UTC, so that names in
/// order are segments in order.
pub fn segment_name(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    let (year, month, day) = date(since.unwrap_or(Duration::ZERO).as_secs() / 86_400);
    format!("{year:04}-{month:02}-{day:02}.spool")
}

/// The date so many days after 1970-01-01, in the Gregorian calendar: years
/// are counted from March, so that the leap day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_named_by_day() {
        let name = |seconds| segment_name(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        for (seconds, date) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_761_599, "2026-12-31"),
            (1_798_761_600, "2027-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(name(seconds), format!("{date}.spool"));
        }
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(segment_name(before), "1970-01-01.spool");
    }
}
