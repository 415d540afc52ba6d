//! What is done with an answer: decided by its head, and by what is there already.
//!
//! ```text
//!                 ┌──▶ Whole ─────▶ the body is the file
//!   head, part ───┼──▶ Rest ──────▶ the body goes behind the part
//!                 ├──▶ Complete ──▶ the part is the file
//!                 ├──▶ Again ─────▶ of no use for the part: ask for the whole
//!                 └──▶ Refusal ───▶ an error, and the old file stays
//! ```

use super::address::Address;
use super::head::{End, Head, Range};
use super::version::Version;

/// What is done with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// The body is the whole file, and this long if that is known.
    Whole { total: Option<u64> },
    /// The body is what is behind the part, up to `end` of the file's `total`.
    Rest { end: u64, total: u64 },
    /// There is no rest: the part is the file.
    Complete { total: u64 },
    /// This says nothing that could be used for the part: the whole is asked for.
    Again,
}

/// Why an answer is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Status(u16),
    BadAnswer(&'static str),
    LengthUnknown,
    TooLarge(u64),
}

/// What a caller allows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) max_bytes: Option<u64>,
    pub(super) allow_unknown_length: bool,
}

/// What is done with the answer of `from`; `part` is what its rest was asked for.
// ANCHOR: plan
pub(super) fn plan(
    head: &Head,
    from: &Address,
    part: Option<(&Version, u64)>,
    limits: Limits,
) -> Result<Plan, Refusal> {
    let plan = match (part, head.status, head.range) {
        (Some((version, bytes)), 206, Range::Of { first, end, total })
            if version.is_repeated_by(head, from)
                && !is_coded(head, from)
                && first == bytes
                && version.may_have(total)
                // A head that contradicts itself is not to be trusted.
                && head.length().is_none_or(|length| length == end - first)
                && head.end != End::Coded =>
        {
            Plan::Rest { end, total }
        }
        // The length alone could be that of another version; ours must have had it, too.
        (Some((version, bytes)), 416, Range::Unsatisfied { total })
            if version.is_repeated_by(head, from)
                && !is_coded(head, from)
                && total == bytes
                && version.has(total) =>
        {
            Plan::Complete { total }
        }
        (Some(_), 206 | 416, _) => Plan::Again,
        // Some servers, and proxies in front of them, refuse requests that ask for a range, and only those.
        (Some(_), 400 | 403 | 405 | 406 | 412 | 501, _) => Plan::Again,
        // A whole file has no range: this one is not what its status says.
        (Some(_), 200..=299, Range::Of { .. } | Range::Unsatisfied { .. } | Range::Bad) => {
            Plan::Again
        }
        _ => whole(head, from, limits)?,
    };
    let total = match plan {
        Plan::Whole { total } => total,
        Plan::Rest { total, .. } | Plan::Complete { total } => Some(total),
        Plan::Again => None,
    };
    match (total, limits.max_bytes) {
        (Some(total), Some(limit)) if total > limit => Err(Refusal::TooLarge(limit)),
        _ => Ok(plan),
    }
}
// ANCHOR_END: plan

/// An answer to a request for the whole file.
fn whole(head: &Head, from: &Address, limits: Limits) -> Result<Plan, Refusal> {
    if !has_file(head.status) {
        return Err(Refusal::Status(head.status));
    }
    match head.range {
        Range::None => {}
        // Needless, and true.
        Range::Of {
            first: 0,
            end,
            total,
        } if end == total && head.length() == Some(total) => {}
        _ => {
            return Err(Refusal::BadAnswer(
                "a whole file that is said to be a range of one",
            ));
        }
    }
    if is_coded(head, from) {
        let why = "its content is coded in a way that nobody asked for (Content-Encoding)";
        return Err(Refusal::BadAnswer(why));
    }
    match head.end {
        End::Coded => {
            let why = "its transfer is coded in a way that nobody asked for";
            Err(Refusal::BadAnswer(why))
        }
        End::Connection if !limits.allow_unknown_length => Err(Refusal::LengthUnknown),
        _ => Ok(Plan::Whole {
            total: head.length(),
        }),
    }
}

/// What a file is called whose bytes are coded in this way: such a file is meant to be kept as it comes, and
/// many a server says of `a.tar.gz` that it is a coded `a.tar`.
const NAMED_BY_CODING: [(&str, &[&str]); 6] = [
    ("gzip", &[".gz", ".tgz", ".svgz"]),
    ("x-gzip", &[".gz", ".tgz", ".svgz"]),
    ("compress", &[".z", ".taz"]),
    ("x-compress", &[".z", ".taz"]),
    ("br", &[".br"]),
    ("zstd", &[".zst"]),
];

/// Whether the body is not the file, but what a coding has made of it, though `identity` was asked for. curl
/// and wget save it as it comes, and say that all is well.
///
/// <https://curl.se/docs/manpage.html#--compressed>,
/// <https://www.gnu.org/software/wget/manual/html_node/HTTP-Options.html>
fn is_coded(head: &Head, from: &Address) -> bool {
    let coding = head.coding.as_deref().unwrap_or_default();
    let coding = coding.to_ascii_lowercase();
    let names = coding.split(',').map(str::trim);
    let names: Vec<&str> = names
        .filter(|name| !matches!(*name, "" | "identity"))
        .collect();
    let path = from.url().path().to_ascii_lowercase();
    match *names {
        [] => false,
        [name] => !NAMED_BY_CODING
            .iter()
            .filter(|(coding, _)| *coding == name)
            .any(|(_, ends)| ends.iter().any(|end| path.ends_with(end))),
        _ => true,
    }
}

/// Whether the body of an answer with this status is the file. Not every success has it: there is none
/// yet (202) or none at all (204, 205), or it is a part that nobody asked for (206), a list of statuses
/// (207) or a difference from another version (226). A status that nobody knows counts as 200.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-15.3>
fn has_file(status: u16) -> bool {
    (200..=299).contains(&status) && !matches!(status, 202 | 204..=207 | 226)
}
