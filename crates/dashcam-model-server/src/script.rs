//! Chooses the reply to each question: the queues of a scenario at work.

use crate::error::ServerError;
use crate::exchange::{Answer, Call, CallInput, Question, Usage};
use crate::scenario::{CallId, Match, OneOrMany, Reply, Scenario, ScriptedCall, substitute};
use crate::wire::Api;
use regex::Regex;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Token counts where neither scenario nor reply says anything.
const PLAIN_USAGE: Usage = Usage {
    input: 1200,
    output: 40,
    cached: 0,
    cache_write: 0,
    cache_write_1h: 0,
    thoughts: 0,
    tool_use: 0,
};

/// The queues of a scenario, and how far each has come.
#[derive(Debug)]
pub(crate) struct Script {
    routes: Vec<Queue>,
    main: Queue,
    usage: Usage,
    chunks: usize,
    models: Vec<String>,
    served: u64,
    /// Part of all ids, so that they differ from run to run as real ones do.
    salt: String,
}

/// A chosen reply.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// Its number, from 1, over all queues.
    pub(crate) serial: u64,
    /// The queue it came from.
    pub(crate) queue: String,
    /// The reply; its tool calls have the ids they are served with.
    pub(crate) reply: Reply,
    /// The answer it makes, unless it is an error.
    pub(crate) answer: Answer,
}

#[derive(Debug)]
struct Queue {
    name: String,
    condition: Option<Condition>,
    replies: std::vec::IntoIter<Reply>,
    then: Option<Reply>,
}

impl Queue {
    fn new(
        name: String,
        condition: Option<Condition>,
        replies: Vec<Reply>,
        then: Option<Box<Reply>>,
    ) -> Self {
        let replies: Vec<Reply> = replies
            .into_iter()
            .flat_map(|reply| std::iter::repeat_n(reply.clone(), reply.repeat.unwrap_or(1)))
            .collect();
        Self {
            name,
            condition,
            replies: replies.into_iter(),
            then: then.map(|reply| *reply),
        }
    }

    fn next(&mut self) -> Option<Reply> {
        self.replies.next().or_else(|| self.then.clone())
    }
}

#[derive(Debug)]
struct Condition {
    matches: Match,
    model: Option<Regex>,
}

impl Condition {
    /// `None` when nothing is asked for: such a route answers nothing.
    fn new(matches: Match) -> Result<Option<Self>, ServerError> {
        if matches == Match::default() {
            return Ok(None);
        }
        let model = matches.model.as_deref().map(regex).transpose()?;
        Ok(Some(Self { matches, model }))
    }

    fn holds(&self, question: &Question) -> bool {
        let wanted = &self.matches;
        let within = |needle: &Option<String>, text: &str| {
            needle.as_deref().is_none_or(|needle| text.contains(needle))
        };
        wanted.api.is_none_or(|api| api == question.api)
            && self
                .model
                .as_ref()
                .is_none_or(|model| model.is_match(&question.model))
            && within(&wanted.contains, &question.raw)
            && wanted
                .not_contains
                .as_deref()
                .is_none_or(|text| !question.raw.contains(text))
            && within(&wanted.system_contains, &question.system)
            && within(&wanted.first_user_contains, &question.first_user)
            && wanted
                .has_tools
                .is_none_or(|some| some != question.tools.is_empty())
    }
}

impl Script {
    /// Sets up the queues of a scenario.
    pub(crate) fn new(scenario: Scenario) -> Result<Self, ServerError> {
        let every_reply = scenario.routes.iter().flat_map(|route| &route.replies);
        for pattern in every_reply
            .chain(&scenario.replies)
            .flat_map(|reply| reply.capture.values())
        {
            regex(pattern)?;
        }
        let routes = scenario
            .routes
            .into_iter()
            .map(|route| {
                let condition = Condition::new(route.matches)?;
                Ok(Queue::new(route.name, condition, route.replies, route.then))
            })
            .collect::<Result<_, ServerError>>()?;
        let nanos = since_1970().as_nanos();
        Ok(Self {
            routes,
            main: Queue::new("main".to_owned(), None, scenario.replies, scenario.then),
            usage: scenario.usage.over(PLAIN_USAGE),
            chunks: scenario.chunks,
            models: scenario.models,
            served: 0,
            salt: format!("{:08x}", (nanos / 1000) as u32),
        })
    }

