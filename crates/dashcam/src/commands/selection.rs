//! From the words of a selection to the store's filters.

use crate::cli::{Selection, Times};
use crate::when;
use dashcam_store::view::{SessionFilter, UsageQuery};
use dashcam_trace::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;

impl Times {
    /// The times that a person means, on the machine's own clock.
    pub(crate) fn read(&self) -> anyhow::Result<(Option<Timestamp>, Option<Timestamp>)> {
        self.read_in(TimeZone::system())
    }

    /// The times that a person means, in a time zone.
    pub(crate) fn read_in(
        &self,
        zone: TimeZone,
    ) -> anyhow::Result<(Option<Timestamp>, Option<Timestamp>)> {
        let now = Zoned::now().with_time_zone(zone);
        let parse = |text: &Option<String>| {
            text.as_deref()
                .map(|text| when::parse(text, &now))
                .transpose()
        };
        Ok((parse(&self.since)?, parse(&self.until)?))
    }
}

/// The sessions that a selection means.
pub(crate) fn session_filter(selection: &Selection) -> anyhow::Result<SessionFilter> {
    let (since, until) = selection.times.read()?;
    Ok(SessionFilter {
        harness: selection.harness.clone(),
        project: selection.project.clone(),
        model: selection.model.clone(),
        since,
        until,
        ..SessionFilter::default()
    })
}

/// The usage that a selection means, counted in `zone`.
pub(crate) fn usage_query(selection: &Selection, zone: TimeZone) -> anyhow::Result<UsageQuery> {
    let timezone = zone.iana_name().unwrap_or("UTC").to_owned();
    let (since, until) = selection.times.read_in(zone)?;
    Ok(UsageQuery {
        harness: selection.harness.clone(),
        project: selection.project.clone(),
        model: selection.model.clone(),
        since,
        until,
        timezone,
        ..UsageQuery::default()
    })
}
