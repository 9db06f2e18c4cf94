//! A tenant with machines, written the way the product's processes write them.

use std::collections::BTreeMap;

use palisade_estate::machine::{OsFacts, PowerState};
use palisade_estate::metering::Hour;
use palisade_estate::plan::{PlanSwitch, PlansChange, ServersPlan};
use palisade_estate::{HOUR, MINUTE};
use palisade_state::estate::{Listed, MachineChange, NewSubscription, Placement};
use palisade_state::{DbRole, DeviceFacts, DeviceTouch, NewCertificate, NewEnrolmentToken, State};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use sqlx::{ConnectOptions, PgConnection, Row};
use uuid::Uuid;

/// A full hour, minute 0 of these tests.
pub const BASE: i64 = 472_222;

pub fn minute(n: i64) -> TimeMicros {
    TimeMicros(BASE * HOUR + n * MINUTE)
}

/// What is stored of an hour: machine, hour since [`BASE`], product, plan, subscription, owner, trial, minutes.
pub type Stored = (MachineId, i64, String, String, SubscriptionId, String, bool, i64);

pub struct World {
    pub api: State,
    pub estate: State,
    pub connect: State,
    pub lake: State,
    pub ingest: State,
    pub tenant: TenantId,
    pub superuser: PgConnection,
    // Last, so that the connections are closed before the databases are dropped.
    pub db: TestDb,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDb::new().await;
        let tenant = db.tenant("Example").await.id;
        let mut superuser = db.superuser().connect().await.expect("connects");
        // Row-level security holds nobody like this back, but triggers ask whose row it is.
        sqlx::query("SELECT set_config('app.tenant', $1, false)")
            .bind(tenant.to_string())
            .execute(&mut superuser)
            .await
            .expect("set");
        Self {
            api: db.state(DbRole::Api).await,
            estate: db.state(DbRole::Estate).await,
            connect: db.state(DbRole::Connect).await,
            lake: db.state(DbRole::Lake).await,
            ingest: db.state(DbRole::Ingest).await,
            tenant,
            superuser,
            db,
        }
    }

    pub async fn subscription(&self, name: &str, kind: &str) -> SubscriptionId {
        let new = NewSubscription {
            name: name.into(),
            kind: kind.into(),
            external_id: String::new(),
            owner_tag: "team".into(),
        };
        self.api.create_subscription(self.tenant, &new, minute(-1000)).await.expect("made").id
    }

    /// One that pays for a Servers plan.
    pub async fn paying(&self, name: &str, step: ServersPlan) -> SubscriptionId {
        let id = self.subscription(name, "aws").await;
        self.plans(id, pay(step), minute(-999)).await;
        id
    }

    pub async fn plans(&self, id: SubscriptionId, change: PlansChange, at: TimeMicros) {
        self.api.change_plans(self.tenant, id, &change, at).await.expect("switched");
    }

    /// Lists one machine the way the connect process does.
    pub async fn list(
        &mut self,
        to: SubscriptionId,
        name: &str,
        power: PowerState,
        at: TimeMicros,
    ) -> MachineId {
        let tags = BTreeMap::from([("team".to_owned(), "web".to_owned())]);
        self.list_tagged(to, name, power, tags, at).await
    }

    pub async fn list_tagged(
        &mut self,
        to: SubscriptionId,
        name: &str,
        power: PowerState,
        tags: BTreeMap<String, String>,
        at: TimeMicros,
    ) -> MachineId {
        let listed = Listed {
            name: name.into(),
            cloud_id: name.into(),
            place: serde_json::json!({}),
            os: OsFacts::default(),
            image: String::new(),
            addresses: Vec::new(),
            tags,
            power,
        };
        let connector = self.connector(to).await;
        let place = Placement { subscription: to, connector: Some(connector) };
        self.connect.write_listing(self.tenant, place, &[listed], at).await.expect("listed");
        let row = sqlx::query("SELECT id FROM machines WHERE cloud_id = $1 AND retired_at IS NULL")
            .bind(name)
            .fetch_one(&mut self.superuser)
            .await
            .expect("a machine");
        MachineId(row.get("id"))
    }

    /// One connector for each machine's listing, so that a listing of one retires no other.
    async fn connector(&mut self, of: SubscriptionId) -> Uuid {
        let id = Uuid::new_v4();
        sqlx::query(
            "INSERT INTO connectors (tenant_id, id, subscription_id, kind, name, settings, created_at, changed_at)
             VALUES ($1, $2, $3, 'aws', $4, '{}', 0, 0)",
        )
        .bind(self.tenant.0)
        .bind(id)
        .bind(of.0)
        .bind(id.to_string())
        .execute(&mut self.superuser)
        .await
        .expect("a connector");
        id
    }

    pub async fn change(&self, machine: MachineId, change: MachineChange, at: TimeMicros) {
        self.api.change_machine(self.tenant, machine, &change, "test", at).await.expect("changed");
    }

    pub async fn move_to(&self, machine: MachineId, to: SubscriptionId, at: TimeMicros) {
        self.change(machine, MachineChange { subscription: Some(to), ..MachineChange::default() }, at).await;
    }

    /// Enrols a device on a machine.
    pub async fn device(&mut self, machine: MachineId, at: TimeMicros) -> DeviceId {
        let device = self.loose_device(at).await;
        self.link(device, machine).await;
        device
    }

    /// Enrols a device that no machine is known for yet.
    pub async fn loose_device(&mut self, at: TimeMicros) -> DeviceId {
        let new = NewEnrolmentToken {
            created_by: "test".into(),
            expires_at: at.plus_micros(HOUR),
            max_uses: 1,
            ..NewEnrolmentToken::default()
        };
        let (_, token) = self.api.create_enrolment_token(self.tenant, new, at).await.expect("a token");
        let device = DeviceId::random();
        let certificate = NewCertificate {
            serial: device.to_string(),
            fingerprint: [7; 32],
            not_before: at,
            not_after: at.plus_micros(HOUR),
        };
        let enrolment = self.ingest.begin_enrolment(&token, at).await.expect("a good token");
        let facts = DeviceFacts { name: "web-1".into(), ..DeviceFacts::default() };
        enrolment.finish(device, &facts, &certificate, at).await.expect("enrolled");
        sqlx::query("UPDATE devices SET enrolled_at = $2 WHERE id = $1")
            .bind(device.to_string())
            .bind(at.0)
            .execute(&mut self.superuser)
            .await
            .expect("written");
        device
    }

    pub async fn link(&mut self, device: DeviceId, machine: MachineId) {
        sqlx::query("UPDATE machines SET device_id = $2 WHERE id = $1")
            .bind(machine.0)
            .bind(device.to_string())
            .execute(&mut self.superuser)
            .await
            .expect("linked");
    }

    /// Writes beats the way the projections do.
    pub async fn beats(&self, device: DeviceId, at: &[TimeMicros]) {
        let heard: Vec<_> = at.iter().map(|t| (*t, *t)).collect();
        self.stretches(device, &heard).await;
    }

    /// Writes beats that each tell since when none was missing.
    pub async fn stretches(&self, device: DeviceId, heard: &[(TimeMicros, TimeMicros)]) {
        let Some((_, last)) = heard.iter().max() else { return };
        let touch = DeviceTouch { heard: heard.to_vec(), ..DeviceTouch::seen(device, *last) };
        self.lake.touch_devices(self.tenant, &[touch]).await.expect("written");
    }

    /// What the meter does until nothing is due, as of then.
    pub async fn meter(&self, now: TimeMicros) {
        self.estate.meter_sweep(self.tenant, now).await.expect("swept");
        self.flush(now).await;
    }

    /// The same without a sweep.
    pub async fn flush(&self, now: TimeMicros) {
        // Two machines a step, so that several steps are needed.
        while self.estate.meter_step(self.tenant, 2, now).await.expect("metered").more {}
    }

    pub async fn stored(&mut self) -> Vec<Stored> {
        let rows = sqlx::query("SELECT * FROM usage_hours ORDER BY machine_id, hour, product")
            .fetch_all(&mut self.superuser)
            .await
            .expect("read");
        rows.iter()
            .map(|r| {
                (
                    MachineId(r.get("machine_id")),
                    r.get::<i64, _>("hour") - BASE,
                    r.get("product"),
                    r.get("plan"),
                    SubscriptionId(r.get("subscription_id")),
                    r.get("owner"),
                    r.get("trial"),
                    r.get::<i64, _>("micros") / MINUTE,
                )
            })
            .collect()
    }

    /// How many days differ from the hours that they are the sum of.
    pub async fn days_amiss(&mut self) -> i64 {
        const HOURS: &str =
            "SELECT machine_id, hour / 24, product, plan, subscription_id, owner, trial, count(*)
            FROM usage_hours GROUP BY 1, 2, 3, 4, 5, 6, 7";
        const DAYS: &str =
            "SELECT machine_id, day, product, plan, subscription_id, owner, trial, hours FROM usage_days";
        let sql =
            format!("SELECT count(*) FROM (({HOURS} EXCEPT {DAYS}) UNION ALL ({DAYS} EXCEPT {HOURS})) d");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut self.superuser).await.expect("compared")
    }

    /// (hour, subscription, plan, minutes) of every stored hour.
    pub async fn brief(&mut self) -> Vec<(i64, SubscriptionId, String, i64)> {
        self.stored().await.into_iter().map(|s| (s.1, s.4, s.3, s.7)).collect()
    }

    pub async fn count(&mut self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut self.superuser).await.expect("counted")
    }

    /// The hours of a stretch.
    pub fn hours(from: i64, to: i64) -> (Hour, Hour) {
        (Hour(BASE + from), Hour(BASE + to))
    }
}

pub fn pay(step: ServersPlan) -> PlansChange {
    PlansChange { step: Some(step), servers: Some(PlanSwitch::Pay), posture: None }
}
