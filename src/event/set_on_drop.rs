//! An event that is set when a scope ends, however it ends.

use super::Event;

/// [Sets](Event::set) its event when it is dropped; [`Event::set_on_drop`] makes it.
#[derive(Debug)]
#[must_use = "a guard that nobody keeps sets the event at once"]
pub struct SetOnDrop<'a>(&'a Event);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set();
    }
}

impl Event {
    /// Sets the event when the guard is dropped, be it by a panic.
    ///
    /// For a thread on which others wait: whatever becomes of it, they are told.
    ///
    /// # Differences from Python
    /// Takes the place of `try: … finally: event.set()`.
    ///
    /// # Examples
    /// ```
    /// let done = threadproof::Event::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         let _done = done.set_on_drop();
    ///         std::fs::read("missing.txt").ok()
    ///     });
    ///     done.wait();
    /// });
    /// assert!(done.is_set());
    /// ```
    pub fn set_on_drop(&self) -> SetOnDrop<'_> {
        SetOnDrop(self)
    }
}
