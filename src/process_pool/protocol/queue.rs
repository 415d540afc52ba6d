//! Jobs that no worker has. Maps take turns; jobs that stand one after the other are one run.
//!
//! ```text
//!   map 7 ── 3..9, 12..40 ─┐
//!   map 8 ── 0..1 ─────────┼─ turns: 8, 9, 7 ── pop ──▶ the first run of map 8, which goes to the back
//!   map 9 ── 0..500 ───────┘
//! ```

use std::collections::{BTreeMap, VecDeque};

use super::Jobs;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Queue {
    /// A map without queued jobs has no entry.
    maps: BTreeMap<u64, Map>,
    /// The maps that have an entry, in the order of their turns.
    turns: VecDeque<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Map {
    /// Where each run of queued jobs starts and ends.
    runs: BTreeMap<u64, u64>,
    least: u64,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// New jobs, and jobs that come back: they go to their place, so a map's jobs are sent in order.
    pub(super) fn push(&mut self, Jobs { map, range }: Jobs, least: u64) {
        if range.is_empty() {
            return;
        }
        let entry = self.maps.entry(map).or_insert_with(|| {
            self.turns.push_back(map);
            Map::default()
        });
        entry.least = least;
        // Runs that touch stay two: each has been submitted as one piece, and is sent as one at most.
        entry.runs.insert(range.start, range.end);
    }

    /// The next jobs of the map whose turn it is. `length` says how many, given about how many there
    /// are, and what was said of the shortest chunk.
    pub(super) fn pop(&mut self, length: impl Fn(u64, u64) -> u64) -> Option<(Jobs, u64)> {
        let map = self.turns.pop_front()?;
        let mut queued = self.maps.remove(&map)?;
        let (start, end) = queued.runs.pop_first()?;
        let last = queued.runs.last_key_value().map_or(end, |(_, last)| *last);
        let least = queued.least;
        let range = start..end.min(start + length(last - start, least));
        if range.end < end {
            queued.runs.insert(range.end, end);
        }
        if !queued.runs.is_empty() {
            self.maps.insert(map, queued);
            self.turns.push_back(map);
        }
        Some((Jobs { map, range }, least))
    }

    /// Takes out those of these jobs that are queued.
    pub(super) fn remove(&mut self, Jobs { map, range }: &Jobs) -> Vec<Jobs> {
        let (map, mut removed) = (*map, Vec::new());
        let Some(queued) = self.maps.get_mut(&map) else {
            return removed;
        };
        let runs = &mut queued.runs;
        while let Some((&start, &end)) = runs
            .range(..range.end)
            .next_back()
            .filter(|run| *run.1 > range.start)
        {
            let cut = start.max(range.start)..end.min(range.end);
            runs.remove(&start);
            let kept = [start..cut.start, cut.end..end]
                .into_iter()
                .filter(|run| !run.is_empty());
            runs.extend(kept.map(|run| (run.start, run.end)));
            removed.push(Jobs { map, range: cut });
        }
        if runs.is_empty() {
            self.maps.remove(&map);
            self.turns.retain(|turn| *turn != map);
        }
        removed
    }

    /// Takes out all.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Jobs> + use<> {
        self.turns.clear();
        let maps = std::mem::take(&mut self.maps).into_iter();
        maps.flat_map(|(map, queued)| {
            let runs = queued.runs.into_iter();
            runs.map(move |(start, end)| Jobs {
                map,
                range: start..end,
            })
        })
    }
}
