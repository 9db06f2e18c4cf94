//! Set-up links, users, sessions, API tokens.

use palisade_state::{
    BeginSetup, ConfirmSetup, DbRole, NewToken, NewUser, PrincipalKind, Role, TokenScope, UserState,
    totp_code,
};
use palisade_testkit::TestDb;

use crate::common::{EMAIL, NOW, PASSWORD, administrator, after, sign_in, world};

fn confirm<'a>(setup_session: &'a str, code: Option<&'a str>) -> ConfirmSetup<'a> {
    ConfirmSetup { setup_session, code, address: "", user_agent: "" }
}

#[tokio::test]
async fn the_first_administrator_sets_up_once() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await;
    let api = db.state(DbRole::Api).await;
    assert!(!api.has_administrator(tenant.id).await.expect("asked"));
    let first = api.create_setup_link(tenant.id, Role::Administrator, NOW).await.expect("a link");
    let link = api.create_setup_link(tenant.id, Role::Administrator, NOW).await.expect("a second link");
    let gone = api.setup_link(&first.token, NOW).await.expect_err("the first one ended");
    assert_eq!(gone.code(), "setup_link_invalid");
    let info = api.setup_link(&link.token, NOW).await.expect("good");
    assert_eq!((info.tenant.name.as_str(), info.role, info.email), ("Example", Role::Administrator, None));

    let begin = |email, password| BeginSetup { token: &link.token, email, name: "Ann", password };
    let refused = api.begin_setup(begin(EMAIL, "short"), NOW).await.expect_err("short");
    assert_eq!(refused.code(), "password_too_short");
    let refused = api.begin_setup(begin("nobody", PASSWORD), NOW).await.expect_err("no address");
    assert_eq!(refused.code(), "email_invalid");
    let lost = api.begin_setup(begin(EMAIL, PASSWORD), NOW).await.expect("begun");
    let started = api.begin_setup(begin("Ann@Example.org", PASSWORD), NOW).await.expect("begun anew");
    let code = totp_code(&started.totp_secret, NOW).expect("a code");
    for (session, code, expected) in [
        (&lost.setup_session, Some(code.as_str()), "setup_link_invalid"),
        (&started.setup_session, None, "totp_required"),
        (&started.setup_session, Some("000000x"), "totp_invalid"),
    ] {
        let refused = api.confirm_setup(confirm(session, code), NOW).await.expect_err(expected);
        assert_eq!(refused.code(), expected);
    }
    let late = api
        .confirm_setup(confirm(&started.setup_session, Some(&code)), after(16 * 60))
        .await
        .expect_err("late");
    assert_eq!(late.code(), "setup_link_invalid");
    let done = api.confirm_setup(confirm(&started.setup_session, Some(&code)), NOW).await.expect("confirmed");
    assert_eq!((done.principal.email.as_str(), done.principal.role), (EMAIL, Role::Administrator));
    assert_eq!(api.authenticate_session(&done.token, NOW).await.expect("signed in"), done.principal);
    assert!(api.has_administrator(tenant.id).await.expect("asked"));
    for used in [
        api.setup_link(&link.token, NOW).await.map(|_| ()),
        api.begin_setup(begin(EMAIL, PASSWORD), NOW).await.map(|_| ()),
        api.confirm_setup(confirm(&started.setup_session, Some(&code)), NOW).await.map(|_| ()),
    ] {
        assert_eq!(used.expect_err("used").code(), "setup_link_invalid");
    }
}

#[tokio::test]
async fn of_parallel_uses_of_a_set_up_link_one_makes_an_account() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await;
    let api = db.state(DbRole::Api).await;
    let link = api.create_setup_link(tenant.id, Role::Administrator, NOW).await.expect("a link");
    // Two people have the link, and both begin; the last one counts, with whichever address.
    let mut sessions = Vec::new();
    for email in [EMAIL, "eve@example.org"] {
        let begin = BeginSetup { token: &link.token, email, name: "N", password: PASSWORD };
        sessions.push(api.begin_setup(begin, NOW).await.expect("begun"));
    }
    let mut uses = Vec::new();
    for started in sessions.iter().cycle().take(8) {
        let code = totp_code(&started.totp_secret, NOW).expect("a code");
        let api = api.clone();
        uses.push(async move {
            api.confirm_setup(confirm(&started.setup_session, Some(&code)), NOW).await.is_ok()
        });
    }
    let done = futures::future::join_all(uses).await;
    assert_eq!(done.iter().filter(|ok| **ok).count(), 1, "{done:?}");
    let users = api.users(tenant.id).await.expect("listed");
    assert_eq!(users.iter().map(|u| u.email.as_str()).collect::<Vec<_>>(), ["eve@example.org"]);
}

