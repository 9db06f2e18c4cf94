//! What people read of vulnerabilities: every number is one of the caller's devices.

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_state::vulnerabilities::{
    DeviceExposureQuery, DeviceSoftwareQuery, ExceptionSubject, FindingQuery, ItemKind, ItemQuery,
    Justification, NewException, Range, RecommendationQuery, SoftwareQuery, SoftwareSort, Updates,
    WeaknessQuery, WeaknessSort,
};
use palisade_state::{DbRole, DeviceScope, NewDeviceGroup, State};
use palisade_testkit::VulnerableRows;
use palisade_types::{DeviceId, TenantId};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions};
use uuid::Uuid;

use crate::common::{NOW, World, after, enrol, world};

struct Estate {
    world: World,
    web: DeviceId,
    db: DeviceId,
    /// Only the device `web`.
    group: Uuid,
    rows: VulnerableRows,
}

impl Estate {
    fn api(&self) -> &State {
        &self.world.api
    }

    fn tenant(&self) -> TenantId {
        self.world.tenant.id
    }

    fn limited(&self) -> DeviceScope {
        DeviceScope::groups(vec![self.group])
    }
}

/// Two devices: openssl on both in two versions, a package of Node on one, one that no feed speaks of.
async fn estate() -> Estate {
    let world = world().await;
    let tenant = world.tenant.id;
    let (web, db) = (enrol(&world.db, tenant, "web").await, enrol(&world.db, tenant, "db").await);
    let new = NewDeviceGroup {
        name: "web".into(),
        description: String::new(),
        rank: None,
        rule: Rule::from_json(&json!({"field": "name", "op": "equals", "value": "web"})).expect("a rule"),
        criticality: Criticality::High,
        automation: Automation::None,
    };
    let group = world.api.create_device_group(tenant, &new, NOW).await.expect("a group").id;
    let mut rows = VulnerableRows::new(&world.db, tenant, NOW).await;
    rows.component(1, ["Debian:12", "debian:12", "openssl", "3.0.1"], &[web], &[web]).await;
    rows.component(2, ["Debian:12", "debian:12", "openssl", "3.0.2"], &[db], &[]).await;
    rows.component(3, ["npm", "", "left-pad", "1.0.0"], &[db], &[db]).await;
    rows.component(4, ["uncovered", "", "own-tool", "1"], &[web, db], &[]).await;
    rows.vulnerability("CVE-2026-0001", "critical", Some(9.8), true).await;
    rows.vulnerability("CVE-2026-0002", "unknown", None, false).await;
    rows.vulnerability("CVE-2026-0003", "low", Some(2.1), false).await;
    rows.finding(1, "CVE-2026-0001", "3.0.3").await;
    rows.finding(2, "CVE-2026-0001", "").await;
    rows.finding(1, "CVE-2026-0002", "").await;
    rows.finding(3, "CVE-2026-0003", "1.0.1").await;
    rows.recommendation("update-openssl", ["openssl", "3.0.3"], &[web, db], 12.5).await;
    rows.recommendation("update-left-pad", ["left-pad", "1.0.1"], &[db], 1.0).await;
    rows.exposure(web, 80.0, 3.0).await;
    rows.exposure(db, 20.0, 1.0).await;
    rows.paths(db, json!({"3": ["/srv/app/node_modules/left-pad/package.json"]})).await;
    Estate { world, web, db, group, rows }
}

fn ids(page: &palisade_state::Page<palisade_state::vulnerabilities::Weakness>) -> Vec<(&str, u64)> {
    page.items.iter().map(|w| (w.id.as_str(), w.devices)).collect()
}

