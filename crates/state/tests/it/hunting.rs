//! Functions, saved queries, history, links: whose they are, and how much is kept.

use palisade_state::hunting::{FunctionColumn, NewFunction, NewSavedQuery, Person, Ran, RunState};
use palisade_state::{NewUser, Role, State};
use palisade_types::TenantId;
use uuid::Uuid;

use crate::common::{NOW, World, after, world};

fn function(name: &str, body: &str, revision: Option<i64>) -> NewFunction {
    NewFunction {
        name: name.into(),
        folder: " a / b/".into(),
        description: " what ".into(),
        parameters: "()".into(),
        body: body.into(),
        tabular: true,
        columns: Some(vec![FunctionColumn { name: "x".into(), kind: "long".into() }]),
        revision,
    }
}

fn saved(name: &str, shared: bool) -> NewSavedQuery {
    NewSavedQuery {
        name: name.into(),
        folder: String::new(),
        description: String::new(),
        query: format!("print '{name}'"),
        shared,
    }
}

fn person(name: &str) -> Person {
    Person { id: Uuid::new_v4(), name: name.into() }
}

fn ran(query: &str, at: i64) -> Ran {
    Ran {
        query: query.into(),
        ran_at: after(at),
        state: RunState::Done,
        code: None,
        rows: Some(3),
        truncated: Some(false),
        wall_ms: Some(1.5),
    }
}

/// Something in every table of hunting.
pub async fn filled(api: &State, tenant: TenantId) {
    let ann = person("ann");
    api.write_hunting_function(tenant, &function("F", "print 1", None), "ann", NOW).await.expect("written");
    api.save_query(tenant, &ann, &saved("q", true), NOW).await.expect("saved");
    api.remember_query(tenant, ann.id, &ran("print 1", 0)).await.expect("remembered");
    api.link_query(tenant, "print 1", None, "ann", NOW).await.expect("linked");
}

#[tokio::test]
async fn a_function_is_changed_by_whoever_saw_the_newest() {
    let World { api, tenant, .. } = &world().await;
    let t = tenant.id;
    let code = |e: palisade_state::StateError| e.code();
    let made =
        api.write_hunting_function(t, &function("F", "print 1", None), "ann", NOW).await.expect("made");
    assert_eq!((made.revision, made.folder.as_str(), made.description.as_str()), (1, "a/b", "what"));
    assert_eq!(made.columns.as_ref().map(|c| c[0].kind.as_str()), Some("long"));
    let again = api.write_hunting_function(t, &function("F", "print 2", None), "bob", NOW).await;
    assert_eq!(again.map_err(code), Err("already_exists"));
    let write = async |revision| {
        api.write_hunting_function(t, &function("F", "print 2", Some(revision)), "bob", after(1)).await
    };
    let changed = write(1).await.expect("changed");
    assert_eq!(
        (changed.revision, changed.created_by.as_str(), changed.updated_by.as_str()),
        (2, "ann", "bob")
    );
    assert_eq!((changed.created_at, changed.updated_at), (NOW, after(1)));
    assert_eq!(write(1).await.map_err(code), Err("revision_conflict"));
    assert_eq!(write(3).await.map_err(code), Err("revision_conflict"));
    assert_eq!(api.hunting_function(t, "F").await.expect("there").body, "print 2");
    let absent = api.write_hunting_function(t, &function("G", "print 1", Some(1)), "bob", NOW).await;
    assert_eq!(absent.map_err(code), Err("not_found"));
    let long = function("G", &"x".repeat(64 * 1024 + 1), None);
    assert_eq!(api.write_hunting_function(t, &long, "x", NOW).await.map_err(code), Err("invalid_argument"));
    api.delete_hunting_function(t, "F").await.expect("deleted");
    assert_eq!(api.delete_hunting_function(t, "F").await.map_err(code), Err("not_found"));
}

