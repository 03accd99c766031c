//! What is known of the backends that people use: addresses, headers, limits.
//!
//! Taken from their documentation and SDKs in November 2026.

use super::limits::Limits;
use base64::Engine as _;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A backend that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Arize Phoenix.
    Phoenix,
    /// Arize AX.
    Arize,
    /// Langfuse.
    Langfuse,
    /// `LangSmith`.
    Langsmith,
    /// Braintrust.
    Braintrust,
    /// Comet Opik.
    Opik,
    /// Maxim.
    Maxim,
    /// Datadog.
    Datadog,
    /// New Relic.
    NewRelic,
    /// Honeycomb.
    Honeycomb,
    /// Grafana Cloud.
    Grafana,
    /// `SigNoz` Cloud.
    Signoz,
    /// Dash0.
    Dash0,
    /// Dynatrace.
    Dynatrace,
    /// Sumo Logic.
    Sumo,
    /// Coralogix.
    Coralogix,
    /// Observe.
    Observe,
    /// Any other backend that takes OTLP over HTTP: a collector, Jaeger, Tempo.
    Otlp,
}

/// Where a backend listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this address, for everyone.
    Fixed(&'static str),
    /// At an address that only the person knows; this is its form.
    Told(&'static str),
}

/// A header that a backend wants, and where its value may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The header.
    pub header: &'static str,
    /// What stands before the value in it.
    pub prefix: &'static str,
    /// Environment variables that hold the value; the first that is set counts.
    pub variables: &'static [&'static str],
    /// Whether the backend answers nobody without it.
    pub required: bool,
}

const fn key(header: &'static str, variables: &'static [&'static str]) -> Credential {
    Credential {
        header,
        prefix: "",
        variables,
        required: true,
    }
}

const fn bearer(variables: &'static [&'static str]) -> Credential {
    Credential {
        header: "authorization",
        prefix: "Bearer ",
        variables,
        required: true,
    }
}

const fn optional(credential: Credential) -> Credential {
    Credential {
        required: false,
        ..credential
    }
}

impl Preset {
    /// Every preset, in the order in which they are listed to people.
    pub const ALL: [Self; 18] = [
        Self::Phoenix,
        Self::Arize,
        Self::Langfuse,
        Self::Langsmith,
        Self::Braintrust,
        Self::Opik,
        Self::Maxim,
        Self::Datadog,
        Self::NewRelic,
        Self::Honeycomb,
        Self::Grafana,
        Self::Signoz,
        Self::Dash0,
        Self::Dynatrace,
        Self::Sumo,
        Self::Coralogix,
        Self::Observe,
        Self::Otlp,
    ];

