//! Geography through the whole engine, and the database of addresses.

use std::net::IpAddr;
use std::sync::Arc;

use palisade_kql::{Catalogue, MemoryCatalogue, TableDef};
use palisade_kql_exec::{AddressDatabase, AddressRecord, MemoryTables, QueryContext};
use serde_json::json;

use super::{run, run_plain};

#[derive(Debug)]
struct Private;

impl AddressDatabase for Private {
    fn lookup(&self, address: IpAddr) -> Option<AddressRecord> {
        let IpAddr::V4(v4) = address else { return None };
        let home =
            AddressRecord { country: "Home".to_owned(), latitude: Some(1.5), ..AddressRecord::default() };
        v4.is_private().then_some(home)
    }
}

#[derive(Debug)]
struct Locating;

impl Catalogue for Locating {
    fn table(&self, _: &str) -> Option<TableDef> {
        None
    }

    fn tables(&self) -> Vec<String> {
        Vec::new()
    }

    fn locates_addresses(&self) -> bool {
        true
    }
}

const ADDRESSES: &str = "datatable(ip:string)['10.0.0.1', '192.0.2.1', '::1', 'x', ''] \
                         | extend at = geo_info_from_ip_address(ip) \
                         | project at, tostring(at.country), toreal(at.latitude), geo_info_from_ip_address('10.1.1.1').country";

#[tokio::test]
async fn addresses_are_looked_up_in_the_querys_database() {
    let context = QueryContext { addresses: Some(Arc::new(Private)), ..QueryContext::default() };
    let outcome = run(ADDRESSES, &Locating, Arc::new(MemoryTables::new()), context).await.unwrap();
    let home = json!({"country": "Home", "state": "", "city": "", "latitude": 1.5, "longitude": null});
    assert_eq!(outcome.rows[0], [home, json!("Home"), json!(1.5), json!("Home")]);
    for row in &outcome.rows[1..] {
        assert_eq!(*row, [json!(null), json!(""), json!(null), json!("Home")]);
    }
}

#[tokio::test]
async fn without_a_database_nothing_is_known_and_that_is_said() {
    let outcome = run_plain(ADDRESSES).await.unwrap();
    assert!(outcome.rows.iter().all(|row| row[0].is_null()));
    let warnings = |catalogue: &dyn Catalogue| {
        let program = palisade_kql::compile(ADDRESSES, catalogue, super::NOW).unwrap();
        program.warnings.iter().filter(|w| w.code == "no_address_database").count()
    };
    assert_eq!((warnings(&MemoryCatalogue::new()), warnings(&Locating)), (2, 0));
}

#[tokio::test]
async fn shapes_of_rows_and_constants() {
    let text = "let area = dynamic({'type':'Polygon','coordinates':[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}); \
                range n from 0 to 3 step 1 \
                | extend own = bag_pack('type', 'LineString', 'coordinates', pack_array(pack_array(n, 1), pack_array(n, 5))) \
                | project geo_point_in_polygon(n + 0.5, 1, area), geo_intersects_line_with_polygon(own, area), \
                          geo_point_to_s2cell(n, 0, 4) == geo_point_to_s2cell(0, 0, 4), geo_h3cell_level(geo_point_to_h3cell(n, 1, 7))";
    let outcome = run_plain(text).await.unwrap();
    let inside: Vec<_> = outcome.rows.iter().map(|r| (r[0].clone(), r[1].clone(), r[3].clone())).collect();
    let row = |a: bool, b: bool| (json!(a), json!(b), json!(7));
    assert_eq!(inside, [row(true, true), row(true, true), row(false, true), row(false, false)]);
    for wrong in [
        "print geo_polygon_area()",
        "print geo_line_length(dynamic({}), true, 1)",
        "print geo_point_in_polygon('a', 1, dynamic({}))",
    ] {
        assert!(run_plain(wrong).await.is_err(), "{wrong}");
    }
}
