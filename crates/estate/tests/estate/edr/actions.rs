//! What the quick actions call exists: the API's sources are read.

use std::path::Path;

use palisade_estate::edr::Request;

fn sources() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src/routes");
    let files = std::fs::read_dir(folder).expect("the API's routes");
    let files =
        files.map(|f| f.expect("an entry").path()).filter(|p| p.extension().is_some_and(|e| e == "rs"));
    files.map(|p| std::fs::read_to_string(p).expect("readable")).collect()
}

#[test]
fn every_quick_action_calls_something_that_is_there() {
    let sources = sources();
    for request in Request::every() {
        let path = request.path.replace("{machine}", "{id}").replace("{subscription}", "{id}");
        let route = format!("utoipa::path({}, path = \"{path}\"", request.method.to_lowercase());
        let source = sources.iter().find(|s| s.contains(&route));
        let source = source.unwrap_or_else(|| panic!("{} {path} is no route", request.method));
        for (field, value) in request.body.as_object().into_iter().flatten() {
            let kind = match value {
                serde_json::Value::Bool(_) => "bool",
                serde_json::Value::Number(_) => "32",
                _ => "",
            };
            let declared =
                source.lines().any(|l| l.trim().starts_with(&format!("{field}: ")) && l.contains(kind));
            assert!(declared, "{} {path} has no field {field} like {value}", request.method);
        }
    }
}
