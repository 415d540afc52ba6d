//! What to poll for a worker, and what that has said.
//!
//! ```text
//!   channel …, its bell │ stderr │ the end of its process        in this order, each where there is one
//! ```

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags};

use super::{Link, Ready};

impl Link {
    /// What to poll.
    pub(crate) fn sources<'a>(&'a self, into: &mut Vec<PollFd<'a>>) {
        self.channel.sources(self.outgoing.is_some(), into);
        into.extend(self.last_words.source());
        let end = self.polled_end();
        into.extend(end.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
    }

    /// What `poll` has said of [these sources](Self::sources).
    pub(crate) fn readiness(&self, sources: &[PollFd<'_>]) -> Ready {
        let mut last = sources.iter().rev();
        let mut next = |is_there: bool| {
            let source = is_there.then(|| last.next()).flatten();
            source.is_some_and(|source| !source.revents().is_empty())
        };
        let end = next(self.polled_end().is_some());
        let words = next(self.last_words.source().is_some());
        let bell = next(self.channel.has_bell());
        let channel = last.any(|source| !source.revents().is_empty());
        Ready {
            channel,
            bell,
            words,
            end,
        }
    }

    fn polled_end(&self) -> Option<BorrowedFd<'_>> {
        self.child.end().filter(|_| self.ended.is_none())
    }
}
