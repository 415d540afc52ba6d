#[path = "../solutions/stopping.rs"]
mod solution;
#[path = "../starters/stopping.rs"]
mod starter;

use super::within_patience;
use std::sync::Arc;
use std::time::Duration;
use threadproof::Event;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "stopping",
    task: "An event where a sleep was.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "it sleeps on",
};

fn check(watch: fn(&Event, Duration, &dyn Fn())) {
    let (stop, looked) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (stop_inside, looked_inside) = (stop.clone(), looked.clone());
    let stopper = std::thread::spawn(move || {
        looked.wait();
        stop.set();
    });
    within_patience("it was stopped, and it sleeps on", move || {
        let hour = Duration::from_secs(3600);
        watch(&stop_inside, hour, &|| _ = looked_inside.set());
    });
    stopper.join().expect("it only waits");
}
