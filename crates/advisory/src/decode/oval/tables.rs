//! Tests, objects, states and variables of a document, which come after the definitions.

use std::collections::HashMap;

use crate::decode::xml::Element;

/// What a test asks of the package that its object names.
#[derive(Clone, Debug, Default)]
pub(super) struct Test {
    pub object: String,
    pub states: Vec<String>,
    /// Whether it asks that the object is not there.
    pub none_exist: bool,
    pub kind: String,
}

/// A comparison in a state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compared {
    /// `evr`, `version`, `arch`, `subexpression`, `signature_keyid` …
    pub entity: String,
    pub operation: String,
    pub value: String,
}

#[derive(Clone, Debug, Default)]
struct Object {
    name: String,
    variable: String,
}

#[derive(Default)]
pub(super) struct Tables {
    tests: HashMap<String, Test>,
    objects: HashMap<String, Object>,
    states: HashMap<String, Vec<Compared>>,
    variables: HashMap<String, Vec<String>>,
    /// The id of the test, object, state or variable that is open.
    id: String,
    operation: String,
}

impl Tables {
    pub(super) fn open(&mut self, path: &[String], element: &Element) {
        match (path.get(1).map(String::as_str), path.len()) {
            (Some("tests"), 2) => {
                element.get("id").clone_into(&mut self.id);
                let test = Test {
                    none_exist: element.get("check_existence") == "none_exist",
                    kind: element.name.clone(),
                    ..Test::default()
                };
                self.tests.insert(self.id.clone(), test);
            }
            (Some("tests"), _) => {
                if let Some(test) = self.tests.get_mut(&self.id) {
                    match element.name.as_str() {
                        "object" => element.get("object_ref").clone_into(&mut test.object),
                        "state" => test.states.push(element.get("state_ref").to_owned()),
                        _ => {}
                    }
                }
            }
            (Some("objects"), 2) => {
                element.get("id").clone_into(&mut self.id);
                self.objects.insert(self.id.clone(), Object::default());
            }
            (Some("objects"), _) => {
                let variable = element.get("var_ref");
                if let Some(object) = self.objects.get_mut(&self.id)
                    && !variable.is_empty()
                {
                    variable.clone_into(&mut object.variable);
                }
            }
            (Some("states" | "variables"), 2) => element.get("id").clone_into(&mut self.id),
            (Some("states"), _) => element.get("operation").clone_into(&mut self.operation),
            _ => {}
        }
    }

    pub(super) fn close(&mut self, path: &[String], name: &str, text: String) {
        match (path.get(1).map(String::as_str), path.len()) {
            (Some("objects"), 3) if name == "name" && !text.is_empty() => {
                if let Some(object) = self.objects.get_mut(&self.id) {
                    object.name = text;
                }
            }
            (Some("states"), 3) => {
                let compared = Compared {
                    entity: name.to_owned(),
                    operation: std::mem::take(&mut self.operation),
                    value: text,
                };
                self.states.entry(self.id.clone()).or_default().push(compared);
            }
            (Some("variables"), 3) if name == "value" => {
                self.variables.entry(self.id.clone()).or_default().push(text);
            }
            _ => {}
        }
    }

    pub(super) fn test(&self, id: &str) -> Option<&Test> {
        self.tests.get(id)
    }

    /// The packages that an object names: its own name, or the names in the patterns of its variable.
    pub(super) fn names(&self, object: &str) -> Vec<String> {
        let Some(object) = self.objects.get(object) else { return Vec::new() };
        if !object.name.is_empty() {
            return vec![object.name.clone()];
        }
        let values = self.variables.get(&object.variable).into_iter().flatten();
        values.map(|v| package_of_pattern(v)).filter(|n| !n.is_empty()).collect()
    }

    /// What a test's states compare.
    pub(super) fn compared<'a>(&'a self, test: &'a Test) -> impl Iterator<Item = &'a Compared> {
        test.states.iter().filter_map(|s| self.states.get(s)).flatten()
    }
}

/// `^openssh-client(?::\w+|)\s+(.*)$` is about openssh-client.
fn package_of_pattern(pattern: &str) -> String {
    let rest = pattern.trim_start_matches('^');
    let end = rest.find(['(', '\\', '$', ' ']).unwrap_or(rest.len());
    // A plus or a dot in a name is escaped.
    let (name, more) = rest.split_at(end);
    match more.strip_prefix('\\') {
        Some(more) if more.starts_with(['+', '.']) => {
            let (c, more) = more.split_at(1);
            format!("{name}{c}{}", package_of_pattern(more))
        }
        _ => name.to_owned(),
    }
}
