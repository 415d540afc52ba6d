//! A schedule step by step, and how it is shown: a column a thread, a row a step.
//!
//! The recorder notes the steps, the programs print them, and `tests/mutants` reads them from a run's
//! output; so this file has nothing of loom's.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// One step of a schedule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    /// 0 is the model's own thread, the others are numbered as they are started.
    pub(crate) thread: usize,
    pub(crate) operation: String,
    pub(crate) object: String,
    pub(crate) value: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    /// False for a step that was begun and never done: there the thread is blocked.
    pub(crate) done: bool,
}

/// How a schedule ended, as far as its steps can show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nobody could go on, and not everybody had come to an end.
    Stuck,
    Otherwise,
}

/// In the order of the table: the last are the steps that could not be done.
pub(crate) fn shown(steps: &[Step], ended: Ended) -> Vec<&Step> {
    let (done, open): (Vec<&Step>, Vec<&Step>) = steps.iter().partition(|step| step.done);
    let open = open.into_iter();
    let open = open.filter(|step| !step.end(steps, ended).is_empty());
    done.into_iter().chain(open).collect()
}

/// As markdown. The last rows are the steps that could not be done.
pub(crate) fn table(steps: &[Step], ended: Ended) -> String {
    let mut table = String::new();
    let threads = 1 + steps.iter().map(|step| step.thread).max().unwrap_or(0);
    let names: String = (1..threads).map(|thread| format!(" T{thread} |")).collect();
    let _ = writeln!(table, "| step | main |{names} where |");
    let _ = writeln!(table, "|{}", " --- |".repeat(threads + 2));
    for (number, step) in shown(steps, ended).into_iter().enumerate() {
        let words = step.in_words() + step.end(steps, ended);
        let cells: String = (0..threads)
            .map(|thread| if thread == step.thread { &*words } else { "" })
            .map(|cell| format!(" {cell} |"))
            .collect();
        let number = number + 1;
        let _ = writeln!(table, "| {number} |{cells} {}:{} |", step.file, step.line);
    }
    table
}

impl Step {
    /// What became of a step after which its thread did not go on.
    pub(crate) fn end(&self, steps: &[Self], ended: Ended) -> &'static str {
        let last = steps.iter().rfind(|step| step.thread == self.thread);
        let is_last = last.is_some_and(|last| std::ptr::eq(last, self));
        let sleeps = is_last && self.operation == "sleep";
        let is_of_data = ["read", "write"].contains(&self.operation.as_str());
        match ended {
            Ended::Stuck if sleeps || !self.done => ": **for ever**",
            Ended::Otherwise if is_of_data && !self.done => ": **data race**",
            _ => "",
        }
    }

    fn in_words(&self) -> String {
        let Self { object, value, .. } = self;
        match self.operation.as_str() {
            "start" => format!("starts {object}"),
            "join" => format!("joins {object}"),
            "lock" => format!("takes the {object}"),
            "unlock" => format!("gives the {object} back"),
            "sleep" => format!("sleeps on the {object}, {value}"),
            "wake up" => format!("wakes up, {value}"),
            "notify one" => format!("notifies one at the {object}"),
            "notify all" => format!("notifies all at the {object}"),
            "read" => format!("reads the {object}"),
            "call" => format!("calls `{object}`"),
            "answer" => format!("`{object}` gives `{value}`"),
            other => format!("{other}s the {object}: {value}"),
        }
    }
}
