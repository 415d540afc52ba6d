//! A download that was cut, kept so that the next one goes on where it ended.
//!
//! ```text
//!   .threadproof-NAME.part        the bytes; locked by whoever writes them
//!   .threadproof-NAME.part-note   which version of which URL they are from, how many are durable
//!
//!   begin ──▶ write … write ──▶ commit: fsync, rename to the final path, remove the note
//!     ▲          │ once a second, and in `keep`: fsync the bytes, then replace the note
//!     │          ▼
//!    find ◀── keep, or the program was killed: what the note counts is there
//! ```
//!
//! **Why the bytes are those of one version.** Bytes are appended only under the lock, and only from
//! an answer whose validator is the note's. A note is written after its bytes are durable, and
//! removed before bytes of another version are written; so whenever the program or the machine
//! stops, the first bytes of the part, as many as the note counts, are of the version that it names.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, Response};
use ureq::{Body, ResponseExt};

use crate::atomic_file::{self, AtomicFile};

/// How often a note is written: what a killed program loses at most.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// The first bytes of a file, and which version of it they are from.
pub(super) struct Part {
    file: Locked,
    path: PathBuf,
    origin: Origin,
    bytes: u64,
    noted: Instant,
}

/// A version of a file on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// What was asked for.
    url: String,
    /// Who answered in the end, without the query, which may be a signature that differs each time.
    answered: String,
    validator: Validator,
    length: Option<u64>,
}

/// What tells this version from all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Validator {
    ETag(String),
    LastModified(String),
}

#[derive(Serialize, Deserialize)]
struct Note {
    origin: Origin,
    bytes: u64,
}

/// What an answer to a request for the rest is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Bytes of the same version that begin where the part ends.
    Rest { end: u64, total: u64 },
    /// There is no rest: the part is the file.
    Complete,
    /// Bytes of another version, or from another place: ask again, for the whole.
    Unusable,
    /// What one gets who asks for the whole: a body, or an error.
    Other,
}

impl Part {
    /// The part of an earlier download of `url` to `to`, if some of it can be used.
    pub(super) fn find(to: &Path, url: &str) -> io::Result<Option<Self>> {
        let path = path_of(to)?;
        let Some(file) = open_locked(&path, None)? else {
            return Ok(None);
        };
        // A note that cannot be read is as good as none: the file is downloaded from its beginning.
        let note = fs::read(note_of(&path)).ok();
        let note = note.and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        let Some(note) = note.filter(|note| note.origin.url == url) else {
            return Ok(None);
        };
        let bytes = note.bytes.min(file.metadata()?.len());
        if bytes == 0 {
            return Ok(None);
        }
        Self::at(file, path, note.origin, bytes).map(Some)
    }

    /// An empty part in place of any that there may be.
    pub(super) fn begin(to: &Path, origin: Origin) -> io::Result<Self> {
        let path = path_of(to)?;
        // Of what replaces a private file nobody else may have read a part.
        let mode = atomic_file::mode_of_new(&atomic_file::permissions_of(to)?);
        let file = open_locked(&path, Some(mode))?;
        let file = file.ok_or(ErrorKind::NotFound)?;
        forget_note(&path)?;
        Self::at(file, path, origin, 0)
    }

    /// Removes what there may be of a part that nobody could use.
    pub(super) fn forget(to: &Path) -> io::Result<()> {
        let path = path_of(to)?;
        let part = open_locked(&path, None)?;
        forget_note(&path)?;
        part.map_or(Ok(()), |_| fs::remove_file(&path))
    }

    /// The same file, emptied for another version.
    pub(super) fn begin_again(self, origin: Origin) -> io::Result<Self> {
        forget_note(&self.path)?;
        Self::at(self.file, self.path, origin, 0)
    }

