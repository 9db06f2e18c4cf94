//! Makes the month: rows for the lake, and the same as Parquet files for the peers to import.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use arrow::array::RecordBatch;
use palisade_lake::{RowLoader, schemas};
use palisade_types::TenantId;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::chance::Chance;
use crate::columns::Columns;
use crate::rows::{DAY_US, World};

/// Days of the month.
const DAYS: i64 = 30;
/// The day number after the last, since 1970; `now()` is its first instant.
const END: i64 = 20_833;
/// Tables with their share of all rows, in percent.
pub const TABLES: [(&str, u64); 5] = [
    ("DeviceProcessEvents", 45),
    ("DeviceNetworkEvents", 28),
    ("DeviceFileEvents", 20),
    ("DeviceEvents", 5),
    ("DeviceInfo", 2),
];

/// What was made.
pub struct Month {
    pub lake: PathBuf,
    pub tenant: TenantId,
    pub now_us: i64,
}

pub async fn make(folder: &Path, world: &World, rows: u64, export: bool) -> Result<Month> {
    let lake = folder.join("lake");
    let mark = folder.join("made");
    let tenant: TenantId = "0194d3a0-0000-7000-8000-000000000001".parse()?;
    let month = Month { lake, tenant, now_us: END * DAY_US };
    let made = format!("{rows} {}", world.devices.len());
    if std::fs::read_to_string(&mark).is_ok_and(|text| text == made) {
        println!("month: {rows} rows of an earlier run");
        return Ok(month);
    }
    let began = Instant::now();
    let (mut bytes, mut files) = (0, 0);
    for (table, percent) in TABLES {
        let Some(found) = schemas(table) else { anyhow::bail!("there is no table {table}") };
        let mut loader = RowLoader::open(&month.lake, tenant, table).await?;
        let mut chance = Chance::new(percent);
        let mut report = 0;
        for day in END - DAYS..END {
            let count = rows * percent / 100 / DAYS as u64;
            let mut columns = Columns::new(table, found.stored.clone(), count as usize)?;
            for _ in 0..count {
                report += 1;
                columns.push(world, &world.event(&mut chance, day, report));
            }
            let batch = columns.finish()?;
            if export {
                let out = folder.join("export").join(table);
                std::fs::create_dir_all(&out)?;
                write(&out.join(format!("{day}.parquet")), &batch)?;
            }
            loader.add(batch)?;
        }
        let loaded = loader.commit().await?;
        bytes += loaded.bytes;
        files += loaded.files;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(&mark, made)?;
    println!(
        "month: {rows} rows of {} machines over {DAYS} days; lake {:.0} MB in {files} files; made in {:.0} s",
        world.devices.len(),
        bytes as f64 / 1e6,
        began.elapsed().as_secs_f64()
    );
    Ok(month)
}

fn write(path: &Path, batch: &RecordBatch) -> Result<()> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?));
    let mut writer = ArrowWriter::try_new(File::create(path)?, batch.schema(), Some(properties.build()))?;
    writer.write(batch)?;
    writer.close()?;
    Ok(())
}
