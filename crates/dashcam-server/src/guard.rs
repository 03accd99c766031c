//! Who may ask.
//!
//! Anything on the internet can make a person's browser send requests to
//! loopback. Three checks keep strangers out: the `Host` must name this
//! machine and this port (a rebound domain name does not), the `Origin` and
//! `Sec-Fetch-Site` of a browser must be our own page's, and requests that
//! change something must carry a header that no form on another site can send.
//! Exporters of telemetry are no browsers and send no such header; their paths
//! do without it, since what a page elsewhere could send there carries its
//! `Origin`.

use crate::error::ApiError;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

/// The port that requests must be meant for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    pub(crate) port: u16,
}

const OWN_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

pub(crate) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let area = Area::of(request.uri().path());
    match guard.admit(request.method(), area, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// What a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Page,
    Api,
    Telemetry,
}

impl Area {
    fn of(path: &str) -> Self {
        if path.starts_with("/api/") {
            Self::Api
        } else if path.starts_with("/v1/") {
            Self::Telemetry
        } else {
            Self::Page
        }
    }
}

impl Guard {
    fn admit(self, method: &Method, area: Area, headers: &HeaderMap) -> Result<(), ApiError> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        if !text(header::HOST.as_str()).is_some_and(|host| self.is_own(host)) {
            return Err(ApiError::misdirected(
                "this server answers only to 127.0.0.1 and localhost on its own port",
            ));
        }
        if let Some(origin) = text(header::ORIGIN.as_str())
            && !origin
                .strip_prefix("http://")
                .is_some_and(|host| self.is_own(host))
        {
            return Err(ApiError::forbidden("requests from other sites are refused"));
        }
        let changes = !matches!(*method, Method::GET | Method::HEAD);
        match text("sec-fetch-site") {
            None | Some("same-origin" | "none") => {}
            // A link on another site may lead to the page; nothing else may,
            // and no frame there may hold it.
            Some(_)
                if area == Area::Page
                    && !changes
                    && text("sec-fetch-mode") == Some("navigate")
                    && matches!(text("sec-fetch-dest"), None | Some("document")) => {}
            Some(_) => return Err(ApiError::forbidden("requests from other sites are refused")),
        }
        if changes && area != Area::Telemetry && text("x-dashcam") != Some("1") {
            return Err(ApiError::forbidden(
                "send the header `x-dashcam: 1` to change something",
            ));
        }
        Ok(())
    }

    fn is_own(self, host: &str) -> bool {
        OWN_NAMES.iter().any(|name| {
            host.strip_prefix(name)
                .is_some_and(|rest| match rest.strip_prefix(':') {
                    Some(port) => port.parse() == Ok(self.port),
                    None => rest.is_empty() && self.port == 80,
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(method: &Method, headers: &[(&'static str, &str)]) -> bool {
        admitted_to(Area::Api, method, headers)
    }

    fn admitted_to(area: Area, method: &Method, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Guard { port: 4747 }.admit(method, area, &headers).is_ok()
    }

    #[test]
    fn only_our_own_names_and_port_are_answered() {
        for host in ["127.0.0.1:4747", "localhost:4747", "[::1]:4747"] {
            assert!(admitted(&Method::GET, &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example:4747",
            "127.0.0.1:80",
            "127.0.0.1",
            "localhost.evil.example:4747",
            "localhost:4747.evil.example",
            "127.0.0.1:4747:4747",
            "",
        ] {
            assert!(!admitted(&Method::GET, &[("host", host)]), "{host}");
        }
        assert!(!admitted(&Method::GET, &[]));
    }

    #[test]
    fn other_sites_are_refused() {
        let host = ("host", "localhost:4747");
        assert!(admitted(
            &Method::GET,
            &[host, ("origin", "http://localhost:4747")]
        ));
        for origin in ["https://evil.example", "http://localhost:3000", "null"] {
            assert!(
                !admitted(&Method::GET, &[host, ("origin", origin)]),
                "{origin}"
            );
        }
        assert!(!admitted(
            &Method::GET,
            &[host, ("sec-fetch-site", "cross-site")]
        ));
        let link = [
            host,
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
        ];
        assert!(admitted_to(Area::Page, &Method::GET, &link));
        assert!(!admitted(&Method::GET, &link), "a link into the API");
        let frame = [link.as_slice(), &[("sec-fetch-dest", "iframe")]].concat();
        assert!(!admitted_to(Area::Page, &Method::GET, &frame));
        assert!(!admitted_to(
            Area::Page,
            &Method::POST,
            &[link.as_slice(), &[("x-dashcam", "1")]].concat()
        ));
    }

    #[test]
    fn changes_need_our_header() {
        let host = ("host", "localhost:4747");
        assert!(!admitted(&Method::POST, &[host]));
        assert!(!admitted(&Method::DELETE, &[host]));
        assert!(admitted(&Method::POST, &[host, ("x-dashcam", "1")]));
    }

    #[test]
    fn exporters_need_no_header_of_ours_but_pages_elsewhere_are_no_exporters() {
        let telemetry = |headers: &[_]| {
            assert_eq!(Area::of("/v1/traces"), Area::Telemetry);
            admitted_to(Area::Telemetry, &Method::POST, headers)
        };
        let host = ("host", "127.0.0.1:4747");
        assert!(telemetry(&[host]));
        assert!(!telemetry(&[("host", "evil.example:4747")]));
        assert!(!telemetry(&[host, ("origin", "https://evil.example")]));
        assert!(!telemetry(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(!telemetry(&[host, ("sec-fetch-site", "same-site")]));
    }
}
