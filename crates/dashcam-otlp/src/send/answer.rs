//! What a backend's answer means for what was sent.

use super::client::Response;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use std::time::{Duration, SystemTime};

/// The most of a backend's own words that is kept.
const SAID_CHARACTERS: usize = 300;
/// The longest that a backend may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What has become of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was taken.
    Taken {
        /// What the backend warned of.
        warning: Option<String>,
    },
    /// It was taken but for so many spans; it does not say which.
    PartlyTaken {
        /// Spans that it refused.
        rejected: u64,
        /// Why.
        reason: String,
    },
    /// Not now: the same request again, later.
    Later {
        /// Why.
        reason: String,
        /// When the backend wants it again.
        after: Option<Duration>,
    },
    /// Too much at once.
    TooLarge {
        /// Its words.
        reason: String,
    },
    /// Not with this address, these headers: nothing goes until the person
    /// has put it right.
    Misconfigured {
        /// What is wrong.
        reason: String,
    },
    /// Never: something in the request is not to its liking.
    Refused {
        /// Why.
        reason: String,
    },
}

impl Answer {
    /// What an answer means. `now` is for waits that are told as a date.
    pub fn of(response: &Response, now: SystemTime) -> Self {
        let reason = || {
            let said = said(&response.body);
            let code = response.status;
            if said.is_empty() {
                format!("HTTP {code}")
            } else {
                format!("HTTP {code}: {said}")
            }
        };
        match response.status {
            200..=299 => taken(&response.body),
            429 | 502 | 503 | 504 => Self::Later {
                reason: reason(),
                after: response
                    .retry_after
                    .as_deref()
                    .and_then(|text| wait(text, now)),
            },
            413 => Self::TooLarge { reason: reason() },
            300..=399 | 401 | 403 | 404 | 405 | 407 | 415 => {
                Self::Misconfigured { reason: reason() }
            }
            _ => Self::Refused { reason: reason() },
        }
    }
}

/// A success, which may be none for some of the spans.
fn taken(body: &[u8]) -> Answer {
    // An answer that cannot be read is a success all the same: the status says so.
    let partial = ExportTraceServiceResponse::decode(body)
        .ok()
        .and_then(|response| response.partial_success)
        .unwrap_or_default();
    let reason = clean(&partial.error_message);
    match u64::try_from(partial.rejected_spans) {
        Ok(rejected) if rejected > 0 => Answer::PartlyTaken { rejected, reason },
        _ => Answer::Taken {
            warning: (!reason.is_empty()).then_some(reason),
        },
    }
}

/// `Retry-After`: seconds, or a date.
fn wait(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The backend's words, as far as they are words.
fn said(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => clean(text),
        _ => String::new(),
    }
}

/// On one line, and not long.
fn clean(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    match words.char_indices().nth(SAID_CHARACTERS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    fn response(status: u16, body: &[u8], retry_after: Option<&str>) -> Response {
        Response {
            status,
            body: body.to_vec(),
            retry_after: retry_after.map(str::to_owned),
        }
    }

    fn of(status: u16) -> Answer {
        Answer::of(&response(status, b"", None), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn the_specification_says_what_is_sent_again() {
        for status in [429, 502, 503, 504] {
            assert!(matches!(of(status), Answer::Later { .. }), "{status}");
        }
        for status in [400, 409, 422, 500, 501] {
            assert!(matches!(of(status), Answer::Refused { .. }), "{status}");
        }
        for status in [301, 401, 403, 404, 405, 415] {
            assert!(
                matches!(of(status), Answer::Misconfigured { .. }),
                "{status}"
            );
        }
        assert!(matches!(of(413), Answer::TooLarge { .. }));
        assert_eq!(of(200), Answer::Taken { warning: None });
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now = httpdate::parse_http_date("Mon, 23 Nov 2026 10:00:00 GMT").unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            ("Mon, 23 Nov 2026 10:00:09 GMT", Some(9)),
            ("Mon, 23 Nov 2026 09:00:00 GMT", Some(0)),
            ("99999999", Some(3600)),
            ("soon", None),
        ] {
            let Answer::Later { after, .. } = Answer::of(&response(503, b"busy", Some(text)), now)
            else {
                panic!("503 is for later");
            };
            assert_eq!(after.map(|after| after.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn a_success_may_be_partial() {
        let partial = |rejected, message: &str| {
            ExportTraceServiceResponse {
                partial_success: Some(ExportTracePartialSuccess {
                    rejected_spans: rejected,
                    error_message: message.to_owned(),
                }),
            }
            .encode_to_vec()
        };
        let of = |body: &[u8]| Answer::of(&response(200, body, None), SystemTime::UNIX_EPOCH);
        assert_eq!(
            of(&partial(3, "too old")),
            Answer::PartlyTaken {
                rejected: 3,
                reason: "too old".to_owned()
            }
        );
        assert_eq!(
            of(&partial(0, "slow down")),
            Answer::Taken {
                warning: Some("slow down".to_owned())
            }
        );
        assert_eq!(of(b"{not protobuf"), Answer::Taken { warning: None });
    }

    #[test]
    fn what_a_backend_says_is_told_on_one_line() {
        let body = format!("Bad\n  span:\t{}", "x".repeat(2000));
        let Answer::Refused { reason } = Answer::of(
            &response(400, body.as_bytes(), None),
            SystemTime::UNIX_EPOCH,
        ) else {
            panic!("400 is a refusal");
        };
        assert!(reason.starts_with("HTTP 400: Bad span: xxx"), "{reason}");
        assert!(reason.chars().count() < 330);
        let binary = Answer::of(&response(500, &[0, 1, 2], None), SystemTime::UNIX_EPOCH);
        assert_eq!(
            binary,
            Answer::Refused {
                reason: "HTTP 500".to_owned()
            }
        );
    }
}
