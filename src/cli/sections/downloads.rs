//! The three downloads that sections 1 to 3 and 9 share.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use threadproof::{DownloadError, Downloader, Event, JoinError, Receipt, Running, Timeline, start};

use super::context::Context;
use crate::cli::failure::Failure;
use crate::cli::print::{Lane, Story};

/// How many files the notebook downloads.
pub(crate) const FILES: usize = 3;

/// What a thread needs to download a file of a section.
#[derive(Clone, Debug)]
pub(crate) struct Kit {
    url: String,
    folder: PathBuf,
    stop: &'static Event,
    timeline: Arc<Timeline>,
    story: Arc<Story>,
}

/// A thread that downloads one file.
pub(crate) type Download = Running<Result<Receipt, DownloadError>>;

impl Kit {
    pub(crate) fn new(context: &Context) -> Result<Self, Failure> {
        Ok(Self {
            url: context.url()?,
            folder: context.folder().to_owned(),
            stop: context.stop,
            timeline: context.timeline.clone(),
            story: context.story.clone(),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Downloads to a file of this name, and says when it starts and when it is done.
    pub(crate) fn download(&self, lane: &Lane, file: &str) -> Result<Receipt, DownloadError> {
        let bar = self.story.bar(file);
        lane.download(file, || {
            let receipt = self.timeline.span(lane.name(), file, || {
                let (url, path) = (&self.url, self.path(file));
                Downloader::new().fetch_with(url, &path, self.stop, &mut |progress| {
                    bar.set_length(progress.total.unwrap_or(progress.bytes));
                    bar.set_position(progress.bytes);
                })
            });
            bar.finish_and_clear();
            receipt
        })
    }

    /// Starts a thread for each file; its name is the lane's.
    // ANCHOR: start_all
    pub(crate) fn start_all(
        &self,
        section: &str,
        start_of_all: Instant,
    ) -> io::Result<Vec<Download>> {
        let start_one = |number| {
            let (kit, file) = (self.clone(), format!("{section}-{number}.png"));
            let name = format!("download-{number}");
            let lane = self.story.lane(&*name, start_of_all);
            start(&name, move || kit.download(&lane, &file))
        };
        (1..=FILES).map(start_one).collect()
    }
    // ANCHOR_END: start_all

    /// As [`join_all`], and the timeline has a mark for each.
    pub(crate) fn join_all(&self, downloads: Vec<Download>) -> Result<Vec<Receipt>, Failure> {
        let joined = downloads.into_iter().map(|download| {
            let name = download.name().to_owned();
            let ended = download.join();
            self.timeline.joined("main", &name);
            ended
        });
        receipts(joined)
    }
}

/// Joins all the threads, in order, and ends with the first error.
pub(crate) fn join_all(downloads: Vec<Download>) -> Result<Vec<Receipt>, Failure> {
    receipts(downloads.into_iter().map(Running::join))
}

/// What was downloaded, or the first error.
fn receipts(
    joined: impl Iterator<Item = Result<Result<Receipt, DownloadError>, JoinError>>,
) -> Result<Vec<Receipt>, Failure> {
    let receipts = joined.collect::<Result<Vec<_>, _>>()?;
    Ok(receipts.into_iter().collect::<Result<_, _>>()?)
}

/// How long the downloads take one after the other, in this run.
pub(crate) fn sequential(context: &Context) -> Result<Duration, Failure> {
    context.measured("sequential", || {
        let kit = Kit::new(context)?;
        let start = Instant::now();
        for number in 1..=FILES {
            let path = kit.path(&format!("sequential-{number}.png"));
            Downloader::new().fetch(kit.url(), &path, context.stop)?;
        }
        Ok(start.elapsed())
    })
}

/// How long they take on a thread each, in this run.
pub(crate) fn on_threads(context: &Context) -> Result<Duration, Failure> {
    context.measured("join", || {
        let downloads: Vec<_> = (1..=FILES)
            .map(|n| {
                Ok((
                    context.url()?,
                    context.folder().join(format!("join-{n}.png")),
                ))
            })
            .collect::<Result<_, Failure>>()?;
        let all = std::num::NonZeroUsize::new(FILES).expect("there are files");
        let downloader = Downloader::builder().workers(all).build();
        let start = Instant::now();
        for receipt in downloader.fetch_all(&downloads, context.stop) {
            receipt?;
        }
        Ok(start.elapsed())
    })
}
