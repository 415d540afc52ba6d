//! Orders of steps: small programs whose threads take their steps in an order that is given.
//!
//! ```text
//!   schedule  A B B A          the baton goes to A, then B, B, A
//!   thread A  reads 0 ─────────────────────▶ writes 1
//!   thread B          reads 0 ─▶ writes 1             one update is lost
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a thread's step | the baton's lock, while the step's few lines run | the program's data, the log | everybody who waits for a turn |
//! | a thread waits for its turn | the lock, given up while it sleeps | what it needs next | nobody |
//!
//! A schedule is a string with a letter for each step: `ABBA`. The threads are real ones; the baton
//! only decides who goes next. A step may need a lock that is free, a notification that has come, or
//! room in a queue, or another thread's start or end; when nobody can go and somebody has not ended,
//! the run is stuck, which is a verdict and no hang.
//!
//! The same programs run under the model checker without a schedule: there it decides who goes
//! next, and must find the very orders that [`Version::orders`] enumerates.
//!
//! Needs the feature `program`.

mod actor;
mod baton;
mod programs;

use std::collections::BTreeSet;
use std::fmt;

use self::actor::{Actor, Condition, Over};
use self::baton::{Baton, impossible};
pub use self::programs::PROGRAMS;
use crate::sync::Arc;

/// A small program in a broken and a mended version.
#[derive(Debug)]
pub struct Program {
    /// The name on the command line.
    pub name: &'static str,
    /// What goes wrong in the broken version.
    pub about: &'static str,
    /// The version that some order breaks.
    pub broken: Version,
    /// The version that no order breaks.
    pub mended: Version,
}

/// One version of a program.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// What the version is called: "unlocked", "locked".
    pub name: &'static str,
    cast: fn() -> Cast,
}

/// The threads of one run and the judge of its end. They share the program's data.
pub(crate) struct Cast {
    bodies: Vec<Body>,
    /// Threads that sleep before anybody has taken a step.
    asleep: Vec<usize>,
    /// The shared variables, in words.
    look: Look,
    judge: Box<dyn FnOnce() -> Verdict + Send>,
}

type Look = Box<dyn Fn() -> String + Send + Sync>;

type Body = Box<dyn FnOnce(&Actor) -> Result<(), Over> + Send>;

/// How a run ended, in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should.
    Good(String),
    /// As the broken version may.
    Bad(String),
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Which thread: `A`, `B`, …
    pub thread: char,
    /// What it did.
    pub words: String,
    /// Where it stands: the line in the file of the program.
    pub line: u32,
    /// What was so after it: the shared variables, who has which lock, who sleeps.
    pub then: String,
}

/// A whole run: the order, the steps and the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// A letter for each step.
    pub schedule: String,
    /// What was so before the first step, as in [`Step::then`].
    pub before: String,
    /// The steps, in that order.
    pub steps: Vec<Step>,
    /// How it ended.
    pub verdict: Verdict,
}

/// The schedule asks for a step that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "step {step} of {schedule:?} cannot be taken by {thread}: {why}; possible here: {possible}"
)]
pub struct Impossible {
    /// The schedule.
    pub schedule: String,
    /// Which letter of it, from 1.
    pub step: usize,
    /// Who should have gone.
    pub thread: char,
    /// Why it cannot.
    pub why: String,
    /// Who could.
    pub possible: String,
}

impl Program {
    /// The program of this name, if there is one.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROGRAMS.iter().find(|program| program.name == name)
    }

    /// The program's page for the book: every order of both versions, step by step.
    ///
    /// `orders` says which runs a version has: those of [`Version::orders`], or those that somebody
    /// else has found and that should be the same.
    pub fn to_markdown(&self, orders: impl Fn(&Version) -> Vec<Run>) -> String {
        let mut page = format!("{}\n", capitalised(self.about) + ".");
        for version in self.versions() {
            let runs = orders(version);
            let bad = runs.iter().filter(|run| !run.verdict.is_good()).count();
            page += &format!(
                "\n### {}: {}\n",
                capitalised(version.name),
                count(runs.len(), bad)
            );
            for run in &runs {
                page += &format!("\n{run}");
            }
        }
        page
    }

    /// Both versions, the broken one first.
    pub fn versions(&self) -> [&Version; 2] {
        [&self.broken, &self.mended]
    }
}

