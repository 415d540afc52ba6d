//! The harness: which tests run, which are ignored and why, and what the run ends with.

use std::any::type_name;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{PoisonError, RwLock};

use libtest_mimic::{Arguments, Completion, Failed, FormatSetting, Trial};

use crate::doctests;
use crate::needs::{Lack, Need};
use crate::report::Report;

/// A test, and what it needs of the machine.
pub(crate) struct Test {
    name: String,
    needs: &'static [Need],
    company: Company,
    body: Box<dyn FnOnce() -> Result<(), Failed> + Send>,
}

/// What may run beside a test.
enum Company {
    Others,
    /// It measures, and others would take its cores.
    Nobody,
}

impl Test {
    /// A test that has the name of its function, and fails by a panic.
    pub(crate) fn new<F>(needs: &'static [Need], function: F) -> Self
    where
        F: FnOnce() + Send + 'static,
    {
        Self {
            name: name_of::<F>(),
            needs,
            company: Company::Others,
            body: Box::new(|| {
                function();
                Ok(())
            }),
        }
    }

    /// A test that needs only cargo, and says what is wrong.
    pub(crate) fn telling<F>(function: F) -> Self
    where
        F: FnOnce() -> Result<(), String> + Send + 'static,
    {
        Self {
            name: name_of::<F>(),
            needs: &[],
            company: Company::Others,
            body: Box::new(|| function().map_err(Failed::from)),
        }
    }

    /// A test for each row of a table, which has the row's name and what the function is given.
    pub(crate) fn cases<F, T, const N: usize>(
        needs: &'static [Need],
        function: F,
        table: [(&str, T); N],
    ) -> Vec<Self>
    where
        F: Fn(T) + Copy + Send + 'static,
        T: Send + 'static,
    {
        let case = |(row, given)| Self {
            name: format!("{}::{row}", name_of::<F>()),
            ..Self::new(needs, move || function(given))
        };
        table.into_iter().map(case).collect()
    }

    pub(crate) fn alone(self) -> Self {
        Self {
            company: Company::Nobody,
            ..self
        }
    }

    /// Why it cannot run here, if it cannot.
    fn lack(&self) -> Option<Lack> {
        let lacks = self.needs.iter().filter_map(|need| need.lack().cloned());
        lacks.reduce(Lack::and)
    }

    fn run(self) -> Result<Completion, Failed> {
        static COMPANY: RwLock<()> = RwLock::new(());
        let outcome = match self.company {
            Company::Others => {
                let _others = COMPANY.read().unwrap_or_else(PoisonError::into_inner);
                (self.body)()
            }
            Company::Nobody => {
                let _nobody = COMPANY.write().unwrap_or_else(PoisonError::into_inner);
                (self.body)()
            }
        };
        outcome.map(|()| Completion::Completed)
    }
}

/// The path of a function within this crate, so that what the book cites is what is run.
fn name_of<F>() -> String {
    let path = type_name::<F>();
    path.split_once("::").map_or(path, |(_, name)| name).into()
}

/// What becomes of a test that cannot run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Else {
    /// It is ignored, and says why.
    Ignored,
    /// A list shows it as ignored. If it is asked for all the same, it fails.
    Marked,
    /// `REQUIRE=all`: it fails.
    Failed,
}

pub(crate) fn run(tests: Vec<Test>) -> ExitCode {
    let arguments = Arguments::from_args();
    let is_all = |name: &str| env::var_os(name).is_some_and(|value| value == "all");
    let otherwise = match () {
        () if is_all("REQUIRE") => Else::Failed,
        () if arguments.list || arguments.ignored || arguments.include_ignored => Else::Marked,
        () => Else::Ignored,
    };
    let mut report = Report::default();
    let trials = tests.into_iter().map(|test| {
        // Nothing is looked for in vain: what nobody asked for is left out by its name alone.
        if !is_asked_for(&arguments, &test.name) {
            return Trial::test(test.name, || Ok(()));
        }
        let needs = test.needs;
        let trial = trial(test, otherwise);
        if !arguments.is_filtered_out(&trial) && !arguments.is_ignored(&trial) {
            report.count(needs);
        }
        trial
    });
    let trials = trials.collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    report.is_required = is_all("REQUIRE");
    report.samples = vec![("faults", "FAULTS"), ("breaks", "MUTANTS")];
    report.samples.retain(|(_, variable)| !is_all(variable));
    report.is_part = conclusion.num_filtered_out > 0;
    report.doctests = doctests::passed();
    let is_for_people = !arguments.list && arguments.format != Some(FormatSetting::Json);
    if let Some(line) = report.line().filter(|_| is_for_people) {
        // If nobody reads any more, there is nobody to be told.
        let _ = writeln!(io::stdout(), "{line}");
    }
    conclusion.exit_code()
}

fn is_asked_for(arguments: &Arguments, name: &str) -> bool {
    let by_name = Arguments {
        ignored: false,
        ..arguments.clone()
    };
    !by_name.is_filtered_out(&Trial::test(name, || Ok(())))
}

fn trial(test: Test, otherwise: Else) -> Trial {
    let name = test.name.clone();
    let Some(lack) = test.lack() else {
        return Trial::ignorable_test(name, || test.run());
    };
    match (lack, otherwise) {
        (Lack::Missing(why), Else::Ignored) => {
            Trial::ignorable_test(name, || Ok(Completion::ignored_with(why)))
        }
        (Lack::Missing(why), Else::Marked) => {
            Trial::test(name, || Err(why.into())).with_ignored_flag(true)
        }
        (Lack::Missing(why), Else::Failed) | (Lack::Broken(why), _) => {
            Trial::test(name, || Err(why.into()))
        }
    }
}
