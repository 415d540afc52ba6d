//! A crew of workers that are a list, for the models of who drives it.
//!
//! What is sent has ended at the next look, one job a look, but for the slow one, which ends once another
//! one has. A look at nothing waits for a nudge.

use crate::sync::{Arc, Condvar, Deadline, Mutex};
use crate::turns::{Crew, Nudge, Turns, Wheel};

pub(crate) const SLOW: u64 = 9;

#[derive(Default)]
pub(crate) struct Jobs {
    inbox: Vec<u64>,
    ended: Vec<u64>,
    unended: usize,
    woken: Vec<u64>,
    is_closed: bool,
}

impl Jobs {
    /// Whether it takes the job.
    pub(crate) fn submit(&mut self, job: u64) -> bool {
        if !self.is_closed {
            self.inbox.push(job);
            self.unended += 1;
        }
        !self.is_closed
    }

    pub(crate) fn take(&mut self, job: u64) -> Option<()> {
        let place = self.ended.iter().position(|ended| *ended == job)?;
        self.ended.remove(place);
        Some(())
    }

    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }
}

impl Crew for Jobs {
    type Wheel = List;

    fn feed(&mut self, list: &mut List) {
        self.unended -= list.done.len();
        self.woken.extend(&list.done);
        self.ended.append(&mut list.done);
        list.sent.append(&mut self.inbox);
    }

    fn take_woken(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.woken)
    }

    fn is_busy(&self) -> bool {
        self.unended > 0
    }

    fn has_ended(&self) -> bool {
        self.is_closed && self.unended == 0
    }

    // To wake the background is never wrong, only in the way: the models see that it is not needed.
    fn is_busy_beyond(&self, _: &[u64]) -> bool {
        false
    }
}

pub(crate) struct List {
    sent: Vec<u64>,
    done: Vec<u64>,
    others: usize,
    nudged: Arc<Bell>,
    run: Box<dyn Fn(u64) + Send + Sync>,
}

impl Wheel for List {
    type Nudge = Arc<Bell>;

    fn look(&mut self, until: &Deadline) {
        let others = self.others;
        let ready = self.sent.iter().position(|job| *job != SLOW || others > 0);
        let Some(place) = ready else {
            return self.nudged.wait(until);
        };
        let job = self.sent.remove(place);
        (self.run)(job);
        self.done.push(job);
        self.others += usize::from(job != SLOW);
    }

    fn glance(&mut self) {}
}

#[derive(Default)]
pub(crate) struct Bell {
    has_rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn wait(&self, until: &Deadline) {
        let mut has_rung = self.has_rung.lock();
        while !*has_rung && !until.has_passed() {
            has_rung = self.changed.wait_until(has_rung, until);
        }
        *has_rung = false;
    }
}

impl Nudge for Arc<Bell> {
    fn nudge(&self) {
        *self.has_rung.lock() = true;
        self.changed.notify_one();
    }
}

/// The turns of such a crew, whose jobs do this.
pub(crate) fn turns(run: impl Fn(u64) + Send + Sync + 'static) -> Arc<Turns<Jobs>> {
    let bell = Arc::new(Bell::default());
    let list = List {
        sent: Vec::new(),
        done: Vec::new(),
        others: 0,
        nudged: bell.clone(),
        run: Box::new(run),
    };
    Arc::new(Turns::new(Jobs::default(), list, bell))
}
