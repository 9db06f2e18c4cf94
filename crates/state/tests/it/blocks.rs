//! Rules that warn of vulnerable applications or block them: who may make which, which device gets them, how they
//! end, and what devices prove.

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_state::vulnerabilities::Range;
use palisade_state::vulnerabilities::blocks::{
    Block, BlockDevice, BlockDeviceQuery, BlockMode, BlockQuery, BlockState, BlockSubject, BlockTarget,
    BlockedRule, NewBlock, WARN_FIRST,
};
use palisade_state::{
    DbRole, DeviceScope, DeviceTouch, HeartbeatUpdate, NewDeviceGroup, NewOrder, OrderReceipt, State,
};
use palisade_testkit::{TestDb, VulnerableRows};
use palisade_types::{DeviceId, OrderId, TenantId, TimeMicros};
use serde_json::json;
use uuid::Uuid;

use crate::common::{NOW, after, enrol};

struct Estate {
    db: TestDb,
    api: State,
    tenant: TenantId,
    /// Both have Debian 12; the first one has the vulnerable version.
    web: DeviceId,
    sql: DeviceId,
    /// Has Debian 11.
    old: DeviceId,
    /// Of the first one.
    group: Uuid,
    rows: VulnerableRows,
}

async fn estate() -> Estate {
    let db = TestDb::new().await;
    let tenant = db.tenant("alpha").await.id;
    let api = db.state(DbRole::Api).await;
    let (web, sql, old) =
        (enrol(&db, tenant, "web").await, enrol(&db, tenant, "sql").await, enrol(&db, tenant, "old").await);
    let mut rows = VulnerableRows::new(&db, tenant, NOW).await;
    rows.component(1, ["debian", "debian:12", "openssl", "3.0.1-1"], &[web], &[web]).await;
    rows.component(2, ["debian", "debian:12", "openssl", "3.0.3-1"], &[sql], &[]).await;
    rows.component(3, ["debian", "debian:11", "openssl", "1.1.1-1"], &[old], &[]).await;
    rows.component(4, ["npm", "", "left-pad", "1"], &[web], &[]).await;
    rows.vulnerability("CVE-2026-0001", "critical", Some(9.8), true).await;
    rows.vulnerability("CVE-2026-0002", "low", None, false).await;
    rows.finding(1, "CVE-2026-0001", "3.0.3-1").await;
    rows.finding(4, "CVE-2026-0002", "").await;
    rows.recommendation("update-openssl", ["openssl", "3.0.3-1"], &[web], 12.5).await;
    let group = NewDeviceGroup {
        name: "web".into(),
        description: String::new(),
        rank: None,
        rule: Rule::from_json(&json!({"field": "name", "op": "equals", "value": "web"})).expect("a rule"),
        criticality: Criticality::Normal,
        automation: Automation::None,
    };
    let group = api.create_device_group(tenant, &group, NOW).await.expect("a group").id;
    Estate { db, api, tenant, web, sql, old, group, rows }
}

fn new(subject: BlockSubject, mode: BlockMode) -> NewBlock {
    NewBlock {
        subject,
        group: None,
        mode,
        message: "ask us".into(),
        note: "exploited".into(),
        confirm_reason: None,
        expires_at: after(30 * 86_400),
        created_by: "Ann".into(),
        created_by_id: None,
    }
}

fn cve() -> BlockSubject {
    BlockSubject::Vulnerability("CVE-2026-0001".into())
}

impl Estate {
    async fn code(&self, scope: &DeviceScope, new: &NewBlock) -> String {
        let made = self.api.create_application_block(self.tenant, scope, new, NOW).await;
        made.expect_err("refused").code().to_owned()
    }

    async fn made(&self, new: &NewBlock) -> Block {
        let made = self.api.create_application_block(self.tenant, &DeviceScope::all(), new, NOW).await;
        made.expect("a rule")
    }

    async fn get(&self, id: Uuid, now: TimeMicros) -> Block {
        self.api.application_block(self.tenant, &DeviceScope::all(), id, now).await.expect("there")
    }

    /// Devices that the next look would order something, with their rules.
    async fn open(&self, now: TimeMicros) -> Vec<(DeviceId, usize)> {
        self.api.settle_application_blocks(self.tenant, now).await.expect("settled");
        let mut open: Vec<_> = self
            .api
            .open_application_block_lists(self.tenant, 100, now)
            .await
            .expect("read")
            .into_iter()
            .map(|l| (l.device, l.rules.len()))
            .collect();
        open.sort();
        open
    }

