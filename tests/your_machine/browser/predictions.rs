//! Predict, then check.

use super::{NEEDS, pages_with, reader};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    vec![Test::new(
        NEEDS,
        each_answer_of_a_question_opens_its_reason_and_one_is_right,
    )]
}

fn each_answer_of_a_question_opens_its_reason_and_one_is_right() {
    let (mut browser, book) = reader();
    let mut n_questions = 0;
    for page in pages_with(book, "<details")
        .iter()
        .filter(|page| !page.ends_with("print.html"))
    {
        browser.open(page);
        let name = page.display();
        let plain =
            browser.number("document.querySelectorAll('main ul + details:not([class])').length");
        assert_eq!(
            plain, 0,
            "{name}: an answer to a list has no reason for each choice"
        );
        let questions = "[...document.querySelectorAll('main .quiz')]";
        let n = browser.number(&format!("{questions}.length"));
        n_questions += n;
        for question in 0..n {
            let outcome = browser.evaluate(&format!(
                "(() => {{
                    const choices = [...{questions}[{question}].querySelectorAll('.choice')];
                    const areClosed = choices.every(choice => !choice.open);
                    const reasons = choices.map(choice => {{
                        choice.querySelector('summary').click();
                        return choice.open && choice.querySelector('p').checkVisibility();
                    }});
                    const open = choices.filter(choice => choice.open).length;
                    const right = choices.filter(choice => choice.matches('.is-right')).length;
                    return {{ areClosed, reasons, open, right }};
                }})()"
            ));
            assert_eq!(outcome["areClosed"], true, "{name}");
            assert_eq!(outcome["open"], 1, "{name}: the last one that was chosen");
            assert_eq!(outcome["right"], 1, "{name}");
            let reasons = outcome["reasons"].as_array().expect("a list");
            assert!(reasons.len() >= 2, "{name}: {reasons:?}");
            assert!(
                reasons.iter().all(|shown| *shown == true),
                "{name}: {reasons:?}"
            );
        }
    }
    assert!(n_questions >= 30, "{n_questions} questions");
}
