//! Enrolment tokens and certificates.

use palisade_state::{CertificateStatus, DbRole, DeviceScope, DeviceStatus, NewEnrolmentToken};
use palisade_testkit::TestDb;
use palisade_types::DeviceId;

use crate::common::{NOW, after, certificate, enrol, facts};

#[tokio::test]
async fn a_token_enrols_exactly_as_often_as_it_may() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let new = NewEnrolmentToken {
        created_by: "ann".into(),
        expires_at: after(60),
        max_uses: 7,
        ..NewEnrolmentToken::default()
    };
    let (made, token) = api.create_enrolment_token(tenant, new, NOW).await.expect("made");
    let tries = (0..20).map(|n| {
        let (ingest, token) = (&ingest, &token);
        async move {
            let enrolment = ingest.begin_enrolment(token, NOW).await.map_err(|e| e.code())?;
            assert_eq!(enrolment.tenant(), tenant);
            let device = DeviceId::random();
            let serial = format!("a{n}");
            enrolment.finish(device, &facts("h"), &certificate(&serial), NOW).await.map_err(|e| e.code())
        }
    });
    let results = futures::future::join_all(tries).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 7, "{results:?}");
    assert!(results.iter().all(|r| matches!(r, Ok(()) | Err("enrolment_token_exhausted"))), "{results:?}");
    let listed = api.enrolment_tokens(tenant).await.expect("listed");
    assert_eq!((listed.len(), listed[0].id, listed[0].uses, listed[0].max_uses), (1, made.id, 7, 7));
    assert_eq!(
        api.devices(tenant, &DeviceScope::all(), &Default::default(), NOW).await.expect("listed").total,
        7
    );
}

#[tokio::test]
async fn an_enrolment_that_is_dropped_gives_its_use_back() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let new = NewEnrolmentToken {
        created_by: "ann".into(),
        expires_at: after(60),
        max_uses: 1,
        ..NewEnrolmentToken::default()
    };
    let (made, token) = api.create_enrolment_token(tenant, new, NOW).await.expect("made");
    drop(ingest.begin_enrolment(&token, NOW).await.expect("good"));
    let mut enrolment = ingest.begin_enrolment(&token, NOW).await.expect("still good");
    let device = DeviceId::random();
    assert!(!enrolment.device_known(device).await.expect("asked"));
    enrolment.finish(device, &facts("h"), &certificate("1"), NOW).await.expect("enrolled");
    let code = async |token: &str, at| ingest.begin_enrolment(token, at).await.expect_err("refused").code();
    assert_eq!(code(&token, NOW).await, "enrolment_token_exhausted");
    assert_eq!(code(&token, after(60)).await, "enrolment_token_expired");
    assert_eq!(code("pale_x_y", NOW).await, "enrolment_token_invalid");
    api.delete_enrolment_token(tenant, made.id).await.expect("deleted");
    assert_eq!(code(&token, NOW).await, "enrolment_token_invalid");
    assert_eq!(api.delete_enrolment_token(tenant, made.id).await.expect_err("gone").code(), "not_found");
    for (max_uses, expires_at) in [(0, after(1)), (-1, after(1)), (1_000_000, after(1)), (1, NOW)] {
        let new = NewEnrolmentToken {
            created_by: "ann".into(),
            expires_at,
            max_uses,
            ..NewEnrolmentToken::default()
        };
        let refused = api.create_enrolment_token(tenant, new, NOW).await.expect_err("out of bounds");
        assert_eq!(refused.code(), "invalid_argument");
    }
}

#[tokio::test]
async fn a_certificate_is_good_for_its_own_device_until_it_is_revoked() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let other = db.tenant("Other").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let serial = device.to_string()[..16].to_owned();
    let status = async |tenant, device, serial: &str| {
        ingest.certificate_status(tenant, device, serial).await.expect("asked")
    };
    assert_eq!(status(tenant, device, &serial).await, CertificateStatus::Active);
    assert_eq!(
        status(tenant, device, &format!("00{}", serial.to_uppercase())).await,
        CertificateStatus::Active
    );
    assert_eq!(status(other, device, &serial).await, CertificateStatus::Unknown);
    assert_eq!(status(tenant, DeviceId::random(), &serial).await, CertificateStatus::Unknown);
    assert_eq!(status(tenant, device, "zz").await, CertificateStatus::Unknown);

    ingest.record_certificate(tenant, device, &certificate("be"), after(5)).await.expect("renewed");
    let again =
        ingest.record_certificate(tenant, device, &certificate("be"), after(5)).await.expect_err("twice");
    assert_eq!(again.code(), "conflict");
    let nobody = ingest
        .record_certificate(tenant, DeviceId::random(), &certificate("bf"), NOW)
        .await
        .expect_err("who");
    assert_eq!(nobody.code(), "not_found");
    api.revoke_certificate(tenant, &serial, after(9)).await.expect("revoked");
    assert_eq!(status(tenant, device, &serial).await, CertificateStatus::Revoked);
    assert_eq!(status(tenant, device, "be").await, CertificateStatus::Active);
    let listed = api.certificates(tenant, device).await.expect("listed");
    assert_eq!((listed[0].serial.as_str(), listed[1].revoked_at), ("be", Some(after(9))));
    assert_eq!(api.revoke_certificate(tenant, "dead", NOW).await.expect_err("none").code(), "not_found");

    api.offboard_device(tenant, device).await.expect("offboarded");
    assert_eq!(status(tenant, device, "be").await, CertificateStatus::Offboarded);
    let shown = api.device(tenant, &DeviceScope::all(), device, NOW).await.expect("there");
    assert_eq!((shown.status, shown.health.reason), (DeviceStatus::Offboarded, "offboarded"));
    assert_eq!(
        api.devices(tenant, &DeviceScope::all(), &Default::default(), NOW).await.expect("listed").total,
        0
    );
}
