//! The programs: each a broken and a mended version of the same few lines.
//!
//! Python runs one thread at a time and changes the thread between two operations. So an operation
//! on shared data is one short critical section here, and what lies between two of them is where
//! the other thread may come in.
//!
//! Each line of a thread that the book shows is one step: the game marks the line of the next one.

mod check_then_act;
mod closed_file;
mod cut_off;
mod flag_before_letter;
mod flag_used_again;
mod full_queue;
mod late_name;
mod lost_update;
mod lost_wake_up;
mod missing_join;
mod pulse;
mod register_versus_stop_all;
mod stop_wakes_nobody;
mod submit_versus_shutdown;
mod two_locks;

use std::sync::Arc;
use std::sync::Mutex as Std;

use super::{Actor, Body, Cast, Condition, Over, Program, Verdict, Version};

/// All programs, in the order in which the book meets them.
pub static PROGRAMS: [Program; 15] = [
    Program {
        name: "late-name",
        about: "main starts a thread for each of two names; the threads read the name later",
        broken: Version {
            name: "all share one name",
            cast: late_name::broken,
        },
        mended: Version {
            name: "each thread has a name of its own",
            cast: late_name::mended,
        },
    },
    Program {
        name: "missing-join",
        about: "two threads put a result in a list each; main joins, and reads the list",
        broken: Version {
            name: "joins the last thread",
            cast: missing_join::broken,
        },
        mended: Version {
            name: "joins both threads",
            cast: missing_join::mended,
        },
    },
    Program {
        name: "closed-file",
        about: "a thread reads two lines of a file that main has opened and will close",
        broken: Version {
            name: "closes when main is ready",
            cast: closed_file::broken,
        },
        mended: Version {
            name: "waits for the thread, then closes",
            cast: closed_file::mended,
        },
    },
    Program {
        name: "cut-off",
        about: "a daemon replaces a file; main ends, and the program with it",
        broken: Version {
            name: "writes in place",
            cast: cut_off::broken,
        },
        mended: Version {
            name: "writes beside it, then renames",
            cast: cut_off::mended,
        },
    },
    Program {
        name: "lost-update",
        about: "two threads count in a shared dict: read, then write one more",
        broken: Version {
            name: "unlocked",
            cast: lost_update::broken,
        },
        mended: Version {
            name: "locked",
            cast: lost_update::mended,
        },
    },
    Program {
        name: "flag-used-again",
        about: "main stops a worker, and at once starts the next one",
        broken: Version {
            name: "one flag for both",
            cast: flag_used_again::broken,
        },
        mended: Version {
            name: "a flag for each",
            cast: flag_used_again::mended,
        },
    },
    Program {
        name: "check-then-act",
        about: "a worker looks at its stop flag, then takes a step; main stops it meanwhile",
        broken: Version {
            name: "looks, then steps",
            cast: check_then_act::broken,
        },
        mended: Version {
            name: "looks and steps under the lock",
            cast: check_then_act::mended,
        },
    },
    Program {
        name: "flag-before-letter",
        about: "one thread writes a letter and raises a flag; the other looks at the flag, then reads",
        broken: Version {
            name: "the flag first",
            cast: flag_before_letter::broken,
        },
        mended: Version {
            name: "the letter first",
            cast: flag_before_letter::mended,
        },
    },
    Program {
        name: "lost-wake-up",
        about: "a thread looks at a flag, then goes to sleep; main sets the flag and notifies",
        broken: Version {
            name: "looks without the lock",
            cast: lost_wake_up::broken,
        },
        mended: Version {
            name: "looks and falls asleep under the lock",
            cast: lost_wake_up::mended,
        },
    },
    Program {
        name: "pulse",
        about: "main sets an event and clears it at once while a thread waits for it",
        broken: Version {
            name: "looks at the flag alone",
            cast: pulse::broken,
        },
        mended: Version {
            name: "counts the sets",
            cast: pulse::mended,
        },
    },
    Program {
        name: "register-versus-stop-all",
        about: "a worker registers its flag while main stops all",
        broken: Version {
            name: "two critical sections",
            cast: register_versus_stop_all::broken,
        },
        mended: Version {
            name: "one critical section",
            cast: register_versus_stop_all::mended,
        },
    },
    Program {
        name: "two-locks",
        about: "two threads take the same two locks",
        broken: Version {
            name: "in opposite order",
            cast: two_locks::broken,
        },
        mended: Version {
            name: "in the same order",
            cast: two_locks::mended,
        },
    },
    Program {
        name: "full-queue",
        about: "a worker puts the links that it finds into the queue that it reads",
        broken: Version {
            name: "waits for room",
            cast: full_queue::broken,
        },
        mended: Version {
            name: "does itself what finds no room",
            cast: full_queue::mended,
        },
    },
    Program {
        name: "stop-wakes-nobody",
        about: "a worker looks at its stop flag, then waits for a job; main stops it",
        broken: Version {
            name: "sets the flag",
            cast: stop_wakes_nobody::broken,
        },
        mended: Version {
            name: "sets the flag and closes the queue",
            cast: stop_wakes_nobody::mended,
        },
    },
    Program {
        name: "submit-versus-shutdown",
        about: "a job is submitted to a pool of one worker while main shuts it down",
        broken: Version {
            name: "looks, then puts it in",
            cast: submit_versus_shutdown::broken,
        },
        mended: Version {
            name: "looks and puts it in under one lock",
            cast: submit_versus_shutdown::mended,
        },
    },
];

/// Data that the threads of a program share; an operation on it is one short critical section.
type Shared<T> = Arc<Std<T>>;

fn shared<T>(value: T) -> Shared<T> {
    Arc::new(Std::new(value))
}

fn with<T, R>(data: &Shared<T>, operation: impl FnOnce(&mut T) -> R) -> R {
    operation(&mut data.lock().expect("an operation does not panic"))
}

/// What a thread does, a line a step.
type Lines<T> = fn(&Actor, &Shared<T>) -> Result<(), Over>;

/// A thread of a program: its lines, and the data that they share with the other thread.
fn body<T: Send + 'static>(data: &Shared<T>, lines: Lines<T>) -> Body {
    let data = data.clone();
    Box::new(move |turn| lines(turn, &data))
}

/// Whether something is so of the data, now.
fn when<T: Send + 'static>(
    data: &Shared<T>,
    is_so: impl Fn(&T) -> bool + Send + 'static,
) -> Condition {
    let data = data.clone();
    Box::new(move || with(&data, |data| is_so(data)))
}

fn verdict(is_good: bool, good: &str, bad: &str) -> Verdict {
    if is_good {
        Verdict::Good(good.to_owned())
    } else {
        Verdict::Bad(bad.to_owned())
    }
}

fn words(text: &str) -> ((), String) {
    ((), text.to_owned())
}

/// What the shared variables are, as the game shows it.
fn look<T: Send + 'static>(
    data: &Shared<T>,
    tell: impl Fn(&T) -> String + Send + Sync + 'static,
) -> Box<dyn Fn() -> String + Send + Sync> {
    let data = data.clone();
    Box::new(move || with(&data, |data| tell(data)))
}
