//! What a URL is allowed to be, where a redirect leads, and what of both may be shown.
//!
//! ```text
//!   text ── read ──▶ Address ── redirected(Location) ──▶ Address ──▶ …
//!            └──▶ why it is none              └──▶ why it cannot be followed
//! ```

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{CONTROLS, percent_decode_str, percent_encode};
use ureq::http::Uri;
use url::{ParseError, Url};

/// The most bytes that a URL may have; the client's own type holds few more.
const LONGEST: usize = 65_000;

/// Why an address of another scheme is none here.
const UNKNOWN_SCHEME: &str = "its scheme is not supported";

/// Where to ask: `http` or `https`, a host, and no fragment. Each hop of a redirect is one.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// With the credentials that it may carry.
    url: Url,
}

impl Address {
    /// Reads what a caller wrote; spaces and letters beyond ASCII are encoded as browsers do it.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        if text.contains(char::is_control) {
            return Err("it has a control character in it");
        }
        // Browsers take `http:a.org` and `http:///a.org` for addresses; here they are slips.
        let rest = match text.trim_start().split_once(':') {
            None => return Err("it has no scheme"),
            Some((scheme, rest)) if is_fetched(scheme) => rest.strip_prefix("//"),
            Some((scheme, _)) if scheme.contains(['/', '.', '@']) => {
                return Err("it has no scheme");
            }
            Some(_) => return Err(UNKNOWN_SCHEME),
        };
        let rest = rest.filter(|rest| !rest.starts_with(['/', '\\']));
        let host = rest.and_then(|rest| rest.split(['/', '\\', '?', '#']).next());
        match host {
            None => return Err("it names no host"),
            // RFC 3986 allows it, but then it is more likely a password with a slash in it.
            Some(host) if host.ends_with(':') => return Err("its port is no number up to 65535"),
            Some(_) => {}
        }
        Self::checked(Url::parse(text))
    }

    /// Where a `Location` leads: RFC 3986 §5, with what browsers make of it beyond that.
    ///
    /// Credentials go along to the same scheme, host and port, and nowhere else. Those that the
    /// `Location` names itself are used for what it names.
    pub(super) fn redirected(&self, location: &[u8]) -> Result<Self, &'static str> {
        // Bytes beyond ASCII are sent as they are, whatever they were meant to be; the controls of
        // a `Url` would be left out in silence.
        let location = percent_encode(location, CONTROLS).to_string();
        let next = Self::checked(self.url.join(&location));
        let mut next = next.map_err(|why| match why {
            UNKNOWN_SCHEME => "it redirects to an address that is not http or https",
            why => why,
        })?;
        if self.is_https() && !next.is_https() {
            return Err("it redirects from https to http");
        }
        if next.url.origin() == self.url.origin() && !next.has_credentials() {
            // Neither can fail for a URL with a host.
            let _ = next.url.set_username(self.url.username());
            let _ = next.url.set_password(self.url.password());
        }
        Ok(next)
    }

    /// What is checked of every hop.
    fn checked(read: Result<Url, ParseError>) -> Result<Self, &'static str> {
        let mut url = read.map_err(|error| match error {
            ParseError::InvalidPort => "its port is no number up to 65535",
            ParseError::EmptyHost => "it names no host",
            ParseError::RelativeUrlWithoutBase => "it has no scheme",
            _ => "it cannot be read as a URL",
        })?;
        if !is_fetched(url.scheme()) {
            return Err(UNKNOWN_SCHEME);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err("it names no host");
        }
        url.set_fragment(None);
        if url.as_str().len() > LONGEST {
            return Err("it is too long");
        }
        let address = Self { url };
        // The client takes less for a host than browsers do.
        let asked = address.to_ask().parse::<Uri>();
        asked.map_or(Err("it cannot be read as a URL"), |_| Ok(address))
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }

    /// What the request's line and its `Host` say: the URL without credentials.
    pub(super) fn to_ask(&self) -> String {
        let mut url = self.url.clone();
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.into()
    }

    /// The same without its query, which may be a signature that differs each time.
    pub(super) fn without_query(&self) -> String {
        let asked = self.to_ask();
        asked.split('?').next().unwrap_or_default().to_owned()
    }

    /// `Authorization`, if the URL names somebody: what its percent signs stand for.
    pub(super) fn authorization(&self) -> Option<String> {
        let user: Vec<u8> = percent_decode_str(self.url.username()).collect();
        let password = self.url.password().unwrap_or_default();
        let password = percent_decode_str(password);
        self.has_credentials().then(|| {
            let both: Vec<u8> = user.into_iter().chain(*b":").chain(password).collect();
            format!("Basic {}", BASE64_STANDARD.encode(both))
        })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

fn is_fetched(scheme: &str) -> bool {
    ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The URL as it may be shown: without the user name and the password that it may carry.
///
/// # Examples
/// ```
/// use threadproof::download::without_credentials;
/// assert_eq!(without_credentials("http://alice:secret@a.org/b@c"), "http://a.org/b@c");
/// assert_eq!(without_credentials("alice:secret@a.org/b"), "a.org/b");
/// assert_eq!(without_credentials("http://a.org/\u{1b}[2J"), "http://a.org/\\u{1b}[2J");
/// ```
pub fn without_credentials(url: &str) -> String {
    if Address::read(url).is_err() {
        // Nobody knows where a password ends in what is no URL: at the last `@` at the latest.
        let shown = url.rsplit_once('@').map_or(url, |(_, behind)| behind);
        return without_controls(shown);
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, _) = rest.split_once(['/', '\\', '?', '#']).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://{}", &rest[user.len() + 1..]),
        None => url.to_owned(),
    }
}

/// A terminal obeys control characters, and takes them for no text.
fn without_controls(text: &str) -> String {
    let escaped = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Shown as [`without_credentials`].
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.to_ask())
    }
}
