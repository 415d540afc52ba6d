//! One request: its head, and what it wants done with the connection.

use super::connection::Ending;
use super::reply::Hangup;

/// One request, as the client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path with its query, if there is one; pages are found by the part before the `?`.
    pub path: String,
    /// The header lines in their order; see [`Request::header`].
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// Returns the value of the first header `name`, in whatever case it was written.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Reads a head without its empty line; says also what the request wants done afterwards.
    pub(super) fn parse(head: &[u8]) -> Option<(Request, Ending)> {
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let words: Vec<&str> = lines.next()?.split(' ').collect();
        let &[method, path, version @ ("HTTP/1.0" | "HTTP/1.1")] = &words[..] else {
            return None;
        };
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
            is_name.then(|| (name.to_owned(), value.trim().to_owned()))
        };
        let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
        if method.is_empty() || !path.starts_with('/') {
            return None;
        }
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
        };
        // A body is never read, so no further request can be found behind one.
        let has_body = request
            .header("Content-Length")
            .is_some_and(|length| length != "0")
            || request.header("Transfer-Encoding").is_some();
        let ending = if version == "HTTP/1.0" || has_body || says_close(&request.headers) {
            Ending::HangUp(Hangup::Fin)
        } else {
            Ending::KeepAlive
        };
        Some((request, ending))
    }
}

pub(super) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    Some(value)
}

pub(super) fn says_close(headers: &[(String, String)]) -> bool {
    find(headers, "Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}
