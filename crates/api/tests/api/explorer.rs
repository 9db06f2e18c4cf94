//! The explorer as the console asks it: pages, what a cell lists, what is wrong and where.

use serde_json::{Value, json};

use crate::world::{Answer, World};

async fn ask(world: &World, body: &Value, status: u16) -> Answer {
    world.call("POST", "/api/v1/explore").bearer(&world.a.reader).json(body).expect(status).await
}

#[tokio::test]
async fn pages_and_cells_are_bounded() {
    let world = World::new().await;
    let query = json!({"version": 1, "find": {"types": ["subscription"]}});
    for (field, most) in [("limit", 1000), ("listed", 100)] {
        let mut body = json!({ "query": query });
        body[field] = json!(most);
        ask(&world, &body, 200).await;
        body[field] = json!(most + 1);
        let refused = ask(&world, &body, 400).await;
        let message = refused.body["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.starts_with(field), "{message}");
    }
}

#[tokio::test]
async fn what_is_wrong_has_a_code_and_a_place() {
    let world = World::new().await;
    let query = json!({"version": 1, "find": {"types": ["virtual_machines"], "that": [
        {"connection": "is_running", "to": {"types": ["alert"]}}]}});
    let refused = ask(&world, &json!({ "query": query }), 400).await;
    assert_eq!(refused.code(), "target_not_applicable");
    assert_eq!(refused.body["error"]["details"]["pointer"], "/find/that/0/to/types");
    assert_eq!(ask(&world, &json!({"link": "no link"}), 400).await.code(), "bad_link");
}

/// A console writes links as it wrote the document; the answer has the one that everybody has.
#[tokio::test]
async fn a_link_is_read_however_its_document_is_written() {
    let world = World::new().await;
    let query = json!({"find": {"that": [{"or": [{"insight": "has_tags"}]}],
        "types": ["connected_server", "virtual_machines"]}, "version": 1});
    let first = ask(&world, &json!({ "query": query }), 200).await;
    assert_eq!(
        first.body["query"],
        json!({"version": 1, "find": {"types": ["virtual_machines"], "that": [{"insight": "has_tags"}]}})
    );
    let again = ask(&world, &json!({"link": first.text("link")}), 200).await;
    assert_eq!(again.text("link"), first.text("link"));
}
