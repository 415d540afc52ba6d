//! What every section is given: where to download from and to, who tells the story, when to stop.
//! And what it gives back: its time, what that is compared with, and its part of the JSON.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{Downloader, Event, Timeline, Wait, WorkerProgram};

use crate::cli::failure::{Failure, make_folder};
use crate::cli::notebook::Section;
use crate::cli::options::Options;
use crate::cli::print::{Lane, Mode, Story};

/// The image that the embedded server has, so that nothing leaves the machine.
static OFFICE: &[u8] = include_bytes!("../../../fixtures/site/office.png");

/// How long the embedded server thinks before each answer.
const LATENCY: Duration = Duration::from_millis(100);

/// The site of the embedded server, and of `serve`: one image, which it gives after this time.
pub(crate) fn office(latency: Duration) -> Site {
    let image = Reply::ok(OFFICE).header("Content-Type", "image/png");
    Site::new().page(OFFICE_PATH, image.latency(latency))
}

/// Where that image stands.
pub(crate) const OFFICE_PATH: &str = "/office.png";

/// How often a wait looks whether the user has interrupted the program.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) options: Options,
    pub(crate) stop: &'static Event,
    pub(crate) story: Arc<Story>,
    pub(crate) timeline: Arc<Timeline>,
    pub(crate) program: WorkerProgram,
    folder: PathBuf,
    /// Removes the folder in the end, unless the user named one.
    _temporary: Option<TempDir>,
    /// The watchers' files, whose names a user's own may have.
    watched: OnceLock<TempDir>,
    server: OnceLock<LocalServer>,
    measured: Mutex<BTreeMap<&'static str, Duration>>,
}

/// A section that ran to its end.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What happened, for the closing table.
    pub(crate) what: String,
    /// The section's own time: what the comparison is about, not what surrounds it.
    pub(crate) time: Duration,
    pub(crate) baseline: Option<Baseline>,
    pub(crate) details: Value,
}

/// What a section's time is divided by; measured in the same run.
#[derive(Clone, Debug)]
pub(crate) struct Baseline {
    /// What it is, in words.
    pub(crate) what: &'static str,
    pub(crate) time: Duration,
    /// The ratio that nothing can beat.
    pub(crate) ideal: f64,
}

impl Context {
    pub(crate) fn new(options: Options, stop: &'static Event) -> Result<Self, Failure> {
        if let Some(url) = &options.url {
            Downloader::new().check(url)?;
        }
        let (folder, temporary) = match &options.dir {
            Some(folder) => {
                make_folder(folder)?;
                (folder.clone(), None)
            }
            None => {
                let made = tempfile::Builder::new().prefix("threadproof-").tempdir();
                let made = made.map_err(Failure::cannot_write(&std::env::temp_dir()))?;
                (made.path().to_owned(), Some(made))
            }
        };
        let mode = match options.json {
            true => Mode::Silent,
            false => Mode::Live,
        };
        let program = WorkerProgram::current();
        // What the user has named is to be made, whoever listens.
        let makes_files = options.dir.is_some() || options.timeline.is_some();
        Ok(Self {
            story: Story::new(mode, (!makes_files).then_some(stop)),
            stop,
            timeline: Arc::new(Timeline::new()),
            program: program.map_err(|error| Failure::io("the program's own path", error))?,
            folder,
            _temporary: temporary,
            watched: OnceLock::new(),
            server: OnceLock::new(),
            measured: Mutex::default(),
            options,
        })
    }