    /// The name used on the command line and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phoenix => "phoenix",
            Self::Arize => "arize",
            Self::Langfuse => "langfuse",
            Self::Langsmith => "langsmith",
            Self::Braintrust => "braintrust",
            Self::Opik => "opik",
            Self::Maxim => "maxim",
            Self::Datadog => "datadog",
            Self::NewRelic => "newrelic",
            Self::Honeycomb => "honeycomb",
            Self::Grafana => "grafana",
            Self::Signoz => "signoz",
            Self::Dash0 => "dash0",
            Self::Dynatrace => "dynatrace",
            Self::Sumo => "sumo",
            Self::Coralogix => "coralogix",
            Self::Observe => "observe",
            Self::Otlp => "otlp",
        }
    }

    /// Where it listens for traces.
    pub const fn place(self) -> Place {
        match self {
            Self::Phoenix => Place::Fixed("http://localhost:6006/v1/traces"),
            Self::Arize => Place::Fixed("https://otlp.arize.com/v1/traces"),
            Self::Langfuse => Place::Fixed("https://cloud.langfuse.com/api/public/otel/v1/traces"),
            Self::Langsmith => Place::Fixed("https://api.smith.langchain.com/otel/v1/traces"),
            Self::Braintrust => Place::Fixed("https://api.braintrust.dev/otel/v1/traces"),
            Self::Opik => Place::Fixed("https://www.comet.com/opik/api/v1/private/otel/v1/traces"),
            Self::Maxim => Place::Fixed("https://api.getmaxim.ai/v1/otel"),
            Self::NewRelic => Place::Fixed("https://otlp.nr-data.net/v1/traces"),
            Self::Honeycomb => Place::Fixed("https://api.honeycomb.io/v1/traces"),
            Self::Otlp => Place::Fixed("http://localhost:4318/v1/traces"),
            Self::Datadog => Place::Told("the OTLP intake of your site, ending in /v1/traces"),
            Self::Grafana => Place::Told("https://otlp-gateway-<zone>.grafana.net/otlp/v1/traces"),
            Self::Signoz => Place::Told("https://ingest.<region>.signoz.cloud:443/v1/traces"),
            Self::Dash0 => Place::Told("https://ingress.<region>.dash0.com/v1/traces"),
            Self::Dynatrace => {
                Place::Told("https://<environment>.live.dynatrace.com/api/v2/otlp/v1/traces")
            }
            Self::Sumo => Place::Told("the address of your OTLP source, ending in /v1/traces"),
            Self::Coralogix => Place::Told("https://ingress.<domain>:443/v1/traces"),
            Self::Observe => Place::Told("https://<id>.collect.observeinc.com/v2/otel/v1/traces"),
        }
    }

    /// Where the address comes from when the person names none, before
    /// [`Preset::place`]: environment variables, in their order.
    pub const fn url_variables(self) -> &'static [&'static str] {
        match self {
            Self::Phoenix => &["PHOENIX_ENDPOINT", "PHOENIX_COLLECTOR_ENDPOINT"],
            Self::Arize => &["ARIZE_COLLECTOR_ENDPOINT"],
            Self::Langfuse => &["LANGFUSE_BASE_URL", "LANGFUSE_HOST"],
            Self::Otlp => &[
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "OTEL_EXPORTER_OTLP_ENDPOINT",
            ],
            _ => &[],
        }
    }

    /// Where the name of the project comes from when the person gives none.
    pub const fn project_variables(self) -> &'static [&'static str] {
        match self {
            Self::Phoenix => &["PHOENIX_PROJECT", "PHOENIX_PROJECT_NAME"],
            Self::Arize => &["ARIZE_PROJECT_NAME"],
            Self::Langsmith => &["LANGSMITH_PROJECT"],
            _ => &[],
        }
    }

    /// The headers by which it knows who sends.
    pub const fn credentials(self) -> &'static [Credential] {
        match self {
            Self::Phoenix => const { &[optional(bearer(&["PHOENIX_API_KEY", "ARIZE_API_KEY"]))] },
            Self::Arize => {
                const {
                    &[
                        key("authorization", &["ARIZE_API_KEY"]),
                        key("arize-space-id", &["ARIZE_SPACE_ID"]),
                    ]
                }
            }
            // Its two keys are one header: see `basic`.
            Self::Langfuse => {
                const {
                    &[Credential {
                        header: "authorization",
                        prefix: "Basic ",
                        variables: &["LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"],
                        required: true,
                    }]
                }
            }
            Self::Langsmith => const { &[key("x-api-key", &["LANGSMITH_API_KEY"])] },
            Self::Braintrust => const { &[bearer(&["BRAINTRUST_API_KEY"])] },
            Self::Opik => {
                const {
                    &[
                        key("authorization", &["OPIK_API_KEY"]),
                        optional(key("comet-workspace", &["OPIK_WORKSPACE"])),
                    ]
                }
            }
            Self::Maxim => {
                const {
                    &[
                        key("x-maxim-api-key", &["MAXIM_API_KEY"]),
                        key("x-maxim-repo-id", &["MAXIM_LOG_REPO_ID"]),
                    ]
                }
            }
            Self::Datadog => const { &[key("dd-api-key", &["DD_API_KEY"])] },
            Self::NewRelic => {
                const {
                    &[key(
                        "api-key",
                        &["NEW_RELIC_LICENSE_KEY", "NEW_RELIC_API_KEY"],
                    )]
                }
            }
            Self::Honeycomb => const { &[key("x-honeycomb-team", &["HONEYCOMB_API_KEY"])] },
            Self::Grafana => {
                const {
                    &[Credential {
                        header: "authorization",
                        prefix: "Basic ",
                        variables: &["GRAFANA_CLOUD_INSTANCE_ID", "GRAFANA_CLOUD_API_KEY"],
                        required: true,
                    }]
                }
            }
            Self::Signoz => const { &[key("signoz-ingestion-key", &["SIGNOZ_INGESTION_KEY"])] },
            Self::Dash0 => const { &[bearer(&["DASH0_AUTH_TOKEN"])] },
            Self::Dynatrace => {
                const {
                    &[Credential {
                        header: "authorization",
                        prefix: "Api-Token ",
                        variables: &["DT_API_TOKEN"],
                        required: true,
                    }]
                }
            }
            Self::Coralogix => const { &[bearer(&["CORALOGIX_PRIVATE_KEY"])] },
            Self::Observe => const { &[bearer(&["OBSERVE_TOKEN"])] },
            // The address of a Sumo Logic source is itself the secret.
            Self::Sumo | Self::Otlp => &[],
        }
    }

    /// Headers that are the same for everyone.
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Arize => &[("arize-interface", "otel")],
            Self::Langfuse => &[("x-langfuse-ingestion-version", "4")],
            Self::Datadog => &[("dd-otlp-source", "llmobs")],
            _ => &[],
        }
    }

    /// The header that names the project, where the resource does not.
    pub const fn project_header(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Langsmith => Some(("langsmith-project", "")),
            Self::Braintrust => Some(("x-bt-parent", "project_name:")),
            Self::Opik => Some(("projectname", "")),
            _ => None,
        }
    }

    /// What it takes.
    pub const fn limits(self) -> Limits {
        let usual = Limits::USUAL;
        match self {
            Self::Dash0 => Limits {
                attributes: Some(32),
                value_bytes: 2048,
                age: Some(Duration::from_hours(6)),
                ..usual
            },
            Self::Dynatrace => Limits {
                age: Some(Duration::from_hours(1)),
                ..usual
            },
            Self::Sumo => Limits {
                age: Some(Duration::from_hours(24)),
                ..usual
            },
            Self::Coralogix => Limits {
                request_bytes: 2 << 20,
                ..usual
            },
            Self::Observe => Limits {
                value_bytes: 256 << 10,
                ..usual
            },
            _ => usual,
        }
    }

    /// The whole address that a shorter one stands for: people write where
    /// their Phoenix is, and mean where it takes traces.
    pub fn endpoint(self, url: &str) -> String {
        let url = url.trim().trim_end_matches('/');
        let url = if url.contains("://") {
            url.to_owned()
        } else {
            let secure = !(url.starts_with("localhost") || url.starts_with("127."));
            format!("{}://{url}", if secure { "https" } else { "http" })
        };
        let path = url
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(_, path)| path);
        if path.ends_with("v1/traces") || self == Self::Maxim {
            return url;
        }
        match self {
            Self::Langfuse if path.is_empty() => format!("{url}/api/public/otel/v1/traces"),
            _ if path.ends_with("v1") => format!("{url}/traces"),
            _ => format!("{url}/v1/traces"),
        }
    }
}

