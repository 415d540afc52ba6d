//! `serve`: the embedded server for others, such as the notebook's cells in Python.

use serde_json::json;
use threadproof::Event;
use threadproof::local_server::LocalServer;

use super::failure::Failure;
use super::options::{Options, Serve};
use super::output::{is_lost, line};
use super::sections::context::{OFFICE_PATH, office};

/// Serves until the program is asked to end.
pub(crate) fn run(serve: &Serve, options: &Options, stop: &'static Event) -> Result<(), Failure> {
    let port = serve.port;
    let server = LocalServer::start_on(port, office(serve.delay));
    let what = || format!("port {port} (--port 0 takes a free one)");
    let server = server.map_err(|error| Failure::io(what(), error))?;
    let (url, delay) = (server.url(OFFICE_PATH), serve.delay.as_secs_f64());
    if options.json {
        line(format_args!("{}", json!({ "url": url, "delay": delay })));
    } else {
        line(format_args!(
            "{url}, each answer after {delay} s; Ctrl-C ends it"
        ));
    }
    // A port that nobody could be told of is of no use.
    if port == 0 && is_lost() {
        return Err(Failure::Unheard);
    }
    stop.wait();
    Ok(())
}
