use std::path::PathBuf;
use std::time::Duration;

use palisade_ingest::{Limits, names};
use palisade_log::LogOptions;
use palisade_state::{DbRole, DeviceScope, State};
use palisade_testkit::{TestDb, eventually};
use palisade_types::{Lane, TimeMicros};
use sqlx::postgres::PgConnectOptions;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::batches::{batch, one, send};
use crate::fixture::{Fixture, limits};

/// Stands between ingest and PostgreSQL, so that one test can take the database away.
struct Between {
    at: PathBuf,
    real: PathBuf,
    running: JoinSet<()>,
}

impl Between {
    fn start(&mut self) {
        let listener = UnixListener::bind(&self.at).expect("binds");
        let real = self.real.clone();
        self.running.spawn(async move {
            let mut pairs = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let real = real.clone();
                pairs.spawn(async move {
                    if let Ok(mut far) = UnixStream::connect(real).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
    }

    async fn stop(&mut self) {
        self.running.shutdown().await;
        std::fs::remove_file(&self.at).expect("removes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_devices_upload_while_the_database_is_away() {
    let db = TestDb::new().await;
    let dir = tempfile::tempdir().expect("temp dir");
    let mut options = db.options(DbRole::Ingest);
    let socket = |o: &PgConnectOptions, dir: PathBuf| dir.join(format!(".s.PGSQL.{}", o.get_port()));
    let real = socket(&options.region, options.region.get_socket().expect("a socket").clone());
    let at = socket(&options.region, dir.path().to_owned());
    let mut between = Between { at, real, running: JoinSet::new() };
    between.start();
    options.control = options.control.socket(dir.path());
    options.region = options.region.socket(dir.path());
    let state = State::connect(options).await.expect("connects");
    let asking = Limits { status_ttl: Duration::ZERO, ..limits() };
    let f = Box::pin(Fixture::with_state(db, state, asking, LogOptions::default())).await;
    let (known, unheard) = (f.enrol().await, f.enrol().await);
    assert_eq!(one(&known, batch(Lane::Bulk, 1)).await, "acked");
    let token = f.token(f.tenant.id, 1).await;

    between.stop().await;
    for sequence in 2..10 {
        assert_eq!(one(&known, batch(Lane::Bulk, sequence)).await, "acked");
    }
    assert!(f.count(names::STALE_STATUS, &[]) >= 8);
    // Enrolled a moment ago: that is remembered too.
    assert_eq!(one(&unheard, batch(Lane::Bulk, 1)).await, "acked");
    let (request, _) = crate::fixture::enrol_request(&token);
    let no = f
        .anonymous()
        .post::<palisade_wire::msg::EnrolResponse>("/v1/enrol", &request)
        .await
        .expect_err("refused");
    assert_eq!((no.code(), no.status), ("state_unavailable", 503));
    assert!(f.server.ready().await.is_err());
    assert!(f.refused("state_unavailable") >= 1);

    between.start();
    eventually("ready again", async || f.server.ready().await).await;
    let after = TimeMicros::now();
    send(&known.client, vec![batch(Lane::Bulk, 10)]).await.expect("is answered");
    eventually("what was seen is written", async || {
        f.api
            .device(f.tenant.id, &DeviceScope::all(), known.id, TimeMicros::now())
            .await
            .is_ok_and(|d| d.last_seen >= after)
    })
    .await;
    assert_eq!(f.log().len(), 11);
}