    /// The device answers the order of its list.
    async fn prove(&self, device: DeviceId, state: &'static str, now: TimeMicros) {
        let list = self.api.open_application_block_lists(self.tenant, 100, now).await.expect("read");
        let list = list.into_iter().find(|l| l.device == device).expect("is open");
        let rule = |id: &Uuid| BlockedRule {
            id: *id,
            state,
            files: 1,
            packages: json!(["openssl 3.0.1-1"]),
            refused: json!([]),
            ..BlockedRule::default()
        };
        let what =
            BlockDevice::Proved { rung: "fanotify".into(), rules: list.rules.iter().map(rule).collect() };
        self.api
            .note_application_block_list(self.tenant, (device, list.revision), &what, now)
            .await
            .expect("noted");
    }
}

fn sorted(mut all: Vec<(DeviceId, usize)>) -> Vec<(DeviceId, usize)> {
    all.sort();
    all
}

#[tokio::test]
async fn a_rule_warns_before_it_blocks_unless_somebody_says_why() {
    let e = estate().await;
    let all = DeviceScope::all();
    assert_eq!(e.code(&all, &new(cve(), BlockMode::Block)).await, "block_warn_first");
    let made = e.made(&new(cve(), BlockMode::Warn)).await;
    assert_eq!(
        (made.title.as_str(), made.state),
        ("CVE-2026-0001: openssl below 3.0.3-1", BlockState::Active)
    );
    assert_eq!(
        made.targets,
        [BlockTarget {
            ecosystem: "debian:12".into(),
            source: "openssl".into(),
            fixed: "3.0.3-1".into(),
            ..BlockTarget::default()
        }]
    );
    assert_eq!((made.devices.affected, made.devices.total), (1, 0));
    assert_eq!(e.code(&all, &new(cve(), BlockMode::Warn)).await, "block_exists");
    let set =
        |mode, reason, now| e.api.set_application_block_mode(e.tenant, &all, made.id, (mode, reason), now);
    let early = set(BlockMode::Block, None, after(3600)).await.expect_err("too early");
    assert_eq!(early.code(), "block_warn_first");
    let blank = set(BlockMode::Block, Some("  "), after(3600)).await.expect_err("no reason");
    assert_eq!(blank.code(), "block_warn_first");
    let forced = set(BlockMode::Block, Some("it is attacked"), after(3600)).await.expect("with a reason");
    assert_eq!((forced.mode, forced.confirm_reason.as_str()), (BlockMode::Block, "it is attacked"));
    assert_eq!(forced.blocking_since, Some(after(3600)));
    let back = set(BlockMode::Warn, None, after(7200)).await.expect("weaker needs none");
    assert_eq!((back.mode, back.warning_since, back.blocking_since), (BlockMode::Warn, after(7200), None));
    let day = TimeMicros(after(7200).0 + WARN_FIRST);
    let due = set(BlockMode::Block, None, day).await.expect("it has warned for a day");
    assert_eq!((due.mode, due.confirm_reason.as_str()), (BlockMode::Block, ""));
    let over = e.api.cancel_application_block(e.tenant, &all, made.id, "Bob", day).await.expect("over");
    assert_eq!((over.state, over.ended), (BlockState::Cancelled, Some((day, "Bob".into()))));
    let again = set(BlockMode::Warn, None, day).await.expect_err("over");
    assert_eq!(again.code(), "block_over");
}

#[tokio::test]
async fn what_cannot_be_blocked_is_refused_with_a_code() {
    let e = estate().await;
    let all = DeviceScope::all();
    let of = |subject| new(subject, BlockMode::Warn);
    let npm = BlockSubject::Vulnerability("CVE-2026-0002".into());
    assert_eq!(e.code(&all, &of(npm)).await, "block_not_applicable");
    assert_eq!(e.code(&all, &of(BlockSubject::Vulnerability("CVE-1".into()))).await, "not_found");
    assert_eq!(e.code(&all, &of(BlockSubject::Recommendation("none".into()))).await, "not_found");
    let software = |ecosystem: &str, source: &str| {
        let (ecosystem, source) = (ecosystem.to_owned(), source.to_owned());
        of(BlockSubject::Software(BlockTarget { ecosystem, source, ..BlockTarget::default() }))
    };
    assert_eq!(e.code(&all, &software("npm", "left-pad")).await, "invalid_argument");
    assert_eq!(e.code(&all, &software("debian:12", "")).await, "invalid_argument");
    let silent = NewBlock { note: " ".into(), ..of(cve()) };
    assert_eq!(e.code(&all, &silent).await, "invalid_argument");
    let bell = NewBlock { message: "\u{7}".into(), ..of(cve()) };
    assert_eq!(e.code(&all, &bell).await, "invalid_argument");
    let past = NewBlock { expires_at: NOW, ..of(cve()) };
    assert_eq!(e.code(&all, &past).await, "invalid_argument");
    let nowhere = NewBlock { group: Some(Uuid::now_v7()), ..of(cve()) };
    assert_eq!(e.code(&all, &nowhere).await, "not_found");
    for n in 0..100 {
        e.made(&software("debian:12", &format!("s{n}"))).await;
    }
    assert_eq!(e.code(&all, &software("debian:12", "more")).await, "block_too_many");
}

