use std::time::Duration;

use palisade_ingest::Limits;
use palisade_log::LogOptions;
use palisade_state::NewCertificate;
use palisade_testkit::eventually;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_wire::msg::{EnrolResponse, RenewRequest, UploadRequest, UploadResponse};
use rcgen::{CertificateParams, DnType, KeyPair, SanType};

use crate::client::{Client, No};
use crate::fixture::{Fixture, Forged, forge, limits, make_ca, uri};

async fn upload(client: &Client) -> Result<UploadResponse, No> {
    client.post("/v1/batches", &UploadRequest { protocol: 1, batches: vec![] }).await
}

async fn refused(client: &Client) -> String {
    upload(client).await.expect_err("is refused").code().to_owned()
}

fn csr(common_name: &str, uri: Option<String>) -> (Vec<u8>, KeyPair) {
    let key = KeyPair::generate().expect("key");
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.subject_alt_names =
        uri.iter().map(|u| SanType::URI(u.as_str().try_into().expect("ascii"))).collect();
    (params.serialize_request(&key).expect("request").der().to_vec(), key)
}

async fn record(f: &Fixture, device: DeviceId, serial: &str) {
    let state = f.db.state(palisade_state::DbRole::Ingest).await;
    let c = NewCertificate {
        serial: serial.into(),
        fingerprint: [0; 32],
        not_before: TimeMicros(0),
        not_after: TimeMicros(1),
    };
    state.record_certificate(f.tenant.id, device, &c, TimeMicros::now()).await.expect("records");
    state.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_certificate_has_its_code_and_others_notice_nothing() {
    let f = Fixture::new().await;
    let device = f.enrol().await;
    let good = Forged {
        common_name: device.id.to_string(),
        uri: Some(uri(f.tenant.id, device.id)),
        begins_days_ago: 40,
        ends_in_days: 10,
    };
    assert_eq!(refused(&f.anonymous()).await, "certificate_required");

    let (foreign, ..) = make_ca("Palisade test");
    assert_eq!(refused(&f.client(&forge(&foreign, &good).0)).await, "certificate_unknown");
    // By our CA, but never given to anyone.
    assert_eq!(refused(&f.client(&forge(&f.ca, &good).0)).await, "certificate_unknown");
    let nameless = Forged { uri: None, common_name: "x".into(), ..good };
    assert_eq!(refused(&f.client(&forge(&f.ca, &nameless).0)).await, "certificate_unknown");
    assert_eq!(f.refused("certificate_unknown"), 3);

    let elsewhere = Forged {
        uri: Some(uri(TenantId::random(), device.id)),
        common_name: device.id.to_string(),
        ..nameless
    };
    assert_eq!(refused(&f.client(&forge(&f.ca, &elsewhere).0)).await, "tenant_mismatch");
    // Another tenant that is here does not know the certificate.
    let second = f.db.tenant("second").await;
    let stranger = Forged { uri: Some(uri(second.id, device.id)), ..elsewhere };
    assert_eq!(refused(&f.client(&forge(&f.ca, &stranger).0)).await, "certificate_unknown");
    let torn = Forged { uri: Some(uri(f.tenant.id, DeviceId::random())), ..stranger };
    assert_eq!(refused(&f.client(&forge(&f.ca, &torn).0)).await, "device_mismatch");

    let late = Forged { uri: Some(uri(f.tenant.id, device.id)), ends_in_days: -2, ..torn };
    let (identity, serial) = forge(&f.ca, &late);
    record(&f, device.id, &serial).await;
    assert_eq!(refused(&f.client(&identity)).await, "certificate_expired");
    assert_eq!(
        f.client(&identity).raw("GET", "/v1/orders", vec![]).await.expect_err("refused").code(),
        "certificate_expired"
    );
    for (code, n) in [
        ("certificate_required", 1),
        ("tenant_mismatch", 1),
        ("device_mismatch", 1),
        ("certificate_expired", 2),
    ] {
        assert_eq!(f.refused(code), n, "{code}");
    }
    upload(&device.client).await.expect("the good device is served");
    upload(&device.client.clone().http1()).await.expect("by HTTP/1.1 too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_in_time_and_within_the_grace() {
    let f = Fixture::new().await;
    let device = f.enrol().await;
    let renew = async |client: &Client, csr: Vec<u8>| {
        client.post::<EnrolResponse>("/v1/renew", &RenewRequest { protocol: 1, csr: csr.into() }).await
    };
    let (request, key) = csr(&device.id.to_string(), None);
    let renewed = f.device(renew(&device.client, request).await.expect("renews"), &key);
    assert_eq!((renewed.id, renewed.tenant), (device.id, device.tenant));
    upload(&renewed.client).await.expect("the new one works");
    upload(&device.client).await.expect("the old one works to its end");

    let forged = |begins_days_ago, ends_in_days| {
        let common_name = device.id.to_string();
        forge(
            &f.ca,
            &Forged { common_name, uri: Some(uri(f.tenant.id, device.id)), begins_days_ago, ends_in_days },
        )
    };
    let (late, serial) = forged(60, -30);
    record(&f, device.id, &serial).await;
    let (request, key) = csr(&device.id.to_string(), Some(uri(f.tenant.id, device.id)));
    let back = f.device(renew(&f.client(&late), request).await.expect("renews within the grace"), &key);
    upload(&back.client).await.expect("works again");
    let (too_late, serial) = forged(200, -100);
    record(&f, device.id, &serial).await;
    let code = async |client: &Client, csr: Vec<u8>| {
        renew(client, csr).await.expect_err("refused").code().to_owned()
    };
    assert_eq!(code(&f.client(&too_late), csr("", None).0).await, "certificate_expired");

    let other = DeviceId::random();
    assert_eq!(code(&device.client, csr(&other.to_string(), None).0).await, "device_mismatch");
    assert_eq!(code(&device.client, csr("", Some(uri(f.tenant.id, other))).0).await, "device_mismatch");
    assert_eq!(
        code(&device.client, csr("", Some(uri(TenantId::random(), device.id))).0).await,
        "tenant_mismatch"
    );
    assert_eq!(code(&device.client, b"no request".to_vec()).await, "csr_invalid");
    assert_eq!(code(&f.anonymous(), csr("", None).0).await, "certificate_required");
    assert_eq!(f.count(palisade_ingest::names::CERTIFICATES, &[("kind", "renew")]), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_and_a_device_out_of_service_are_refused() {
    let f = Fixture::new().await;
    let (one, two) = (f.enrol().await, f.enrol().await);
    let serial = f.api.certificates(f.tenant.id, one.id).await.expect("lists")[0].serial.clone();
    f.api.revoke_certificate(f.tenant.id, &serial, TimeMicros::now()).await.expect("revokes");
    assert_eq!(refused(&one.client).await, "certificate_revoked");
    upload(&two.client).await.expect("the other is served");
    f.api.offboard_device(f.tenant.id, two.id).await.expect("offboards");
    assert_eq!(refused(&two.client).await, "certificate_revoked");
    assert_eq!(f.refused("certificate_revoked"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_status_is_kept_fresh_by_what_may_not_be_used() {
    let remembering = Limits { status_ttl: Duration::from_secs(2), ..limits() };
    let f = Fixture::with(remembering, LogOptions::default()).await;
    let (one, two) = (f.enrol().await, f.enrol().await);
    upload(&one.client).await.expect("is served");
    f.api.offboard_device(f.tenant.id, one.id).await.expect("offboards");
    let code = eventually("the device is refused", async || upload(&one.client).await.err()).await;
    assert_eq!(code.code(), "certificate_revoked");
    upload(&two.client).await.expect("the other is served");
}
