//! Takes over where Arize's hooks sent traces.

use super::add::{add, tell};
use crate::context::Context;
use crate::sending::{self, Configured};
use dashcam_connect::arize::{ArizeConfig, ArizeTarget};
use dashcam_otlp::send::Preset;
use dashcam_privacy::Hide;
use dashcam_targets::{Header, NewTarget};
use dashcam_trace::Harness;
use std::collections::BTreeMap;
use std::time::Duration;

/// Adds the targets that Arize's hooks sent to, each once. What is sent there
/// already stays as it is.
pub(crate) fn add_from_arize(context: &Context, config: &ArizeConfig) -> anyhow::Result<()> {
    let source = Configured::of(context, Duration::ZERO)?;
    let known = sending::targets(&context.store()?, &source)?;
    let mut wanted: Vec<(&ArizeTarget, NewTarget)> = Vec::new();
    for (name, harness) in &config.harnesses {
        let (Some(place), Ok(of)) = (&harness.target, name.parse::<Harness>()) else {
            continue;
        };
        let known = wanted.iter().position(|(known, _)| *known == place);
        let at = known.unwrap_or_else(|| {
            wanted.push((place, from_arize(place, config)));
            wanted.len() - 1
        });
        let new = &mut wanted[at].1;
        new.harnesses.push(of);
        if let Some(project) = &harness.project {
            new.projects.insert(of, project.clone());
        }
        if let Some(user) = &harness.user_id {
            new.user = Some(user.clone());
        }
        let attributes = harness.attributes.clone();
        new.attributes.extend(attributes);
    }
    let mut names: Vec<String> = known.iter().map(|target| target.name.clone()).collect();
    for (place, new) in wanted {
        let backend = match place {
            ArizeTarget::Phoenix { .. } => Preset::Phoenix,
            ArizeTarget::Arize { .. } => Preset::Arize,
        };
        let url = new.url.as_deref().map(|url| backend.endpoint(url));
        if known.iter().any(|target| Some(&target.url) == url.as_ref()) {
            continue;
        }
        let mut name = backend.as_str().to_owned();
        for number in 2..=names.len() + 1 {
            if !names.contains(&name) {
                break;
            }
            name = format!("{backend}-{number}");
        }
        let target = add(context, &name, backend, new)?;
        names.push(name);
        tell(context, &target);
    }
    Ok(())
}

/// What holds for all harnesses of a target.
fn from_arize(place: &ArizeTarget, config: &ArizeConfig) -> NewTarget {
    let mut headers = BTreeMap::new();
    let mut header = |name: &str, value: String| {
        headers.insert(name.to_owned(), Header::Value(value));
    };
    let url = match place {
        ArizeTarget::Phoenix { endpoint, api_key } => {
            if let Some(key) = api_key {
                header("authorization", format!("Bearer {}", key.reveal()));
            }
            endpoint
        }
        ArizeTarget::Arize {
            endpoint,
            api_key,
            space_id,
        } => {
            if let Some(key) = api_key {
                header("authorization", key.reveal().to_owned());
            }
            if let Some(space) = space_id {
                header("arize-space-id", space.clone());
            }
            endpoint
        }
    };
    NewTarget {
        url: Some(url.clone()),
        headers,
        user: config.user_id.clone(),
        attributes: config.attributes.clone(),
        hide: Hide {
            prompts: !config.logging.prompts,
            answers: !config.logging.prompts,
            tool_input: !config.logging.tool_details,
            tool_output: !config.logging.tool_content,
            ..Hide::default()
        },
        ..NewTarget::default()
    }
}
