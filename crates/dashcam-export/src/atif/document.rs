//! The Agent Trajectory Interchange Format 1.7 as types.
//!
//! Readers reject fields that they do not know, so all of ours stand in `extra`.

use serde::Serialize;
use serde_json::{Map, Value};

/// What stands in `extra`.
pub(crate) type Extra = Map<String, Value>;

#[derive(Debug, Serialize)]
pub(crate) struct Trajectory<'a> {
    pub(crate) schema_version: &'static str,
    pub(crate) session_id: &'a str,
    pub(crate) trajectory_id: String,
    pub(crate) agent: Agent<'a>,
    pub(crate) steps: Vec<Step<'a>>,
    pub(crate) final_metrics: FinalMetrics,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Extra,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) subagent_trajectories: Vec<Trajectory<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Agent<'a> {
    pub(crate) name: &'a str,
    /// The format demands one; empty where the harness gave none.
    pub(crate) version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Extra,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Author {
    #[default]
    System,
    User,
    Agent,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Step<'a> {
    /// 1, 2, 3, … without gaps.
    pub(crate) step_id: usize,
    pub(crate) timestamp: String,
    pub(crate) source: Author,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_effort: Option<&'a str>,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observation: Option<Observation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<Metrics>,
    /// 0 for calls that no model asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) llm_call_count: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_copied_context: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Extra,
}

#[derive(Debug, Serialize)]
pub(crate) struct ToolCall<'a> {
    pub(crate) tool_call_id: String,
    pub(crate) function_name: &'a str,
    /// Always an object.
    pub(crate) arguments: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Extra,
}

#[derive(Debug, Serialize)]
pub(crate) struct Observation {
    pub(crate) results: Vec<ObservationResult>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ObservationResult {
    pub(crate) source_call_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) subagent_trajectory_ref: Vec<SubagentReference>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Extra,
}

#[derive(Debug, Serialize)]
pub(crate) struct SubagentReference {
    pub(crate) trajectory_id: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Metrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cached_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Extra,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct FinalMetrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_cached_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_cost_usd: Option<f64>,
    pub(crate) total_steps: usize,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Extra,
}
