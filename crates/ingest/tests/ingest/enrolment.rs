use palisade_ingest::names;
use palisade_state::{DeviceScope, NewEnrolmentToken};
use palisade_types::TimeMicros;
use palisade_wire::msg::{EnrolRequest, EnrolResponse};

use crate::fixture::{DAY, Fixture, enrol_request};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_a_device_once_and_bad_ones_have_codes() {
    let f = Fixture::new().await;
    let token = f.token(f.tenant.id, 1).await;
    let (request, key) = enrol_request(&token);
    let enrolled: EnrolResponse = f.anonymous().post("/v1/enrol", &request).await.expect("enrols");
    let device = f.device(enrolled, &key);
    assert_eq!(device.tenant, f.tenant.id);
    assert_eq!(device.enrolled.action_key.as_ref(), [7; 32]);
    let life = device.enrolled.not_after_us - device.enrolled.server_time_us;
    assert!((life / 1_000_000).abs_diff(30 * DAY as i64) < 3700, "{life}");
    let known =
        f.api.device(f.tenant.id, &DeviceScope::all(), device.id, TimeMicros::now()).await.expect("is known");
    assert_eq!((known.facts.name.as_str(), known.facts.os_platform.as_str()), ("web-1", "Linux"));
    assert_eq!(f.api.certificates(f.tenant.id, device.id).await.expect("lists").len(), 1);
    assert_eq!(f.count(names::CERTIFICATES, &[("kind", "enrol")]), 1);
    assert!(
        f.api
            .audit_log(f.tenant.id, 10, None)
            .await
            .expect("lists")
            .items
            .iter()
            .any(|a| a.kind == "device.enrol")
    );

    let no = async |request: &EnrolRequest| {
        f.anonymous().post::<EnrolResponse>("/v1/enrol", request).await.expect_err("is refused")
    };
    let (again, _) = enrol_request(&token);
    assert_eq!(no(&again).await.code(), "enrolment_token_exhausted");
    let past = NewEnrolmentToken {
        created_by: "test".into(),
        expires_at: TimeMicros(1000),
        max_uses: 1,
        ..NewEnrolmentToken::default()
    };
    let (_, expired) = f.api.create_enrolment_token(f.tenant.id, past, TimeMicros(1)).await.expect("a token");
    assert_eq!(no(&enrol_request(&expired).0).await.code(), "enrolment_token_expired");
    for bad in ["", "nonsense", &"x".repeat(5000)] {
        assert_eq!(no(&enrol_request(bad).0).await.code(), "enrolment_token_invalid");
    }
    let fresh = f.token(f.tenant.id, 1).await;
    for csr in [vec![], vec![1, 2, 3], vec![0; 9000]] {
        let request = EnrolRequest { csr: csr.into(), ..enrol_request(&fresh).0 };
        assert_eq!(no(&request).await.code(), "csr_invalid");
    }
    let refused = no(&EnrolRequest { protocol: 2, ..enrol_request(&fresh).0 }).await;
    assert_eq!(
        (refused.code(), refused.error.protocol_min, refused.error.protocol_max),
        ("protocol_unsupported", 1, 1)
    );
    assert_eq!(
        f.anonymous().raw("POST", "/v1/enrol", vec![255; 40]).await.expect_err("refused").code(),
        "batch_malformed"
    );
    for code in
        ["enrolment_token_exhausted", "enrolment_token_expired", "protocol_unsupported", "batch_malformed"]
    {
        assert_eq!(f.refused(code), 1, "{code}");
    }
    assert_eq!((f.refused("enrolment_token_invalid"), f.refused("csr_invalid")), (3, 3));
    // None of the refusals took a use of the token.
    f.anonymous().post::<EnrolResponse>("/v1/enrol", &enrol_request(&fresh).0).await.expect("enrols");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_kept_only_where_the_old_certificate_proves_it() {
    let f = Fixture::new().await;
    let device = f.enrol().await;
    let again = async |client: &crate::client::Client, tenant| {
        let (mut request, _) = enrol_request(&f.token(tenant, 1).await);
        request.previous_device_id = device.id.to_string();
        client.post::<EnrolResponse>("/v1/enrol", &request).await.expect("enrols").device_id
    };
    assert_eq!(again(&device.client, f.tenant.id).await, device.id.to_string());
    assert_ne!(again(&f.anonymous(), f.tenant.id).await, device.id.to_string());
    let other = f.db.tenant("second").await;
    assert_ne!(again(&device.client, other.id).await, device.id.to_string());
    f.api.offboard_device(f.tenant.id, device.id).await.expect("offboards");
    assert_eq!(again(&device.client, f.tenant.id).await, device.id.to_string());
    for c in f.api.certificates(f.tenant.id, device.id).await.expect("lists") {
        f.api.revoke_certificate(f.tenant.id, &c.serial, TimeMicros::now()).await.expect("revokes");
    }
    assert_ne!(again(&device.client, f.tenant.id).await, device.id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_needs_nothing_and_other_routes_do_not_exist() {
    let f = Fixture::new().await;
    for client in [f.anonymous(), f.anonymous().http1()] {
        let body = client.raw("GET", "/v1/ping", vec![]).await.expect("answers");
        let json: serde_json::Value = serde_json::from_slice(&body).expect("json");
        assert_eq!(json["protocols"], serde_json::json!([1, 1]));
        assert!(json["server_time_us"].as_i64().is_some_and(|t| t > 0));
    }
    assert_eq!(f.anonymous().raw("GET", "/v1/other", vec![]).await.expect_err("refused").code(), "not_found");
    assert_eq!(
        f.anonymous().raw("DELETE", "/v1/ping", vec![]).await.expect_err("refused").code(),
        "not_found"
    );
    assert_eq!(f.server.ready().await, Ok(()));
}
