//! Every field of the vocabulary, by name. When it grows, this does not
//! compile: give the new field a row in [`all`](super::all), or say here why it
//! needs none.

#![expect(dead_code, reason = "only has to compile")]

use dashcam_trace::{
    AgentRun, Event, FileDiff, Git, ModelCall, Outcome, Parent, Prompt, Session, Span, Tokens,
    ToolCall, ToolOutput, Turn,
};

// Ids, places and times that dashcam derives for every step need no row.
#[rustfmt::skip]
fn session(
    Session { harness: _, id: _, native_id: _, title: _, cwd: _, git: _, version: _,
        entrypoint: _, started_at: _, ended_at: _, parent: _, outcome: _, turns: _ }: &Session,
    Git { branch: _, commit: _, remote: _ }: &Git,
    // One row for all of it.
    Parent { session: _, span: _, relation: _ }: &Parent,
    Outcome { label: _, evidence: _ }: &Outcome,
) {
}

#[rustfmt::skip]
fn turn(
    // The store finds out what was copied from where.
    Turn { id: _, index: _, prompt: _, start: _, end: _, status: _, abandoned: _, copied_from: _,
        spans: _ }: &Turn,
    Prompt { text: _, images: _ }: &Prompt,
    Span { id: _, parent: _, name: _, start: _, end: _, status: _, error: _, timing: _,
        sources: _, body: _ }: &Span,
) {
}

#[rustfmt::skip]
fn model_call(
    ModelCall { model: _, provider: _, response_id: _, tokens: _, cost: _, credits: _, retries: _,
        attempts: _, ttft_ms: _, stop_reason: _, parameters: _, input: _, output: _ }: &ModelCall,
    Tokens { prompt: _, cache_read: _, cache_write_5m: _, cache_write_1h: _, completion: _,
        reasoning: _ }: &Tokens,
) {
}

#[rustfmt::skip]
fn tool_call(
    // The kind of a tool is dashcam's own word.
    ToolCall { tool: _, tool_kind: _, target: _, call_id: _, input: _, output: _, exit_code: _,
        mcp: _, diff: _ }: &ToolCall,
    // What was left out is no field that a harness fills.
    ToolOutput { text: _, stderr: _, images: _, omitted_bytes: _ }: &ToolOutput,
    // Lines are counted from the patch.
    FileDiff { path: _, change: _, old_path: _, patch: _, added: _, removed: _ }: &FileDiff,
) {
}

#[rustfmt::skip]
fn other_steps(
    AgentRun { id: _, agent_type: _, description: _, prompt: _, answer: _, model: _,
        background: _, reported_tokens: _ }: &AgentRun,
    // A row for each kind.
    Event { kind: _, text: _, details: _ }: &Event,
) {
}