#[tokio::test]
async fn vulnerabilities_are_counted_filtered_and_paged_within_the_scope() {
    let e = estate().await;
    let (api, tenant, all, limited) = (e.api(), e.tenant(), DeviceScope::all(), e.limited());
    let wanted =
        WeaknessQuery { range: Range { descending: true, ..Range::default() }, ..WeaknessQuery::default() };
    let page = api.weaknesses(tenant, &all, &wanted, NOW).await.expect("listed");
    assert_eq!(ids(&page), [("CVE-2026-0001", 2), ("CVE-2026-0002", 1), ("CVE-2026-0003", 1)]);
    assert_eq!(page.items[0].updates, Updates::Some);
    assert_eq!((page.items[0].running_devices, page.items[0].components), (1, 2));
    let page = api.weaknesses(tenant, &limited, &wanted, NOW).await.expect("listed");
    assert_eq!(ids(&page), [("CVE-2026-0001", 1), ("CVE-2026-0002", 1)]);
    assert_eq!((page.items[0].updates, page.items[0].components, page.total), (Updates::All, 1, 2));
    let gone = api.weakness(tenant, &limited, "CVE-2026-0003", NOW).await.expect_err("not theirs");
    assert_eq!(gone.code(), "not_found");

    for (query, expected) in [
        (WeaknessQuery { search: Some("LEFT".into()), ..wanted.clone() }, vec!["CVE-2026-0003"]),
        (WeaknessQuery { severity: vec!["unknown".into()], ..wanted.clone() }, vec!["CVE-2026-0002"]),
        (WeaknessQuery { exploited: Some(true), ..wanted.clone() }, vec!["CVE-2026-0001"]),
        (WeaknessQuery { fixable: Some(false), ..wanted.clone() }, vec!["CVE-2026-0002"]),
        (WeaknessQuery { device: Some(e.db), ..wanted.clone() }, vec!["CVE-2026-0001", "CVE-2026-0003"]),
        (WeaknessQuery { search: Some("nothing".into()), ..wanted.clone() }, vec![]),
    ] {
        let page = api.weaknesses(tenant, &all, &query, NOW).await.expect("listed");
        assert_eq!(page.items.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), expected, "{query:?}");
    }
    let mut seen = Vec::new();
    let mut query = WeaknessQuery { sort: WeaknessSort::Cvss, ..WeaknessQuery::default() };
    query.range.limit = 1;
    loop {
        let page = api.weaknesses(tenant, &all, &query, NOW).await.expect("a page");
        seen.extend(page.items.into_iter().map(|w| w.cvss));
        match page.next_cursor {
            Some(cursor) => query.range.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen, [None, Some(2.1), Some(9.8)], "what nobody scored is told apart");
    let away = WeaknessQuery { device: Some(e.db), ..wanted.clone() };
    assert_eq!(api.weaknesses(tenant, &limited, &away, NOW).await.expect_err("hidden").code(), "not_found");

    // Whether somebody else has a software is not to be found out by its identifier, which anybody can compute.
    let named = SoftwareQuery { search: Some("left-pad".into()), ..SoftwareQuery::default() };
    let pad = api.software(tenant, &all, &named, NOW).await.expect("listed").items.remove(0).id;
    for software in [pad.as_str(), "0123456789abcdef"] {
        let query = WeaknessQuery { software: Some(software.into()), ..wanted.clone() };
        let told = api.weaknesses(tenant, &limited, &query, NOW).await;
        assert_eq!(told.expect_err("not theirs").code(), "not_found", "{software}");
    }
    let of_pad = WeaknessQuery { software: Some(pad), ..wanted };
    assert_eq!(
        ids(&api.weaknesses(tenant, &all, &of_pad, NOW).await.expect("listed")),
        [("CVE-2026-0003", 1)]
    );
}

#[tokio::test]
async fn a_device_says_why_it_has_a_vulnerability() {
    let e = estate().await;
    let (api, tenant, all) = (e.api(), e.tenant(), DeviceScope::all());
    let range = Range::default();
    let page =
        api.weakness_devices(tenant, &all, "CVE-2026-0001", (None, &range), NOW).await.expect("listed");
    let names: Vec<&str> = page.items.iter().map(|d| d.device.name.as_str()).collect();
    assert_eq!((names, page.total), (vec!["db", "web"], 2));
    let web = &page.items[1];
    assert_eq!(web.device.exposure, Some(80.0));
    assert_eq!((web.by[0].version.as_str(), web.by[0].fixed_version.as_str()), ("3.0.1", "3.0.3"));
    assert!(web.by[0].running && !page.items[0].by[0].running);
    assert_eq!(web.by[0].why, json!({"range": "< 3.0.3"}));
    let limited = api
        .weakness_devices(tenant, &e.limited(), "CVE-2026-0001", (None, &range), NOW)
        .await
        .expect("listed");
    assert_eq!((limited.items.len(), limited.total), (1, 1));
    let searched =
        api.weakness_devices(tenant, &all, "CVE-2026-0001", (Some("we"), &range), NOW).await.expect("listed");
    assert_eq!((searched.items.len(), searched.total), (1, 1));

    let found = api.device_findings(tenant, &all, e.db, &FindingQuery::default(), NOW).await.expect("listed");
    assert_eq!(found.total, 2);
    let pad = found.items.iter().find(|f| f.by.name == "left-pad").expect("left-pad");
    assert_eq!(pad.by.paths, ["/srv/app/node_modules/left-pad/package.json"]);
    assert_eq!(pad.weakness.devices, 1);
    let runs = FindingQuery { running: Some(true), ..FindingQuery::default() };
    assert_eq!(api.device_findings(tenant, &all, e.db, &runs, NOW).await.expect("listed").total, 1);
    let hidden = api.device_findings(tenant, &e.limited(), e.db, &FindingQuery::default(), NOW).await;
    assert_eq!(hidden.expect_err("not theirs").code(), "not_found");
    let fresh = enrol(&e.world.db, tenant, "fresh").await;
    let none = api.device_findings(tenant, &all, fresh, &FindingQuery::default(), NOW).await.expect("listed");
    assert_eq!(none.total, 0);
}

