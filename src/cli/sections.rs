//! The sections: one file each, named as its subcommand, and what they share.
//!
//! | file | for | what |
//! |---|---|---|
//! | `context` | all | what a section is given, and the outcome that it gives back |
//! | `downloads` | §1 to §3, §9 | three files, downloaded one after the other or on threads |
//! | `watchers` | §5 to §8 | files to watch and to touch, and what a watcher reports |

pub(crate) mod context;
mod downloads;
mod watchers;

mod compare;
pub(crate) mod daemon;
mod event;
mod flags;
mod join;
mod locked_flags;
mod process_pool;
mod processes;
mod sequential;
mod start;
mod thread_pool;

use self::context::{Context, Outcome};
use super::failure::Failure;
use super::notebook::SectionCommand;

/// What the subcommand of a section runs.
pub(crate) fn run(section: SectionCommand, context: &Context) -> Result<Outcome, Failure> {
    match section {
        SectionCommand::Sequential => sequential::run(context),
        SectionCommand::Start => start::run(context),
        SectionCommand::Join => join::run(context),
        SectionCommand::Daemon => daemon::run(context),
        SectionCommand::Event => event::run(context),
        SectionCommand::Flags => flags::run(context),
        SectionCommand::LockedFlags => locked_flags::run(context),
        SectionCommand::ThreadPool => thread_pool::run(context),
        SectionCommand::Processes => processes::run(context),
        SectionCommand::ProcessPool => process_pool::run(context),
        SectionCommand::Compare => compare::run(context),
    }
}