#[tokio::test]
async fn somebody_limited_decides_for_their_groups_only() {
    let e = estate().await;
    let limited = DeviceScope::groups(vec![e.group]);
    assert_eq!(e.code(&limited, &new(cve(), BlockMode::Warn)).await, "group_required");
    let theirs = NewBlock { group: Some(e.group), ..new(cve(), BlockMode::Warn) };
    let theirs = e.api.create_application_block(e.tenant, &limited, &theirs, NOW).await.expect("theirs");
    let everywhere =
        e.made(&new(BlockSubject::Recommendation("update-openssl".into()), BlockMode::Warn)).await;
    let elsewhere = BlockSubject::Software(BlockTarget {
        ecosystem: "debian:11".into(),
        source: "openssl".into(),
        ..BlockTarget::default()
    });
    let elsewhere = e.made(&new(elsewhere, BlockMode::Warn)).await;
    assert_eq!(e.open(after(1)).await, sorted(vec![(e.web, 2), (e.sql, 1), (e.old, 1)]));
    let seen =
        e.api.application_blocks(e.tenant, &limited, &BlockQuery::default(), after(1)).await.expect("listed");
    let ids: Vec<Uuid> = seen.items.iter().map(|b| b.id).collect();
    assert_eq!((ids, seen.total), (vec![everywhere.id, theirs.id], 2));
    let counts: Vec<(u64, u64)> = seen.items.iter().map(|b| (b.devices.total, b.devices.affected)).collect();
    assert_eq!(counts, [(1, 1), (1, 1)], "of devices that they see");
    let hidden =
        e.api.application_block(e.tenant, &limited, elsewhere.id, after(1)).await.expect_err("not theirs");
    assert_eq!(hidden.code(), "not_found");
    let refused = e.api.cancel_application_block(e.tenant, &limited, everywhere.id, "Bob", after(2)).await;
    assert_eq!(refused.expect_err("everywhere").code(), "group_required");
    e.api.cancel_application_block(e.tenant, &limited, theirs.id, "Bob", after(2)).await.expect("theirs");
    let query = BlockDeviceQuery::default();
    let devices = e
        .api
        .application_block_devices(e.tenant, &limited, everywhere.id, &query, after(2))
        .await
        .expect("listed");
    let devices: Vec<(DeviceId, &str, bool)> =
        devices.items.iter().map(|d| (d.device, d.state.as_str(), d.affected)).collect();
    assert_eq!(devices, [(e.web, "waiting", true)]);
}

#[tokio::test]
async fn each_device_gets_a_list_until_it_has_proved_it() {
    let e = estate().await;
    assert!(e.open(NOW).await.is_empty(), "without rules there is nothing to do");
    let made = e.made(&new(cve(), BlockMode::Warn)).await;
    assert_eq!(e.open(after(1)).await, sorted(vec![(e.web, 1), (e.sql, 1)]), "devices of the release");
    let list = e.api.open_application_block_lists(e.tenant, 1, after(1)).await.expect("read").remove(0);
    // An order is on its way: nobody gives another one.
    let order = NewOrder {
        device: list.device,
        kind: "block-applications".into(),
        reason: String::new(),
        requested_by: "test".into(),
        requested_by_id: None,
        expires_at: after(86_400),
    };
    let order = e
        .api
        .create_order(e.tenant, &DeviceScope::all(), order, |_, _| Ok::<_, String>(vec![1]), after(1))
        .await;
    let order: OrderId = order.expect("given").id;
    let key = (list.device, list.revision);
    e.api
        .note_application_block_list(e.tenant, key, &BlockDevice::Ordered(order), after(1))
        .await
        .expect("noted");
    assert_eq!(e.open(after(2)).await.len(), 1);
    // What the device could not do is tried again, later.
    let receipt = OrderReceipt { order, ok: false, body: json!({"code": "block_not_kept"}), at: after(3) };
    let lake = e.db.state(DbRole::Lake).await;
    lake.complete_order(e.tenant, list.device, receipt).await.expect("closed");
    lake.close().await;
    let failed = BlockDevice::Again { at: after(60), code: "block_not_kept".into(), message: "full".into() };
    e.api.note_application_block_list(e.tenant, key, &failed, after(4)).await.expect("noted");
    assert_eq!(e.get(made.id, after(4)).await.devices.failed, 1);
    assert_eq!(e.open(after(59)).await.len(), 1);
    assert_eq!(e.open(after(61)).await.len(), 2);
    e.prove(e.web, "watched", after(62)).await;
    e.prove(e.sql, "not_installed", after(62)).await;
    assert!(e.open(after(63)).await.is_empty(), "both have proved it");
    let counts = e.get(made.id, after(63)).await.devices;
    assert_eq!((counts.total, counts.watched, counts.not_installed, counts.waiting), (2, 1, 1, 0));
    // Another mode is another list, with a higher number.
    let all = DeviceScope::all();
    e.api
        .set_application_block_mode(e.tenant, &all, made.id, (BlockMode::Block, Some("now")), after(64))
        .await
        .expect("changed");
    assert_eq!(e.open(after(65)).await.len(), 2);
    let newer = e.api.open_application_block_lists(e.tenant, 10, after(65)).await.expect("read");
    assert!(newer.iter().all(|l| l.revision > list.revision));
    // What was proved of the list before says nothing.
    let late = BlockDevice::Proved { rung: "fanotify".into(), rules: Vec::new() };
    e.api.note_application_block_list(e.tenant, key, &late, after(66)).await.expect("ignored");
    assert_eq!(e.open(after(66)).await.len(), 2);
    e.prove(e.web, "enforced", after(67)).await;
    e.prove(e.sql, "not_installed", after(67)).await;
    // The end of a rule is an empty list, which is proved as well.
    e.api.cancel_application_block(e.tenant, &all, made.id, "Ann", after(68)).await.expect("over");
    assert_eq!(e.open(after(69)).await, sorted(vec![(e.web, 0), (e.sql, 0)]));
    e.prove(e.web, "", after(70)).await;
    e.prove(e.sql, "", after(70)).await;
    assert!(e.open(after(71)).await.is_empty());
}

