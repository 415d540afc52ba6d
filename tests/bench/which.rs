//! The table of the page "Which one do I take?": for each kind of work the rows that speak for it.

use crate::table::Report;

/// What the work is, what to take, and the row that shows why: its group, case, ours and peer. A `*`
/// in the case stands for anything.
type Pick = (&'static str, &'static str, [&'static str; 4]);

const PICKS: [Pick; 13] = [
    (
        "many tiny computations on a slice",
        "rayon; `scoped_map` if each input is to have an outcome of its own",
        ["thread_map", "1000000 jobs*", "scoped_map", "rayon"],
    ),
    (
        "the same, on values that are given away",
        "rayon; `ThreadPool::map` if each input is to have an outcome of its own",
        ["thread_map", "1000000 jobs*", "ThreadPool::map", "rayon"],
    ),
    (
        "jobs of unequal length, the long ones next to each other",
        "`ThreadPool::map`",
        [
            "thread_map",
            "10000 jobs*8 workers",
            "ThreadPool::map",
            "rayon",
        ],
    ),
    (
        "jobs that sleep or wait for others",
        "a pool with as many workers as may wait at once",
        [
            "thread_map",
            "100 jobs that sleep*32 workers",
            "ThreadPool::map",
            "Python",
        ],
    ),
    (
        "jobs that come one by one",
        "`ThreadPool::submit`",
        [
            "thread_map",
            "100000 jobs submitted*",
            "ThreadPool::submit",
            "threadpool",
        ],
    ),
    (
        "more inputs than fit into memory",
        "`ThreadPool::map_lazy`",
        ["memory", "a map of*", "ThreadPool::map_lazy", ""],
    ),
    (
        "outputs that are wanted as soon as they are there",
        "`ThreadPool::map_unordered`",
        [
            "thread_map",
            "*outputs as they end",
            "ThreadPool::map_unordered",
            "Python's as_completed",
        ],
    ),
    (
        "jobs that wait, so many at a time, on threads that are there",
        "`Semaphore`",
        ["semaphore", "*naps*", "Semaphore", "a bare"],
    ),
    (
        "code that may crash, leak or hang",
        "`ProcessPool`",
        [
            "process_pool",
            "one round trip",
            "ProcessPool::run",
            "Pool.apply",
        ],
    ),
    (
        "many tiny jobs in processes",
        "`ProcessPool::map`: it sends them in chunks",
        [
            "process_pool",
            "100000 squares",
            "ProcessPool::map",
            "Pool.map",
        ],
    ),
    (
        "files one after the other, from one server",
        "one `Downloader`, which keeps the connection",
        [
            "downloads",
            "*one after the other",
            "fetch, one Downloader",
            "curl",
        ],
    ),
    (
        "many downloads",
        "`Downloader::fetch_all`",
        [
            "downloads",
            "200 files*16 at a time",
            "fetch_all",
            "curl --parallel",
        ],
    ),
    (
        "a thread that watches until it is told to stop",
        "a thread and an `Event`",
        [
            "stop_latency",
            "*p99, 64 watchers",
            "Event",
            "Python's Event",
        ],
    ),
];

/// The table, from the groups' files; a row whose group was not measured says so.
pub(crate) fn markdown() -> String {
    let mut text = "| your work | take | measured |\n|---|---|---|\n".to_owned();
    let mut report: Option<Report> = None;
    for (work, take, [group, case, ours, peer]) in PICKS {
        if report.as_ref().is_none_or(|report| report.group() != group) {
            report = Report::load(group);
        }
        let row = report.as_ref().and_then(|report| {
            let matches = |shown: &str| fits(case, shown);
            report.row(matches, ours, peer)
        });
        let measured = match row {
            None => "nothing".to_owned(),
            Some([case, ours, peer]) if peer.is_empty() => format!("{case}: {ours}"),
            Some([case, ours, peer]) => format!("{case}: {ours}; {peer}"),
        };
        text += &format!("| {work} | {take} | {measured} |\n");
    }
    text
}

/// Whether `text` is the pattern with anything in place of each `*`.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            let rest = text.strip_prefix(start);
            rest.is_some_and(|rest| {
                (0..=rest.len()).any(|from| rest.get(from..).is_some_and(|rest| fits(end, rest)))
            })
        }
        None => pattern == text,
    }
}
