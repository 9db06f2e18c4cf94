//! The contract as an OpenAPI document.

use serde_json::{Map, Value, json};
use utoipa::openapi::InfoBuilder;
use utoipa::{PartialSchema, ToSchema};

use crate::error::ErrorBody;
use crate::routes::{self, DeviceCondition};

/// The document, with keys in a fixed order, so that two runs give the same text.
///
/// Each operation carries `x-palisade-permission` and `x-palisade-audit`.
pub fn openapi() -> Value {
    let (_, mut document) = routes::all().into_parts();
    document.info = InfoBuilder::new()
        .title("Palisade")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Open, self-hosted endpoint security for servers."))
        .build();
    let mut schemas = vec![(ErrorBody::name().into_owned(), ErrorBody::schema())];
    ErrorBody::schemas(&mut schemas);
    schemas.push((DeviceCondition::name().into_owned(), DeviceCondition::schema()));
    DeviceCondition::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
    let mut value = serde_json::to_value(&document).expect("a document of strings and maps is JSON");
    value["components"]["securitySchemes"] = json!({
        "session": {"type": "apiKey", "in": "cookie", "name": crate::credentials::COOKIE,
            "description": "Set by sign-in. Calls that change something also need the header X-Palisade-Csrf: 1."},
        "token": {"type": "http", "scheme": "bearer"},
    });
    value["security"] = json!([{"session": []}, {"token": []}]);
    for operation in value["paths"].as_object_mut().into_iter().flat_map(|p| p.values_mut()) {
        for operation in operation.as_object_mut().into_iter().flat_map(|o| o.values_mut()) {
            if operation[crate::route::PERMISSION] == "public" {
                operation["security"] = json!([]);
            }
            operation["responses"]["default"] = json!({
                "description": "The call failed.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
            });
        }
    }
    sorted(value)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<(String, Value)> = map.into_iter().collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(pairs.into_iter().map(|(k, v)| (k, sorted(v))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