#[tokio::test]
async fn software_is_one_row_with_its_versions_and_devices() {
    let e = estate().await;
    let (api, tenant, all, limited) = (e.api(), e.tenant(), DeviceScope::all(), e.limited());
    let query = SoftwareQuery::default();
    let page = api.software(tenant, &all, &query, NOW).await.expect("listed");
    let rows: Vec<(&str, u64, u64, u64, bool)> = page
        .items
        .iter()
        .map(|s| (s.name.as_str(), s.versions, s.devices, s.vulnerabilities, s.covered))
        .collect();
    assert_eq!(rows, [("left-pad", 1, 1, 1, true), ("openssl", 2, 2, 2, true), ("own-tool", 1, 2, 0, false)]);
    let openssl = &page.items[1];
    assert_eq!((openssl.severity.as_str(), openssl.exploited, openssl.exposed_devices), ("critical", 1, 2));
    assert_eq!(openssl.ecosystem, "Debian");
    let uncovered = SoftwareQuery { covered: Some(false), ..SoftwareQuery::default() };
    assert_eq!(api.software(tenant, &all, &uncovered, NOW).await.expect("listed").total, 1);
    let (whole, versions) =
        api.software_versions(tenant, &limited, &openssl.id, NOW).await.expect("one software");
    assert_eq!((whole.devices, whole.versions, versions.len()), (1, 1, 1));
    assert_eq!((versions[0].version.as_str(), versions[0].running_devices), ("3.0.1", 1));
    let range = Range::default();
    let asked = (None, &range);
    let on =
        api.software_devices(tenant, &all, (&openssl.id, Some("3.0.2")), asked, NOW).await.expect("listed");
    assert_eq!(on.items.iter().map(|d| d.id).collect::<Vec<_>>(), [e.db]);
    let pad = &page.items[0].id;
    let hidden =
        api.software_devices(tenant, &limited, (pad, None), asked, NOW).await.expect_err("not theirs");
    assert_eq!(hidden.code(), "not_found");
    let sorted = SoftwareQuery {
        sort: SoftwareSort::Severity,
        range: Range { descending: true, ..Range::default() },
        ..SoftwareQuery::default()
    };
    let worst = api.software(tenant, &all, &sorted, NOW).await.expect("listed");
    assert_eq!(worst.items[0].name, "openssl");
    let installed = DeviceSoftwareQuery { vulnerable: Some(false), ..DeviceSoftwareQuery::default() };
    let page = api.device_software(tenant, &all, e.db, &installed, NOW).await.expect("listed");
    assert_eq!(page.items.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["own-tool"]);
}

#[tokio::test]
async fn what_changes_is_read_anew() {
    let mut e = estate().await;
    let tenant = e.tenant();
    let wanted = WeaknessQuery::default();
    let before =
        e.world.api.weaknesses(tenant, &DeviceScope::all(), &wanted, NOW).await.expect("listed").total;
    e.rows.vulnerability("CVE-2026-0004", "high", None, false).await;
    e.rows.finding(4, "CVE-2026-0004", "").await;
    let page = e.world.api.weaknesses(tenant, &DeviceScope::all(), &wanted, NOW).await.expect("listed");
    assert_eq!((before, page.total), (3, 4));
    assert_eq!(page.items.iter().find(|w| w.id.ends_with("4")).map(|w| w.devices), Some(2));
}

