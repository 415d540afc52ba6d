//! What a URL is allowed to be, and what of it may be shown.

use ureq::http::Uri;

use super::DownloadError;

/// Whether `url` is one to fetch.
pub(super) fn check(url: &str) -> Result<(), DownloadError> {
    why_bad(url).map_or(Ok(()), |why| {
        let (url, why) = (without_credentials(url), why.to_owned());
        Err(DownloadError::BadUrl { url, why })
    })
}

/// Whether only encrypted answers are wanted; a scheme may be written in capitals.
pub(super) fn is_https(url: &str) -> bool {
    let (scheme, _) = url.split_once(':').unwrap_or_default();
    scheme.eq_ignore_ascii_case("https")
}

fn why_bad(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<Uri>() else {
        return Some("it cannot be read as a URL");
    };
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(authority)) if !authority.host().is_empty() => {
            // The client would take the scheme's port instead of one that it cannot read.
            let has_port = !authority.as_str().ends_with(authority.host());
            let unread = has_port && authority.port_u16().is_none();
            unread.then_some("its port is no number up to 65535")
        }
        (Some("http" | "https"), _) => Some("it names no host"),
        (Some(_), _) => Some("its scheme is not supported"),
        (None, _) => Some("it has no scheme"),
    }
}

/// The URL as it may be shown: without the user name and the password that it may carry.
///
/// # Examples
/// ```
/// use threadproof::download::without_credentials;
/// assert_eq!(without_credentials("http://alice:secret@a.org/b@c"), "http://a.org/b@c");
/// assert_eq!(without_credentials("alice:secret@a.org/b"), "a.org/b");
/// ```
pub fn without_credentials(url: &str) -> String {
    if why_bad(url).is_some() {
        // Nobody knows where a password ends in what is no URL: at the last `@` at the latest.
        return url
            .rsplit_once('@')
            .map_or(url, |(_, behind)| behind)
            .to_owned();
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, _) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://{}", &rest[user.len() + 1..]),
        None => url.to_owned(),
    }
}