#[tokio::test]
async fn a_device_that_forgot_its_rules_gets_them_again() {
    let e = estate().await;
    e.made(&new(cve(), BlockMode::Warn)).await;
    assert_eq!(e.open(after(1)).await.len(), 2);
    e.prove(e.web, "watched", after(2)).await;
    e.prove(e.sql, "not_installed", after(2)).await;
    let lake = e.db.state(DbRole::Lake).await;
    let beat = async |device, at, parts: &[&str]| {
        let part = |name: &&str| {
            let part = json!({"name": name, "state": "ok"});
            serde_json::from_value::<palisade_state::Component>(part).expect("a part")
        };
        let heartbeat =
            HeartbeatUpdate { at, components: parts.iter().map(part).collect(), ..Default::default() };
        let touch = DeviceTouch { heartbeat: Some(heartbeat), ..DeviceTouch::seen(device, at) };
        lake.touch_devices(e.tenant, &[touch]).await.expect("written");
    };
    beat(e.web, after(60), &["process"]).await;
    assert!(e.open(after(61)).await.is_empty(), "it may have been on its way");
    beat(e.web, after(200), &["process", "application_control"]).await;
    beat(e.sql, after(200), &["process"]).await;
    assert_eq!(e.open(after(201)).await, [(e.sql, 1)]);
    lake.close().await;
}

#[tokio::test]
async fn rules_end_by_time_and_when_nothing_is_left_to_fix() {
    let mut e = estate().await;
    let short = NewBlock { expires_at: after(100), ..new(cve(), BlockMode::Warn) };
    let short = e.made(&short).await;
    let lasting = e.made(&new(BlockSubject::Recommendation("update-openssl".into()), BlockMode::Warn)).await;
    let unseen = BlockSubject::Software(BlockTarget {
        ecosystem: "debian:12".into(),
        source: "not-there".into(),
        ..BlockTarget::default()
    });
    let unseen = e.made(&new(unseen, BlockMode::Warn)).await;
    e.open(after(99)).await;
    assert_eq!(e.get(short.id, after(99)).await.state, BlockState::Active);
    e.open(after(100)).await;
    let over = e.get(short.id, after(100)).await;
    assert_eq!((over.state, over.ended), (BlockState::Expired, Some((after(100), String::new()))));
    // The device with the vulnerable version is updated.
    e.rows.drop_component(1).await;
    e.rows.component(5, ["debian", "debian:12", "openssl", "3.0.3-1"], &[e.web], &[]).await;
    e.open(after(200)).await;
    assert_eq!(e.get(lasting.id, after(200)).await.state, BlockState::Fixed);
    let waits = e.get(unseen.id, after(200)).await;
    assert_eq!(waits.state, BlockState::Active, "what nobody ever had may still come");
    let query =
        BlockQuery { state: Some(BlockState::Active), mode: Some(BlockMode::Warn), range: Range::default() };
    let active =
        e.api.application_blocks(e.tenant, &DeviceScope::all(), &query, after(200)).await.expect("listed");
    assert_eq!(active.items.iter().map(|b| b.id).collect::<Vec<_>>(), [unseen.id]);
}
