//! One request over HTTP.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a request may take as a whole.
const WHOLE: Duration = Duration::from_mins(1);
/// The most of an answer to a request that is read (OTLP: 4 MiB).
const ANSWER_BYTES: u64 = 4 << 20;
/// The most of an answer to a question that is read.
const PAGE_BYTES: u64 = 256 << 20;

/// Where requests go, and with which headers.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole address.
    pub url: String,
    /// Headers; their values may be secrets.
    pub headers: Vec<(String, String)>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Endpoint")
            .field("url", &self.url)
            .field("headers", &names)
            .finish()
    }
}

/// A backend's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The content.
    pub body: Vec<u8>,
    /// What stands in `Retry-After`.
    pub retry_after: Option<String>,
}

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address or a header is none.
    #[error("cannot send to {url}: {message}")]
    Unusable {
        /// The address.
        url: String,
        /// What is wrong with it.
        message: String,
    },
    /// The backend could not be reached, or the connection broke.
    #[error("cannot reach {url}: {source}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
}

/// Sends requests. Certificates are checked as the system does, and its proxy
/// variables are obeyed. Redirects are not followed: they would take the
/// headers somewhere else.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    endpoint: Endpoint,
}

impl Client {
    /// A client for one backend. It does not connect yet.
    pub fn new(endpoint: Endpoint) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .user_agent(concat!("dashcam/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Self {
            agent: config.into(),
            endpoint,
        }
    }

    /// Where it sends to.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends one request of protobuf, packed.
    pub fn send(&self, body: &[u8], extra: &[(&str, &str)]) -> Result<Response, ClientError> {
        let mut request = self
            .agent
            .post(&self.endpoint.url)
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "gzip");
        for (name, value) in &self.endpoint.headers {
            request = request.header(name, value);
        }
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        self.read(request.send(pack(body).as_slice()), ANSWER_BYTES)
    }

    /// Asks for something at another address of the same backend.
    pub fn get(&self, url: &str) -> Result<Response, ClientError> {
        let mut request = self.agent.get(url).header("accept", "application/json");
        for (name, value) in &self.endpoint.headers {
            request = request.header(name, value);
        }
        self.read(request.call(), PAGE_BYTES)
    }

    fn read(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        most: u64,
    ) -> Result<Response, ClientError> {
        let unreachable = |source: ureq::Error| ClientError::Unreachable {
            url: self.endpoint.url.clone(),
            source: Box::new(source),
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => {
                return Err(ClientError::Unusable {
                    url: self.endpoint.url.clone(),
                    message: error.to_string(),
                });
            }
            Err(error) => return Err(unreachable(error)),
        };
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = answer.body_mut().with_config().limit(most).read_to_vec();
        let body = match body {
            Ok(body) => body,
            // A status that came is an answer, whatever becomes of the rest;
            // only a success must be whole to be believed.
            Err(error) if (200..300).contains(&status) => return Err(unreachable(error)),
            Err(_) => Vec::new(),
        };
        Ok(Response {
            status,
            body,
            retry_after,
        })
    }
}

fn pack(body: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // A vector takes whatever is written to it.
    let _ = packer.write_all(body);
    packer.finish().unwrap_or_default()
}
