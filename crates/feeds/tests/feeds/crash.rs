//! A command that ends between any two steps leaves the old content or the new one, never something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use palisade_feeds::{Code, Store, Verdict, Writer};

use crate::data;
use crate::world::{World, options, sha};

#[test]
fn after_every_step_the_store_is_whole() {
    let (Some(old), Some(new)) = (data::kev(300), data::kev(299)) else { return };
    for at in 0.. {
        let world = World::new(None);
        world.import_bytes("old.json", &old).expect("the old one is taken");
        let path = world.folder.path().join("new.json");
        std::fs::write(&path, &new).expect("written");

        let steps = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&steps);
        let ending = Store::open(world.folder.path()).with_steps(move |_| {
            if count.fetch_add(1, Ordering::SeqCst) == at {
                return Err(std::io::Error::other("the power went out"));
            }
            Ok(())
        });
        let ended = Writer::open(&ending).and_then(|mut writer| {
            let done = palisade_feeds::import::import(&mut writer, &world.catalogue, &path, &options(None))?;
            // A file that could not be put away is an outcome; writing the manifest goes on.
            let _ = writer.collect()?;
            Ok(done)
        });
        let reached = steps.load(Ordering::SeqCst) > at;
        if let Err(e) = &ended {
            assert!(reached && e.code == Code::Io, "{e}");
        }

        world.assert_whole();
        let in_force = world.in_force("kev").expect("there is one");
        assert!([sha(&old), sha(&new)].contains(&in_force), "after step {at}");
        // The next command begins where this one should have ended.
        let again = world.import(&path, None).expect("it is taken now");
        assert!(matches!(again.verdict, Verdict::Updated | Verdict::Unchanged), "after step {at}: {again:?}");
        Writer::open(&world.store).and_then(|w| w.collect()).expect("collected");
        assert_eq!(world.in_force("kev"), Some(sha(&new)));
        world.assert_whole();
        if !reached {
            assert!(at >= 7, "only {at} steps");
            return;
        }
    }
}

#[test]
fn three_contents_are_kept_and_the_rest_is_removed() {
    let world = World::new(None);
    for n in [400, 390, 380, 370, 360] {
        let Some(bytes) = data::kev(n) else { return };
        world.import_bytes("kev.json", &bytes).expect("taken");
        // Twice the same is one content.
        world.import_bytes("kev.json", &bytes).expect("taken");
        Writer::open(&world.store).and_then(|w| w.collect()).expect("collected");
    }
    let ids = world.store.snapshot_ids().expect("readable");
    assert_eq!(ids.len(), 3, "{ids:?}");
    for (id, n) in ids.iter().zip([380, 370, 360]) {
        let snapshot = world.store.snapshot(id).expect("readable");
        assert_eq!(snapshot.feed("kev").expect("there").entry.records(), n);
    }
    let objects = std::fs::read_dir(world.store.root().join("objects")).expect("a folder").count();
    assert_eq!(objects, 6, "three objects, each with its index");
    assert_eq!(std::fs::read_dir(world.store.root().join("incoming")).expect("a folder").count(), 0);
}
