//! What a request gets, and what of it goes over the wire.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Ending;
use super::request::{Request, find, says_close};

/// The body bytes in one chunk of [`Framing::Chunked`], and the most that go out in one write.
const CHUNK: usize = 4 * 1024;
const PIECE: usize = 64 * 1024;

/// What a request gets: status, headers, body, when, in which framing, and what goes wrong.
///
/// A clone shares the body. Both latency and gate may be set: the latency begins when the gate opens.
///
/// # Examples
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
///
/// let cut = Fault::Cut { after: 5, how: Hangup::Fin };
/// let site = Site::new().page("/", Reply::ok(*b"Hello 1, Hello 2").fault(cut));
/// let server = LocalServer::start(site)?;
/// let mut client = TcpStream::connect(server.address())?;
/// client.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
/// let mut reply = String::new();
/// client.read_to_string(&mut reply)?;
/// assert!(reply.contains("Content-Length: 16\r\n") && reply.ends_with("\r\n\r\nHello"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reply {
    code: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) gate: usize,
    pub(super) latency: Duration,
    /// Seconds for each byte of the body.
    per_byte: f64,
    framing: Framing,
    fault: Option<Fault>,
    ranges: bool,
}

/// How the client learns where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// A `Content-Length` that is true.
    ContentLength,
    /// `Transfer-Encoding: chunked`, in chunks of 4 KiB.
    Chunked,
    /// No length at all: the body ends when the connection does.
    UntilClose,
    /// This `Content-Length`, whatever the body is; then the connection ends.
    WrongLength(u64),
}

/// What goes wrong with a reply, once per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Sends the head and the first `after` bytes of the body, then hangs up; a chunked body ends
    /// inside a chunk, and even with all its bytes sent it lacks its end.
    Cut {
        /// Bytes of the body, not counting the lines of a chunked framing.
        after: usize,
        /// The last thing the client sees.
        how: Hangup,
    },
    /// Sends only `after` bytes of the head, then hangs up.
    CutHead {
        /// Bytes of the head.
        after: usize,
        /// The last thing the client sees.
        how: Hangup,
    },
    /// Sends like `Cut`, then says nothing until the client goes or the server stops.
    Stall {
        /// Bytes of the body, as in `Cut`.
        after: usize,
    },
    /// Sends the head, then the body one byte at a time.
    Drip {
        /// The time before each byte.
        every: Duration,
    },
}

/// How the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// In order: the client reads all that was sent, then the end of the file.
    Fin,
    /// At once: the client gets `ConnectionReset`, and may lose what it had not read yet. Where
    /// there is no Unix this is a plain close.
    Rst,
}

impl Reply {
    /// Makes a 200 with this body: a `Vec<u8>`, a `&[u8]`, an array such as `*b"Hello"`.
    pub fn ok(body: impl Into<Arc<[u8]>>) -> Self {
        Reply {
            code: 200,
            headers: Vec::new(),
            body: Body(body.into()),
            gate: 0,
            latency: Duration::ZERO,
            per_byte: 0.0,
            framing: Framing::ContentLength,
            fault: None,
            ranges: false,
        }
    }

    /// Makes a reply with this status and a short text that says it; 1xx, 204 and 304 have no body.
    pub fn status(code: u16) -> Self {
        Reply {
            code,
            ..Reply::ok(format!("{code} {}\n", reason(code)).into_bytes())
        }
    }

    /// Makes a 302 to an absolute URL or to a path of this server.
    pub fn redirect(to: impl Into<String>) -> Self {
        Reply::status(302).header("Location", &to.into())
    }

    /// Replaces the body, for a status that has one of its own.
    pub fn body(mut self, body: impl Into<Arc<[u8]>>) -> Self {
        self.body = Body(body.into());
        self
    }

    /// Adds a header line as it is; the framing adds its own.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets how long the server waits between the request and the first byte of the head.
    pub fn latency(mut self, before_first_byte: Duration) -> Self {
        self.latency = before_first_byte;
        self
    }

