//! Every hunting table through the hunting route: with no token, by each role, by another tenant.

use palisade_e2e::Product;
use palisade_schema::TableKind;
use palisade_testkit::eventually;
use palisade_types::TimeMicros;
use serde_json::json;

use crate::console::{Console, Side, owner, side};

async fn walk(console: &Console, ours: &Side, theirs: &Side) {
    for table in palisade_schema::tables() {
        let (table, kind) = (table.name.as_str(), table.kind);
        // They have rows where an inventory was judged; the api's tests show whose.
        if table.starts_with("DeviceTvm") || table.starts_with("DeviceBaseline") {
            continue;
        }
        if kind == TableKind::View {
            walk_view(console, table, ours, theirs).await;
            continue;
        }
        for side in [ours, theirs] {
            eventually(&format!("{table} has rows of {}", side.device), async || {
                console.count_of(&side.admin, table, &side.device).await > 0
            })
            .await;
        }
        let (status, answer) = console.ask(None, table).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!("not_signed_in")), "{table}");
        let (status, answer) = console.ask(Some("pal_nonsense"), table).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!("token_invalid")), "{table}");
        for (own, other) in [(ours, theirs), (theirs, ours)] {
            for token in [&own.admin, &own.reader] {
                let seen = console.devices(token, table).await;
                let devices: Vec<&str> = seen.iter().map(|(device, _)| device.as_str()).collect();
                assert_eq!(devices, [own.device.as_str()], "{table} shows one tenant's device and no other");
                assert_eq!(
                    console.count_of(token, table, &other.device).await,
                    0,
                    "{table} when asked by name"
                );
            }
        }
    }
}

/// A view has no column of devices; what belongs to a tenant is told by its ids.
async fn walk_view(console: &Console, table: &str, ours: &Side, theirs: &Side) {
    let (status, answer) = console.ask(None, table).await;
    assert_eq!((status, &answer["error"]["code"]), (401, &json!("not_signed_in")), "{table}");
    for (own, other) in [(ours, theirs), (theirs, ours)] {
        for token in [&own.admin, &own.reader] {
            eventually(&format!("{table} has rows of {}", own.tenant), async || {
                console.text(token, table).await.contains(match table {
                    "ExposureGraphEdges" => "is running",
                    "ExposureGraphNodes" => own.device.as_str(),
                    "securityresources" => "sensor-reporting",
                    "resourcecontainers" => "microsoft.resources/subscriptions",
                    _ => own.device.as_str(),
                })
            })
            .await;
            let seen = console.text(token, table).await;
            let ids = "resources | project tostring(properties.vmId), subscriptionId";
            let foreign = eventually("the other tenant has a machine", async || {
                let found = console.text(&other.admin, ids).await;
                let ids: Vec<Vec<String>> = serde_json::from_str(&found).expect("ids");
                (!ids.is_empty()).then_some(ids)
            })
            .await;
            // An extension has no such id.
            let foreign: Vec<&String> = foreign.iter().flatten().filter(|id| !id.is_empty()).collect();
            for id in foreign.into_iter().chain([&other.device, &other.tenant.to_string()]) {
                assert!(!seen.contains(id), "{table} shows another tenant's {id}: {seen}");
            }
        }
    }
}

#[test]
fn every_table_shows_a_tenant_its_own_rows_only() {
    let product = Product::up(false).expect("up");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (ours, theirs) = runtime.block_on(async {
        let owner = owner(&product).await;
        let alpha = owner.tenants().await.expect("tenants")[0].id;
        let beta = owner.create_tenant("beta", "local", TimeMicros::now()).await.expect("a second tenant").id;
        let ours = side(&product, &owner, alpha, "alpha").await;
        let theirs = side(&product, &owner, beta, "beta").await;
        owner.close().await;
        walk(&Console::of(&product), &ours, &theirs).await;
        (ours, theirs)
    });
    // The same rows from Delta, by workers that may read the lake's files and nothing else.
    product.down().expect("down");
    product.start(false).expect("up again");
    runtime.block_on(walk(&Console::of(&product), &ours, &theirs));
}
