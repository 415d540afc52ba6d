//! A headless Chromium, told what to do over its DevTools pipe.
//!
//! ```text
//!   this test ── JSON, then a zero byte ──▶ file 3 ┐
//!             ◀── replies and events ────── file 4 ┴ chromium --remote-debugging-pipe
//! ```
//!
//! A reply carries the number of its command. Everything else is an event, and is kept until
//! somebody asks for it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use std::{fs, thread};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::PATIENCE;

/// A browser with one page. It ends when this process does, for then its commands end.
pub(super) struct Chromium {
    commands: ChildStdin,
    messages: Receiver<Value>,
    events: VecDeque<Value>,
    page: Option<Page>,
    last_id: u64,
}

struct Page {
    target: Value,
    session: Value,
}

impl Chromium {
    pub(super) fn start(program: &Path) -> Self {
        let mut process = Command::new("sh")
            // The shell gives the browser its two extra files, and becomes the browser.
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#])
            .arg(program)
            .args(["--headless", "--disable-gpu", "--remote-debugging-pipe"])
            // Pages of our own, in containers whose root may not make a sandbox.
            .args(["--no-sandbox", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking"])
            // What asks for a name asks in vain; the tests see that it asked.
            .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars"])
            .arg("--window-size=1280,900")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let commands = process.stdin.take().expect("it is piped");
        let replies = process.stdout.take().expect("it is piped");
        let (sender, messages) = channel();
        thread::spawn(move || {
            for message in BufReader::new(replies).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("DevTools speaks JSON");
                let _ = sender.send(message);
            }
            // Its end is the end of its words.
            let _ = process.wait();
        });
        Self {
            commands,
            messages,
            events: VecDeque::new(),
            page: None,
            last_id: 0,
        }
    }

    /// Closes the page, if there is one, and opens an empty one, with nothing left of the last test.
    pub(super) fn turn_over(&mut self) {
        if let Some(old) = self.page.take() {
            self.call("Target.closeTarget", json!({ "targetId": old.target }));
        }
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = target["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.call("Target.attachToTarget", attach)["sessionId"].clone();
        self.page = Some(Page { target, session });
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Gives a command and waits for its reply.
    #[track_caller]
    pub(super) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(page) = &self.page {
            command["sessionId"] = page.session.clone();
        }
        let written = write!(self.commands, "{command}\0");
        written.unwrap_or_else(|error| panic!("the browser has gone: {error}"));
        loop {
            let mut message = self.next_message(method);
            if message["id"] == self.last_id {
                let error = &message["error"];
                assert!(error.is_null(), "{method}: {error}");
                return message["result"].take();
            }
            self.events.push_back(message);
        }
    }

    #[track_caller]
    fn next_message(&self, what_for: &str) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.unwrap_or_else(|error| panic!("no word of the browser about {what_for}: {error}"))
    }

    /// Opens a page and waits until it has loaded, and everything that it names with it.
    #[track_caller]
    pub(super) fn open(&mut self, page: &Path) {
        self.open_url(&format!("file://{}", page.display()));
    }

    #[track_caller]
    pub(super) fn open_url(&mut self, url: &str) {
        self.events.clear();
        let opened = self.call("Page.navigate", json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
        let is_load = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_load) {
            let message = self.next_message(url);
            self.events.push_back(message);
        }
    }

    /// What happened since the page was opened, up to now.
    #[track_caller]
    pub(super) fn events(&mut self) -> Vec<Value> {
        // Whatever the page began in its first frames has been reported before this is answered.
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))");
        self.events.drain(..).collect()
    }

    /// The value of an expression, on the page.
    #[track_caller]
    pub(super) fn evaluate(&mut self, expression: &str) -> Value {
        let mut outcome = self.call(
            "Runtime.evaluate",
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }),
        );
        let trouble = &outcome["exceptionDetails"];
        assert!(trouble.is_null(), "{expression}\n{trouble}");
        outcome["result"]["value"].take()
    }

    #[track_caller]
    pub(super) fn text(&mut self, expression: &str) -> String {
        let value = self.evaluate(expression);
        let text = value.as_str();
        text.unwrap_or_else(|| panic!("{expression} is {value}"))
            .to_owned()
    }

    #[track_caller]
    pub(super) fn number(&mut self, expression: &str) -> usize {
        let value = self.evaluate(expression);
        let number = value
            .as_u64()
            .unwrap_or_else(|| panic!("{expression} is {value}"));
        usize::try_from(number).expect("a small number")
    }

    #[track_caller]
    pub(super) fn is(&mut self, expression: &str) -> bool {
        self.evaluate(expression) == true
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(super) fn until(&mut self, expression: &str) {
        let start = Instant::now();
        while !self.is(expression) {
            assert!(start.elapsed() < PATIENCE, "in vain: {expression}");
        }
    }

    /// Presses a key and lets go of it, as a hand would: `ArrowRight`, `Home`, `a`.
    #[track_caller]
    pub(super) fn press(&mut self, key: &str) {
        let code = match key {
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            "End" => 35,
            "Home" => 36,
            "Tab" => 9,
            "Enter" => 13,
            "Backspace" => 8,
            letter => u32::from(letter.to_ascii_uppercase().as_bytes()[0]),
        };
        let mut down =
            json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code });
        if key.len() == 1 {
            down["text"] = json!(key);
        }
        if key == "Enter" {
            down["text"] = json!("\r");
        }
        self.call("Input.dispatchKeyEvent", down);
        let up = json!({ "type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", up);
    }

    /// Types words into whatever has the focus.
    #[track_caller]
    pub(super) fn write(&mut self, words: &str) {
        self.call("Input.insertText", json!({ "text": words }));
    }

    /// Pretends a medium, such as `print`, or a wish of the reader's, such as a dark scheme.
    #[track_caller]
    pub(super) fn pretend(&mut self, medium: &str, wishes: &[(&str, &str)]) {
        let wish = |(name, value): &(&str, &str)| json!({ "name": name, "value": value });
        let wishes: Vec<Value> = wishes.iter().map(wish).collect();
        let media = json!({ "media": medium, "features": wishes });
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// A picture of the page as it stands in the window.
    #[track_caller]
    pub(super) fn screenshot(&mut self, path: &Path) {
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let picture = picture["data"].as_str().expect("a picture");
        let picture = BASE64_STANDARD.decode(picture).expect("in base64");
        fs::write(path, picture).expect("a picture can be written");
    }
}