#[tokio::test]
async fn an_invited_reader_goes_without_a_second_factor() {
    let world = world().await;
    let new = NewUser {
        email: "Bob@Example.org".into(),
        name: "Bob".into(),
        role: Role::Reader,
        groups: None,
        valid_for: None,
    };
    let (bob, link) = world.api.invite_user(world.tenant.id, new.clone(), NOW).await.expect("invited");
    assert_eq!((bob.email.as_str(), bob.state, bob.totp), ("bob@example.org", UserState::Invited, false));
    let taken = world.api.invite_user(world.tenant.id, new, NOW).await.expect_err("twice");
    assert_eq!(taken.code(), "email_taken");
    let early =
        world.api.sign_in(sign_in("bob@example.org", PASSWORD, None), NOW).await.expect_err("not yet");
    assert_eq!(early.code(), "invalid_credentials");
    let info = world.api.setup_link(&link.token, NOW).await.expect("good");
    assert_eq!((info.email.as_deref(), info.name.as_deref()), (Some("bob@example.org"), Some("Bob")));
    let begin = |email| BeginSetup { token: &link.token, email, name: "Bob", password: PASSWORD };
    let other = world.api.begin_setup(begin("eve@example.org"), NOW).await.expect_err("another address");
    assert_eq!(other.code(), "email_mismatch");
    let started = world.api.begin_setup(begin("bob@example.org"), NOW).await.expect("begun");
    let done = world.api.confirm_setup(confirm(&started.setup_session, None), NOW).await.expect("confirmed");
    assert_eq!((done.principal.user, done.principal.role), (Some(bob.id), Role::Reader));
    let again = world.api.sign_in(sign_in("bob@example.org", PASSWORD, None), NOW).await.expect("signs in");
    assert_eq!(again.principal.user, Some(bob.id));
    let users = world.api.users(world.tenant.id).await.expect("listed");
    assert_eq!(users.iter().map(|u| u.email.as_str()).collect::<Vec<_>>(), [EMAIL, "bob@example.org"]);

    world.api.delete_user(world.tenant.id, bob.id).await.expect("removed");
    assert_eq!(
        world.api.authenticate_session(&again.token, NOW).await.expect_err("gone").code(),
        "session_invalid"
    );
    assert_eq!(world.api.delete_user(world.tenant.id, bob.id).await.expect_err("gone").code(), "not_found");
}

#[tokio::test]
async fn one_administrator_always_stays() {
    let world = world().await;
    let ann = world.signed_in.principal.user.expect("a user");
    let refused = world.api.delete_user(world.tenant.id, ann).await.expect_err("the last one");
    assert_eq!(refused.code(), "last_administrator");
    let (second, _) = administrator(&world.api, world.tenant.id, "eve@example.org").await;
    let eve = second.principal.user.expect("a user");
    let both = tokio::join!(
        world.api.delete_user(world.tenant.id, ann),
        world.api.delete_user(world.tenant.id, eve),
    );
    assert!(both.0.is_ok() != both.1.is_ok(), "{both:?}");
    assert!(world.api.has_administrator(world.tenant.id).await.expect("asked"));
}

#[tokio::test]
async fn sessions_end_when_idle_when_old_and_when_revoked() {
    let world = world().await;
    let (api, hour) = (&world.api, 3600);
    let token = &world.signed_in.token;
    let valid = async |at: i64| api.authenticate_session(token, after(at)).await.is_ok();
    assert!(valid(7 * hour).await);
    assert!(valid(14 * hour).await, "being used puts off the idle expiry");
    assert!(!valid(23 * hour).await, "idle for nine hours");
    for use_at in (20..7 * 24).step_by(6) {
        assert!(valid(use_at * hour).await || use_at > 22, "hour {use_at}");
    }
    assert!(!valid(7 * 24 * hour + 1).await, "a week old");
    for bad in ["", "palc_x", &token.replace("palc_", "pal_"), &format!("{}0", &token[..token.len() - 1])] {
        if bad != token.as_str() {
            assert_eq!(api.authenticate_session(bad, NOW).await.expect_err("bad").code(), "session_invalid");
        }
    }
    let user = world.signed_in.principal.user.expect("a user");
    let sessions = api.sessions(world.tenant.id, user, after(14 * hour)).await.expect("listed");
    assert_eq!((sessions.len(), sessions[0].address.as_str()), (1, "192.0.2.1"));
    api.sign_out(&world.signed_in.principal).await.expect("out");
    api.sign_out(&world.signed_in.principal).await.expect("twice is fine");
    assert!(!valid(0).await);
    let gone = api.revoke_session(world.tenant.id, user, sessions[0].id).await.expect_err("gone");
    assert_eq!(gone.code(), "not_found");
}

