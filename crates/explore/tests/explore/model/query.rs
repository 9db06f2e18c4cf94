//! Questions, made from the schema's document as a builder would.

use palisade_explore::{Access, Follow, PropertyDocument, SchemaDocument, ValueType, schema_document};
use serde_json::{Value, json};

use super::choices::Choices;
use super::graph::WORDS;

const MACHINES: [&str; 4] = ["virtual_machines", "ec2_instance", "cloud_instance", "connected_server"];

pub fn query(choices: &mut Choices<'_>) -> Value {
    let document = schema_document();
    let mut first = choices.of(&document.types.iter().map(|t| t.name.name()).collect::<Vec<_>>());
    if choices.below(3) == 0 {
        first = "virtual_machines";
    }
    let mut types = vec![first];
    // Several types, as long as what follows is the same for all.
    if MACHINES.contains(&first) && choices.below(2) == 0 {
        types.push(choices.of(&MACHINES));
    }
    let find = target(choices, &document, types, 0);
    let mut query = json!({"version": 1, "find": find});
    if choices.below(6) == 0 {
        query["scope"] = json!({"subscriptions": keys(choices)});
    }
    if choices.below(6) == 0 {
        query["scope"]["device_groups"] = json!(keys(choices));
    }
    query
}

pub fn access(choices: &mut Choices<'_>) -> Access {
    let mut some = |n| (choices.below(n) == 0).then(|| keys(choices));
    Access { subscriptions: some(5), device_groups: some(8), withheld: Vec::new() }
}

fn keys(choices: &mut Choices<'_>) -> Vec<String> {
    (0..=choices.below(3)).map(|_| format!("k{}", choices.below(6))).collect()
}

fn target(
    choices: &mut Choices<'_>,
    document: &SchemaDocument,
    types: Vec<&'static str>,
    depth: usize,
) -> Value {
    let spec = document.types.iter().find(|t| t.name.name() == types[0]).unwrap();
    let mut target = json!({"types": types});
    if choices.below(5) == 0 {
        target["where"] = filter(choices, &spec.properties, depth);
    }
    let most = if depth >= 3 { 0 } else { choices.below(3) };
    let that: Vec<Value> = (0..most).map(|_| branch(choices, document, &spec.follows, depth + 1)).collect();
    if !that.is_empty() {
        target["that"] = json!(that);
    }
    target
}

fn branch(choices: &mut Choices<'_>, document: &SchemaDocument, follows: &[Follow], depth: usize) -> Value {
    if depth < 4 && choices.below(5) == 0 {
        let word = choices.of(&["and", "or"]);
        let inner: Vec<Value> =
            (0..=choices.below(2)).map(|_| branch(choices, document, follows, depth + 1)).collect();
        return json!({word: inner});
    }
    let mut made = match &follows[choices.below(follows.len())] {
        Follow::Insight { insight } => {
            let mut made = json!({"insight": insight});
            if choices.below(3) == 0 {
                let spec = document.insights.iter().find(|i| i.name == *insight).unwrap();
                made["where"] = filter(choices, &spec.properties, depth);
            }
            made
        }
        Follow::Connection { connection, to, .. } => {
            let to = choices.of(to).name();
            json!({"connection": connection, "to": target(choices, document, vec![to], depth + 1)})
        }
    };
    if choices.below(5) == 0 {
        made["not"] = json!(true);
    }
    made
}

fn filter(choices: &mut Choices<'_>, properties: &[PropertyDocument], depth: usize) -> Value {
    let all: Vec<Value> = (0..=choices.below(2)).map(|_| condition(choices, properties, depth)).collect();
    json!(all)
}

fn condition(choices: &mut Choices<'_>, properties: &[PropertyDocument], depth: usize) -> Value {
    if depth < 4 && choices.below(5) == 0 {
        let word = choices.of(&["and", "or"]);
        let inner: Vec<Value> =
            (0..=choices.below(2)).map(|_| condition(choices, properties, depth + 1)).collect();
        return json!({word: inner});
    }
    let p = &properties[choices.below(properties.len())];
    let operator = choices.of(&p.operators);
    let value = match operator.as_str() {
        "exists" => json!(choices.below(2) == 0),
        "in" => {
            let all: Vec<Value> = (0..=choices.below(3)).map(|_| literal(choices, p)).collect();
            json!(all)
        }
        _ => literal(choices, p),
    };
    json!({"property": p.name, "operator": operator, "value": value})
}

fn literal(choices: &mut Choices<'_>, p: &PropertyDocument) -> Value {
    match p.value {
        ValueType::Text => json!(choices.of(&WORDS)),
        ValueType::Version => json!(choices.of(&["1.2", "1.10", "1", "0"])),
        ValueType::Choice => json!(choices.of(&p.values)),
        ValueType::Bool => json!(choices.below(2) == 0),
        ValueType::Integer => json!(choices.of(&[22, 443, 0])),
        ValueType::Real => json!(choices.of(&[0.5, 7.0])),
        ValueType::Time => json!(choices.of(&["ago(7d)", "ago(1d)", "2027-01-13T08:00:00Z"])),
    }
}
