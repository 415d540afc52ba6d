//! A feature is a ring of its own: no module uses one that has more features, and each says which it needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{ROOT, expect_none, head_of, imports_of, library, ring};

/// What each feature brings along.
const FEATURES: [(&str, &[&str]); 4] = [
    ("", &[""]),
    ("download", &["", "download"]),
    ("processes", &["", "processes"]),
    ("program", &["", "download", "processes", "program"]),
];

/// The features of the modules, as `src/lib.rs` has them: `#[cfg(…feature = "name"…)]` above `mod`.
fn features(lib: &str) -> BTreeMap<String, String> {
    let lines: Vec<&str> = lib.lines().collect();
    let mut features = BTreeMap::new();
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim_start_matches("pub ");
        let Some(module) = line.strip_prefix("mod ") else {
            continue;
        };
        let above = lines[..number].iter().rev();
        let mut attributes = above.take_while(|line| line.starts_with("#["));
        let feature = attributes.find_map(|line| line.split("feature = \"").nth(1));
        let feature = feature.unwrap_or_default();
        let feature = feature.split('"').next().unwrap_or_default();
        features.insert(module.trim_end_matches(';').to_owned(), feature.to_owned());
    }
    features
}

fn of_this_crate() -> BTreeMap<String, String> {
    let lib = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    let mut features = features(&lib);
    // The models are no module of the crate.
    features.retain(|module, _| ring(module).is_some());
    features
}

#[test]
fn no_module_uses_one_with_more_features() {
    let features = of_this_crate();
    let mut complaints = Vec::new();
    for source in library() {
        let module = source.module();
        let own = &*features[&module];
        let (_, has) = FEATURES.iter().find(|(name, _)| *name == own).unwrap();
        for (line, used) in imports_of(&source) {
            if let Some(needs) = features.get(&used)
                && !has.contains(&&**needs)
            {
                complaints.push(format!(
                    "{}: {module} must not use {used}, which needs the feature {needs}",
                    source.at(line)
                ));
            }
        }
    }
    expect_none(complaints);
}

#[test]
fn every_module_that_needs_a_feature_says_so() {
    let mut complaints = Vec::new();
    for (module, feature) in of_this_crate() {
        let path = Path::new(ROOT).join(format!("src/{module}.rs"));
        let text = fs::read_to_string(&path).unwrap();
        let words = format!("Needs the feature `{feature}`");
        let head = head_of(&path, &text);
        if !feature.is_empty() && !head.contains(&words) {
            complaints.push(format!("src/{module}.rs: its docs do not say: {words}"));
        }
    }
    expect_none(complaints);
}

#[test]
fn a_feature_is_read_from_the_attributes_above_a_module() {
    let found = features(
        "mod a;\n#[cfg(feature = \"download\")]\n#[doc(alias = \"c\")]\npub mod b;\n#[cfg(all(feature = \"program\", unix))]\nmod c;\n",
    );
    let expected = [("a", ""), ("b", "download"), ("c", "program")];
    let expected = expected.map(|(module, feature)| (module.to_owned(), feature.to_owned()));
    assert_eq!(found, BTreeMap::from(expected));
}