#[tokio::test]
async fn exposure_is_the_mean_of_the_devices_that_one_sees() {
    let mut e = estate().await;
    e.rows.history(1_000_000, 65.0).await;
    e.rows.feed("debian", "ok", true).await;
    e.rows.feed("osv", "empty", true).await;
    let fresh = enrol(&e.world.db, e.tenant(), "fresh").await;
    let (api, tenant, all, limited) = (e.api(), e.tenant(), DeviceScope::all(), e.limited());
    let whole = api.exposure(tenant, &all, NOW).await.expect("read");
    assert_eq!((whole.score, whole.unfixable), (Some(65.0), Some(32.5)));
    assert_eq!((whole.devices, whole.unassessed, whole.levels), (2, 1, [1, 0, 1]));
    assert_eq!((whole.severities.critical, whole.severities.unknown, whole.severities.low), (1, 1, 1));
    assert_eq!((whole.exploited, whole.uncovered), (1, 1));
    let part = api.exposure(tenant, &limited, NOW).await.expect("read");
    assert_eq!((part.score, part.devices, part.unassessed), (Some(80.0), 1, 0));
    assert_eq!((part.severities.low, part.severities.critical), (0, 1));
    let nobody = api.exposure(tenant, &DeviceScope::groups(Vec::new()), NOW).await.expect("read");
    assert_eq!((nobody.score, nobody.devices), (None, 0));
    assert_eq!(api.exposure_history(tenant, &all, after(-60)).await.expect("read").len(), 1);
    assert!(api.exposure_history(tenant, &limited, after(-60)).await.expect("read").is_empty());
    let query = DeviceExposureQuery {
        range: Range { descending: true, limit: 1, cursor: None },
        ..DeviceExposureQuery::default()
    };
    let first = api.device_exposures(tenant, &all, &query).await.expect("listed");
    assert_eq!((first.items[0].device.id, first.total), (e.web, 2));
    let mut next = query.clone();
    next.range.cursor = first.next_cursor;
    assert_eq!(api.device_exposures(tenant, &all, &next).await.expect("listed").items[0].device.id, e.db);
    let high = DeviceExposureQuery { level: vec!["low".into()], ..DeviceExposureQuery::default() };
    assert_eq!(api.device_exposures(tenant, &limited, &high).await.expect("listed").total, 0);
    assert!(api.device_exposure(tenant, &all, fresh).await.expect("there").is_none());
    assert_eq!(api.device_exposure(tenant, &limited, e.db).await.expect_err("hidden").code(), "not_found");
    let groups = api.group_exposures(tenant, &all).await.expect("listed");
    assert_eq!((groups.len(), groups[0].devices, groups[0].score), (1, 1, Some(80.0)));
    let feeds = api.feed_states(tenant).await.expect("listed");
    let alarms: Vec<(&str, bool)> = feeds.iter().map(|f| (f.feed.as_str(), f.alarms())).collect();
    assert_eq!(alarms, [("osv", true), ("debian", false)], "an empty feed is an alarm");
}

