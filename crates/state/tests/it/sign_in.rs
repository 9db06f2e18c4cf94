//! Signing in: both factors, no replay, no guessing.

use std::time::Duration;

use palisade_state::{AuthPolicy, DbRole, State, totp_code};

use crate::common::{EMAIL, PASSWORD, World, after, sign_in, world};

async fn attempt(api: &State, world: &World, password: &str, code_at: Option<i64>, at: i64) -> String {
    let code = code_at.map(|t| totp_code(&world.totp_secret, after(t)).expect("a code"));
    match api.sign_in(sign_in(EMAIL, password, code.as_deref()), after(at)).await {
        Ok(_) => "ok".into(),
        Err(e) => e.code().into(),
    }
}

#[tokio::test]
async fn both_factors_are_needed_and_a_code_is_good_once() {
    let world = world().await;
    let api = &world.api;
    assert_eq!(attempt(api, &world, PASSWORD, None, 60).await, "totp_required");
    assert_eq!(attempt(api, &world, "wrong horse battery", Some(60), 60).await, "invalid_credentials");
    assert_eq!(attempt(api, &world, PASSWORD, Some(60), 60).await, "ok");
    assert_eq!(attempt(api, &world, PASSWORD, Some(60), 61).await, "totp_code_used");
    assert_eq!(attempt(api, &world, PASSWORD, Some(30), 62).await, "totp_code_used", "an older one neither");
    assert_eq!(attempt(api, &world, PASSWORD, Some(600), 63).await, "totp_invalid");
    assert_eq!(attempt(api, &world, PASSWORD, Some(90), 90).await, "ok");
    // The code of the set-up counts as used too.
    let fresh = crate::common::administrator(api, world.tenant.id, "eve@example.org").await;
    let code = totp_code(&fresh.1, after(0)).expect("a code");
    let replay =
        api.sign_in(sign_in("eve@example.org", PASSWORD, Some(&code)), after(0)).await.expect_err("used");
    assert_eq!(replay.code(), "totp_code_used");
}

