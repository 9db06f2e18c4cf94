//! Files that queries read by name: who uploads them, and who gets them.

use async_trait::async_trait;
use bytes::Bytes;
use palisade_api::{ExternalFiles, FileBytes, QueryFailure};
use palisade_state::{AuditOutcome, AuditRecord};
use palisade_types::TenantId;
use serde_json::json;

use crate::world::{Answer, World};

const LIST: &str = "/api/v1/hunting/uploads";

async fn upload(world: &World, token: &str, query: &str, bytes: &[u8]) -> Answer {
    let call = world.call("POST", &format!("{LIST}?{query}")).bearer(token);
    call.raw("application/octet-stream", bytes.to_vec()).send().await
}

/// What a worker that runs a query of the caller reads by a name.
async fn read(world: &World, token: &str, name: &str, max: u64) -> Result<Vec<u8>, String> {
    world
        .call("POST", "/api/v1/hunting/query")
        .bearer(token)
        .json(&json!({"query": format!("externaldata(a: string)['{name}']")}))
        .expect(200)
        .await;
    let views = world.query.views.lock().take().expect("the query was given them");
    let mut file = views.file(name, max).await.map_err(|f| f.code)?;
    let mut bytes = Vec::new();
    while let Some(more) = file.chunk().await.map_err(|f| f.code)? {
        bytes.extend_from_slice(&more);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_file_is_uploaded_replaced_read_and_deleted() {
    let world = World::new().await;
    let operator = &world.a.operator;
    // More than a body of JSON may have, and than is read at once.
    let long = vec![b'x'; 3 << 20];
    let made = upload(&world, operator, "name=list.csv", &long).await;
    assert_eq!((made.status, &made.body["bytes"]), (201, &json!(3 << 20)), "{}", made.body);
    assert_eq!(read(&world, &world.a.reader, "list.csv", 3 << 20).await.expect("its bytes"), long);
    assert_eq!(read(&world, &world.a.reader, "list.csv", 1000).await, Err("query_limit".to_owned()));
    assert_eq!(read(&world, &world.b.admin, "list.csv", 1000).await, Err("not_found".to_owned()));
    assert_eq!(read(&world, &world.a.reader, "other.csv", 1000).await, Err("not_found".to_owned()));

    let told = upload(&world, operator, "name=list.csv", b"a").await;
    assert_eq!((told.status, told.code()), (409, "already_exists"));
    let now_is = upload(&world, &world.a.admin, "name=list.csv&replace=true", b"abc").await;
    assert_eq!(now_is.status, 201);
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let page = world.get(LIST, &world.a.reader).expect(200).await;
    let item = &page.body["items"][0];
    assert_eq!((&item["name"], &item["sha256"]), (&json!("list.csv"), &json!(digest)));
    assert!(item["created_by"].as_str().is_some_and(|by| by.contains("operator@")), "{item}");
    assert!(item["updated_by"].as_str().is_some_and(|by| by.contains("administrator@")), "{item}");
    assert_eq!(read(&world, &world.a.reader, "list.csv", 1000).await.expect("its bytes"), b"abc");
    let folder = world.hunting.path().join("uploads").join(world.a.tenant.id.to_string());
    let files = || std::fs::read_dir(&folder).expect("listed").count();
    assert_eq!(files(), 1, "what was replaced is removed");

    assert_eq!(world.get(LIST, &world.b.admin).expect(200).await.body["items"], json!([]));
    let at = format!("{LIST}/list.csv");
    world.call("DELETE", &at).bearer(&world.b.admin).expect(404).await;
    world.call("DELETE", &at).bearer(operator).expect(204).await;
    assert_eq!(files(), 0);
    assert_eq!(read(&world, &world.a.reader, "list.csv", 1000).await, Err("not_found".to_owned()));
}

#[tokio::test]
async fn what_is_too_large_or_badly_named_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let operator = &world.a.operator;
    let told = upload(&world, operator, "name=large", &vec![0; (64 << 20) + 1]).await;
    assert_eq!((told.status, told.code()), (413, "upload_too_large"));
    for bad in ["name=", "name=..%2Fx", "name=.x", "name=a%20b", "other=1"] {
        assert_eq!(upload(&world, operator, bad, b"a").await.status, 400, "{bad}");
    }
    let folder = world.hunting.path().join("uploads").join(world.a.tenant.id.to_string());
    assert_eq!(std::fs::read_dir(folder).expect("listed").count(), 0);
    assert_eq!(world.get(LIST, operator).expect(200).await.body["items"], json!([]));
}

/// Who goes out, in these tests: one host has files, which are their addresses' lengths long; another is none of those
/// that are listed.
pub struct Lists;

struct List(Vec<Result<Bytes, QueryFailure>>);

#[async_trait]
impl FileBytes for List {
    async fn chunk(&mut self) -> Result<Option<Bytes>, QueryFailure> {
        self.0.pop().transpose()
    }
}

#[async_trait]
impl ExternalFiles for Lists {
    async fn open(&self, _: TenantId, address: &str, _: u64) -> Result<Box<dyn FileBytes>, QueryFailure> {
        let failed = |code: &str| QueryFailure { code: code.to_owned(), ..QueryFailure::default() };
        if !address.starts_with("https://lists.example/") {
            return Err(failed("external_refused"));
        }
        let mut parts = vec![Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"c"))];
        if address.contains("broken") {
            parts[0] = Err(failed("external_unavailable"));
        }
        Ok(Box::new(List(parts)))
    }
}

