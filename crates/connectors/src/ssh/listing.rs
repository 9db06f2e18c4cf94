use std::net::IpAddr;

use palisade_estate::inventory::{Connection, Inventory, Target};
use palisade_estate::machine::{OsFacts, PowerState};

use crate::connector::{Cursor, Listed, Notice, Page, Place};
use crate::error::ConnectorError;

/// Machines on a page.
const PAGE: usize = 500;
/// The tag by which an inventory says what a machine runs, for those that cannot be logged in to.
const OS: &str = "os";

/// One page of an inventory; its place in the list is the cursor.
pub(super) fn page(inventory: &Inventory, from: Option<Cursor>) -> Result<Page, ConnectorError> {
    let start = match from {
        None => 0,
        Some(Cursor(text)) => {
            text.parse().map_err(|_| ConnectorError::Own("not a cursor of this list".into()))?
        }
    };
    let targets = inventory.targets.get(start..).unwrap_or_default();
    let machines: Vec<Listed> = targets.iter().take(PAGE).map(listed).collect();
    let next = (targets.len() > PAGE).then(|| Cursor((start + PAGE).to_string()));
    let mut notices = Vec::new();
    if start == 0 {
        notices.extend(inventory.notices.iter().map(|n| {
            let line = if n.line > 0 { format!("line {}: ", n.line) } else { String::new() };
            Notice { code: n.code.into(), message: format!("{line}{}", n.message) }
        }));
    }
    Ok(Page { machines, next, notices })
}

fn listed(target: &Target) -> Listed {
    let by_ssh = target.connection == Connection::Ssh;
    let mut tags = target.tags.clone();
    tags.extend(target.groups.iter().map(|group| (format!("group:{group}"), "true".to_owned())));
    let os = tags.get(OS).map(|name| OsFacts { family: OsFacts::family_of(name), ..OsFacts::default() });
    Listed {
        name: target.name.clone(),
        cloud_id: String::new(),
        place: by_ssh.then(|| Place::Ssh {
            host: target.address.clone(),
            port: target.port,
            user: target.user.clone(),
        }),
        power: PowerState::Unknown,
        os: os.unwrap_or_default(),
        image: String::new(),
        addresses: target.address.parse::<IpAddr>().iter().map(ToString::to_string).collect(),
        tags,
        unavailable: (!by_ssh).then(|| "its inventory says that it is not reached by SSH".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use palisade_estate::inventory::parse_ini;
    use palisade_estate::machine::OsFamily;

    use super::*;

    #[test]
    fn an_inventory_is_listed_page_by_page() {
        let text = "[web]\nweb[0001:1001] ansible_port=2222\n10.0.0.7 palisade_tag_os='Windows Server 2022' ansible_connection=winrm\n";
        let inventory = parse_ini(text).expect("an inventory");
        let (mut all, mut next, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = page(&inventory, next).expect("a page");
            all.extend(page.machines);
            pages += 1;
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!((all.len(), pages), (1002, 3));
        let web = all.iter().find(|m| m.name == "web0500").expect("listed");
        assert_eq!(web.place, Some(Place::Ssh { host: "web0500".into(), port: Some(2222), user: None }));
        assert_eq!(web.tags.get("group:web").map(String::as_str), Some("true"));
        let windows = all.iter().find(|m| m.name == "10.0.0.7").expect("listed");
        assert!(windows.place.is_none() && windows.os.family == OsFamily::WindowsServer);
        assert_eq!(windows.addresses, ["10.0.0.7"]);
        assert!(page(&inventory, Some(Cursor("x".into()))).is_err());
    }
}
