//! The audit log is only ever added to.

use palisade_state::{Actor, AuditEntry, AuditOutcome, DbRole};
use palisade_testkit::TestDb;
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::common::{NOW, after};

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        actor: Actor::system("test"),
        kind: format!("test.{n}"),
        outcome: AuditOutcome::Success,
        target: "x\0y".into(),
        detail: json!({"n": n}),
        address: String::new(),
    }
}

#[tokio::test]
async fn it_is_read_newest_first_page_by_page() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let other = db.tenant("Other").await.id;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    for n in 0..5 {
        api.audit(tenant, &entry(n), after(n)).await.expect("written");
        api.audit(other, &entry(100 + n), after(n)).await.expect("written");
    }
    ingest.audit(tenant, &entry(5), NOW).await.expect("ingest may add");
    let mut cursor = None;
    let mut kinds = Vec::new();
    loop {
        let page = api.audit_log(tenant, 4, cursor.as_deref()).await.expect("a page");
        assert_eq!(page.total, 6);
        kinds.extend(page.items.iter().map(|r| (r.kind.clone(), r.target.clone())));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..6).rev().map(|n| (format!("test.{n}"), "xy".to_owned())).collect();
    assert_eq!(kinds, expected);
    assert_eq!(api.audit_log(tenant, 4, Some("x")).await.expect_err("no cursor").code(), "cursor_invalid");
}

#[tokio::test]
async fn no_role_can_change_it_not_even_the_owner() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    db.state(DbRole::Api).await.audit(tenant, &entry(1), NOW).await.expect("written");
    for role in DbRole::ALL {
        let mut connection = db.options(role).region.connect().await.expect("connects");
        sqlx::query("SELECT set_config('app.tenant', $1, false)")
            .bind(tenant.to_string())
            .execute(&mut connection)
            .await
            .expect("set");
        for statement in ["UPDATE audit_log SET kind = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
            let error =
                sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.expect_err("refused");
            assert!(error.to_string().contains("permission denied"), "{role} {statement}: {error}");
        }
    }
}