    /// Only the first `bytes` are known to be of this version: what is behind them goes.
    fn at(mut file: Locked, path: PathBuf, origin: Origin, bytes: u64) -> io::Result<Self> {
        file.set_len(bytes)?;
        file.seek(SeekFrom::Start(bytes))?;
        let noted = Instant::now();
        Ok(Self {
            file,
            path,
            origin,
            bytes,
            noted,
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Asks for what is behind the part, if the version is still the same.
    pub(super) fn request_headers(&self) -> [(&'static str, String); 2] {
        let (Validator::ETag(value) | Validator::LastModified(value)) = &self.origin.validator;
        [
            ("Range", format!("bytes={}-", self.bytes)),
            ("If-Range", value.clone()),
        ]
    }

    // ANCHOR: judge
    pub(super) fn judge(&self, response: &Response<Body>) -> Answer {
        let headers = response.headers();
        match response.status().as_u16() {
            206 if self.is_same_version(response) => match content_range(headers) {
                Some((Some((first, end)), total))
                    if first == self.bytes
                        && first < end
                        && end <= total
                        && self.origin.length.is_none_or(|length| length == total)
                        // A head that contradicts itself is not to be trusted.
                        && response.body().content_length().is_none_or(|n| n == end - first) =>
                {
                    Answer::Rest { end, total }
                }
                _ => Answer::Unusable,
            },
            416 if self.is_same_version(response) => match content_range(headers) {
                // The length alone could be that of another version; ours must have had it too.
                Some((None, total)) if total == self.bytes && self.origin.length == Some(total) => {
                    Answer::Complete
                }
                _ => Answer::Unusable,
            },
            206 | 416 => Answer::Unusable,
            _ => Answer::Other,
        }
    }
    // ANCHOR_END: judge

    /// Whether nothing in the head says that this is another version than the part's.
    fn is_same_version(&self, response: &Response<Body>) -> bool {
        let headers = response.headers();
        let agrees = |name, value: &str| header(headers, name).is_none_or(|found| found == value);
        let same = match &self.origin.validator {
            Validator::ETag(etag) => agrees("etag", etag),
            Validator::LastModified(date) => agrees("last-modified", date),
        };
        same && answered(response) == self.origin.answered
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        if self.noted.elapsed() >= NOTE_EVERY {
            self.note()?;
        }
        Ok(())
    }

    fn note(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        let (origin, bytes) = (self.origin.clone(), self.bytes);
        let mut file = AtomicFile::create(note_of(&self.path))?;
        serde_json::to_writer(&mut file, &Note { origin, bytes })?;
        file.commit()?;
        self.noted = Instant::now();
        Ok(())
    }

    /// Leaves the part for another time.
    pub(super) fn keep(mut self) -> io::Result<()> {
        match self.bytes {
            0 => self.discard(),
            _ => self.note(),
        }
    }

    /// Leaves nothing.
    pub(super) fn discard(self) -> io::Result<()> {
        forget_note(&self.path)?;
        fs::remove_file(&self.path)
    }

    /// Makes the part the file at `to`, over whatever was there; it stays a part if that fails.
    pub(super) fn commit(self, to: &Path) -> io::Result<()> {
        let rename = || fs::rename(&self.path, to);
        match atomic_file::put_in_place(&self.file, to, None, rename) {
            Ok(()) => forget_note(&self.path),
            Err(error) => {
                // Of the two errors the first is the one to mend.
                let _ = self.keep();
                Err(error)
            }
        }
    }
}

impl Origin {
    /// The version that an answer is of, if the server says enough to know it again.
    pub(super) fn of(response: &Response<Body>, url: String, length: Option<u64>) -> Option<Self> {
        let headers = response.headers();
        let etag = header(headers, "etag").filter(|etag| etag.starts_with('"'));
        let validator = match etag {
            Some(etag) => Validator::ETag(etag.to_owned()),
            None => Validator::LastModified(strong_date(headers)?.to_owned()),
        };
        Some(Self {
            url,
            answered: answered(response),
            validator,
            length,
        })
    }
}

/// `Last-Modified`, if the file cannot have changed once more within the second that it names.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2>
fn strong_date(headers: &HeaderMap) -> Option<&str> {
    let date = |name| httpdate::parse_http_date(header(headers, name)?).ok();
    let modified = date("last-modified")?;
    let (now, margin) = match date("date") {
        Some(now) => (now, Duration::from_secs(1)),
        // Our clock and the server's may differ.
        None => (SystemTime::now(), Duration::from_secs(60)),
    };
    let is_strong = now.duration_since(modified).is_ok_and(|age| age >= margin);
    header(headers, "last-modified").filter(|_| is_strong)
}

fn answered(response: &Response<Body>) -> String {
    let uri = response.get_uri();
    let host = uri.authority().map_or("", |authority| {
        let with_port = authority.as_str();
        with_port
            .rsplit_once('@')
            .map_or(with_port, |(_, host)| host)
    });
    format!("{}://{host}{}", uri.scheme_str().unwrap_or(""), uri.path())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `bytes 3-9/10` is `(Some((3, 10)), 10)`, and `bytes */10` is `(None, 10)`.
fn content_range(headers: &HeaderMap) -> Option<(Option<(u64, u64)>, u64)> {
    let (range, total) = header(headers, "content-range")?
        .strip_prefix("bytes ")?
        .split_once('/')?;
    let total = total.parse().ok()?;
    if range == "*" {
        return Some((None, total));
    }
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    Some((Some((first, last.checked_add(1)?)), total))
}

fn path_of(to: &Path) -> io::Result<PathBuf> {
    let name = to.file_name().ok_or_else(|| atomic_file::no_name(to))?;
    let mut hidden = std::ffi::OsString::from(".threadproof-");
    hidden.push(name);
    hidden.push(".part");
    Ok(to.with_file_name(hidden))
}

fn note_of(part: &Path) -> PathBuf {
    part.with_extension("part-note")
}

/// Removes the note for good, so that it never stands beside bytes of another version.
fn forget_note(part: &Path) -> io::Result<()> {
    match fs::remove_file(note_of(part)) {
        Ok(()) => atomic_file::sync_folder_of(part),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file that nobody else writes to.
struct Locked(File);

/// To close it would not be enough: a child process that is just being started has it open, too,
/// and would keep the lock until it has become another program.
impl Drop for Locked {
    fn drop(&mut self) {
        // If the system refuses that, the lock ends when the last one has closed the file.
        let _ = self.0.unlock();
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

/// The part at `path`, locked; `None` if there is none and none is to be made, with the mode `new`.
fn open_locked(path: &Path, new: Option<u32>) -> io::Result<Option<Locked>> {
    let mut options = File::options();
    options.read(true).write(true).create(new.is_some());
    #[cfg(unix)]
    if let Some(mode) = new {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    loop {
        let file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && new.is_none() => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why = format!("{} belongs to a download that runs", path.display());
                return Err(io::Error::new(ErrorKind::ResourceBusy, why));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let file = Locked(file);
        // Who had the lock before may have renamed the file meanwhile: then it is theirs.
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !found.is_file() {
        let why = format!("{} is no file: remove it", path.display());
        return Err(io::Error::new(ErrorKind::InvalidInput, why));
    }
    let ours = file.metadata()?;
    Ok((ours.dev(), ours.ino()) == (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    fs::exists(path)
}
