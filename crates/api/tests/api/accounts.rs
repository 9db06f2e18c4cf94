//! Set-up, second factor, sessions, and what a foreign page cannot do.

use palisade_state::{Role, totp_code};
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use crate::world::{PASSWORD, World};

fn code(secret: &str, steps_ahead: i64) -> String {
    totp_code(secret, TimeMicros::now().plus_micros(steps_ahead * 30_000_000)).expect("a code")
}

/// Sets an administrator up by the API; returns the session's cookie and the second factor's secret.
async fn set_up(world: &World, email: &str) -> (String, String) {
    let now = TimeMicros::now();
    let link =
        world.state.create_setup_link(world.a.tenant.id, Role::Administrator, now).await.expect("a link");
    let info = world.call("GET", &format!("/api/v1/setup?token={}", link.token)).expect(200).await;
    assert_eq!((info.text("tenant_name"), &info.body["valid"]), ("alpha", &json!(true)));

    let short = json!({"token": link.token, "email": email, "name": "Ann", "password": "short"});
    let refused = world.call("POST", "/api/v1/setup").json(&short).expect(400).await;
    assert_eq!(refused.code(), "password_too_short");

    let account = json!({"token": link.token, "email": email, "name": "Ann", "password": PASSWORD});
    let begun = world.call("POST", "/api/v1/setup").json(&account).expect(200).await;
    let secret = begun.text("totp_secret").to_owned();
    assert!(begun.text("totp_uri").starts_with("otpauth://totp/"));

    let session = begun.text("setup_session");
    let wrong = json!({"setup_session": session, "code": "000000"});
    let refused = world.call("POST", "/api/v1/setup/confirm").json(&wrong).expect(401).await;
    assert_eq!(refused.code(), "totp_invalid");
    let none = json!({"setup_session": session});
    let refused = world.call("POST", "/api/v1/setup/confirm").json(&none).expect(401).await;
    assert_eq!(refused.code(), "totp_required");
    let right = json!({"setup_session": session, "code": code(&secret, 0)});
    let done = world.call("POST", "/api/v1/setup/confirm").json(&right).expect(200).await;
    assert_eq!(done.body["user"]["email"], email);
    let set = done.header("set-cookie");
    for flag in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(set.contains(flag), "{flag} in {set}");
    }

    let used = world.call("GET", &format!("/api/v1/setup?token={}", link.token)).expect(200).await;
    assert_eq!(used.body["valid"], false);
    let all: Vec<&str> = done.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()).collect();
    let client = all.iter().find(|c| c.starts_with("palisade_client=")).expect("the browser is known now");
    for flag in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/api/v1/session;"] {
        assert!(client.contains(flag), "{flag} in {client}");
    }
    (done.cookie(), secret)
}

#[tokio::test]
async fn a_link_becomes_an_account_and_an_account_a_session() {
    let world = World::new().await;
    let (cookie, secret) = Box::pin(set_up(&world, "ann@alpha.example")).await;

    let session = world.call("GET", "/api/v1/session").cookie(&cookie).expect(200).await;
    assert_eq!((session.text("role"), session.text("kind")), ("administrator", "session"));
    assert_eq!(session.body["tenant"]["name"], "alpha");
    assert_eq!(session.body["user"]["totp_enabled"], true);

    world.call("DELETE", "/api/v1/session").cookie(&cookie).csrf().expect(204).await;
    let gone = world.call("GET", "/api/v1/session").cookie(&cookie).expect(401).await;
    assert_eq!(gone.code(), "session_invalid");

    let mut credentials = json!({"email": "ann@alpha.example", "password": PASSWORD, "tenant": "alpha"});
    let asked = world.call("POST", "/api/v1/session").json(&credentials).expect(401).await;
    assert_eq!(asked.code(), "totp_required");
    credentials["code"] = Value::from(code(&secret, 1));
    let signed_in = world.call("POST", "/api/v1/session").json(&credentials).expect(200).await;
    let again = world.call("POST", "/api/v1/session").json(&credentials).expect(401).await;
    assert_eq!(again.code(), "totp_code_used");
    credentials["password"] = Value::from("something else entirely");
    let wrong = world.call("POST", "/api/v1/session").json(&credentials).expect(401).await;
    assert_eq!(wrong.code(), "invalid_credentials");

    let audit = world.audit(&world.a.tenant).await;
    let attempts: Vec<_> = audit.iter().filter(|e| e.kind == "session.create").collect();
    assert_eq!(attempts.len(), 4);
    assert!(attempts.iter().all(|e| e.target == "ann@alpha.example" && e.address == "192.0.2.9"));
    assert_eq!(
        (attempts[0].outcome.as_str(), &attempts[0].detail["code"]),
        ("failure", &json!("invalid_credentials"))
    );
    assert_eq!((attempts[2].outcome.as_str(), attempts[2].actor_kind.as_str()), ("success", "user"));

    let listed = world.call("GET", "/api/v1/sessions").cookie(&signed_in.cookie()).expect(200).await;
    assert_eq!(listed.body["total"], 1);
    assert_eq!(listed.body["items"][0]["current"], true);
    let id = listed.body["items"][0]["id"].as_str().expect("an id");
    let end = world.call("DELETE", &format!("/api/v1/sessions/{id}"));
    end.cookie(&signed_in.cookie()).csrf().expect(204).await;
    world.call("GET", "/api/v1/session").cookie(&signed_in.cookie()).expect(401).await;
}

