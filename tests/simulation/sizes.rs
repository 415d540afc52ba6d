//! The sizes that are explored.

use crate::world::{SMALL, Size};

/// The sizes that are explored, smallest first.
pub(crate) fn sizes() -> Vec<(&'static str, Size)> {
    let one = SMALL;
    let two = Size {
        workers: 2,
        ..SMALL
    };
    vec![
        (
            "1 worker, 1 job",
            Size {
                maps: &[1],
                ..one.clone()
            },
        ),
        ("1 worker, 2 jobs", one.clone()),
        (
            "1 worker, 2 jobs, chunks of 1",
            Size {
                pace: 1,
                ..one.clone()
            },
        ),
        (
            "1 worker, 2 jobs over pipes",
            Size {
                pace: 1,
                over_pipes: true,
                ..one.clone()
            },
        ),
        (
            "1 worker, 3 jobs, the second one hangs",
            Size {
                maps: &[3],
                hangs: Some(1),
                faults: 1,
                ..one.clone()
            },
        ),
        (
            "1 worker, 3 jobs, 2 for each life",
            Size {
                maps: &[3],
                jobs_per_worker: 2,
                ..one.clone()
            },
        ),
        (
            "1 worker, 2 maps of 2, chunks of 1",
            Size {
                maps: &[2, 2],
                pace: 1,
                faults: 1,
                ..one.clone()
            },
        ),
        (
            "1 worker, 2 jobs, 4 deaths, 2 in a row",
            Size {
                faults: 4,
                crashes: 2,
                timeouts: 0,
                requests: 0,
                ..one
            },
        ),
        (
            "2 workers, 2 jobs, 1 death",
            Size {
                faults: 1,
                ..two.clone()
            },
        ),
        (
            "2 workers, 3 jobs, deaths only",
            Size {
                maps: &[3],
                timeouts: 0,
                requests: 0,
                ..two.clone()
            },
        ),
        (
            "2 workers, 2 maps of 2 and 1, deaths only",
            Size {
                maps: &[2, 1],
                pace: 1,
                timeouts: 0,
                requests: 0,
                ..two.clone()
            },
        ),
        ("2 workers, 2 jobs, everything", Size { ..two.clone() }),
        (
            "2 workers, 3 jobs, everything but timeouts",
            Size {
                maps: &[3],
                timeouts: 0,
                ..two.clone()
            },
        ),
        (
            "2 workers, 3 jobs, everything but requests",
            Size {
                maps: &[3],
                requests: 0,
                ..two.clone()
            },
        ),
        ("2 workers, 3 jobs, everything", Size { maps: &[3], ..two }),
    ]
}
