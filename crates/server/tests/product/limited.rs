//! Somebody who is limited to a device group, through real query workers: a person's token and a token of
//! somebody who is not limited get the rows of their devices, of every hunting table, and no others.

use palisade_e2e::Product;
use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_schema::TableKind;
use palisade_state::{
    BeginSetup, ConfirmSetup, NewDeviceGroup, NewToken, NewUser, Role, State, TokenScope, totp_code,
};
use palisade_testkit::eventually;
use palisade_types::{TenantId, TimeMicros, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::console::{Console, HOUR, device, owner, side};

/// What the product itself brings: checks and profiles, the same for everybody.
const OF_NO_DEVICE: [&str; 3] = [
    "DeviceBaselineComplianceAssessmentKB",
    "DeviceBaselineComplianceProfiles",
    "DeviceTvmSecureConfigurationAssessmentKB",
];

const PASSWORD: &str = "correct horse battery staple";

async fn group(owner: &State, tenant: TenantId, name: &str) -> Uuid {
    let rule = json!({"field": "name", "op": "equals", "value": name});
    let new = NewDeviceGroup {
        name: format!("group of {name}"),
        description: String::new(),
        rank: None,
        rule: Rule::from_json(&rule).expect("a rule"),
        criticality: Criticality::High,
        automation: Automation::None,
    };
    owner.create_device_group(tenant, &new, TimeMicros::now()).await.expect("a group").id
}

async fn person(owner: &State, tenant: TenantId, email: &str, groups: Option<Vec<Uuid>>) -> UserId {
    let now = TimeMicros::now();
    let new =
        NewUser { email: email.into(), name: "Somebody".into(), role: Role::Reader, groups, valid_for: None };
    let (user, link) = owner.invite_user(tenant, new, now).await.expect("invited");
    let begin = BeginSetup { token: &link.token, email, name: "Somebody", password: PASSWORD };
    let started = owner.begin_setup(begin, now).await.expect("begun");
    let code = totp_code(&started.totp_secret, now).expect("a code");
    let confirm = ConfirmSetup {
        setup_session: &started.setup_session,
        code: Some(&code),
        address: "",
        user_agent: "",
    };
    owner.confirm_setup(confirm, now).await.expect("confirmed");
    user.id
}

async fn token(owner: &State, tenant: TenantId, user: UserId, groups: Option<Vec<Uuid>>) -> String {
    let now = TimeMicros::now();
    let scope = TokenScope { permissions: None, groups };
    let expires_at = Some(now.plus_micros(HOUR));
    let new = NewToken { name: "limited".into(), role: Role::Reader, scope, expires_at };
    owner.create_token(tenant, Some(user), new, now).await.expect("a token").1
}

/// Every table: what is shown is theirs, whatever the text asks for.
async fn walk(console: &Console, who: &str, limited: &str, admin: &str, shown: &str, hidden: &str) {
    let ids = format!(
        "resources | where properties.palisade.deviceId == '{hidden}' and type !endswith 'extensions'
         | project tostring(properties.vmId)"
    );
    let machine = eventually("the hidden device is a machine", async || {
        let found = console.text(admin, &ids).await;
        (found != "[]").then_some(found)
    })
    .await;
    let hidden_machine = machine.trim_matches(['[', ']', '"']);
    assert_eq!(hidden_machine.len(), 36, "{machine}");
    for table in palisade_schema::tables() {
        let name = table.name.as_str();
        // They have rows where an inventory was judged; the api's tests show whose.
        if name.starts_with("DeviceTvm") || name.starts_with("DeviceBaseline") {
            continue;
        }
        if table.kind == TableKind::View {
            let marker = if name.starts_with("ExposureGraphEdges") { "is running" } else { shown };
            let marker = if matches!(name, "securityresources" | "resourcecontainers") {
                "/subscriptions/"
            } else {
                marker
            };
            eventually(&format!("{name} has rows for {who}"), async || {
                console.text(limited, name).await.contains(marker)
            })
            .await;
            let seen = console.text(limited, name).await;
            for id in [hidden, hidden_machine, "hidden-1"] {
                assert!(!seen.contains(id), "{name} shows {who} the hidden {id}: {seen}");
            }
            continue;
        }
        eventually(&format!("{name} has rows of both devices"), async || {
            console.count_of(admin, name, hidden).await > 0 && console.count_of(admin, name, shown).await > 0
        })
        .await;
        let seen = console.devices(limited, name).await;
        let devices: Vec<&str> = seen.iter().map(|(device, _)| device.as_str()).collect();
        assert_eq!(devices, [shown], "{name} shows {who} their device and no other");
        assert_eq!(console.count_of(limited, name, hidden).await, 0, "{name} when asked by name");
        // Below every operator: a join, a stage that is kept, an aggregate over all.
        let count = console.count_of(limited, name, shown).await;
        for query in [
            format!("{name} | summarize Rows = count() | project Rows"),
            format!("let kept = materialize({name}); kept | count"),
            format!("{name} | join kind=leftsemi ({name} | distinct DeviceId) on DeviceId | count"),
            format!("union {name}, (print DeviceId = '') | where DeviceId != '' | count"),
        ] {
            assert_eq!(console.text(limited, &query).await, format!("[[{count}]]"), "{query}");
        }
    }
}

#[test]
fn somebody_limited_gets_their_devices_rows_only() {
    let product = Product::up(false).expect("up");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let owner = owner(&product).await;
        let tenant = owner.tenants().await.expect("tenants")[0].id;
        let shown = side(&product, &owner, tenant, "shown-1").await;
        let hidden = device(&product, &owner, tenant, "hidden-1").await;
        let group = group(&owner, tenant, "shown-1").await;
        let limited = person(&owner, tenant, "limited@example.org", Some(vec![group])).await;
        let whole = person(&owner, tenant, "whole@example.org", None).await;
        let people = [
            ("a limited person", token(&owner, tenant, limited, None).await),
            ("a limited token", token(&owner, tenant, whole, Some(vec![group])).await),
        ];
        let nobody = token(&owner, tenant, whole, Some(Vec::new())).await;
        owner.close().await;
        let console = Console::of(&product);
        for (who, token) in &people {
            walk(&console, who, token, &shown.admin, &shown.device, &hidden).await;
        }
        // A limit without a group is nothing, never everything.
        for table in palisade_schema::tables().iter().filter(|t| !OF_NO_DEVICE.contains(&t.name.as_str())) {
            let rows = console.text(&nobody, &format!("{} | count", table.name)).await;
            assert_eq!(rows, "[[0]]", "{}", table.name);
        }
    });
}