#[tokio::test]
async fn a_foreign_page_changes_nothing() {
    let world = World::new().await;
    let (cookie, _) = Box::pin(set_up(&world, "ann@alpha.example")).await;
    let token = json!({"name": "n", "role": "reader", "expires_in_days": 1});
    let create = || world.call("POST", "/api/v1/tokens").cookie(&cookie).json(&token);

    assert_eq!(create().expect(403).await.code(), "csrf_header_required");
    let foreign = create().csrf().header("origin", "https://evil.example").expect(403).await;
    assert_eq!(foreign.code(), "origin_not_allowed");
    let opaque = create().csrf().header("origin", "null").expect(403).await;
    assert_eq!(opaque.code(), "origin_not_allowed");
    create().csrf().header("origin", "https://localhost:8443").expect(201).await;

    let rebound =
        world.call("GET", "/api/v1/session").cookie(&cookie).header("host", "evil.example").send().await;
    assert_eq!((rebound.status, rebound.code()), (421, "host_not_allowed"));
    world.call("GET", "/api/v1/session").cookie(&cookie).header("host", "console.example").expect(200).await;
}

#[tokio::test]
async fn an_invited_reader_reads_and_the_last_administrator_stays() {
    let world = World::new().await;
    let invite = json!({"email": "bob@alpha.example", "name": "Bob", "role": "reader"});
    let made = world.call("POST", "/api/v1/users").bearer(&world.a.admin).json(&invite).expect(201).await;
    let url = made.text("setup_url");
    let token =
        url.strip_prefix("https://localhost:8443/setup?token=").expect("a link of the console").to_owned();
    let twice = world.call("POST", "/api/v1/users").bearer(&world.a.admin).json(&invite).expect(409).await;
    assert_eq!(twice.code(), "email_taken");

    let account = json!({"token": token, "email": "bob@alpha.example", "name": "Bob", "password": PASSWORD});
    let begun = world.call("POST", "/api/v1/setup").json(&account).expect(200).await;
    let confirm = json!({"setup_session": begun.text("setup_session")});
    let done = world.call("POST", "/api/v1/setup/confirm").json(&confirm).expect(200).await;
    let cookie = done.cookie();
    world.call("GET", "/api/v1/devices").cookie(&cookie).expect(200).await;
    world.call("GET", "/api/v1/users").cookie(&cookie).expect(403).await;

    let remove = |id: String| world.call("DELETE", &format!("/api/v1/users/{id}")).bearer(&world.a.admin);
    remove(done.body["user"]["id"].as_str().expect("an id").to_owned()).expect(204).await;
    world.call("GET", "/api/v1/devices").cookie(&cookie).expect(401).await;
    let last = remove(world.a.admin_user.to_string()).expect(409).await;
    assert_eq!(last.code(), "last_administrator");
    remove(world.a.reader_user.to_string()).expect(204).await;
    world.get("/api/v1/devices", &world.a.reader).expect(401).await;
}

#[tokio::test]
async fn calls_without_a_session_do_not_use_up_the_attempts_to_sign_in() {
    let world = World::with_attempts(3).await;
    for _ in 0..10 {
        world.call("GET", "/api/v1/devices").expect(401).await;
        world.call("DELETE", "/api/v1/session").bearer("pal_nonsense").expect(401).await;
    }
    let entries = world.audit(&world.a.tenant).await.len();
    assert!((1..10).contains(&entries), "their entries are bounded: {entries}");
    let guess =
        json!({"email": "reader@alpha.example", "password": "wrong horse battery", "tenant": "alpha"});
    let attempt = || world.call("POST", "/api/v1/session").json(&guess);
    assert_eq!(attempt().expect(401).await.code(), "invalid_credentials");
    let mut told = Vec::new();
    while told.len() < 10 && told.last().is_none_or(|code| code != "rate_limited") {
        told.push(attempt().send().await.code().to_owned());
    }
    assert!(told.contains(&"rate_limited".to_owned()), "attempts themselves run out: {told:?}");
}

#[tokio::test]
async fn a_known_browser_signs_in_while_a_stranger_guesses() {
    let world = World::new().await;
    let now = TimeMicros::now();
    let link =
        world.state.create_setup_link(world.a.tenant.id, Role::Reader, now).await.expect("a link").token;
    let email = "ann@alpha.example";
    let account = json!({"token": link, "email": email, "name": "Ann", "password": PASSWORD});
    let begun = world.call("POST", "/api/v1/setup").json(&account).expect(200).await;
    let confirm = json!({"setup_session": begun.text("setup_session")});
    let done = world.call("POST", "/api/v1/setup/confirm").json(&confirm).expect(200).await;
    let mut all = done.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok());
    let client = all.find_map(|c| c.strip_prefix("palisade_client=")?.split(';').next()).expect("a cookie");

    let mut credentials = json!({"email": email, "password": "wrong horse battery", "tenant": "alpha"});
    let mut told = Vec::new();
    while told.len() < 20 && told.last().is_none_or(|code| code != "sign_in_throttled") {
        let guess = world.call("POST", "/api/v1/session").json(&credentials).send().await;
        told.push(guess.code().to_owned());
    }
    credentials["password"] = Value::from(PASSWORD);
    let stranger = world.call("POST", "/api/v1/session").json(&credentials).expect(429).await;
    assert_eq!(stranger.code(), "sign_in_throttled");
    let known = world.call("POST", "/api/v1/session").json(&credentials);
    let signed_in = known.header("cookie", &format!("palisade_client={client}")).expect(200).await;
    assert_eq!(signed_in.headers.get_all("set-cookie").iter().count(), 1, "it is known already");
}