    /// The models the server claims to have.
    pub(crate) fn models(&self) -> Vec<String> {
        if self.models.is_empty() {
            return vec!["scripted-model".to_owned()];
        }
        self.models.clone()
    }

    /// How many replies each queue still holds.
    pub(crate) fn left(&self) -> BTreeMap<String, usize> {
        let mut left = BTreeMap::new();
        for queue in self.routes.iter().chain([&self.main]) {
            *left.entry(queue.name.clone()).or_default() += queue.replies.len();
        }
        left
    }

    /// Takes the reply to a question.
    pub(crate) fn choose(&mut self, question: &Question) -> Chosen {
        self.served += 1;
        let routed = self
            .routes
            .iter_mut()
            .filter(|queue| {
                queue
                    .condition
                    .as_ref()
                    .is_some_and(|found| found.holds(question))
            })
            .find_map(|queue| queue.next().map(|reply| (queue.name.clone(), reply)));
        let (queue, reply) = routed.unwrap_or_else(|| {
            let reply = self.main.next().unwrap_or_else(|| Reply {
                text: Some("(the scenario has no more replies)".to_owned()),
                ..Reply::default()
            });
            (self.main.name.clone(), reply)
        });
        let mut reply = filled(reply, question);
        let seed = format!("{}{:04}", self.salt, self.served);
        for (index, call) in reply.tool_calls.iter_mut().enumerate() {
            let made = CallId::Given(format!("{}{seed}_{index}", question.api.call_prefix()));
            call.id = match call.id.take() {
                Some(CallId::Given(id)) => Some(CallId::Given(id)),
                Some(CallId::Made(false)) if question.api == Api::Gemini => {
                    Some(CallId::Made(false))
                }
                _ => Some(made),
            };
        }
        let answer = Answer {
            seed,
            created: since_1970().as_secs() as i64,
            model: reply
                .model
                .clone()
                .unwrap_or_else(|| question.model.clone()),
            thoughts: reply
                .thought
                .as_ref()
                .map(OneOrMany::to_vec)
                .unwrap_or_default(),
            thought_signature: reply.thought_signature.clone(),
            text: reply.text.clone().unwrap_or_default(),
            calls: reply.tool_calls.iter().map(call).collect(),
            usage: reply.usage.over(self.usage),
            finish: reply.finish.clone(),
            chunks: reply.chunks.unwrap_or(self.chunks),
        };
        Chosen {
            serial: self.served,
            queue,
            reply,
            answer,
        }
    }
}

fn call(scripted: &ScriptedCall) -> Call {
    Call {
        id: match &scripted.id {
            Some(CallId::Given(id)) => Some(id.clone()),
            _ => None,
        },
        namespace: scripted.namespace.clone(),
        name: scripted.name.clone(),
        input: match &scripted.input {
            Some(text) => CallInput::Text(text.clone()),
            None => CallInput::Json(scripted.args.clone().unwrap_or_default().into()),
        },
    }
}

/// The reply with what its `capture` finds in the tool results.
fn filled(reply: Reply, question: &Question) -> Reply {
    if reply.capture.is_empty() {
        return reply;
    }
    let texts: Vec<_> = question
        .tool_results
        .iter()
        .map(|result| result.text.as_str())
        .collect();
    let results = texts.join("\n");
    let found: BTreeMap<String, String> = reply
        .capture
        .iter()
        .filter_map(|(name, pattern)| {
            // Patterns were tried when the script was set up.
            let pattern = Regex::new(pattern).ok()?;
            let last = pattern.captures_iter(&results).last()?;
            let text = last.get(1).or_else(|| last.get(0))?;
            Some((name.clone(), text.as_str().to_owned()))
        })
        .collect();
    let Ok(mut value) = serde_json::to_value(&reply) else {
        return reply;
    };
    substitute(&mut value, &found);
    serde_json::from_value(value).unwrap_or(reply)
}

