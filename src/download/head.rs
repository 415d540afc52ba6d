//! What an answer says before its body.
//!
//! ```text
//!   status · where the body ends · its version · of which range it is · when to ask again · where else
//! ```
//!
//! Nothing is decided here: what is missing is `None`, and what cannot be read is told from what is
//! not there where that makes a difference.

use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, Response, Version};

/// What an answer says before its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) end: End,
    pub(super) range: Range,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// Whether two values of `ETag` or of `Last-Modified` contradict each other.
    pub(super) names_two_versions: bool,
    /// Whether `last_modified` is one version's alone.
    pub(super) has_strong_date: bool,
    /// How the file is coded for its way, such as `gzip`.
    pub(super) coding: Option<String>,
    pub(super) locations: Vec<Vec<u8>>,
    pub(super) retry_after: Option<Duration>,
}

/// What says where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Length(u64),
    /// Chunks, the last of which is empty.
    Chunks,
    /// Nothing but the connection's end.
    Connection,
    /// The transfer is coded in a way that nobody asked for.
    Coded,
}

/// What `Content-Range` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// It is not there.
    None,
    /// `bytes 3-9/10` is from 3 to 10 of 10.
    Of { first: u64, end: u64, total: u64 },
    /// `bytes */10`: there is nothing in the range that was asked for.
    Unsatisfied { total: u64 },
    /// It cannot be read, or the body has several ranges.
    Bad,
}

impl Head {
    pub(super) fn of<B>(response: &Response<B>) -> Self {
        let headers = response.headers();
        let status = response.status().as_u16();
        let last_modified = text(headers, "last-modified");
        Self {
            status,
            end: end_of(status, response.version(), headers),
            range: range_of(headers),
            etag: text(headers, "etag"),
            has_strong_date: last_modified.is_some() && is_strong_date(headers),
            last_modified,
            names_two_versions: ["etag", "last-modified"]
                .iter()
                .any(|name| all_equal(headers, name).is_none()),
            coding: coding_of(headers),
            locations: all(headers, "location").map(<[u8]>::to_vec).collect(),
            retry_after: retry_after(headers),
        }
    }

    /// The body's length, if it was announced.
    pub(super) fn length(&self) -> Option<u64> {
        match self.end {
            End::Length(length) => Some(length),
            End::Chunks | End::Connection | End::Coded => None,
        }
    }
}

fn end_of(status: u16, version: Version, headers: &HeaderMap) -> End {
    let codings = all(headers, "transfer-encoding").map(String::from_utf8_lossy);
    let codings: Vec<String> = codings
        .flat_map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>())
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect();
    let names: Vec<&str> = codings.iter().map(String::as_str).collect();
    match (&*names, status) {
        // They have no body, whatever else they say.
        (_, 204 | 304) => End::Length(0),
        // HTTP/1.0 knows no codings, so nobody knows what is meant.
        (["chunked"], _) if version != Version::HTTP_10 => End::Chunks,
        ([_, ..], _) => End::Coded,
        ([], _) => {
            let length = text(headers, "content-length").and_then(|length| length.parse().ok());
            length.map_or(End::Connection, End::Length)
        }
    }
}

fn range_of(headers: &HeaderMap) -> Range {
    let is_several = text(headers, "content-type").is_some_and(|kind| {
        kind.to_ascii_lowercase()
            .starts_with("multipart/byteranges")
    });
    let mut ranges = all(headers, "content-range");
    match (ranges.next(), ranges.next()) {
        (None, _) if !is_several => Range::None,
        (Some(range), None) if !is_several => read_range(range).unwrap_or(Range::Bad),
        _ => Range::Bad,
    }
}

fn read_range(range: &[u8]) -> Option<Range> {
    // Without a sign, which `parse` would take.
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u64>().ok()).flatten()
    };
    let range = std::str::from_utf8(range).ok()?.trim();
    let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let total = number(total)?;
    if range == "*" {
        return Some(Range::Unsatisfied { total });
    }
    let (first, last) = range.split_once('-')?;
    let (first, end) = (number(first)?, number(last)?.checked_add(1)?);
    (first < end && end <= total).then_some(Range::Of { first, end, total })
}

/// Whether the file cannot have changed once more within the second that `Last-Modified` names.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2>
fn is_strong_date(headers: &HeaderMap) -> bool {
    let date = |name| httpdate::parse_http_date(&all_equal(headers, name)??).ok();
    let (now, margin) = match date("date") {
        Some(now) => (now, Duration::from_secs(1)),
        // Our clock and the server's may differ.
        None => (SystemTime::now(), Duration::from_secs(60)),
    };
    let age = date("last-modified").and_then(|modified| now.duration_since(modified).ok());
    age.is_some_and(|age| age >= margin)
}

/// How long a `Retry-After` header asks to wait: so many seconds, or until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, "retry-after")?;
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are too many all the same.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date that has passed asks for no wait.
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

fn all<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let values = headers.get_all(name).into_iter();
    values.map(|value| value.as_bytes())
}

/// The first header of a name.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    all(headers, name).next().map(letters)
}

/// What all headers of a name say, if it is the same.
fn all_equal(headers: &HeaderMap, name: &str) -> Option<Option<String>> {
    let first = all(headers, name).next();
    let is_same = all(headers, name).all(|value| Some(value) == first);
    is_same.then(|| first.map(letters))
}

/// A list in several lines is one list.
fn coding_of(headers: &HeaderMap) -> Option<String> {
    let lines: Vec<String> = all(headers, "content-encoding").map(letters).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// Each byte beyond ASCII is some letter, so that two texts differ if their bytes do.
fn letters(value: &[u8]) -> String {
    value.iter().map(|byte| char::from(*byte)).collect()
}
