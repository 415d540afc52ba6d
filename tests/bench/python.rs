//! A Python peer: one process that waits for the name of a case, runs it once, and says how long.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::harness::Group;
use crate::machine::ROOT;

/// Python may be missing: then its rows say so.
pub(crate) struct Python(Option<RefCell<Peer>>);

struct Peer {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Python {
    /// Starts `fixtures/python/<script>`, if python3 is there and runs it.
    pub(crate) fn start(group: &mut Group, script: &str) -> Self {
        let child = Command::new("python3")
            .arg(format!("{ROOT}/fixtures/python/{script}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            return Self(None);
        };
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut peer = Peer { child, to, from };
        let Some(versions) = peer.ask("versions") else {
            return Self(None);
        };
        for version in versions.trim().split(", ") {
            let (name, version) = version.split_once(' ').unwrap_or((version, ""));
            group.version(name, version);
        }
        Self(Some(RefCell::new(peer)))
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the script can run this case, which may need more than the standard library.
    pub(crate) fn has(&self, case: &str) -> bool {
        let peer = self.0.as_ref();
        let answer = peer.and_then(|peer| peer.borrow_mut().ask(&format!("has {case}")));
        answer.is_some_and(|answer| answer.trim() == "yes")
    }

    /// Runs a case; the seconds that it says, or none at all if it failed.
    pub(crate) fn run(&self, case: &str) -> Vec<f64> {
        let peer = self.0.as_ref().expect("asked only if it is there");
        let line = peer.borrow_mut().ask(case).unwrap_or_default();
        let numbers = line.split_whitespace().map(|number| number.parse());
        numbers
            .collect::<Result<_, _>>()
            .unwrap_or_else(|_| panic!("python3 says {line:?} to {case}"))
    }

    pub(crate) fn seconds(&self, case: &str) -> f64 {
        self.run(case).first().copied().unwrap_or(f64::NAN)
    }
}

impl Peer {
    fn ask(&mut self, line: &str) -> Option<String> {
        writeln!(self.to.as_mut()?, "{line}").ok()?;
        let mut answer = String::new();
        let length = self.from.read_line(&mut answer).ok()?;
        (length > 0).then_some(answer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.to.take());
        let _ = self.child.wait();
    }
}