fn regex(pattern: &str) -> Result<Regex, ServerError> {
    Regex::new(pattern).map_err(|source| ServerError::Pattern {
        pattern: pattern.to_owned(),
        source: Box::new(source),
    })
}

fn since_1970() -> std::time::Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::ToolResult;

    fn script(json: &str) -> Script {
        Script::new(Scenario::parse(json, &BTreeMap::new()).unwrap()).unwrap()
    }

    fn question(first_user: &str) -> Question {
        Question {
            api: Api::Anthropic,
            model: "claude-x".to_owned(),
            stream: true,
            system: "be brief".to_owned(),
            first_user: first_user.to_owned(),
            tools: vec!["Read".to_owned()],
            tool_results: Vec::new(),
            raw: first_user.to_owned(),
        }
    }

    #[test]
    fn routes_answer_before_the_main_queue_until_they_are_empty() {
        let mut script = script(
            r#"{"replies":[{"text":"m1"},{"text":"m2"}],
                "routes":[{"name":"sub","match":{"first_user_contains":"SUB"},"replies":[{"text":"s1"}]}]}"#,
        );
        let texts =
            ["SUB", "SUB", "hello", "hello"].map(|text| script.choose(&question(text)).answer.text);
        assert_eq!(
            texts,
            ["s1", "m1", "m2", "(the scenario has no more replies)"]
        );
        assert_eq!(
            script.left(),
            BTreeMap::from([("main".into(), 0), ("sub".into(), 0)])
        );
    }

    #[test]
    fn every_condition_of_a_match_must_hold() {
        let holds = |json: &str| {
            let matches: Match = serde_json::from_str(json).unwrap();
            Condition::new(matches)
                .unwrap()
                .is_some_and(|found| found.holds(&question("abc")))
        };
        assert!(holds(
            r#"{"api":"anthropic","model":"^claude","contains":"b"}"#
        ));
        assert!(holds(
            r#"{"not_contains":"z","system_contains":"brief","has_tools":true}"#
        ));
        for failing in [
            r#"{"api":"chat"}"#,
            r#"{"model":"^gpt","contains":"b"}"#,
            r#"{"contains":"z"}"#,
            r#"{"not_contains":"b"}"#,
            r#"{"system_contains":"long"}"#,
            r#"{"first_user_contains":"z"}"#,
            r#"{"has_tools":false}"#,
            "{}",
        ] {
            assert!(!holds(failing), "{failing}");
        }
    }

    #[test]
    fn repeated_replies_and_a_last_one_for_ever() {
        let mut script = script(r#"{"replies":[{"text":"a","repeat":2}],"then":{"text":"z"}}"#);
        let texts: Vec<_> = (0..4)
            .map(|_| script.choose(&question("x")).answer.text)
            .collect();
        assert_eq!(texts, ["a", "a", "z", "z"]);
    }

    #[test]
    fn a_captured_id_is_put_into_the_reply() {
        let mut script = script(
            r#"{"replies":[{"text":"wait for {{agent}}","capture":{"agent":"agent_id\":\"([^\"]+)"}}]}"#,
        );
        let mut asked = question("x");
        asked.tool_results.push(ToolResult {
            call_id: "c".into(),
            text: r#"{"agent_id":"a-1"}"#.into(),
            is_error: false,
        });
        assert_eq!(script.choose(&asked).answer.text, "wait for a-1");
    }

    #[test]
    fn usage_comes_from_the_reply_then_the_scenario() {
        let mut script =
            script(r#"{"usage":{"input":10,"cached":4},"replies":[{"usage":{"cached":5}}]}"#);
        let usage = script.choose(&question("x")).answer.usage;
        assert_eq!(
            usage,
            Usage {
                input: 10,
                output: 40,
                cached: 5,
                ..Usage::default()
            }
        );
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let scenario =
            Scenario::parse(r#"{"routes":[{"match":{"model":"("}}]}"#, &BTreeMap::new()).unwrap();
        assert!(
            Script::new(scenario)
                .unwrap_err()
                .to_string()
                .contains("\"(\"")
        );
    }
}
