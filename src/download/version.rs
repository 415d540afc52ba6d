//! Which version of a file the bytes of a part are from, and whether an answer is of the same one.
//!
//! ```text
//!   the first answer ── of ──▶ Version ── is_repeated_by(a later answer) ──▶ its bytes may follow
//!                       └──▶ None: it has no name by which it could be known again
//! ```

use serde::{Deserialize, Serialize};
use ureq::http::HeaderValue;

use super::address::Address;
use super::head::Head;

/// A version of a file on a server, as its first answer described it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    /// What was asked for, without credentials.
    asked: String,
    /// Who answered in the end.
    answered: String,
    etag: Option<String>,
    last_modified: Option<String>,
    coding: Option<String>,
    length: Option<u64>,
}

impl Version {
    /// The version that an answer is of, if the server says enough to know it again.
    pub(super) fn of(head: &Head, asked: &str, from: &Address) -> Option<Self> {
        let version = Self {
            asked: asked.to_owned(),
            answered: from.without_query(),
            etag: head.etag.clone(),
            last_modified: head.last_modified.clone(),
            coding: head.coding.clone(),
            length: head.length(),
        };
        let has_name = version.has_strong_etag() || head.has_strong_date;
        (has_name && !head.names_two_versions && version.is_sound()).then_some(version)
    }

    /// What tells this version from all others: `If-Range`.
    pub(super) fn validator(&self) -> &str {
        let named = match self.has_strong_etag() {
            true => &self.etag,
            false => &self.last_modified,
        };
        named.as_deref().unwrap_or_default()
    }

    fn has_strong_etag(&self) -> bool {
        let opaque = self.etag.as_deref().and_then(|etag| {
            let inner = etag.strip_prefix('"')?.strip_suffix('"')?;
            (!inner.contains('"')).then_some(inner)
        });
        opaque.is_some()
    }

    /// Whether this can be asked for: a note may hold anything.
    pub(super) fn is_sound(&self) -> bool {
        let validator = self.validator();
        let is_date = || httpdate::parse_http_date(validator).is_ok();
        let is_header = validator.is_ascii() && HeaderValue::from_str(validator).is_ok();
        is_header && (self.has_strong_etag() || is_date())
    }

    // ANCHOR: is_repeated_by
    /// Whether an answer says that it is of this version: it repeats the validator that was asked
    /// with, and what else it says of itself was said before. Silence is no agreement, and what names
    /// two versions agrees with neither.
    pub(super) fn is_repeated_by(&self, head: &Head, from: &Address) -> bool {
        let agrees =
            |said: &Option<String>, noted: &Option<String>| said.is_none() || said == noted;
        let validator = match self.has_strong_etag() {
            true => &head.etag,
            false => &head.last_modified,
        };
        !head.names_two_versions
            && validator.as_deref() == Some(self.validator())
            && agrees(&head.etag, &self.etag)
            && agrees(&head.last_modified, &self.last_modified)
            && head.coding == self.coding
            && from.without_query() == self.answered
    }
    // ANCHOR_END: is_repeated_by

    /// Whether the file may have this length.
    pub(super) fn may_have(&self, length: u64) -> bool {
        self.length.is_none_or(|noted| noted == length)
    }

    /// Whether the file is known to have this length.
    pub(super) fn has(&self, length: u64) -> bool {
        self.length == Some(length)
    }

    pub(super) fn is_of(&self, asked: &str) -> bool {
        self.asked == asked
    }
}
