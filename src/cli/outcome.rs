//! What a section gives back: its time, what it is compared with, and its part of the JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::notebook::Section;

/// A section that ran to its end.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What happened, for the closing table.
    pub(crate) what: String,
    /// The section's own time: what the comparison is about, not what surrounds it.
    pub(crate) time: Duration,
    pub(crate) baseline: Option<Baseline>,
    pub(crate) details: Value,
}

/// What a section's time is divided by; measured in the same run.
#[derive(Clone, Debug)]
pub(crate) struct Baseline {
    /// What it is, in words.
    pub(crate) what: &'static str,
    pub(crate) time: Duration,
    /// The ratio that nothing can beat.
    pub(crate) ideal: f64,
}

impl Outcome {
    pub(crate) fn ratio(&self) -> Option<f64> {
        let baseline = self.baseline.as_ref()?;
        Some(self.time.as_secs_f64() / baseline.time.as_secs_f64().max(1e-9))
    }

    /// The line that closes a section.
    pub(crate) fn summary(&self) -> String {
        let (what, seconds) = (&self.what, self.time.as_secs_f64());
        match (&self.baseline, self.ratio()) {
            (Some(baseline), Some(ratio)) => format!(
                "{what}: {seconds:.4} s, {ratio:.2} × {} (ideal {:.2})",
                baseline.what, baseline.ideal
            ),
            _ => format!("{what}: {seconds:.4} s"),
        }
    }

    pub(crate) fn to_json(&self, section: &Section) -> Value {
        let baseline = self.baseline.as_ref();
        json!({
            "section": section.number,
            "name": section.name,
            "what": self.what,
            "seconds": self.time.as_secs_f64(),
            "baseline": baseline.map(|baseline| baseline.time.as_secs_f64()),
            "compared_with": baseline.map(|baseline| baseline.what),
            "ratio": self.ratio(),
            "ideal": baseline.map(|baseline| baseline.ideal),
            "details": self.details,
        })
    }
}