#[tokio::test]
async fn recommendations_and_exceptions_hold_where_they_should() {
    let e = estate().await;
    let (api, tenant, all, limited) = (e.api(), e.tenant(), DeviceScope::all(), e.limited());
    let wanted = RecommendationQuery {
        range: Range { descending: true, ..Range::default() },
        ..RecommendationQuery::default()
    };
    let page = api.vulnerability_recommendations(tenant, &all, &wanted, NOW).await.expect("listed");
    let rows: Vec<(&str, u64, Option<f64>)> =
        page.items.iter().map(|r| (r.id.as_str(), r.devices, r.effect)).collect();
    assert_eq!(rows, [("update-openssl", 2, Some(12.5)), ("update-left-pad", 1, Some(1.0))]);
    let page = api.vulnerability_recommendations(tenant, &limited, &wanted, NOW).await.expect("listed");
    let rows: Vec<(&str, u64, Option<f64>)> =
        page.items.iter().map(|r| (r.id.as_str(), r.devices, r.effect)).collect();
    assert_eq!(rows, [("update-openssl", 1, None)], "the organisation's figure is not theirs to see");
    let hidden = api.vulnerability_recommendation(tenant, &limited, "update-left-pad", NOW).await;
    assert_eq!(hidden.expect_err("not theirs").code(), "not_found");

    let new = |subject: ExceptionSubject, group: Option<Uuid>| NewException {
        subject,
        group,
        justification: Justification::RiskAccepted,
        note: "until the next release".into(),
        expires_at: Some(after(3600)),
        created_by: "Ann".into(),
    };
    let cve = || ExceptionSubject::Vulnerability("CVE-2026-0001".into());
    let made = api.create_vulnerability_exception(tenant, &limited, &new(cve(), Some(e.group)), NOW).await;
    let made = made.expect("for their own group");
    assert_eq!(made.group.as_ref().map(|(_, name)| name.as_str()), Some("web"));
    let of = |at| api.weakness(tenant, &all, "CVE-2026-0001", at);
    assert_eq!(of(NOW).await.expect("read").excepted_devices, 1);
    assert_eq!(of(after(3601)).await.expect("read").excepted_devices, 0, "it ends by itself");
    let everywhere = api.create_vulnerability_exception(tenant, &limited, &new(cve(), None), NOW).await;
    assert_eq!(everywhere.expect_err("limited").code(), "group_required");
    let other = ExceptionSubject::Recommendation("update-left-pad".into());
    let hidden =
        api.create_vulnerability_exception(tenant, &limited, &new(other.clone(), Some(e.group)), NOW).await;
    assert_eq!(hidden.expect_err("not theirs").code(), "not_found");
    let global =
        api.create_vulnerability_exception(tenant, &all, &new(other, None), NOW).await.expect("made");
    let without = RecommendationQuery { without_excepted: true, ..RecommendationQuery::default() };
    let page = api.vulnerability_recommendations(tenant, &all, &without, NOW).await.expect("listed");
    assert_eq!(page.items.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["update-openssl"]);

    // What is excepted everywhere and is on nobody's device of theirs is not theirs to know.
    let refused = api.cancel_vulnerability_exception(tenant, &limited, global.id, "Bob", after(1)).await;
    assert_eq!(refused.expect_err("not theirs").code(), "not_found");
    let seen = async |scope: &DeviceScope| {
        let range = Range::default();
        let page =
            api.vulnerability_exceptions(tenant, scope, Some(true), &range, NOW).await.expect("listed");
        assert_eq!(page.total, page.items.len() as u64);
        page.items.into_iter().map(|x| x.id).collect::<Vec<_>>()
    };
    assert_eq!(seen(&limited).await, [made.id]);
    let openssl = ExceptionSubject::Recommendation("update-openssl".into());
    let both =
        api.create_vulnerability_exception(tenant, &all, &new(openssl, None), NOW).await.expect("made");
    assert_eq!(seen(&limited).await.len(), 2, "this one is theirs too");
    let refused = api.cancel_vulnerability_exception(tenant, &limited, both.id, "Bob", after(1)).await;
    assert_eq!(refused.expect_err("everywhere").code(), "group_required");
    api.cancel_vulnerability_exception(tenant, &all, both.id, "Ann", after(1)).await.expect("over");
    let over =
        api.cancel_vulnerability_exception(tenant, &all, made.id, "Ann", after(1)).await.expect("over");
    assert_eq!(over.cancelled, Some((after(1), "Ann".into())));
    let again =
        api.cancel_vulnerability_exception(tenant, &all, made.id, "Bob", after(2)).await.expect("over");
    assert_eq!(again.cancelled, over.cancelled, "the first word stands");
    assert_eq!(of(after(2)).await.expect("read").excepted_devices, 0);
    let range = Range::default();
    let active =
        api.vulnerability_exceptions(tenant, &all, Some(true), &range, after(2)).await.expect("listed");
    assert_eq!(active.items.iter().map(|x| x.id).collect::<Vec<_>>(), [global.id]);
    let every = api.vulnerability_exceptions(tenant, &all, None, &range, after(2)).await.expect("listed");
    assert_eq!(every.total, 3);
    let new = NewException { note: "longer".into(), ..new(cve(), None) };
    let first = api.create_vulnerability_exception(tenant, &all, &new, after(3)).await.expect("made");
    let second = api.create_vulnerability_exception(tenant, &all, &new, after(4)).await.expect("made");
    let every =
        api.vulnerability_exceptions(tenant, &all, Some(true), &range, after(5)).await.expect("listed");
    assert!(every.items.iter().any(|x| x.id == second.id) && every.items.iter().all(|x| x.id != first.id));
}

