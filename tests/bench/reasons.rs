//! Why a goal is missed, as far as it was found out. The figures beside these words are measured;
//! the words were written after looking: with profiles, counts of instructions, and experiments.

/// A part of the case's name, a part of the peer's, and the reason.
const REASONS: [(&str, &str, &str); 16] = [
    (
        "jobs of 10ns",
        "rayon",
        "a list of as many `Result`s, filled by one thread, takes as long, since its pages are new ones; \
         rayon's outputs here are bare numbers",
    ),
    (
        "one of them of 10 ms",
        "rayon",
        "rayon takes about what one thread needs, shared out evenly: nothing can take 0.65 of that",
    ),
    (
        "submitted one by one",
        "",
        "a job that can be joined, cancelled and asked is an allocation of some hundred bytes and two locks; \
         `threadpool` boxes a closure and forgets it",
    ),
    (
        "up, used and down",
        "",
        "the program alone, started three times and ended at once, takes four fifths of it; fork copies a process that is \
         ready",
    ),
    (
        "one round trip",
        "bare pipe",
        "whoever waits polls the worker itself, so no thread is in between; most of it is the kernel's: seven system calls \
         where the pipe has four, and two switches",
    ),
    (
        "squares",
        "",
        "to encode and decode inputs and outputs takes one thread two thirds of it; the rest is the ring that makes a \
         death cost one job, and the way",
    ),
    (
        "there and back",
        "",
        "each byte is copied several times, on the way there through a socket that takes 208 KiB at a time",
    ),
    (
        "16 at a time",
        "latency",
        "as many waits and durable files, without a network, take as long: two cores, and one disk",
    ),
    (
        "at a time",
        "latency",
        "the limit leaves out the transfer and the file; without a network, as many waits and durable files take about as long",
    ),
    (
        "at a time",
        "",
        "the server's latency alone is most of the peer's time",
    ),
    (
        "one file of",
        "curl",
        "curl leaves the file to the system's cache; as large a file made durable without a network takes as long or longer",
    ),
    (
        "64 watchers",
        "",
        "64 threads go on one after the other on two cores; a bare condition variable needs as long",
    ),
    (
        "ThreadPool::map, jobs",
        "",
        "from a million outputs on, their memory comes anew from the system each time",
    ),
    (
        "a pool up and down",
        "",
        "that of threads of `std` that do nothing grows as fast",
    ),
    (
        "Event::set until all have ended",
        "",
        "that of a bare condition variable grows as fast: there are more threads than cores",
    ),
    (
        "steps",
        "",
        "two threads of `std` that share nothing take no less: two cores at once are slower than one alone",
    ),
];

pub(crate) fn reason(case: &str, peer: &str) -> &'static str {
    let known = REASONS
        .iter()
        .find(|(part, of_peer, _)| case.contains(part) && peer.contains(of_peer));
    known.map_or(
        "no cause was found; it differs from run to run by as much",
        |(.., reason)| reason,
    )
}
