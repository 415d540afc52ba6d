//! The table of the page "Which one do I take?": for each kind of work the rows that speak for it.

use crate::table::Report;

/// What the work is, what to take, and the row that shows why: its group, case, ours and peer. A `*`
/// stands for anything.
type Pick = (&'static str, &'static str, [&'static str; 4]);

const PICKS: [Pick; 10] = [
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
        "computations of unequal length",
        "`ThreadPool::map`",
        ["thread_map", "3000 jobs*", "ThreadPool::map", "rayon"],
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
        ["thread_map", "memory of*", "ThreadPool::map_lazy", ""],
    ),
    (
        "code that may crash, leak or hang",
        "`ProcessPool`",
        [
            "process_pool",
            "one round trip",
            "ProcessPool::map of one",
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
    if let Some(report) = &report {
        text += &format!("\n{}\n", report.when_and_where());
    }
    text
}

/// Whether `text` is the pattern with anything in place of its one `*`.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => text.starts_with(start) && text.ends_with(end),
        None => pattern == text,
    }
}