/// The value of a `Basic` header for a name and a password.
pub fn basic(name: &str, password: &str) -> String {
    let pair = format!("{name}:{password}");
    base64::engine::general_purpose::STANDARD.encode(pair)
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no preset's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown backend `{name}`; known are {known}", known = known())]
pub struct UnknownPreset {
    /// The name.
    pub name: String,
}

fn known() -> String {
    Preset::ALL.map(Preset::as_str).join(", ")
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.as_str() == name)
            .ok_or_else(|| UnknownPreset {
                name: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_address_stands_for_the_whole() {
        for (preset, short, whole) in [
            (
                Preset::Phoenix,
                "http://localhost:6006",
                "http://localhost:6006/v1/traces",
            ),
            (
                Preset::Phoenix,
                "localhost:6006/",
                "http://localhost:6006/v1/traces",
            ),
            (
                Preset::Phoenix,
                "https://app.phoenix.arize.com/s/me/v1/traces",
                "https://app.phoenix.arize.com/s/me/v1/traces",
            ),
            (
                Preset::Arize,
                "otlp.arize.com:443",
                "https://otlp.arize.com:443/v1/traces",
            ),
            (
                Preset::Arize,
                "https://otlp.eu-west-1a.arize.com/v1",
                "https://otlp.eu-west-1a.arize.com/v1/traces",
            ),
            (
                Preset::Langfuse,
                "https://us.cloud.langfuse.com",
                "https://us.cloud.langfuse.com/api/public/otel/v1/traces",
            ),
            (
                Preset::Grafana,
                "https://otlp-gateway-eu.grafana.net/otlp",
                "https://otlp-gateway-eu.grafana.net/otlp/v1/traces",
            ),
            (
                Preset::Maxim,
                "https://api.getmaxim.ai/v1/otel",
                "https://api.getmaxim.ai/v1/otel",
            ),
        ] {
            assert_eq!(preset.endpoint(short), whole);
        }
    }

    #[test]
    fn every_preset_is_found_by_its_name_and_has_a_whole_address() {
        for preset in Preset::ALL {
            assert_eq!(preset.as_str().parse(), Ok(preset));
            if let Place::Fixed(url) = preset.place() {
                assert_eq!(preset.endpoint(url), url, "{preset}");
            }
        }
        let error = "nobody".parse::<Preset>().unwrap_err().to_string();
        assert!(error.contains("phoenix, arize"), "{error}");
    }
}
