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
mod late_name;
mod lost_update;
mod lost_wake_up;
mod missing_join;
mod pulse;
mod register_versus_stop_all;
mod two_locks;

use std::sync::Arc;
use std::sync::Mutex as Std;

use super::{Actor, Body, Cast, Over, Program, Verdict, Version};

/// All programs, in the order in which the book meets them.
pub static PROGRAMS: [Program; 10] = [
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
