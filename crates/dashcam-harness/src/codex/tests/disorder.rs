//! Rollouts whose lines were lost, doubled, moved or broken.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Damage {
    Drop(usize),
    Double(usize),
    Swap(usize, usize),
    Byte(usize, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    prop_oneof![
        place().prop_map(Damage::Drop),
        place().prop_map(Damage::Double),
        (place(), place()).prop_map(|(one, other)| Damage::Swap(one, other)),
        (place(), any::<u8>()).prop_map(|(place, byte)| Damage::Byte(place, byte)),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    for damage in damages {
        let count = lines.len();
        match *damage {
            Damage::Drop(place) if count > 1 => drop(lines.remove(place % count)),
            Damage::Drop(_) => {}
            Damage::Double(place) => lines.push(lines[place % count].clone()),
            Damage::Swap(one, other) => lines.swap(one % count, other % count),
            Damage::Byte(place, byte) => {
                let line = &mut lines[place % count];
                if !line.is_empty() {
                    let place = place / count % line.len();
                    line[place] = byte;
                }
            }
        }
    }
    lines.join(&b'\n')
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_rollouts_still_give_a_tree(
        fixture in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..12),
    ) {
        let names = all_fixtures();
        let rollouts = rollouts(&names[fixture.index(names.len())]);
        let bytes: Vec<Vec<u8>> =
            rollouts.iter().map(|rollout| damaged(&rollout.bytes, &damages)).collect();
        let files = rollouts.iter().zip(&bytes).map(|(rollout, bytes)| EvidenceFile {
            path: &rollout.name,
            native_id: &rollout.membership.native_id,
            parent: rollout.membership.parent.as_deref(),
            bytes: Cow::Borrowed(bytes),
        });
        let native_id = &rollouts[0].membership.native_id;
        let decoded = Codex.decode(&Evidence { native_id, files: files.collect() });
        if let Some(session) = decoded.session {
            assert_is_a_tree(&session);
        }
    }
}
