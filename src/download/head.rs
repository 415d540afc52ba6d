//! What an answer's head says of the file, and whether it may be saved.
//!
//! ```text
//!   status ──▶ success ──▶ length ──▶ not too large, or told by chunks ──▶ the body
//!     │                      └──────▶ too large, or nobody says where it ends ──▶ an error
//!     └──▶ a redirect, a part, any other ──▶ an error, and when to ask again
//! ```

use std::time::Duration;

use ureq::Body;
use ureq::http::{Response, Version};

use super::DownloadError;
use super::attempt::Attempt;

impl Attempt<'_> {
    pub(super) fn check_head(&self, response: &Response<Body>) -> Result<(), DownloadError> {
        let (url, code) = (self.shown_url(), response.status().as_u16());
        let limit = self.settings.redirects;
        if matches!(code, 301 | 302 | 303 | 307 | 308) {
            if response.headers().contains_key("location") {
                return Err(DownloadError::TooManyRedirects { url, limit });
            }
            let why = "missing a location header".to_owned();
            return Err(DownloadError::BadAnswer { url, why });
        }
        // 206 is a part of the body, and nobody asked for a part.
        if !response.status().is_success() || code == 206 {
            return Err(DownloadError::Status { url, code });
        }
        let length = announced_length(response);
        self.check_size(length)?;
        // Chunks say where the body ends; without them only the connection's end does.
        if length.is_none() && !is_chunked(response) && !self.settings.allow_unknown_length {
            return Err(DownloadError::LengthUnknown { url });
        }
        Ok(())
    }

    pub(super) fn check_size(&self, length: Option<u64>) -> Result<(), DownloadError> {
        match (length, self.settings.max_bytes) {
            (Some(length), Some(limit)) if length > limit => Err(self.too_large(limit)),
            _ => Ok(()),
        }
    }
}

/// The body's length as the head tells it; the client itself knows no length of an empty body.
pub(super) fn announced_length(response: &Response<Body>) -> Option<u64> {
    let header = || {
        response
            .headers()
            .get("content-length")?
            .to_str()
            .ok()?
            .parse()
            .ok()
    };
    let no_content = (response.status() == 204).then_some(0);
    response
        .body()
        .content_length()
        .or_else(header)
        .or(no_content)
}

/// Whether chunks say where the body ends; no other coding does, and HTTP/1.0 has none.
fn is_chunked(response: &Response<Body>) -> bool {
    let codings = response.headers().get_all("transfer-encoding").into_iter();
    let mut codings = codings.filter_map(|value| value.to_str().ok());
    response.version() != Version::HTTP_10
        && codings.any(|value| {
            let mut names = value.split(',');
            names.any(|name| name.trim().eq_ignore_ascii_case("chunked"))
        })
}

/// How long a `Retry-After` header asks to wait: so many seconds, or until a date.
pub(super) fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are too many all the same.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date that has passed asks for no wait.
    Some(
        date.duration_since(std::time::SystemTime::now())
            .unwrap_or_default(),
    )
}
