//! Every sequence of steps from a world on, and the shortest one that breaks a promise, as a story.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::world::{Broken, Size, Step, World};

/// Longer than any honest run at these sizes: a run that is longer goes round in circles.
const LONGEST: usize = 200;

#[derive(Default)]
struct Explored {
    /// By state, how many sequences lead from it to an end.
    states: HashMap<u128, f64>,
    ends: usize,
    longest: usize,
}

impl Explored {
    /// Every sequence from here on. `Err` is the story so far, innermost step last.
    fn explore(&mut self, world: &World, depth: usize) -> Result<f64, (Broken, Vec<Step>)> {
        self.longest = self.longest.max(depth);
        if depth > LONGEST {
            return Err((format!("{LONGEST} steps, and no end"), Vec::new()));
        }
        let steps = world.steps();
        if steps.is_empty() {
            world.check_end().map_err(|broken| (broken, Vec::new()))?;
            self.ends += 1;
            return Ok(1.0);
        }
        let mut sequences = 0.0;
        for step in steps {
            let behind = |(broken, mut story): (Broken, Vec<Step>)| {
                story.push(step);
                (broken, story)
            };
            let mut next = world.clone();
            next.take(step)
                .map_err(|broken| behind((broken, Vec::new())))?;
            let key = next.key();
            sequences += match self.states.get(&key) {
                Some(known) => *known,
                None => {
                    let found = self.explore(&next, depth + 1).map_err(behind)?;
                    self.states.insert(key, found);
                    found
                }
            };
        }
        Ok(sequences)
    }
}

/// What was found: numbers of states, of ends, the longest sequence, and how many sequences there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) ends: usize,
    pub(crate) longest: usize,
    pub(crate) sequences: f64,
}

/// Explores everything, or tells what breaks a promise.
pub(crate) fn explore(size: &Size) -> Result<Found, String> {
    let mut explored = Explored::default();
    let world = World::new(size)?;
    match explored.explore(&world, 0) {
        Ok(sequences) => Ok(Found {
            states: explored.states.len() + 1,
            ends: explored.ends,
            longest: explored.longest,
            sequences,
        }),
        Err((broken, mut story)) => {
            story.reverse();
            Err(tell_story(size, &story, &broken))
        }
    }
}

/// The shortest sequence that breaks a promise, if one of at most `most` states does.
pub(crate) fn shortest(size: &Size, most: usize) -> Option<(Vec<Step>, Broken)> {
    let world = match World::new(size) {
        Ok(world) => world,
        Err(broken) => return Some((Vec::new(), broken)),
    };
    let mut came_from: HashMap<u128, Option<(u128, Step)>> = HashMap::from([(world.key(), None)]);
    let story_of = |came_from: &HashMap<u128, Option<(u128, Step)>>, mut key: u128| {
        let mut story = Vec::new();
        while let Some((before, step)) = came_from[&key] {
            story.push(step);
            key = before;
        }
        story.reverse();
        story
    };
    let mut level = vec![world];
    while !level.is_empty() && came_from.len() < most {
        let mut deeper = Vec::new();
        for world in level {
            let key = world.key();
            let steps = world.steps();
            if steps.is_empty()
                && let Err(broken) = world.check_end()
            {
                return Some((story_of(&came_from, key), broken));
            }
            for step in steps {
                let mut next = world.clone();
                if let Err(broken) = next.take(step) {
                    let mut story = story_of(&came_from, key);
                    story.push(step);
                    return Some((story, broken));
                }
                if let Entry::Vacant(entry) = came_from.entry(next.key()) {
                    entry.insert(Some((key, step)));
                    deeper.push(next);
                }
            }
        }
        level = deeper;
    }
    None
}

/// What happened, one step a line.
pub(crate) fn tell_story(size: &Size, story: &[Step], broken: &str) -> String {
    let mut text = String::new();
    let mut world = World::new(size).ok();
    for step in story {
        let words = world
            .as_ref()
            .map_or(String::new(), |world| step.words(world));
        text += &format!("  {words}\n");
        if let Some(world) = &mut world {
            let _ = world.take(*step);
        }
    }
    readable(&format!("{text}  => {broken}\n"))
}

impl Step {
    fn words(self, world: &World) -> String {
        let worker = |number: usize| match &world.processes[number] {
            Some(process) => format!("{:?}", process.id),
            None => format!("number {number}"),
        };
        match self {
            Self::Submit => {
                let map = world.maps_submitted;
                format!("a map {map} of {} is submitted", world.size.maps[map])
            }
            Self::Cancel(job) => format!("{job:?} is cancelled"),
            Self::KillJob(job) => format!("{job:?} is to be killed"),
            Self::CancelAll => "all that is queued is cancelled".into(),
            Self::Close => "the pool is closed".into(),
            Self::Kill => "the pool is killed".into(),
            Self::Spawns(number) => format!("{} is started", worker(number)),
            Self::CannotStart(number) => format!("{} cannot be started", worker(number)),
            Self::SaysHello(number) => format!("{} says hello", worker(number)),
            Self::Begins(number) => format!("{} begins its next job", worker(number)),
            Self::Finishes(number) => format!("{} finishes its job", worker(number)),
            Self::Dies(number) => format!("{} dies", worker(number)),
            Self::DiesUnknown(number) => {
                format!(
                    "{} dies, nobody knows when, and a child of it runs the rest",
                    worker(number)
                )
            }
            Self::SaysGarbage(number) => {
                format!("{} says an answer of another chunk", worker(number))
            }
            Self::Leaves(number) => format!("{} ends, as it was told", worker(number)),
            Self::KillLands(number) => format!("the kill reaches {}", worker(number)),
            Self::FreezeLands(number) => format!("{} stands still", worker(number)),
            Self::HeardAll(number) => {
                format!("the pool hears all that {} has said", worker(number))
            }
            Self::Heard(number, count) => {
                let said = world.processes[number].as_ref().map(|process| {
                    process
                        .unheard
                        .iter()
                        .take(count)
                        .map(|said| format!("{said:?}"))
                        .collect::<Vec<_>>()
                });
                format!(
                    "the pool hears of {}: {}",
                    worker(number),
                    said.unwrap_or_default().join(", ")
                )
            }
            Self::TimesOut(number) => {
                format!("the start or the end of {} takes too long", worker(number))
            }
            Self::TimesOutLate(number) => {
                format!("the worker before {} took too long", worker(number))
            }
            Self::JobTimesOut(number, job) => {
                format!("{job:?} takes too long in {}", worker(number))
            }
        }
    }
}

/// `Job { map: 0, index: 1 }` is "job 0.1", `WorkerId { number: 0, life: 2 }` is "worker 1 (life 2)".
pub(crate) fn readable(text: &str) -> String {
    let mut text = text.to_owned();
    for one in 0..4 {
        for two in 0..20 {
            text = text.replace(
                &format!("Job {{ map: {one}, index: {} }}", u64::MAX),
                "of another job",
            );
            text = text.replace(
                &format!("Job {{ map: {one}, index: {two} }}"),
                &format!("job {one}.{two}"),
            );
            let worker = format!("WorkerId {{ number: {one}, life: {two} }}");
            text = text.replace(&worker, &format!("worker {} (life {two})", one + 1));
        }
    }
    text
}
