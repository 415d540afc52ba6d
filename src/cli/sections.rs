//! What the subcommand of each section runs.

use super::context::Context;
use super::failure::Failure;
use super::notebook::SectionCommand;
use super::outcome::Outcome;
use super::{
    compare, daemon, event, flags, join, locked_flags, process_pool, processes, sequential, start,
    thread_pool,
};

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
