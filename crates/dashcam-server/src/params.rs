//! Words of an address, as values.

use crate::error::ApiError;
use dashcam_store::view::SessionFilter;
use dashcam_trace::{Harness, SessionId, Timestamp};
use jiff::{Span, Zoned};
use serde::Deserialize;

/// Which sessions an address means.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Selection {
    /// Only of these harnesses, comma separated.
    harness: Option<String>,
    /// Only of this project.
    project: Option<String>,
    /// Only where a model whose name contains this answered.
    model: Option<String>,
    /// Only on this git branch.
    branch: Option<String>,
    /// Only from this time on (RFC 3339).
    since: Option<String>,
    /// Only before this time (RFC 3339).
    until: Option<String>,
    /// Only the last `24h`, `7d`, `30d`, `90d`; `all` is everything.
    range: Option<String>,
    /// The IANA name of the time zone that days are counted in.
    timezone: Option<String>,
}

impl Selection {
    pub(crate) fn harnesses(&self) -> Result<Vec<Harness>, ApiError> {
        list(self.harness.as_deref())
            .map(|name| name.parse().map_err(ApiError::bad_request))
            .collect()
    }

    pub(crate) fn project(&self) -> Option<String> {
        given(self.project.as_ref())
    }

    pub(crate) fn model(&self) -> Option<String> {
        given(self.model.as_ref())
    }

    pub(crate) fn timezone(&self) -> String {
        given(self.timezone.as_ref()).unwrap_or_else(|| "UTC".to_owned())
    }

    pub(crate) fn since(&self) -> Result<Option<Timestamp>, ApiError> {
        match self.range.as_deref() {
            None | Some("" | "all") => time("since", self.since.as_deref()),
            Some(range) => Ok(Some(range_start(range)?)),
        }
    }

    pub(crate) fn until(&self) -> Result<Option<Timestamp>, ApiError> {
        time("until", self.until.as_deref())
    }

    pub(crate) fn session_filter(&self) -> Result<SessionFilter, ApiError> {
        Ok(SessionFilter {
            harness: self.harnesses()?,
            project: self.project(),
            model: self.model(),
            branch: given(self.branch.as_ref()),
            since: self.since()?,
            until: self.until()?,
            ..SessionFilter::default()
        })
    }
}

/// A text, unless it is empty.
pub(crate) fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// The words of a comma separated list.
pub(crate) fn list(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// A word of an enum, by its name in JSON.
pub(crate) fn word<T: serde::de::DeserializeOwned>(word: &str, what: &str) -> Result<T, ApiError> {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .map_err(|error| ApiError::bad_request(format!("`{word}` is no {what}: {error}")))
}

/// A session's id.
pub(crate) fn session(id: &str) -> Result<SessionId, ApiError> {
    id.parse().map_err(ApiError::bad_request)
}

fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let time = text.parse().map_err(|_| {
        ApiError::bad_request(format!(
            "`{name}` is `{text}`: give a time such as 2026-08-20T00:00:00Z"
        ))
    })?;
    Ok(Some(time))
}

fn range_start(range: &str) -> Result<Timestamp, ApiError> {
    let ago = match range {
        "24h" => Span::new().hours(24),
        "7d" => Span::new().days(7),
        "30d" => Span::new().days(30),
        "90d" => Span::new().days(90),
        _ => {
            return Err(ApiError::bad_request(format!(
                "`range` is `{range}`: give 24h, 7d, 30d, 90d or all"
            )));
        }
    };
    let start = Zoned::now().checked_sub(ago).map_err(ApiError::internal)?;
    Ok(start.timestamp())
}