#[tokio::test]
async fn each_file_from_outside_is_in_the_audit_log_however_it_ends() {
    let world = World::new().await;
    let query = json!({"query": "print 1"});
    world.call("POST", "/api/v1/hunting/query").bearer(&world.a.reader).json(&query).expect(200).await;
    let views = world.query.views.lock().take().expect("the query was given them");
    let read = async |address: &str, most: usize| {
        let mut file = views.external(address, 100).await.map_err(|f| f.code)?;
        let mut bytes = Vec::new();
        for _ in 0..most {
            match file.chunk().await.map_err(|f| f.code)? {
                Some(more) => bytes.extend_from_slice(&more),
                None => break,
            }
        }
        Ok::<_, String>(bytes)
    };
    let secret = "https://user:secret@lists.example:8443/a.csv?sig=secret";
    assert_eq!(read("https://lists.example/a.csv?sig=secret", 9).await.expect("its bytes"), b"cab");
    assert_eq!(read("https://lists.example/broken.csv", 9).await, Err("external_unavailable".to_owned()));
    assert_eq!(read(secret, 9).await, Err("external_refused".to_owned()));
    // Nobody reads on.
    read("https://lists.example/left.csv", 1).await.expect("its beginning");
    let entries = async || {
        let all: Vec<AuditRecord> = world.audit(&world.a.tenant).await;
        all.into_iter().filter(|e| e.kind == "hunting.external").collect::<Vec<_>>()
    };
    let told = palisade_testkit::eventually("the entry of what was left", async || {
        let entries = entries().await;
        (entries.len() == 4).then_some(entries)
    })
    .await;
    for (target, outcome, detail) in [
        ("https://lists.example/a.csv", AuditOutcome::Success, json!({"bytes": 3})),
        (
            "https://lists.example/broken.csv",
            AuditOutcome::Failure,
            json!({"bytes": 1, "code": "external_unavailable"}),
        ),
        (
            "https://lists.example:8443/a.csv",
            AuditOutcome::Failure,
            json!({"bytes": 0, "code": "external_refused"}),
        ),
        (
            "https://lists.example/left.csv",
            AuditOutcome::Failure,
            json!({"bytes": 1, "code": "query_cancelled"}),
        ),
    ] {
        let entry = told.iter().find(|e| e.target == target).expect(target);
        assert_eq!((entry.outcome.as_str(), &entry.detail), (outcome.as_str(), &detail), "{target}");
        assert!(entry.actor_name.contains("reader"), "{}", entry.actor_name);
    }
    assert!(!format!("{told:?}").contains("secret"));

    // One query reads few at once, and more behind each other.
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(
            views.external("https://lists.example/a.csv", 100).await.map_err(|f| f.code).expect("begun"),
        );
    }
    let fifth = views.external("https://lists.example/a.csv", 100).await.err().map(|f| f.code);
    assert_eq!(fifth.as_deref(), Some("query_limit"));
    open.pop();
    assert!(views.external("https://lists.example/a.csv", 100).await.is_ok());
}
