//! The built book: mdBook has nothing to complain of, and every link and asset of every page leads somewhere.

#[path = "../book/complaints.rs"]
mod complaints;
#[path = "../book/built.rs"]
mod pages;
#[path = "../book/paths.rs"]
mod paths;

use crate::book::book;
use crate::needs::Need;
use crate::run::Test;
use pages::{check_pages, log_complaints};

pub(crate) fn tests() -> Vec<Test> {
    let test = the_book_builds_without_a_complaint_and_every_link_leads_somewhere;
    vec![Test::new(&[Need::MdBook], test)]
}

fn the_book_builds_without_a_complaint_and_every_link_leads_somewhere() {
    let book = book();
    let complaints = log_complaints(&book.log);
    assert!(complaints.is_empty(), "mdbook said:\n{}", book.log);
    check_pages(&book.pages).expect_none();
}
