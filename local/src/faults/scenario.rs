//! What people ask for: a seed, or a file that names the faults.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;
use serde::Deserialize;

use super::{Fault, Faults, Plan};

/// The longest that a request takes either way, if nobody says otherwise.
const LATENCY_MS: u32 = 50;
/// Chances are out of so many.
const ALWAYS: u32 = 10_000;

/// The faults of a server, as `--faults` names them.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Decides what is left to chance.
    pub seed: u64,
    /// Which faults there are.
    pub plan: Plan,
}

/// A scenario's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    seed: u64,
    #[serde(default = "latency_ms")]
    latency_ms: u32,
    chances: Option<BTreeMap<String, u32>>,
}

fn latency_ms() -> u32 {
    LATENCY_MS
}

impl Scenario {
    /// The faults that `seed` turns on.
    pub fn of_seed(seed: u64) -> Self {
        Self { seed, plan: random(seed, LATENCY_MS) }
    }

    /// The faults that a file with this text names; those of its seed, if it names none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Some(chances) = file.chances else {
            return Ok(Self { seed: file.seed, plan: random(file.seed, file.latency_ms) });
        };
        let mut plan = Plan::none(Duration::from_millis(file.latency_ms.into()));
        for (name, chances) in chances {
            let fault = Fault::ALL.into_iter().map(|(fault, _)| fault);
            let fault = fault.into_iter().find(|fault| fault.to_string() == name);
            let fault = fault.ok_or_else(|| unknown(&name))?;
            if chances > ALWAYS {
                return Err(format!("{name} has {chances} chances, but {ALWAYS} is always"));
            }
            plan.set(fault, chances);
        }
        Ok(Self { seed: file.seed, plan })
    }

    /// Faults that begin with nothing going wrong, so that a server can start: `change` them to the
    /// plan.
    pub(crate) fn faults(&self) -> Faults {
        Faults::new(Plan::none(Duration::ZERO), Rng::with_seed(self.seed))
    }
}

fn random(seed: u64, latency_ms: u32) -> Plan {
    Plan::random(&mut Rng::with_seed(seed), Duration::from_millis(latency_ms.into()))
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = Fault::ALL.iter().map(|(fault, _)| fault.to_string()).collect();
    format!("there is no fault {name:?}; there are {}", names.join(", "))
}

impl FromStr for Scenario {
    type Err = String;

    /// A number is a seed, anything else the path of a file.
    fn from_str(said: &str) -> Result<Self, String> {
        if let Ok(seed) = said.parse() {
            return Ok(Self::of_seed(seed));
        }
        let text = std::fs::read_to_string(said)
            .map_err(|error| format!("neither a number nor a file that can be read: {error}"))?;
        Self::parse(&text)
    }
}

impl fmt::Display for Scenario {
    /// What goes wrong and how often, a line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, latency) = (self.seed, self.plan.latency.as_millis());
        write!(f, "seed {seed}, up to {latency} ms each way, and")?;
        for (fault, _) in Fault::ALL {
            if self.plan.has(fault) {
                let percent = f64::from(self.plan.chances(fault)) / 100.0;
                write!(f, "\n    {:<18}{percent:>7.2} %", fault.to_string())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_seed_that_decides_everything() {
        let (one, same, other) = (Scenario::from_str("7"), Scenario::of_seed(7), "8".parse());
        let (one, other): (Scenario, Scenario) = (one.unwrap(), other.unwrap());
        assert_eq!(one.to_string(), same.to_string());
        assert_ne!(one.to_string(), other.to_string());
        assert_eq!(one.plan.latency, Duration::from_millis(50));
    }

    #[test]
    fn a_file_names_faults_or_leaves_them_to_its_seed() {
        let text = r#"{"seed":7,"latency_ms":9,"chances":{"cut":300,"push_failed":10000}}"#;
        let named = Scenario::parse(text).unwrap();
        let shown = "seed 7, up to 9 ms each way, and\n    push_failed        100.00 %\n    \
                     cut                  3.00 %";
        assert_eq!(named.to_string(), shown);
        let left = Scenario::parse(r#"{"seed":7}"#).unwrap();
        assert_eq!(left.to_string(), Scenario::of_seed(7).to_string());
    }

    #[test]
    fn mistakes_are_told() {
        for (text, told) in [
            (r#"{"chances":{"cutt":1}}"#, "there is no fault \"cutt\"; there are slow, throttled"),
            (r#"{"chances":{"cut":10001}}"#, "cut has 10001 chances, but 10000 is always"),
            (r#"{"chances":{"cut":-1}}"#, "invalid value: integer `-1`"),
            (r#"{"chance":{}}"#, "unknown field `chance`, expected one of `seed`, `latency_ms`"),
            ("cut", "expected value at line 1"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
        let error = Scenario::from_str("nowhere.json").unwrap_err();
        assert!(error.starts_with("neither a number nor a file"), "{error}");
    }
}
