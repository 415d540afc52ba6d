//! Where an answer leads: to its own body, or to another address.
//!
//! ```text
//!   head ──▶ Arrived: no redirect, whatever else it is
//!      └───▶ Moved(Address), which is asked next ─── or why nobody can follow
//! ```

use super::address::Address;
use super::head::Head;

/// Whether an answer leads elsewhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lead {
    Arrived,
    Moved(Address),
}

/// Where the answer of `from` leads, or why it leads nowhere.
pub(super) fn lead(head: &Head, from: &Address) -> Result<Lead, &'static str> {
    if !matches!(head.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(Lead::Arrived);
    }
    match &*head.locations {
        [] => Err("missing a location header"),
        [location, others @ ..] if others.iter().all(|other| other == location) => {
            from.redirected(location).map(Lead::Moved)
        }
        _ => Err("it redirects to two places at once"),
    }
}