    /// What the sections download.
    pub(crate) fn url(&self) -> Result<String, Failure> {
        if let Some(url) = &self.options.url {
            return Ok(url.clone());
        }
        let server = match self.server.get() {
            Some(server) => server,
            None => {
                let server = LocalServer::start(office(LATENCY));
                let server = server.map_err(|error| Failure::io("the embedded server", error))?;
                self.server.get_or_init(|| server)
            }
        };
        Ok(server.url(OFFICE_PATH))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder inside that one, for files that are only made to be watched; removed in the end.
    pub(crate) fn watched_folder(&self) -> Result<&Path, Failure> {
        let watched = match self.watched.get() {
            Some(watched) => watched,
            None => {
                let mut named = tempfile::Builder::new();
                let made = named.prefix("threadproof-").tempdir_in(&self.folder);
                let made = made.map_err(Failure::cannot_write(&self.folder))?;
                self.watched.get_or_init(|| made)
            }
        };
        Ok(watched.path())
    }

    /// `--workers`, or what the section has in the notebook.
    pub(crate) fn workers(&self, usual: usize) -> NonZeroUsize {
        let usual = NonZeroUsize::new(usual).unwrap_or(NonZeroUsize::MIN);
        self.options.workers.unwrap_or(usual)
    }

    pub(crate) fn main_lane(&self, start: Instant) -> Lane {
        self.story.lane("main", start)
    }

    /// Notes a time that later sections compare theirs with.
    pub(crate) fn note(&self, what: &'static str, time: Duration) {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        measured.insert(what, time);
    }

    /// The time of this run's `what`; measured now if no section has.
    pub(crate) fn measured(
        &self,
        what: &'static str,
        measure: impl FnOnce() -> Result<Duration, Failure>,
    ) -> Result<Duration, Failure> {
        let known = self
            .measured
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(what)
            .copied();
        if let Some(time) = known {
            return Ok(time);
        }
        let time = measure()?;
        self.note(what, time);
        Ok(time)
    }

    /// Ends the section if the user has interrupted the program, or hears no more of its story.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match (self.story.is_over(), self.stop.is_set()) {
            (true, _) => Err(Failure::Unheard),
            (false, true) => Err(Failure::Interrupted),
            (false, false) => Ok(()),
        }
    }

    /// Calls `is_true`, which waits a moment itself, until it is.
    pub(crate) fn wait_until(&self, mut is_true: impl FnMut() -> bool) -> Result<(), Failure> {
        while !is_true() {
            self.check()?;
        }
        Ok(())
    }

    /// Runs `body`; if the user interrupts the program meanwhile, calls `end_it` so that it ends.
    pub(crate) fn interruptible<R>(
        &self,
        end_it: impl Fn() + Sync,
        body: impl FnOnce() -> R,
    ) -> Result<R, Failure> {
        let finished = Event::new();
        let output = std::thread::scope(|scope| {
            let look = || {
                while finished.wait_timeout(LOOK) == Wait::TimedOut {
                    if self.stop.is_set() {
                        return end_it();
                    }
                }
            };
            let looker = Builder::new().name("interrupt".to_owned());
            looker.spawn_scoped(scope, look)?;
            let _finish = finished.set_on_drop();
            Ok(body())
        });
        self.check()?;
        output.map_err(|error| Failure::io("cannot start a thread", error))
    }
}

impl Outcome {
    pub(crate) fn ratio(&self) -> Option<f64> {
        let baseline = self.baseline.as_ref()?;
        Some(self.time.as_secs_f64() / baseline.time.as_secs_f64().max(1e-9))
    }

    /// The line that closes a section.
    pub(crate) fn summary(&self) -> String {
        let (what, seconds) = (&self.what, self.time.as_secs_f64());
        match (&self.baseline, self.ratio()) {
            (Some(baseline), Some(ratio)) => format!(
                "{what}: {seconds:.4} s, {ratio:.2} × {} (ideal {:.2})",
                baseline.what, baseline.ideal
            ),
            _ => format!("{what}: {seconds:.4} s"),
        }
    }

    pub(crate) fn to_json(&self, section: &Section) -> Value {
        let baseline = self.baseline.as_ref();
        json!({
            "section": section.number,
            "name": section.name,
            "what": self.what,
            "seconds": self.time.as_secs_f64(),
            "baseline": baseline.map(|baseline| baseline.time.as_secs_f64()),
            "compared_with": baseline.map(|baseline| baseline.what),
            "ratio": self.ratio(),
            "ideal": baseline.map(|baseline| baseline.ideal),
            "details": self.details,
        })
    }
}

/// Does something when a scope is left, however it is left.
pub(crate) struct OnDrop<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0();
    }
}