#[tokio::test]
async fn a_token_has_the_lesser_role_and_an_end() {
    let world = world().await;
    let (api, tenant) = (&world.api, world.tenant.id);
    let user = world.signed_in.principal.user;
    let new =
        |role, expires_at| NewToken { name: "script".into(), role, scope: TokenScope::default(), expires_at };
    let (token, text) =
        api.create_token(tenant, user, new(Role::Reader, Some(after(60))), NOW).await.expect("made");
    assert!(text.starts_with(&format!("pal_{}_", tenant.0.simple())));
    let principal = api.authenticate_token(&text, NOW).await.expect("good");
    assert_eq!((principal.role, principal.user), (Role::Reader, user));
    assert_eq!(principal.kind, PrincipalKind::Token { id: token.id });
    assert_eq!(principal.actor().name, format!("{EMAIL} (script)"));
    assert_eq!(api.authenticate_token(&text, after(60)).await.expect_err("ended").code(), "token_expired");
    let listed = api.tokens(tenant, user).await.expect("listed");
    assert_eq!((listed.len(), listed[0].last_used_at), (1, Some(NOW)));
    assert!(api.tokens(tenant, None).await.expect("listed").is_empty());

    let (_, local) = api.create_token(tenant, None, new(Role::Administrator, None), NOW).await.expect("made");
    let principal = api.authenticate_token(&local, after(1 << 30)).await.expect("never ends");
    assert_eq!(
        (principal.role, principal.user, principal.name.as_str()),
        (Role::Administrator, None, "script")
    );

    assert_eq!(
        api.delete_token(tenant, None, token.id).await.expect_err("not the instance's").code(),
        "not_found"
    );
    api.delete_token(tenant, user, token.id).await.expect("deleted");
    assert_eq!(api.authenticate_token(&text, NOW).await.expect_err("gone").code(), "token_invalid");
    for bad in ["", "pal__", world.signed_in.token.as_str()] {
        assert_eq!(api.authenticate_token(bad, NOW).await.expect_err("bad").code(), "token_invalid");
    }
    let past = api.create_token(tenant, user, new(Role::Reader, Some(NOW)), NOW).await.expect_err("past");
    assert_eq!(past.code(), "invalid_argument");
    let stranger = Some(palisade_types::UserId::random());
    let refused = api.create_token(tenant, stranger, new(Role::Reader, None), NOW).await.expect_err("nobody");
    assert_eq!(refused.code(), "not_found");
}

#[tokio::test]
async fn tenants_are_named_once_and_found_by_name() {
    let db = TestDb::new().await;
    let owner = db.state(DbRole::Owner).await;
    assert_eq!(owner.tenant_by_name(None).await.expect("asked"), None);
    let one = owner.create_tenant(" Example ", "local", NOW).await.expect("made");
    assert_eq!(owner.tenant_by_name(None).await.expect("asked"), Some(one.clone()));
    assert_eq!(owner.create_tenant("EXAMPLE", "local", NOW).await.expect_err("twice").code(), "conflict");
    assert_eq!(
        owner.create_tenant("x", "No Region", NOW).await.expect_err("region").code(),
        "invalid_argument"
    );
    owner.create_tenant("Other", "local", after(1)).await.expect("made");
    assert_eq!(owner.tenant_by_name(None).await.expect("asked"), None);
    assert_eq!(owner.tenant_by_name(Some("example")).await.expect("asked"), Some(one.clone()));
    assert_eq!(owner.tenants().await.expect("listed").len(), 2);
    let api = db.state(DbRole::Api).await;
    assert_eq!(api.tenant(one.id).await.expect("asked"), Some(one));
    api.create_tenant("Third", "local", NOW).await.expect("by a subscription that connects");
    let lake = db.state(DbRole::Lake).await;
    assert_eq!(
        lake.create_tenant("Fourth", "local", NOW).await.expect_err("not its right").code(),
        "internal"
    );
    api.set_setting("k", &serde_json::json!({"a": 1}), NOW).await.expect("set");
    assert_eq!(api.setting("k").await.expect("read"), Some(serde_json::json!({"a": 1})));
    assert_eq!(api.setting("none").await.expect("read"), None);
}
