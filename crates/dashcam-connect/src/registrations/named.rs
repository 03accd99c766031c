//! What people name on the command line: a harness, or `omp`, which is two
//! programs with settings of their own.

use super::{Connectable, UnknownConnectable};
use crate::connect::Connector;
use std::ffi::OsStr;
use std::str::FromStr;

/// The programs behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named(Vec<Connectable>);

impl Named {
    /// The programs behind a name.
    pub fn programs(&self) -> &[Connectable] {
        &self.0
    }

    /// The programs behind several names, each once.
    pub fn all_of(named: &[Self]) -> Vec<Connectable> {
        each_once(named.iter().flat_map(|named| named.0.iter().copied()))
    }
}

impl FromStr for Named {
    type Err = UnknownConnectable;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "omp" => Ok(Self(vec![Connectable::Pi, Connectable::OhMyPi])),
            name => Ok(Self(vec![name.parse()?])),
        }
    }
}

impl Connector {
    /// The programs behind several names, each once: of a name with several,
    /// those that are found here, and all of them where none is.
    pub fn found_of(&self, named: &[Named], search_path: Option<&OsStr>) -> Vec<Connectable> {
        each_once(named.iter().flat_map(|named| {
            let is_found = |program: &Connectable| {
                named.0.len() == 1 || self.status(*program, search_path).is_installed
            };
            let found: Vec<Connectable> = named.0.iter().copied().filter(is_found).collect();
            if found.is_empty() {
                named.0.clone()
            } else {
                found
            }
        }))
    }
}

fn each_once(programs: impl Iterator<Item = Connectable>) -> Vec<Connectable> {
    let mut once = Vec::new();
    for program in programs {
        if !once.contains(&program) {
            once.push(program);
        }
    }
    once
}