    /// Sets how fast the body goes out: each byte has its time, counted from the first, so the
    /// whole takes at least its length divided by this, and 0 is never.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.per_byte = 1.0 / bytes_per_second as f64;
        self
    }

    /// Sets how the end of the body is told; [`Framing::ContentLength`] unless told.
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sets what goes wrong; the last one set counts.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Honours `Range: bytes=n-`: a 206 with what is behind byte n, or a 416 if that is nothing. An
    /// `If-Range` that is neither this reply's `ETag` nor its `Last-Modified` gets the whole. A fault
    /// counts the bytes that are sent.
    pub fn ranges(mut self) -> Self {
        self.ranges = true;
        self
    }

    /// Sets a gate: the reply waits for a moment at which `n` requests, of any page, are in flight.
    ///
    /// Everyone in flight at that moment passes, also who looks later. A client that does one after
    /// the other would wait for ever; it gets a 503 after 5 s (see
    /// [`Site::gate_patience`](super::Site::gate_patience)).
    pub fn after_requests_in_flight(mut self, n: usize) -> Self {
        self.gate = n;
        self
    }

    /// The reply to a request that may ask for a range.
    pub(super) fn for_request(mut self, request: &Request) -> Self {
        let first = request.header("Range").and_then(|range| {
            let first = range.strip_prefix("bytes=")?.strip_suffix('-')?;
            first.parse::<usize>().ok()
        });
        let is_own =
            |asked| ["ETag", "Last-Modified"].map(|name| find(&self.headers, name) == Some(asked));
        let is_current = request
            .header("If-Range")
            .is_none_or(|asked| is_own(asked).contains(&true));
        let Some(first) = first.filter(|_| self.ranges && self.code == 200 && is_current) else {
            return self;
        };
        let length = self.body.0.len();
        if first < length {
            self.code = 206;
            self.body = Body(self.body.0[first..].into());
            let range = format!("bytes {first}-{}/{length}", length - 1);
            self.header("Content-Range", &range)
        } else {
            self.code = 416;
            self.body = Body([].into());
            self.header("Content-Range", &format!("bytes */{length}"))
        }
    }

    pub(super) fn head(&self, ending: Ending) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.code, reason(self.code));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        match self.framing {
            _ if self.is_bodiless() => {}
            Framing::ContentLength => head += &format!("Content-Length: {}\r\n", self.body.0.len()),
            Framing::WrongLength(length) => head += &format!("Content-Length: {length}\r\n"),
            Framing::Chunked => head += "Transfer-Encoding: chunked\r\n",
            Framing::UntilClose => {}
        }
        if ending != Ending::KeepAlive && !says_close(&self.headers) {
            head += "Connection: close\r\n";
        }
        (head + "\r\n").into_bytes()
    }

    /// What goes over the wire, and what happens then: `ending`, unless the reply knows better.
    pub(super) fn wire(
        &self,
        request: &Request,
        ending: Ending,
    ) -> (Vec<u8>, Cow<'_, [u8]>, Ending) {
        let needs_close = matches!(self.framing, Framing::UntilClose | Framing::WrongLength(_));
        let ending = match ending {
            _ if needs_close || says_close(&self.headers) => Ending::HangUp(Hangup::Fin),
            ending => ending,
        };
        let mut head = self.head(ending);
        let (cut, ending) = match self.fault {
            Some(Fault::Cut { after, how }) => (Some(after), Ending::HangUp(how)),
            Some(Fault::CutHead { after, how }) => {
                head.truncate(after);
                return (head, Cow::Borrowed(&[]), Ending::HangUp(how));
            }
            Some(Fault::Stall { after }) => (Some(after), Ending::Stall),
            Some(Fault::Drip { .. }) | None => (None, ending),
        };
        if request.method == "HEAD" || self.is_bodiless() {
            return (head, Cow::Borrowed(&[]), ending);
        }
        (head, self.framed(cut), ending)
    }

    /// The body with its chunk lines, up to its byte `cut` if there is a cut.
    fn framed(&self, cut: Option<usize>) -> Cow<'_, [u8]> {
        let body = &*self.body.0;
        let mut left = cut.unwrap_or(usize::MAX);
        if self.framing != Framing::Chunked {
            return Cow::Borrowed(&body[..left.min(body.len())]);
        }
        let mut wire = Vec::new();
        for chunk in body.chunks(CHUNK) {
            wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            if left <= chunk.len() {
                wire.extend_from_slice(&chunk[..left]);
                return Cow::Owned(wire);
            }
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
            left -= chunk.len();
        }
        if cut.is_none() {
            wire.extend_from_slice(b"0\r\n\r\n");
        }
        Cow::Owned(wire)
    }

    fn is_bodiless(&self) -> bool {
        matches!(self.code, 100..=199 | 204 | 304)
    }

    /// Bytes in a write, and seconds for each.
    pub(super) fn pace(&self) -> (usize, f64) {
        match self.fault {
            Some(Fault::Drip { every }) => (1, self.per_byte.max(every.as_secs_f64())),
            // A write each 10 ms.
            _ => (
                ((0.01 / self.per_byte) as usize).clamp(1, PIECE),
                self.per_byte,
            ),
        }
    }
}

#[derive(Clone)]
pub(super) struct Body(pub(super) Arc<[u8]>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        416 => "Range Not Satisfiable",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