/// What the vuln process kept of a finding stays when the finding and its exception end, and what others' devices
/// have takes no place from those of a limited caller.
#[tokio::test]
async fn what_was_reported_as_wrong_stays_a_case() {
    let mut e = estate().await;
    let (tenant, all, limited) = (e.tenant(), DeviceScope::all(), e.limited());
    let wrong = |id: &str| NewException {
        subject: ExceptionSubject::Vulnerability(id.into()),
        group: None,
        justification: Justification::Inaccurate,
        note: "it does not parse".into(),
        expires_at: None,
        created_by: "Ann".into(),
    };
    let made = e.api().create_vulnerability_exception(tenant, &all, &wrong("CVE-2026-0001"), NOW).await;
    let made = made.expect("made").id;
    e.rows.case(1, "CVE-2026-0001", &json!({"n": 1})).await;
    e.rows.case(2, "CVE-2026-0001", &json!({"n": 2})).await;
    e.rows.case(1, "CVE-2026-0001", &json!({"n": 9})).await;
    let told = async |e: &Estate, scope: &DeviceScope, at| {
        let cases = e.api().vulnerability_cases(tenant, scope, at).await.expect("cases");
        let mut told: Vec<_> = cases.iter().map(|c| (c.case["n"].as_i64(), c.holds, c.found)).collect();
        told.sort_unstable();
        told
    };
    assert_eq!(told(&e, &all, NOW).await, [(Some(1), true, true), (Some(2), true, true)]);
    assert_eq!(told(&e, &limited, NOW).await, [(Some(1), true, true)]);

    e.api().cancel_vulnerability_exception(tenant, &all, made, "Ann", after(1)).await.expect("over");
    e.rows.drop_component(1).await;
    assert_eq!(told(&e, &all, after(2)).await, [(Some(1), false, false), (Some(2), false, true)]);
    assert_eq!(told(&e, &limited, after(2)).await, [], "nobody tells that somebody had it");

    // A later report about more packages of others than an answer holds.
    let made = e.api().create_vulnerability_exception(tenant, &all, &wrong("CVE-2026-0003"), after(3)).await;
    let newer = made.expect("made").id;
    e.rows.component(1, ["Debian:12", "debian:12", "openssl", "3.0.1"], &[e.web], &[]).await;
    let mut vuln = e.world.db.options(DbRole::Vuln).region.connect().await.expect("connects");
    let fill = format!(
        "SET app.tenant = '{tenant}';
         INSERT INTO vulnerability_cases (tenant_id, exception_id, component_key, reported, kept_at)
         SELECT '{tenant}', '{newer}', decode('ee' || lpad(to_hex(n), 14, '0'), 'hex'), '{{}}', 0
         FROM generate_series(1, 2000) AS n"
    );
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut vuln).await.expect("filled");
    assert_eq!(told(&e, &all, after(4)).await.len(), 2_000);
    assert_eq!(told(&e, &limited, after(4)).await, [(Some(1), false, false)], "theirs is there");
}

#[tokio::test]
async fn a_recommendation_tells_somebody_limited_what_their_devices_have() {
    let mut e = estate().await;
    let document = json!({"resolved": ["CVE-2026-0002", "CVE-2026-0003"], "exposure": {"before": 65.0}});
    let both = [e.web, e.db];
    e.rows.resolving("update-all", ["everything", "2"], &both, 2.0, document).await;
    let one = async |scope: &DeviceScope| {
        e.api().vulnerability_recommendation(e.tenant(), scope, "update-all", NOW).await.expect("there")
    };
    let whole = one(&DeviceScope::all()).await;
    assert_eq!(
        (whole.severity.as_str(), whole.document["exposure"]["before"].as_f64()),
        ("high", Some(65.0))
    );
    let part = one(&e.limited()).await;
    assert_eq!((part.severity.as_str(), part.vulnerabilities, part.devices), ("unknown", 1, 1));
    assert_eq!(part.document, json!({"resolved": ["CVE-2026-0002"]}));
}

