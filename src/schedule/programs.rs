//! The programs: each a broken and a mended version of the same few lines.
//!
//! Python runs one thread at a time and changes the thread between two operations. So an operation
//! on shared data is one short critical section here, and what lies between two of them is where
//! the other thread may come in.

use std::sync::Arc;
use std::sync::Mutex as Std;

use super::{Actor, Body, Cast, Over, Program, Verdict, Version};

/// All programs, in the order in which the book meets them.
pub static PROGRAMS: [Program; 6] = [
    Program {
        name: "lost-update",
        about: "two threads count in a shared dict: read, then write one more",
        broken: Version {
            name: "unlocked",
            cast: || lost_update(false),
        },
        mended: Version {
            name: "locked",
            cast: || lost_update(true),
        },
    },
    Program {
        name: "check-then-act",
        about: "a worker looks at its stop flag, then takes a step; main stops it meanwhile",
        broken: Version {
            name: "looks, then steps",
            cast: || check_then_act(false),
        },
        mended: Version {
            name: "looks and steps under the lock",
            cast: || check_then_act(true),
        },
    },
    Program {
        name: "lost-wake-up",
        about: "a thread looks at a flag, then goes to sleep; main sets the flag and notifies",
        broken: Version {
            name: "looks without the lock",
            cast: || lost_wake_up(false),
        },
        mended: Version {
            name: "looks and falls asleep under the lock",
            cast: || lost_wake_up(true),
        },
    },
    Program {
        name: "pulse",
        about: "main sets an event and clears it at once while a thread waits for it",
        broken: Version {
            name: "looks at the flag alone",
            cast: || pulse(false),
        },
        mended: Version {
            name: "counts the sets",
            cast: || pulse(true),
        },
    },
    Program {
        name: "register-versus-stop-all",
        about: "a worker registers its flag while main stops all",
        broken: Version {
            name: "two critical sections",
            cast: || register_versus_stop_all(false),
        },
        mended: Version {
            name: "one critical section",
            cast: || register_versus_stop_all(true),
        },
    },
    Program {
        name: "two-locks",
        about: "two threads take the same two locks",
        broken: Version {
            name: "in opposite order",
            cast: || two_locks(false),
        },
        mended: Version {
            name: "in the same order",
            cast: || two_locks(true),
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

fn body(body: impl FnOnce(&Actor) -> Result<(), Over> + Send + 'static) -> Body {
    Box::new(body)
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

// ANCHOR: lost_update
fn lost_update(is_locked: bool) -> Cast {
    let count = shared(0);
    let counter = |count: Shared<u32>| {
        body(move |turn| {
            let read = || {
                let n = with(&count, |count| *count);
                (n, format!("reads {n}"))
            };
            let n = if is_locked {
                turn.lock("the lock", read)?
            } else {
                turn.step(read)?
            };
            let write = || {
                with(&count, |count| *count = n + 1);
                words(&format!("writes {}", n + 1))
            };
            if is_locked {
                turn.unlock("the lock", write)
            } else {
                turn.step(write)
            }
        })
    };
    Cast {
        bodies: vec![counter(count.clone()), counter(count.clone())],
        asleep: Vec::new(),
        judge: Box::new(move || {
            let n = with(&count, |count| *count);
            verdict(n == 2, "both updates count", "one update is lost")
        }),
    }
}
// ANCHOR_END: lost_update

fn check_then_act(is_locked: bool) -> Cast {
    #[derive(Default)]
    struct Data {
        is_stopped: bool,
        stepped_after_stop: bool,
    }
    let data = shared(Data::default());
    let (of_worker, of_main) = (data.clone(), data.clone());
    let worker = body(move |turn| {
        let look = || match with(&of_worker, |data| data.is_stopped) {
            true => (true, "looks: stopped".to_owned()),
            false => (false, "looks: not stopped".to_owned()),
        };
        let is_stopped = if is_locked {
            turn.lock("the lock", look)?
        } else {
            turn.step(look)?
        };
        if is_stopped {
            return if is_locked {
                turn.unlock("the lock", || words("ends"))
            } else {
                Ok(())
            };
        }
        let step = || {
            with(&of_worker, |data| data.stepped_after_stop = data.is_stopped);
            words("takes a step")
        };
        if is_locked {
            turn.unlock("the lock", step)
        } else {
            turn.step(step)
        }
    });
    let main = body(move |turn| {
        let stop = || {
            with(&of_main, |data| data.is_stopped = true);
            words("stops the worker")
        };
        if is_locked {
            turn.locked("the lock", stop)
        } else {
            turn.step(stop)
        }
    });
    Cast {
        bodies: vec![worker, main],
        asleep: Vec::new(),
        judge: Box::new(move || {
            let is_late = with(&data, |data| data.stepped_after_stop);
            verdict(!is_late, "no step after the stop", "a step after the stop")
        }),
    }
}

fn lost_wake_up(is_locked: bool) -> Cast {
    let flag = shared(false);
    let (of_waiter, of_main) = (flag.clone(), flag);
    let waiter = body(move |turn| {
        let look = || match with(&of_waiter, |flag| *flag) {
            true => (true, "looks: set".to_owned()),
            false => (false, "looks: not set".to_owned()),
        };
        let is_set = if is_locked {
            turn.lock("the lock", look)?
        } else {
            turn.step(look)?
        };
        match (is_set, is_locked) {
            (true, true) => return turn.unlock("the lock", || words("gives the lock back")),
            (true, false) => return Ok(()),
            (false, true) => turn.sleep(Some("the lock"), "falls asleep, giving the lock back")?,
            (false, false) => turn.sleep(None, "falls asleep")?,
        }
        turn.wake("the lock", || words("wakes up"))
    });
    let main = body(move |turn| {
        let set = || {
            with(&of_main, |flag| *flag = true);
            words("sets the flag")
        };
        if is_locked {
            turn.locked("the lock", set)?
        } else {
            turn.step(set)?
        }
        turn.notify_all(|| words("notifies"))
    });
    let judge = || Verdict::Good("the waiter saw the flag".to_owned());
    Cast {
        bodies: vec![waiter, main],
        asleep: Vec::new(),
        judge: Box::new(judge),
    }
}

fn pulse(counts_sets: bool) -> Cast {
    #[derive(Default)]
    struct Data {
        is_set: bool,
        sets: u32,
    }
    let data = shared(Data::default());
    let (of_waiter, of_main) = (data.clone(), data);
    // The waiter sleeps before main does anything, and it saw no set when it fell asleep.
    let seen = 0;
    let waiter = body(move |turn| {
        loop {
            let is_released = turn.wake("the lock", || {
                let released = with(&of_waiter, |data| {
                    data.is_set || (counts_sets && data.sets != seen)
                });
                let words = if released {
                    "wakes up: released"
                } else {
                    "wakes up: not set"
                };
                (released, words.to_owned())
            })?;
            if is_released {
                return Ok(());
            }
            turn.sleep(None, "falls asleep again")?;
        }
    });
    let main = body(move |turn| {
        turn.notify_all(|| {
            with(&of_main, |data| {
                data.is_set = true;
                data.sets += 1;
            });
            words("sets the event and notifies")
        })?;
        turn.locked("the lock", || {
            with(&of_main, |data| data.is_set = false);
            words("clears the event")
        })
    });
    let judge = || Verdict::Good("the waiter was released".to_owned());
    Cast {
        bodies: vec![waiter, main],
        asleep: vec![0],
        judge: Box::new(judge),
    }
}

fn register_versus_stop_all(is_one_section: bool) -> Cast {
    #[derive(Default)]
    struct Data {
        all_stopped: bool,
        is_registered: bool,
        is_stopped: bool,
    }
    let data = shared(Data::default());
    let (of_worker, of_main) = (data.clone(), data.clone());
    let worker = body(move |turn| {
        let look = || {
            let all_stopped = with(&of_worker, |data| data.all_stopped);
            let words = if all_stopped {
                "looks: all stopped"
            } else {
                "looks: not all stopped"
            };
            (all_stopped, words.to_owned())
        };
        let all_stopped = if is_one_section {
            turn.lock("the lock", look)?
        } else {
            turn.step(look)?
        };
        let register = || {
            with(&of_worker, |data| {
                data.is_registered = true;
                data.is_stopped = all_stopped;
            });
            words(if all_stopped {
                "registers as stopped"
            } else {
                "registers as running"
            })
        };
        if is_one_section {
            turn.unlock("the lock", register)
        } else {
            turn.step(register)
        }
    });
    let main = body(move |turn| {
        let stop_all = || {
            let is_registered = with(&of_main, |data| {
                data.all_stopped = true;
                data.is_stopped |= data.is_registered;
                data.is_registered
            });
            words(if is_registered {
                "stops all: the worker"
            } else {
                "stops all: nobody is there"
            })
        };
        if is_one_section {
            turn.locked("the lock", stop_all)
        } else {
            turn.step(stop_all)
        }
    });
    Cast {
        bodies: vec![worker, main],
        asleep: Vec::new(),
        judge: Box::new(move || {
            let is_stopped = with(&data, |data| data.is_stopped);
            verdict(
                is_stopped,
                "the worker is stopped",
                "the worker was never stopped",
            )
        }),
    }
}

fn two_locks(is_same_order: bool) -> Cast {
    let taker = |first: &'static str, second: &'static str| {
        body(move |turn| {
            turn.lock(first, || words(&format!("takes {first}")))?;
            turn.lock(second, || words(&format!("takes {second}")))?;
            turn.unlock(second, || words(&format!("gives {second} back")))?;
            turn.unlock(first, || words(&format!("gives {first} back")))
        })
    };
    let second = if is_same_order {
        taker("lock 1", "lock 2")
    } else {
        taker("lock 2", "lock 1")
    };
    let judge = || Verdict::Good("both had both locks".to_owned());
    Cast {
        bodies: vec![taker("lock 1", "lock 2"), second],
        asleep: Vec::new(),
        judge: Box::new(judge),
    }
}