#[tokio::test]
async fn of_parallel_uses_of_one_code_one_succeeds() {
    let world = world().await;
    let attempts = (0..4).map(|_| attempt(&world.api, &world, PASSWORD, Some(60), 60));
    let mut results = futures::future::join_all(attempts).await;
    results.sort();
    assert_eq!(results, ["ok", "totp_code_used", "totp_code_used", "totp_code_used"]);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_users_and_strangers_alike() {
    let world = world().await;
    let api = &world.api;
    for email in [EMAIL, "stranger@example.org"] {
        let guess = async |at: i64| {
            let error =
                api.sign_in(sign_in(email, "wrong horse battery", None), after(at)).await.expect_err("wrong");
            (error.code(), error.retry_after())
        };
        for _ in 0..6 {
            assert_eq!(guess(60).await, ("invalid_credentials", None), "{email}");
        }
        assert_eq!(guess(61).await, ("sign_in_throttled", Some(Duration::from_secs(4))), "{email}");
        assert_eq!(guess(65).await, ("invalid_credentials", None), "{email}");
        assert_eq!(guess(66).await, ("sign_in_throttled", Some(Duration::from_secs(9))), "{email}");
    }
    assert_eq!(attempt(api, &world, PASSWORD, Some(66), 66).await, "sign_in_throttled");
    assert_eq!(attempt(api, &world, PASSWORD, Some(80), 80).await, "ok");
    assert_eq!(
        attempt(api, &world, "wrong horse battery", None, 81).await,
        "invalid_credentials",
        "counted anew"
    );
}

#[tokio::test]
async fn who_knows_the_password_cannot_guess_codes_for_ever() {
    let world = world().await;
    let mut guessed = 0;
    for at in 60..90 {
        let first = attempt(&world.api, &world, PASSWORD, None, at).await;
        if first == "sign_in_throttled" {
            continue;
        }
        assert_eq!(first, "totp_required");
        assert_eq!(attempt(&world.api, &world, PASSWORD, Some(7200), at).await, "totp_invalid");
        guessed += 1;
    }
    // Six at once, then after waits of 5 and 10 seconds.
    assert_eq!(guessed, 8);
}

#[tokio::test]
async fn parallel_guesses_do_not_slip_through_together() {
    let world = world().await;
    let guesses = (0..20).map(|_| attempt(&world.api, &world, "wrong horse battery", None, 60));
    let results = futures::future::join_all(guesses).await;
    assert_eq!(results.iter().filter(|r| *r == "invalid_credentials").count(), 6, "{results:?}");
}

#[tokio::test]
async fn failures_over_all_users_have_a_bound() {
    let world = world().await;
    let mut options = world.db.options(DbRole::Api);
    options.auth = AuthPolicy { global_burst: 3, global_per_second: 0.0, ..AuthPolicy::default() };
    let api = State::connect(options).await.expect("connects");
    for n in 0..3 {
        let email = format!("u{n}@example.org");
        let error = api.sign_in(sign_in(&email, PASSWORD, None), after(0)).await.expect_err("nobody");
        assert_eq!(error.code(), "invalid_credentials");
        assert_eq!(attempt(&world.api, &world, PASSWORD, Some(60 + n * 30), 60 + n * 30).await, "ok");
    }
    assert_eq!(attempt(&api, &world, PASSWORD, Some(600), 600).await, "sign_in_throttled");
}

#[tokio::test]
async fn the_tenant_is_named_where_there_are_several() {
    let world = world().await;
    world.db.tenant("Other").await;
    let code = totp_code(&world.totp_secret, after(60)).expect("a code");
    let with = sign_in(EMAIL, PASSWORD, Some(&code));
    for tenant in [None, Some("Other"), Some("Nobody")] {
        let error = world
            .api
            .sign_in(palisade_state::SignIn { tenant, ..with }, after(60))
            .await
            .expect_err("which?");
        assert_eq!(error.code(), "invalid_credentials", "{tenant:?}");
    }
    let signed_in =
        world.api.sign_in(palisade_state::SignIn { tenant: Some("EXAMPLE"), ..with }, after(60)).await;
    assert_eq!(signed_in.expect("signs in").principal.tenant, world.tenant.id);
}

#[tokio::test]
async fn a_stranger_who_guesses_cannot_keep_a_known_user_out() {
    let world = world().await;
    let mut options = world.db.options(DbRole::Api);
    // Two strangers' failures also use up what the process gives to all of them.
    options.auth = AuthPolicy { global_burst: 7, global_per_second: 0.0, ..AuthPolicy::default() };
    let api = State::connect(options).await.expect("connects");
    let client = world.signed_in.client.clone().expect("the set-up made this browser known");
    for _ in 0..6 {
        assert_eq!(attempt(&api, &world, "wrong horse battery", None, 60).await, "invalid_credentials");
    }
    assert_eq!(attempt(&api, &world, PASSWORD, Some(60), 60).await, "sign_in_throttled", "from elsewhere");
    assert_eq!(attempt(&api, &world, PASSWORD, Some(60), 60).await, "sign_in_throttled", "all are used up");

    let known = async |email: &str, password: &str, code_at: Option<i64>, at: i64| {
        let code = code_at.map(|t| totp_code(&world.totp_secret, after(t)).expect("a code"));
        let with =
            palisade_state::SignIn { client: Some(&client), ..sign_in(email, password, code.as_deref()) };
        match api.sign_in(with, after(at)).await {
            Ok(signed_in) => {
                assert_eq!(signed_in.client, None, "it is known already");
                "ok"
            }
            Err(e) => e.code(),
        }
    };
    assert_eq!(known(EMAIL, PASSWORD, None, 60).await, "totp_required");
    assert_eq!(known(EMAIL, PASSWORD, Some(60), 60).await, "ok");
    // Its own guesses are slowed down like anybody's, and it is known for its own user only.
    for _ in 0..6 {
        assert_eq!(known(EMAIL, "wrong horse battery", None, 61).await, "invalid_credentials");
    }
    assert_eq!(known(EMAIL, PASSWORD, Some(90), 61).await, "sign_in_throttled");
    assert_eq!(known("eve@example.org", PASSWORD, None, 61).await, "sign_in_throttled", "a stranger there");
    let half_a_year = 181 * 86_400;
    assert_eq!(
        known(EMAIL, PASSWORD, Some(half_a_year), half_a_year).await,
        "sign_in_throttled",
        "forgotten"
    );
}
