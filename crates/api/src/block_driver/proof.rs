//! What a sensor's proof says of each rule.

use palisade_state::vulnerabilities::blocks::{BlockMode, BlockedRule};
use serde_json::{Value, json};
use uuid::Uuid;

/// Refused files that are kept of one rule on one device.
const MOST_REFUSED: usize = 20;

/// The rung in force and each rule's state.
///
/// # Errors
/// In words, why it proves nothing about this list.
pub(super) fn read(
    proof: &Value,
    revision: u64,
    rules: &[(Uuid, BlockMode)],
) -> Result<(String, Vec<BlockedRule>), &'static str> {
    if proof["revision"].as_u64() != Some(revision) {
        return Err("the device proved another list");
    }
    let rung = proof["rung"].as_str().unwrap_or_default();
    let all = rules.iter().map(|(id, mode)| one(proof, rung, *id, *mode)).collect::<Option<Vec<_>>>();
    all.map(|all| (rung.to_owned(), all)).ok_or("the device had not looked at its packages in time")
}

fn one(proof: &Value, rung: &str, id: Uuid, mode: BlockMode) -> Option<BlockedRule> {
    let text = |key: &str| proof[key].as_str().unwrap_or_default().to_owned();
    let mut found = BlockedRule { id, packages: json!([]), refused: json!([]), ..BlockedRule::default() };
    if proof["disarmed"] == true {
        found.state = "disarmed";
        return Some(found);
    }
    for (key, code) in [("broken", "block_not_enforced"), ("unclear", "block_packages_unclear")] {
        if !text(key).is_empty() {
            (found.state, found.code, found.message) = ("failed", code.into(), text(key));
            return Some(found);
        }
    }
    let name = id.to_string();
    let rule = proof["rules"].as_array()?.iter().find(|r| r["id"] == name.as_str())?;
    found.files = rule["files"].as_u64().unwrap_or(0);
    found.packages = list(&rule["packages"], MOST_REFUSED);
    found.refused = list(&rule["refused"], MOST_REFUSED);
    let refused = rule["refused_total"].as_u64().unwrap_or(0);
    let none = found.packages.as_array().is_none_or(Vec::is_empty);
    found.state = match (found.files, refused, mode) {
        (0, 1.., _) => {
            found.code = found.refused[0]["code"].as_str().unwrap_or("block_refused_never_touch").to_owned();
            "refused"
        }
        (0, 0, _) => {
            if !none {
                found.code = "block_no_programs".into();
                found.message = "the package has no programs of its own".into();
            }
            "not_installed"
        }
        (_, _, BlockMode::Warn) => "watched",
        _ if rung == "detect" || rung.is_empty() => {
            found.message = text("only_looks");
            "detect_only"
        }
        _ => "enforced",
    };
    Some(found)
}

fn list(value: &Value, most: usize) -> Value {
    value.as_array().map_or_else(|| json!([]), |all| all.iter().take(most).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Uuid = Uuid::from_u128(1);

    fn state(proof: &Value, mode: BlockMode) -> Option<(&'static str, String)> {
        let (_, rules) = read(proof, 7, &[(RULE, mode)]).ok()?;
        rules.into_iter().next().map(|r| (r.state, r.code))
    }

    fn proof(rung: &str, rule: Value) -> Value {
        let mut rule = rule;
        rule["id"] = json!(RULE.to_string());
        json!({"revision": 7, "rung": rung, "rules": [rule], "disarmed": false, "broken": "", "unclear": ""})
    }

    #[test]
    fn a_rule_stands_as_the_proof_says() {
        let some = json!({"packages": ["tool 1"], "files": 2, "refused": [], "refused_total": 0});
        assert_eq!(
            state(&proof("fanotify", some.clone()), BlockMode::Block),
            Some(("enforced", String::new()))
        );
        assert_eq!(state(&proof("kill", some.clone()), BlockMode::Block), Some(("enforced", String::new())));
        assert_eq!(
            state(&proof("fanotify", some.clone()), BlockMode::Warn),
            Some(("watched", String::new()))
        );
        assert_eq!(
            state(&proof("detect", some.clone()), BlockMode::Block),
            Some(("detect_only", String::new()))
        );
        let none = json!({"packages": [], "files": 0, "refused": [], "refused_total": 0});
        assert_eq!(state(&proof("", none), BlockMode::Block), Some(("not_installed", String::new())));
        let library = json!({"packages": ["lib 1"], "files": 0, "refused": [], "refused_total": 0});
        assert_eq!(
            state(&proof("", library), BlockMode::Block),
            Some(("not_installed", "block_no_programs".into()))
        );
        let code = "block_refused_never_touch";
        let shell = json!({"packages": [], "files": 0, "refused": [{"code": code}], "refused_total": 1});
        assert_eq!(state(&proof("", shell), BlockMode::Block), Some(("refused", code.into())));
        let mut disarmed = proof("", some.clone());
        disarmed["disarmed"] = json!(true);
        assert_eq!(state(&disarmed, BlockMode::Block), Some(("disarmed", String::new())));
        let mut broken = proof("", some);
        broken["broken"] = json!("no fanotify");
        assert_eq!(state(&broken, BlockMode::Block), Some(("failed", "block_not_enforced".into())));
    }

    #[test]
    fn another_list_or_an_unfinished_look_proves_nothing() {
        let some = json!({"packages": ["tool 1"], "files": 2, "refused": [], "refused_total": 0});
        assert!(read(&proof("fanotify", some.clone()), 8, &[(RULE, BlockMode::Warn)]).is_err());
        let unfinished = json!({"revision": 7, "rung": "", "rules": [], "disarmed": false});
        assert!(read(&unfinished, 7, &[(RULE, BlockMode::Warn)]).is_err());
        assert!(read(&unfinished, 7, &[]).is_ok(), "an empty list is proved by its number");
        assert!(read(&Value::Null, 7, &[]).is_err());
    }
}
