//! Sums over time, whichever way they are counted.
//!
//! Claude Code and Codex send what was added since the last time (delta);
//! Gemini CLI, Qwen Code and Copilot CLI send what there is since the start of
//! the process (cumulative).

use super::attributes::Attributes;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, Sum,
};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

/// A metric's points by session: the session, the metric with its points, how
/// many these are. And how many points were left out, for they name no session
/// or are none of a sum.
pub(super) fn by_session(metric: Metric, is_known: bool) -> (Vec<(String, Metric, u64)>, u64) {
    let Metric {
        name,
        description,
        unit,
        data,
        metadata,
    } = metric;
    let Some(Data::Sum(sum)) = data else {
        let dropped = match data {
            Some(Data::Gauge(gauge)) => gauge.data_points.len(),
            Some(Data::Histogram(histogram)) => histogram.data_points.len(),
            Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
            Some(Data::Summary(summary)) => summary.data_points.len(),
            _ => 0,
        };
        return (Vec::new(), dropped as u64);
    };
    let mut dropped = 0;
    let mut sessions: BTreeMap<String, Vec<NumberDataPoint>> = BTreeMap::new();
    for point in sum.data_points {
        match Attributes(&point.attributes).owned("session.id") {
            Some(session) if is_known => sessions.entry(session).or_default().push(point),
            _ => dropped += 1,
        }
    }
    let sorted = sessions
        .into_iter()
        .map(|(session, data_points)| {
            let points = data_points.len() as u64;
            let data = Data::Sum(Sum { data_points, ..sum });
            let metric = Metric {
                name: name.clone(),
                description: description.clone(),
                unit: unit.clone(),
                data: Some(data),
                metadata: metadata.clone(),
            };
            (session, metric, points)
        })
        .collect();
    (sorted, dropped)
}

/// The sum of a metric over all that was sent, by one of its attributes
/// (points without it under the empty word). Points that came twice count
/// once.
pub fn totals(metrics: &[Metric], name: &str, by: &str) -> BTreeMap<String, f64> {
    let mut deltas: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut levels: BTreeMap<(Vec<u8>, u64), (u64, f64, String)> = BTreeMap::new();
    let mut totals: BTreeMap<String, f64> = BTreeMap::new();
    for metric in metrics.iter().filter(|metric| metric.name == name) {
        let Some(Data::Sum(sum)) = &metric.data else {
            continue;
        };
        let is_delta = sum.aggregation_temporality() == AggregationTemporality::Delta;
        for point in &sum.data_points {
            let Some(value) = value(point) else { continue };
            let group = Attributes(&point.attributes).owned(by).unwrap_or_default();
            if is_delta {
                if deltas.insert(point.encode_to_vec()) {
                    *totals.entry(group).or_default() += value;
                }
                continue;
            }
            // One series is one set of attributes of one process; its latest
            // point says it all.
            let series = (series(&point.attributes), point.start_time_unix_nano);
            let level = levels.entry(series).or_insert((0, 0.0, group));
            if (point.time_unix_nano, value) >= (level.0, level.1) {
                (level.0, level.1) = (point.time_unix_nano, value);
            }
        }
    }
    for (_, value, group) in levels.into_values() {
        *totals.entry(group).or_default() += value;
    }
    totals
}

fn value(point: &NumberDataPoint) -> Option<f64> {
    match point.value? {
        Value::AsDouble(value) => Some(value),
        Value::AsInt(value) => Some(value as f64),
    }
}

fn series(attributes: &[KeyValue]) -> Vec<u8> {
    let mut pairs: Vec<Vec<u8>> = attributes.iter().map(Message::encode_to_vec).collect();
    pairs.sort();
    pairs.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};

    fn point(model: &str, from: u64, at: u64, value: f64) -> NumberDataPoint {
        let text = any_value::Value::StringValue(model.to_owned());
        NumberDataPoint {
            attributes: vec![KeyValue {
                key: "model".to_owned(),
                value: Some(AnyValue { value: Some(text) }),
                ..KeyValue::default()
            }],
            start_time_unix_nano: from,
            time_unix_nano: at,
            value: Some(Value::AsDouble(value)),
            ..NumberDataPoint::default()
        }
    }

    fn metric(temporality: AggregationTemporality, points: Vec<NumberDataPoint>) -> Metric {
        Metric {
            name: "cost".to_owned(),
            data: Some(Data::Sum(Sum {
                data_points: points,
                aggregation_temporality: temporality.into(),
                is_monotonic: true,
            })),
            ..Metric::default()
        }
    }

    #[test]
    fn what_was_added_since_the_last_time_is_added_up_once() {
        let delta = AggregationTemporality::Delta;
        let first = metric(delta, vec![point("a", 0, 10, 1.0), point("b", 0, 10, 5.0)]);
        let second = metric(delta, vec![point("a", 10, 20, 2.0)]);
        let found = totals(&[first, second.clone(), second], "cost", "model");
        assert_eq!(found, [("a".to_owned(), 3.0), ("b".to_owned(), 5.0)].into());
    }

    #[test]
    fn of_what_there_is_since_the_start_the_latest_counts_for_each_process() {
        let cumulative = AggregationTemporality::Cumulative;
        let metrics = [
            metric(cumulative, vec![point("a", 0, 20, 3.0)]),
            metric(cumulative, vec![point("a", 0, 10, 1.0)]),
            metric(cumulative, vec![point("a", 50, 60, 0.5)]),
        ];
        let found = totals(&metrics, "cost", "model");
        assert_eq!(found, [("a".to_owned(), 3.5)].into());
    }
}
