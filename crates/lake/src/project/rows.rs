//! Columnar builders, one field per column, so that a misspelt column does not compile.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Builder, Int64Builder, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
    StringViewArray, TimestampMicrosecondBuilder, new_null_array,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::DataType;

use crate::columns::{self, instant};
use crate::error::LakeError;

/// Finished columns by name.
pub(super) type Columns = Vec<(&'static str, ArrayRef)>;

macro_rules! builder {
    (str) => {
        StringBuilder
    };
    (json) => {
        StringBuilder
    };
    (int) => {
        Int32Builder
    };
    (long) => {
        Int64Builder
    };
    (time) => {
        TimestampMicrosecondBuilder
    };
}

macro_rules! new_builder {
    (time) => {
        TimestampMicrosecondBuilder::new().with_data_type(instant())
    };
    ($other:ident) => {
        <builder!($other)>::new()
    };
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($column:ident: $kind:ident),* $(,)? }) => {
        $(#[$doc])*
        #[allow(non_snake_case)]
        #[derive(Debug)]
        pub(super) struct $name { $(pub(super) $column: builder!($kind),)* }

        impl $name {
            pub(super) fn new() -> Self {
                Self { $($column: new_builder!($kind),)* }
            }

            pub(super) fn drain(&mut self, out: &mut Columns) {
                $(out.push((stringify!($column), Arc::new(self.$column.finish()) as ArrayRef));)*
            }
        }
    };
}

columns! {
    /// What every table has.
    CommonColumns { Timestamp: time, DeviceId: str, DeviceName: str, ReportId: long, _IngestTime: time }
}

columns! {
    /// The process that did it.
    ActorColumns {
        InitiatingProcessAccountDomain: str, InitiatingProcessAccountName: str, InitiatingProcessAccountSid: str,
        InitiatingProcessMD5: str, InitiatingProcessSHA1: str, InitiatingProcessSHA256: str,
        InitiatingProcessFolderPath: str, InitiatingProcessFileName: str, InitiatingProcessFileSize: long,
        InitiatingProcessId: long, InitiatingProcessCommandLine: str, InitiatingProcessCreationTime: time,
        InitiatingProcessParentId: long, InitiatingProcessParentFileName: str, InitiatingProcessParentCreationTime: time,
        InitiatingProcessSessionId: long, InitiatingProcessUniqueId: str,
    }
}

columns! {
    ProcessColumns {
        ActionType: str, FileName: str, FolderPath: str, SHA1: str, SHA256: str, MD5: str, FileSize: long,
        ProcessId: long, ProcessCommandLine: str, ProcessCreationTime: time,
        AccountDomain: str, AccountName: str, AccountSid: str, LogonId: long, InitiatingProcessLogonId: long,
        AdditionalFields: json, CreatedProcessSessionId: long, ProcessUniqueId: str,
    }
}

columns! {
    NetworkColumns {
        ActionType: str, RemoteIP: str, RemotePort: int, LocalIP: str, LocalPort: int, Protocol: str,
        LocalIPType: str, RemoteIPType: str, AdditionalFields: json, LogonId: long,
    }
}

columns! {
    EventColumns {
        ActionType: str, FileName: str, FolderPath: str, SHA1: str, SHA256: str, MD5: str, FileSize: long,
        AccountDomain: str, AccountName: str, AccountSid: str, ProcessId: long, ProcessCommandLine: str,
        ProcessCreationTime: time, LogonId: long, AdditionalFields: json,
    }
}

columns! {
    FileColumns {
        ActionType: str, FileName: str, FolderPath: str, PreviousFolderPath: str, PreviousFileName: str,
        FileSize: long, AdditionalFields: json, LogonId: long,
    }
}

columns! {
    InfoColumns {
        ClientVersion: str, OSArchitecture: str, OSPlatform: str, LoggedOnUsers: json, OSVersion: str,
        OnboardingStatus: str, AdditionalFields: json, DeviceCategory: str, DeviceType: str, Model: str, Vendor: str,
        OSDistribution: str, OSVersionInfo: str, SensorHealthState: str, ConnectivityType: str, HardwareUuid: str,
        CloudPlatforms: str, OsBuildRevision: str, DiscoverySources: str,
    }
}

columns! {
    CounterColumns { Kind: str, Value: long, SensorVersion: str, Scope: str }
}

/// Puts finished columns into the order of the table's stored schema.
pub(super) fn assemble(table: &'static str, columns: Columns) -> Result<RecordBatch, LakeError> {
    let schema = &columns::schemas(table).ok_or_else(|| LakeError::UnknownTable(table.to_owned()))?.stored;
    let rows = columns.first().map_or(0, |(_, c)| c.len());
    let arrays = schema
        .fields()
        .iter()
        .map(|f| match columns.iter().find(|(name, _)| name == f.name()) {
            Some((_, array)) => Arc::clone(array),
            None => missing(f.data_type(), f.is_nullable(), rows),
        })
        .collect();
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        arrays,
        &RecordBatchOptions::new().with_row_count(Some(rows)),
    )?)
}

/// A column that nothing produced: `''` for text, null for the rest.
pub(crate) fn missing(kind: &DataType, nullable: bool, rows: usize) -> ArrayRef {
    if *kind == DataType::Utf8 && !nullable {
        let offsets = OffsetBuffer::new_zeroed(rows);
        return Arc::new(StringArray::new(offsets, Buffer::from_vec(Vec::<u8>::new()), None));
    }
    if *kind == DataType::Utf8View && !nullable {
        return Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n("", rows)));
    }
    new_null_array(kind, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;
    use std::collections::BTreeSet;

    fn produced(table: &str) -> BTreeSet<&'static str> {
        let mut out = Columns::new();
        CommonColumns::new().drain(&mut out);
        let acted = ["DeviceEvents", "DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents"];
        if acted.contains(&table) {
            ActorColumns::new().drain(&mut out);
        }
        match table {
            "DeviceProcessEvents" => ProcessColumns::new().drain(&mut out),
            "DeviceNetworkEvents" => NetworkColumns::new().drain(&mut out),
            "DeviceEvents" => EventColumns::new().drain(&mut out),
            "DeviceFileEvents" => FileColumns::new().drain(&mut out),
            "DeviceInfo" => InfoColumns::new().drain(&mut out),
            "PalisadeSensorCounters" => CounterColumns::new().drain(&mut out),
            other => panic!("no builders for {other}"),
        }
        out.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn missing_text_is_empty_and_not_null() {
        let text = missing(&DataType::Utf8, false, 3);
        assert_eq!(text.as_ref(), &StringArray::from(vec![""; 3]) as &dyn Array);
        assert_eq!(missing(&DataType::Int64, true, 2).null_count(), 2);
    }

    #[test]
    fn the_builders_are_exactly_the_columns_that_the_schema_calls_filled() {
        for table in crate::columns::TABLES {
            let stored = &columns::schemas(table).expect("declared").stored;
            let declared: BTreeSet<&str> = stored.fields().iter().map(|f| f.name().as_str()).collect();
            assert_eq!(produced(table), declared, "{table}");
        }
    }
}
