//! Does it do what the docs say? Tables and states, each beside the Python documentation it follows.

mod compare;
mod local_server;
