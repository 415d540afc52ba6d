//! The last line of the run: what was not run, and how to get what it needs.

use std::collections::BTreeMap;

use crate::needs::Need;

/// Of the tests that were asked for.
#[derive(Default)]
pub(crate) struct Report {
    /// That need something of the machine.
    n_tests: usize,
    n_lacking: usize,
    /// How many need it, of what is lacking. A test may lack several things.
    lacking: BTreeMap<Need, usize>,
    pub(crate) doctests: Option<usize>,
    /// Whether a filter has left tests out.
    pub(crate) is_part: bool,
    /// `REQUIRE=all`: what cannot run is a failure.
    pub(crate) is_required: bool,
    /// Of what `cargo test` takes a sample, with the variable that makes it all.
    pub(crate) samples: Vec<(&'static str, &'static str)>,
}

impl Report {
    pub(crate) fn count(&mut self, needs: &[Need]) {
        self.n_tests += usize::from(!needs.is_empty());
        let is_lacking = |need: &&Need| need.lack().is_some();
        let lacking: Vec<&Need> = needs.iter().filter(is_lacking).collect();
        self.n_lacking += usize::from(!lacking.is_empty());
        for need in lacking {
            *self.lacking.entry(*need).or_default() += 1;
        }
    }

    /// None, if no test was run that it would be about.
    pub(crate) fn line(&self) -> Option<String> {
        let mut sentences = match self.n_lacking {
            0 => self.everything_ran().into_iter().collect(),
            _ => self.not_run(),
        };
        if self.is_part && self.doctests.is_none() {
            sentences.push("No doctest ran: cargo test --doc NAME.".to_owned());
        }
        if !self.is_part {
            let sample = |(what, all): &(&str, &str)| {
                format!("Of the {what} cargo test takes a sample: {all}=all takes all.")
            };
            sentences.extend(self.samples.iter().map(sample));
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    fn everything_ran(&self) -> Option<String> {
        let tests = match self.n_tests {
            0 => None,
            1 => Some("1 test that needs something of the machine".to_owned()),
            n => Some(format!("{n} tests that need something of the machine")),
        };
        let ran: Vec<String> = tests.into_iter().chain(self.doctests()).collect();
        let asked_for = if self.is_part { " asked for" } else { "" };
        let words = ran.join(", and ");
        (!ran.is_empty()).then(|| format!("Everything{asked_for} ran: {words}."))
    }

    fn not_run(&self) -> Vec<String> {
        let how_bad = match self.is_required {
            true => ", and REQUIRE=all makes that a failure",
            false => "",
        };
        let (lacking, all) = (self.n_lacking, number_of(self.n_tests, "test"));
        let head = format!("Not run here{how_bad}: {lacking} of {all}.");
        let needs = self.lacking.iter();
        let needs =
            needs.map(|(need, n)| format!("{} ({n}): {}.", need.name(), need.how_to_get_it()));
        let doctests = self.doctests().map(|doctests| format!("{doctests} ran."));
        [head].into_iter().chain(needs).chain(doctests).collect()
    }

    fn doctests(&self) -> Option<String> {
        self.doctests.map(|n| number_of(n, "doctest"))
    }
}

fn number_of(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