impl Version {
    /// Runs the version on real threads in this order.
    ///
    /// # Blocking
    /// Until every thread has ended, or nobody can go any more.
    ///
    /// # Errors
    /// [`Impossible`] if a letter names a thread that cannot go then, or letters are missing or left.
    ///
    /// # Examples
    /// ```
    /// use threadproof::schedule::{Program, Verdict};
    ///
    /// let program = Program::named("lost-update").unwrap();
    /// let run = program.broken.replay("ABBA").unwrap();
    /// assert!(matches!(run.verdict, Verdict::Bad(_)));
    /// assert!(program.mended.replay("ABBA").is_err(), "B cannot go while A has the lock");
    /// ```
    pub fn replay(&self, schedule: &str) -> Result<Run, Impossible> {
        match self.follow(schedule) {
            Ended::Whole(run) => Ok(run),
            Ended::Impossible(impossible) => Err(impossible),
            Ended::Halted(possible) => {
                let why = "the schedule ends before the program does".to_owned();
                Err(impossible(
                    schedule.to_owned(),
                    schedule.chars().count(),
                    why,
                    &possible,
                ))
            }
        }
    }

    /// Every order that this version's steps can be taken in, alphabetically.
    pub fn orders(&self) -> Vec<Run> {
        let (mut runs, mut prefixes) = (Vec::new(), vec![String::new()]);
        while let Some(prefix) = prefixes.pop() {
            match self.follow(&prefix) {
                Ended::Whole(run) => runs.push(run),
                Ended::Halted(possible) => {
                    prefixes.extend(possible.into_iter().map(|next| format!("{prefix}{next}")));
                }
                Ended::Impossible(why) => unreachable!("only possible steps are tried: {why}"),
            }
        }
        runs.sort();
        runs
    }

    fn follow(&self, schedule: &str) -> Ended {
        self.run(Some(schedule.chars().collect()))
    }

    /// Runs the version; without an order whoever comes first goes first.
    pub(crate) fn run(&self, order: Option<Vec<char>>) -> Ended {
        let cast = (self.cast)();
        let baton = Arc::new(Baton::new(order, cast.bodies.len(), cast.asleep, cast.look));
        let start = |(index, body): (usize, Body)| {
            let actor = Actor {
                index,
                baton: baton.clone(),
            };
            crate::sync::thread::spawn(move || {
                // An early end is noted in the baton.
                let _ = body(&actor);
                actor.baton.leave(index);
            })
        };
        let threads: Vec<_> = cast.bodies.into_iter().enumerate().map(start).collect();
        for thread in threads {
            thread.join().expect("a program's step does not panic");
        }
        baton.end(cast.judge)
    }
}

/// How far a run came.
#[derive(Debug)]
pub(crate) enum Ended {
    Whole(Run),
    /// The order ended before the program; these threads could go on.
    Halted(BTreeSet<char>),
    Impossible(Impossible),
}

/// "6 orders, 4 bad".
pub fn count(orders: usize, bad: usize) -> String {
    let bad = if bad == 0 {
        "all good".to_owned()
    } else {
        format!("{bad} bad")
    };
    format!(
        "{orders} order{}, {bad}",
        if orders == 1 { "" } else { "s" }
    )
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// As Markdown: the order and its end, then a table with a column a thread.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads: BTreeSet<char> = self.steps.iter().map(|step| step.thread).collect();
        writeln!(f, "`{}` is {}\n", self.schedule, self.verdict)?;
        let row = |f: &mut fmt::Formatter<'_>, first: &str, cell: &dyn Fn(char) -> String| {
            write!(f, "| {first} |")?;
            threads
                .iter()
                .try_for_each(|thread| write!(f, " {} |", cell(*thread)))?;
            writeln!(f)
        };
        row(f, "step", &|thread| thread.to_string())?;
        row(f, "---", &|_| "---".to_owned())?;
        for (number, step) in (1..).zip(&self.steps) {
            row(f, &format!("{number}"), &|thread| {
                if thread == step.thread {
                    step.words.clone()
                } else {
                    String::new()
                }
            })?;
        }
        Ok(())
    }
}

impl Verdict {
    /// Whether the run ended as it should.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(words) => write!(f, "good: {words}"),
            Self::Bad(words) => write!(f, "bad: {words}"),
        }
    }
}