#[tokio::test]
async fn items_of_inventories_are_listed_by_device() {
    let mut e = estate().await;
    let certificate = |subject: &str, end: i64, bits: u32| {
        json!({"fingerprint": subject, "subject": subject, "not_after_us": end, "key": "RSA", "key_bits": bits,
               "signature": "sha256WithRSAEncryption", "store": "own"})
    };
    let (late, soon) = (NOW.0 + 9_000_000_000, NOW.0 + 5);
    e.rows
        .part(
            e.web,
            "certificates/0",
            json!([certificate("late", late, 2048), certificate("soon", soon, 1024)]),
        )
        .await;
    e.rows.part(e.db, "certificates/3", json!([certificate("other", 20, 4096)])).await;
    e.rows
        .part(
            e.web,
            "head",
            json!({"hardware": {"vendor": "Maker"}, "boot": {"secure_boot": true}, "kernel": null}),
        )
        .await;
    let (api, tenant, all, limited) = (e.api(), e.tenant(), DeviceScope::all(), e.limited());
    let subjects = async |scope: &DeviceScope, query: &ItemQuery| {
        let page = api.inventory_items(tenant, scope, ItemKind::Certificate, query).await.expect("listed");
        assert_eq!(page.total as usize, page.items.len());
        page.items.iter().map(|i| i.item["subject"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(subjects(&all, &ItemQuery::default()).await, ["other", "soon", "late"]);
    assert_eq!(subjects(&limited, &ItemQuery::default()).await, ["soon", "late"]);
    let weak = ItemQuery { weak: true, ..ItemQuery::default() };
    assert_eq!(subjects(&all, &weak).await, ["soon"]);
    let ending = ItemQuery { ends_before: Some(soon + 1), ..ItemQuery::default() };
    assert_eq!(subjects(&all, &ending).await, ["other", "soon"]);
    let text = ItemQuery { search: Some("LAT".into()), ..ItemQuery::default() };
    assert_eq!(subjects(&all, &text).await, ["late"]);
    let mut query = ItemQuery { range: Range { limit: 1, ..Range::default() }, ..ItemQuery::default() };
    let mut seen = 0;
    loop {
        let page = api.inventory_items(tenant, &all, ItemKind::Certificate, &query).await.expect("a page");
        seen += page.items.len();
        match page.next_cursor {
            Some(cursor) => query.range.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen, 3);
    let page =
        api.inventory_items(tenant, &all, ItemKind::Hardware, &ItemQuery::default()).await.expect("listed");
    assert_eq!(page.items[0].item["hardware"]["vendor"], "Maker");
    let hidden = ItemQuery { device: Some(e.db), ..ItemQuery::default() };
    let refused = api.inventory_items(tenant, &limited, ItemKind::Certificate, &hidden).await;
    assert_eq!(refused.expect_err("not theirs").code(), "not_found");
}

#[tokio::test]
async fn one_device_s_nonsense_does_not_take_the_list_from_the_others() {
    let mut e = estate().await;
    let good = json!([{"subject": "good", "fingerprint": "f", "not_after_us": 5, "store": "own"}]);
    e.rows.part(e.web, "certificates/0", good).await;
    let bad = json!([
        {"subject": "text", "not_after_us": "soon", "key": "RSA", "key_bits": "many"},
        {"subject": "large", "not_after_us": 1e30, "key": "RSA", "key_bits": 99_999_999_999_u64},
        {"subject": "broken", "not_after_us": 1.5, "key": "RSA", "key_bits": {"a": [1]}},
        {"subject": "before", "not_after_us": -9, "fingerprint": "x".repeat(5000)},
        "no object",
    ]);
    e.rows.part(e.db, "certificates/0", bad).await;
    e.rows.part(e.db, "certificates/1", json!({"no": "list"})).await;
    let mut query = ItemQuery { range: Range { limit: 1, ..Range::default() }, ..ItemQuery::default() };
    let mut seen = Vec::new();
    loop {
        let page =
            e.api().inventory_items(e.tenant(), &DeviceScope::all(), ItemKind::Certificate, &query).await;
        let page = page.expect("listed");
        seen.extend(page.items.iter().map(|i| i.item["subject"].as_str().unwrap_or_default().to_owned()));
        match page.next_cursor {
            Some(cursor) if seen.len() < 10 => query.range.cursor = Some(cursor),
            _ => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["", "before", "broken", "good", "large", "text"]);
    for query in [
        ItemQuery { weak: true, ..ItemQuery::default() },
        ItemQuery { ends_before: Some(6), ..ItemQuery::default() },
    ] {
        let page =
            e.api().inventory_items(e.tenant(), &DeviceScope::all(), ItemKind::Certificate, &query).await;
        assert!(page.expect("listed").total <= 3, "{query:?}");
    }
}