#[tokio::test]
async fn functions_are_listed_by_name_and_read_by_several() {
    let World { api, tenant, .. } = &world().await;
    for name in ["b", "A", "c", "a_1", "a"] {
        api.write_hunting_function(tenant.id, &function(name, "print 1", None), "ann", NOW)
            .await
            .expect("made");
    }
    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = api.hunting_functions(tenant.id, 2, cursor.as_deref()).await.expect("a page");
        assert_eq!(page.total, 5);
        names.extend(page.items.into_iter().map(|f| f.name));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names, ["A", "a", "a_1", "b", "c"]);
    let asked = ["b", "a", "B", "nothing"].map(str::to_owned);
    let texts = api.hunting_function_texts(tenant.id, &asked).await.expect("texts");
    assert_eq!(texts.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn a_saved_query_is_seen_by_its_owner_or_by_all() {
    let World { api, tenant, .. } = &world().await;
    let t = tenant.id;
    let (ann, bob) = (person("ann"), person("bob"));
    let code = |e: palisade_state::StateError| e.code();
    let own = api.save_query(t, &ann, &saved("own", false), NOW).await.expect("saved");
    let all = api.save_query(t, &ann, &saved("All", true), NOW).await.expect("saved");
    let seen = async |who: &Person| {
        let page = api.saved_queries(t, who.id, 10, None).await.expect("listed");
        assert_eq!(page.total, page.items.len() as u64);
        page.items.into_iter().map(|q| q.name).collect::<Vec<_>>()
    };
    assert_eq!(
        (seen(&ann).await, seen(&bob).await),
        (vec!["All".to_owned(), "own".into()], vec!["All".into()])
    );
    assert_eq!(api.saved_query(t, bob.id, own.id).await.map_err(code), Err("not_found"));
    assert_eq!(api.delete_saved_query(t, bob.id, own.id).await.map_err(code), Err("not_found"));
    let change = api.change_saved_query(t, &bob, (own.id, 1), &saved("x", false), NOW).await;
    assert_eq!(change.map_err(code), Err("not_found"));

    let change = api.change_saved_query(t, &bob, (all.id, 1), &saved("all 2", true), after(1)).await;
    let changed = change.expect("changed");
    assert_eq!(
        (changed.revision, changed.owner.name.as_str(), changed.updated_by.as_str()),
        (2, "ann", "bob")
    );
    let late = api.change_saved_query(t, &ann, (all.id, 1), &saved("all 3", true), after(2)).await;
    assert_eq!(late.map_err(code), Err("revision_conflict"));

    // Names are unique where they are seen, and only there.
    assert_eq!(api.save_query(t, &ann, &saved("OWN", false), NOW).await.map_err(code), Err("already_exists"));
    assert_eq!(
        api.save_query(t, &bob, &saved("ALL 2", true), NOW).await.map_err(code),
        Err("already_exists")
    );
    api.save_query(t, &bob, &saved("own", false), NOW).await.expect("another person's");
    let empty = NewSavedQuery { query: " ".into(), ..saved("x", false) };
    assert_eq!(api.save_query(t, &bob, &empty, NOW).await.map_err(code), Err("invalid_argument"));
    api.delete_saved_query(t, ann.id, own.id).await.expect("deleted");
    assert_eq!(seen(&ann).await, ["all 2"]);
}

#[tokio::test]
async fn saved_queries_come_in_pages() {
    let World { api, tenant, .. } = &world().await;
    let ann = person("ann");
    for name in ["c", "B", "a", "d", "É"] {
        api.save_query(tenant.id, &ann, &saved(name, name == "d"), NOW).await.expect("saved");
    }
    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = api.saved_queries(tenant.id, ann.id, 2, cursor.as_deref()).await.expect("a page");
        names.extend(page.items.into_iter().map(|q| q.name));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let whole = api.saved_queries(tenant.id, ann.id, 100, None).await.expect("whole");
    assert_eq!(names, whole.items.into_iter().map(|q| q.name).collect::<Vec<_>>());
    assert_eq!(names.len(), 5);
}

#[tokio::test]
async fn of_history_the_newest_is_kept_for_one_person() {
    let World { api, tenant, .. } = &world().await;
    let (t, ann, bob) = (tenant.id, person("ann").id, person("bob").id);
    for at in 0..1_005 {
        api.remember_query(t, ann, &ran(&format!("print {at}"), at)).await.expect("remembered");
    }
    let failed =
        Ran { state: RunState::Failed, code: Some("unknown_table".into()), rows: None, ..ran("x", 5) };
    api.remember_query(t, bob, &failed).await.expect("remembered");
    let page = api.query_history(t, ann, 3, None).await.expect("a page");
    assert_eq!(page.total, 1_000);
    let texts = |items: &[palisade_state::hunting::HistoryEntry]| {
        items.iter().map(|e| e.ran.query.clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&page.items), ["print 1004", "print 1003", "print 1002"]);
    let next = api.query_history(t, ann, 1, page.next_cursor.as_deref()).await.expect("the next");
    assert_eq!(next.items[0].ran, ran("print 1001", 1_001));
    assert_eq!(api.query_history(t, bob, 10, None).await.expect("a page").items[0].ran, failed);

    // Long texts push out sooner.
    let long = format!("print '{}'", "x".repeat(250_000));
    for at in 2_000..2_080 {
        api.remember_query(t, ann, &ran(&long, at)).await.expect("remembered");
    }
    let kept = api.query_history(t, ann, 1, None).await.expect("a page").total;
    assert_eq!(kept, (16 << 20) / long.len() as u64);
    assert_eq!(api.forget_queries(t, ann).await.expect("forgotten"), kept);
    assert_eq!(api.query_history(t, ann, 1, None).await.expect("a page").total, 0);
    assert_eq!(api.query_history(t, bob, 1, None).await.expect("a page").total, 1);
}

#[tokio::test]
async fn a_link_is_the_same_for_the_same_text() {
    let World { api, tenant, db, .. } = &world().await;
    let other = db.tenant("Other").await;
    let one = api.link_query(tenant.id, "print 1", Some(60), "ann", NOW).await.expect("linked");
    let again = api.link_query(tenant.id, "print 1", Some(60), "bob", after(1)).await.expect("linked");
    assert_eq!(one, again);
    let longer = api.link_query(tenant.id, "print 1", None, "bob", NOW).await.expect("linked");
    assert_ne!(one.id, longer.id);
    assert_eq!(api.linked_query(tenant.id, &one.id).await.expect("there"), one);
    assert_eq!(api.linked_query(other.id, &one.id).await.map_err(|e| e.code()), Err("not_found"));
    for deadline in [0, 601] {
        let refused = api.link_query(tenant.id, "print 1", Some(deadline), "ann", NOW).await;
        assert_eq!(refused.map_err(|e| e.code()), Err("invalid_argument"));
    }
}

#[tokio::test]
async fn a_person_who_goes_takes_what_was_theirs_alone() {
    let World { api, tenant, .. } = &world().await;
    let t = tenant.id;
    let new = NewUser {
        email: "bob@example.org".into(),
        name: "Bob".into(),
        role: Role::Reader,
        groups: None,
        valid_for: None,
    };
    let (user, _) = api.invite_user(t, new, NOW).await.expect("invited");
    let bob = Person { id: user.id.0, name: "bob".into() };
    let own = api.save_query(t, &bob, &saved("own", false), NOW).await.expect("saved");
    let all = api.save_query(t, &bob, &saved("all", true), NOW).await.expect("saved");
    api.remember_query(t, bob.id, &ran("print 1", 0)).await.expect("remembered");
    api.delete_user(t, user.id).await.expect("deleted");
    assert_eq!(api.saved_query(t, bob.id, own.id).await.map_err(|e| e.code()), Err("not_found"));
    assert_eq!(api.saved_query(t, person("ann").id, all.id).await.expect("it stays").owner.name, "bob");
    assert_eq!(api.query_history(t, bob.id, 1, None).await.expect("a page").total, 0);
}
