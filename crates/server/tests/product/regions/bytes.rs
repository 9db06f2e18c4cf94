//! Whatever is kept of a tenant lies below its region's root and in its region's database cluster:
//! every file of the instance is read, and what is compressed is opened.

use std::path::{Path, PathBuf};

use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use palisade_wire::BatchLimits;
use sqlx::ConnectOptions;

use super::scan::Needles;
use super::world::{Side, World, live};

/// What a search of some folders found.
#[derive(Default)]
struct Searched {
    files: u64,
    records: u64,
    rows: u64,
    hits: Vec<String>,
}

/// The patterns of a side: its marks as text, and its device also as bytes.
fn patterns(side: &Side) -> Needles {
    let text = side.marks.iter().map(|(_, mark)| mark.clone().into_bytes());
    Needles::new(text.chain([side.sensor.device.0.to_vec()]))
}

fn files_below(path: &Path, skip: &[PathBuf], out: &mut Vec<PathBuf>) {
    if skip.iter().any(|s| s == path) {
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&path, skip, out),
            Ok(kind) if kind.is_file() && !skip.contains(&path) => out.push(path),
            _ => {}
        }
    }
}

/// Reads every file below the roots but not below the skipped ones: as it is, and log segments and
/// Parquet files opened too.
fn search(roots: &[PathBuf], skip: &[PathBuf], needles: &Needles) -> Searched {
    let mut searched = Searched::default();
    let mut files = Vec::new();
    roots.iter().for_each(|root| files_below(root, skip, &mut files));
    for file in files {
        // What vanished meanwhile was read by nobody.
        let Ok((hit, _)) = needles.in_file(&file) else { continue };
        searched.files += 1;
        let opened = match file.extension().and_then(|e| e.to_str()) {
            Some("seg") => log_records(&file, needles, &mut searched.records),
            Some("parquet") => parquet_rows(&file, needles, &mut searched.rows),
            _ => false,
        };
        if hit || opened || needles.within(file.as_os_str().as_encoded_bytes()) {
            searched.hits.push(file.display().to_string());
        }
    }
    searched
}

fn log_records(file: &Path, needles: &Needles, records: &mut u64) -> bool {
    let Ok(bytes) = std::fs::read(file) else { return false };
    let segment = palisade_log::decode_segment(&bytes).expect("a segment");
    let mut hit = false;
    for record in segment.records {
        *records += 1;
        let batch = palisade_wire::open(&record.payload, record.meta.raw_length, &BatchLimits::default());
        hit |= needles.within(format!("{batch:?}").as_bytes());
    }
    hit
}

fn parquet_rows(file: &Path, needles: &Needles, rows: &mut u64) -> bool {
    let open = std::fs::File::open(file).expect("opens");
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(open).expect("a Parquet file").build().expect("a reader");
    let mut hit = false;
    for batch in reader {
        let batch = batch.expect("rows");
        *rows += batch.num_rows() as u64;
        hit |= needles.within(format!("{batch:?}").as_bytes());
    }
    hit
}

/// Nothing of the side lies outside its region, and the search would have found it inside.
fn stays_inside(world: &World, side: &Side, region: &str, when: &str) {
    let needles = patterns(side);
    let roots = world.roots(region);
    let inside = search(&roots, &[], &needles);
    assert!(
        !inside.hits.is_empty() && inside.files > 100,
        "{when}: a search that finds nothing proves nothing"
    );
    let mut skip = roots;
    skip.push(world.product.home().join("bin"));
    let outside = search(&world.all(), &skip, &needles);
    assert!(outside.files > 100, "{when}: {} files outside {region}", outside.files);
    let which: Vec<&str> = side
        .marks
        .iter()
        .filter(|(_, mark)| {
            let one = Needles::new([mark.clone().into_bytes()]);
            outside.hits.iter().any(|file| one.in_file(Path::new(file)).is_ok_and(|(hit, _)| hit))
        })
        .map(|(what, _)| *what)
        .collect();
    assert!(outside.hits.is_empty(), "{when}: {which:?} of {region} lies in {:?}", outside.hits);
}

/// Every mark is where it belongs, each by itself, so that none of them is checked in vain.
fn every_mark_is_inside(world: &World, side: &Side, region: &str) {
    for (what, mark) in &side.marks {
        let needles = Needles::new([mark.clone().into_bytes()]);
        let found = search(&world.roots(region), &[], &needles);
        assert!(!found.hits.is_empty(), "{what} ({mark}) is kept nowhere in {region}");
    }
}

/// What PostgreSQL has in memory goes to its files.
async fn checkpoint(world: &World) {
    for dir in ["pg/run", "regions/eu/pg/run"] {
        let options = sqlx::postgres::PgConnectOptions::new_without_pgpass()
            .socket(world.product.home().join(dir))
            .username(palisade_state::cluster::SUPERUSER)
            .database("postgres");
        let mut connection = options.connect().await.expect("connects");
        sqlx::query("CHECKPOINT").execute(&mut connection).await.expect("written");
    }
}

#[test]
fn no_byte_of_a_regions_data_lies_outside_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (world, alpha, beta) = runtime.block_on(async {
        let world = World::new().await;
        let alpha = live(&world, &world.alpha, Some(world.eu_door), "alpha").await;
        let beta = live(&world, &world.beta, None, "beta").await;
        // A machine of one region knocks at the other's door.
        let stranger = super::world::enrolment(&world.owner, world.alpha.id).await;
        let refused = palisade_e2e::VirtualSensor::enrol(&world.product, &stranger, "x").await;
        let why = format!("{:#}", refused.err().expect("another region's tenant"));
        assert!(why.contains("tenant_mismatch"), "{why}");
        checkpoint(&world).await;
        world.owner.close().await;
        (world, alpha, beta)
    });
    let regions = super::world::palisade(&world.product, &["regions", "--format", "json"]);
    assert!(regions.contains("\"eu\"") && regions.contains("\"local\""), "{regions}");
    stays_inside(&world, &alpha, "eu", "while it runs");
    stays_inside(&world, &beta, "local", "while it runs");
    // Hot rows go to the event store, and PostgreSQL writes everything down.
    world.product.down().expect("down");
    stays_inside(&world, &alpha, "eu", "after its end");
    stays_inside(&world, &beta, "local", "after its end");
    every_mark_is_inside(&world, &alpha, "eu");
    every_mark_is_inside(&world, &beta, "local");
    world.product.start(false).expect("up again");
    runtime.block_on(async {
        // The connection of before the end is gone; the first call finds out.
        let _ = world.http.get(format!("{}/instance", world.api)).send().await;
        assert!(world.rows_with(&alpha.token, "DeviceProcessEvents", alpha.mark("command")).await > 0);
        assert!(world.rows_with(&beta.token, "DeviceProcessEvents", beta.mark("command")).await > 0);
        // Each sees nothing of the other, whichever region answers. Asked last: whoever asks for a word
        // has it in its own audit log.
        for (own, other) in [(&alpha, &beta), (&beta, &alpha)] {
            assert_eq!(world.rows_with(&own.token, "DeviceProcessEvents", other.mark("command")).await, 0);
        }
    });
}
