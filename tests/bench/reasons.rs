//! Why a goal is missed, as far as a measurement shows it: most often a row of the same case, in which
//! the part that cannot be spared stands alone.

/// A part of the case's name, the peer's name or nothing for all of them, and the reason.
const REASONS: [(&str, &str, &str); 9] = [
    (
        "jobs of 10 ns",
        "rayon that catches, a Result each",
        "the outcomes of the chunks are put into the inputs' order at the end, by one thread: in a profile a tenth of the \
         samples, about what the goal is missed by",
    ),
    (
        "jobs of 10 ns",
        "rayon",
        "rayon's outputs are bare numbers of 8 bytes, and a panic ends the map; the row of a rayon that catches shows what a \
         `Result` for each job costs there",
    ),
    (
        "submitted one by one",
        "threadpool",
        "one of the jobs can be joined, cancelled and asked alone; the row of `threadpool` with a handle for each job shows \
         what the first of these costs there",
    ),
    (
        "up, used and down",
        "the same program three times, ended at once",
        "a worker gives an output, and has a thread that sees its parent's end: the row of a program with these two shows \
         what they cost",
    ),
    (
        "one round trip",
        "bare pipe",
        "whoever waits talks to the worker itself, so no thread is in between; it makes seven system calls where the pipe has \
         four",
    ),
    (
        "1 MiB",
        "Pool.map",
        "to encode and decode, and the way through pipes, have a row each: what is between their sum and ours is all that \
         could be gained",
    ),
    (
        "squares",
        "Pool.map",
        "to encode and decode inputs and outputs, without a process, takes what the row of one thread says",
    ),
    (
        "one after the other",
        "latency",
        "the limit leaves out the transfer and the file; as many waits and durable files, without a network, have a row",
    ),
    (
        "at a time",
        "",
        "as many waits and durable files, without a network, have a row: what is between that and the peer is all that \
         could be gained",
    ),
];

pub(crate) fn reason(case: &str, peer: &str) -> Option<&'static str> {
    let known = REASONS
        .iter()
        .find(|(part, of, _)| case.contains(part) && (of.is_empty() || *of == peer));
    known.map(|(.., reason)| *reason)
}
