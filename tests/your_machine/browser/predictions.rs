//! Predict, then check.

use super::{NEEDS, pages_with, reader};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    vec![Test::new(
        NEEDS,
        a_prediction_opens_the_answer_and_one_choice_is_right,
    )]
}

fn a_prediction_opens_the_answer_and_one_choice_is_right() {
    let (mut browser, book) = reader();
    let mut n_questions = 0;
    for page in pages_with(book, "<details")
        .iter()
        .filter(|page| !page.ends_with("print.html"))
    {
        browser.open(page);
        let name = page.display();
        let questions = "[...document.querySelectorAll('main .prediction')]";
        let n = browser.number(&format!("{questions}.length"));
        let plain =
            browser.number("document.querySelectorAll('main ul + details:not([class])').length");
        assert_eq!(
            plain, 0,
            "{name}: a list before an answer in which no choice stands in bold"
        );
        n_questions += n;
        for question in 0..n {
            let outcome = browser.evaluate(&format!(
                "(() => {{
                    const list = {questions}[{question}];
                    const said = list.nextElementSibling;
                    const answer = said.nextElementSibling;
                    const wasClosed = !answer.open;
                    const heard = [...list.querySelectorAll('button')].map(choice => {{
                        choice.click();
                        return said.textContent;
                    }});
                    const pressed = list.querySelectorAll('[aria-pressed=true]').length;
                    return {{ wasClosed, isOpen: answer.open, heard, pressed }};
                }})()"
            ));
            assert_eq!(outcome["wasClosed"], true, "{name}");
            assert_eq!(outcome["isOpen"], true, "{name}");
            assert_eq!(outcome["pressed"], 1, "{name}: one choice is the last one");
            let heard = outcome["heard"].as_array().expect("a list");
            let right = heard.iter().filter(|words| **words == "Right.").count();
            assert_eq!(right, 1, "{name}: {heard:?}");
            assert!(heard.len() >= 2, "{name}: {heard:?}");
        }
    }
    assert!(n_questions >= 2, "{n_questions} questions");
}
