//! EC2's answers: XML, of which little is wanted and everything is bounded.

use std::collections::BTreeMap;

use palisade_estate::machine::PowerState;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// The most bytes of an answer.
pub(crate) const MAX_BODY: usize = 16 << 20;
/// The most machines of one answer; what is asked for is less.
const MAX_INSTANCES: usize = 1000;
/// The most tags, and addresses, of one machine.
const MAX_ITEMS: usize = 64;
/// The most bytes of one text.
const MAX_TEXT: usize = 16 << 10;
/// How deep elements may lie in each other.
const MAX_DEPTH: usize = 32;

/// A machine as EC2 describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// The account that it belongs to.
    pub owner: String,
    /// The image that it was made from.
    pub image: String,
    /// Its state, such as `running`.
    pub state: String,
    /// `windows`, or empty.
    pub platform: String,
    /// More about that, such as `Red Hat Enterprise Linux`.
    pub platform_details: String,
    /// Its architecture.
    pub architecture: String,
    /// Its name within its network.
    pub dns_name: String,
    /// Its addresses, its own network's first.
    pub addresses: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Instance {
    /// Its power state in our words.
    pub fn power(&self) -> PowerState {
        PowerState::from_ec2(&self.state)
    }
}

/// What a service said instead of an answer: its code and its words.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The code.
    pub code: String,
    /// The words.
    pub message: String,
}

/// A page of machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The machines.
    pub instances: Vec<Instance>,
    /// Where it goes on.
    pub next: Option<String>,
}

/// Whether a text is the id of an instance, and nothing else.
pub fn is_instance_id(id: &str) -> bool {
    let digits = id.strip_prefix("i-").unwrap_or_default();
    (8..=32).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Reads the answer of DescribeInstances.
///
/// # Errors
/// What is wrong with it: no XML, not this answer, or too much of something.
pub fn decode_instances(xml: &[u8]) -> Result<Answer, String> {
    let mut answer = Answer::default();
    let mut reservation = 0;
    let mut owner = String::new();
    let mut tag = (String::new(), String::new());
    let root = walk(xml, |path, step| {
        match (path, step) {
            ([_, "nextToken"], Step::Close(text)) if !text.is_empty() => answer.next = Some(text.to_owned()),
            ([_, "reservationSet", "item", inner @ ..], step) => match (inner, step) {
                (["ownerId"], Step::Close(text)) => text.clone_into(&mut owner),
                (["instancesSet", "item"], Step::Open) => {
                    if answer.instances.len() >= MAX_INSTANCES {
                        return Err(format!("more than {MAX_INSTANCES} machines"));
                    }
                    answer.instances.push(Instance::default());
                }
                (["instancesSet", "item", field @ ..], Step::Close(text)) => {
                    if let Some(instance) = answer.instances.last_mut() {
                        take(instance, field, text, &mut tag);
                    }
                }
                // The owner may come after the machines.
                ([], Step::Close(_)) => {
                    for instance in answer.instances.iter_mut().skip(reservation) {
                        owner.clone_into(&mut instance.owner);
                    }
                    reservation = answer.instances.len();
                    owner.clear();
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    })?;
    if root != "DescribeInstancesResponse" {
        return Err(format!("{root:?} is not the answer of DescribeInstances"));
    }
    answer.instances.retain(|i| is_instance_id(&i.id));
    Ok(answer)
}

fn take(instance: &mut Instance, field: &[&str], text: &str, tag: &mut (String, String)) {
    let set = |into: &mut String| text.clone_into(into);
    match field {
        ["instanceId"] => set(&mut instance.id),
        ["imageId"] => set(&mut instance.image),
        ["instanceState", "name"] => set(&mut instance.state),
        ["platform"] => set(&mut instance.platform),
        ["platformDetails"] => set(&mut instance.platform_details),
        ["architecture"] => set(&mut instance.architecture),
        ["privateDnsName"] => set(&mut instance.dns_name),
        ["privateIpAddress" | "ipAddress" | "ipv6Address"]
        | ["networkInterfaceSet", "item", "privateIpAddress"]
        | ["networkInterfaceSet", "item", "privateIpAddressesSet", "item", "privateIpAddress"]
        | ["networkInterfaceSet", "item", "ipv6AddressesSet", "item", "ipv6Address"] => {
            let address = text.to_owned();
            let plain = text.parse::<std::net::IpAddr>().is_ok();
            if plain && instance.addresses.len() < MAX_ITEMS && !instance.addresses.contains(&address) {
                instance.addresses.push(address);
            }
        }
        ["tagSet", "item", "key"] => set(&mut tag.0),
        ["tagSet", "item", "value"] => set(&mut tag.1),
        ["tagSet", "item"] => {
            let (key, value) = std::mem::take(tag);
            if !key.is_empty() && instance.tags.len() < MAX_ITEMS {
                instance.tags.insert(key, value);
            }
        }
        _ => {}
    }
}

/// Reads what EC2 says when it refuses.
pub fn decode_fault(xml: &[u8]) -> Option<Fault> {
    let (mut code, mut message) = (String::new(), String::new());
    walk(xml, |path, step| {
        if let Step::Close(text) = step {
            match path {
                [.., "Error", "Code"] if code.is_empty() => text.clone_into(&mut code),
                [.., "Error", "Message"] if message.is_empty() => text.clone_into(&mut message),
                _ => {}
            }
        }
        Ok(())
    })
    .ok()?;
    (!code.is_empty()).then_some(Fault { code, message })
}

/// A step through a document.
enum Step<'a> {
    /// An element begins.
    Open,
    /// It ends; the text in it.
    Close(&'a str),
}

/// Goes through a document; the name of its outermost element. A document type is refused, and so
/// are entities of its own: nothing can grow.
fn walk(xml: &[u8], mut each: impl FnMut(&[&str], Step<'_>) -> Result<(), String>) -> Result<String, String> {
    if xml.len() > MAX_BODY {
        return Err(format!("more than {} MiB", MAX_BODY >> 20));
    }
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().expand_empty_elements = true;
    let (mut names, mut text, mut root) = (Vec::<String>::new(), String::new(), String::new());
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                if names.len() >= MAX_DEPTH {
                    return Err(format!("more than {MAX_DEPTH} elements within each other"));
                }
                let name = std::str::from_utf8(start.local_name().into_inner())
                    .map_err(|e| e.to_string())?
                    .to_owned();
                if root.is_empty() {
                    root.clone_from(&name);
                }
                names.push(name);
                text.clear();
                let path: Vec<&str> = names.iter().map(String::as_str).collect();
                each(&path, Step::Open)?;
            }
            Event::End(_) => {
                let path: Vec<&str> = names.iter().map(String::as_str).collect();
                each(&path, Step::Close(text.trim()))?;
                names.pop();
                text.clear();
            }
            Event::Text(part) => text.push_str(&part.decode().map_err(|e| e.to_string())?),
            Event::CData(part) => text.push_str(&part.decode().map_err(|e| e.to_string())?),
            Event::GeneralRef(reference) => text.push(character(&reference)?),
            Event::DocType(_) => return Err("it has a document type".into()),
            Event::Eof if names.is_empty() && !root.is_empty() => return Ok(root),
            Event::Eof => return Err("it ends too early".into()),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if text.len() > MAX_TEXT {
            return Err(format!("a text of more than {} KiB", MAX_TEXT >> 10));
        }
    }
}

fn character(reference: &BytesRef<'_>) -> Result<char, String> {
    if let Some(c) = reference.resolve_char_ref().map_err(|e| e.to_string())? {
        return Ok(c);
    }
    match &*reference.decode().map_err(|e| e.to_string())? {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(format!("the entity {other:?} is unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>8f7724cf</requestId>
  <reservationSet>
    <item>
      <reservationId>r-1</reservationId>
      <instancesSet>
        <item>
          <instanceId>i-1234567890abcdef0</instanceId><imageId>ami-1</imageId>
          <instanceState><code>16</code><name>running</name></instanceState>
          <privateDnsName>ip-10-0-0-5.internal</privateDnsName><dnsName/>
          <architecture>x86_64</architecture><platformDetails>Linux/UNIX</platformDetails>
          <privateIpAddress>10.0.0.5</privateIpAddress><ipAddress>203.0.113.9</ipAddress>
          <networkInterfaceSet><item><privateIpAddressesSet>
            <item><privateIpAddress>10.0.0.5</privateIpAddress></item>
            <item><privateIpAddress>10.0.0.6</privateIpAddress></item>
          </privateIpAddressesSet></item></networkInterfaceSet>
          <tagSet>
            <item><key>Name</key><value>a &amp; b &#x263A; &lt;c&gt;</value></item>
            <item><key>empty</key><value/></item>
          </tagSet>
        </item>
        <item><instanceId>i-1234567890abcdef1</instanceId><platform>windows</platform>
          <instanceState><name>stopped</name></instanceState></item>
      </instancesSet>
      <ownerId>123456789012</ownerId>
    </item>
    <item><ownerId>210987654321</ownerId><instancesSet>
      <item><instanceId>i-1234567890abcdef2</instanceId></item>
      <item><instanceId>i-1;rm -rf</instanceId></item>
    </instancesSet></item>
  </reservationSet>
  <nextToken>abc=</nextToken>
</DescribeInstancesResponse>"#;

    #[test]
    fn machines_are_read() {
        let answer = decode_instances(PAGE.as_bytes()).expect("an answer");
        assert_eq!(answer.next.as_deref(), Some("abc="));
        let [first, second, third] = answer.instances.as_slice() else { panic!("{answer:?}") };
        assert_eq!((first.owner.as_str(), third.owner.as_str()), ("123456789012", "210987654321"));
        assert_eq!(first.addresses, ["10.0.0.5", "203.0.113.9", "10.0.0.6"]);
        assert_eq!(first.tags["Name"], "a & b \u{263a} <c>");
        assert_eq!(first.tags["empty"], "");
        assert_eq!((first.power(), second.power()), (PowerState::Running, PowerState::Deallocated));
        assert_eq!((second.platform.as_str(), third.power()), ("windows", PowerState::Unknown));
    }

    #[test]
    fn what_is_no_answer_or_too_much_is_refused() {
        let wrap = |inner: &str| format!("<DescribeInstancesResponse>{inner}</DescribeInstancesResponse>");
        for (bad, why) in [
            (String::new(), "early"),
            ("<html></html>".into(), "not the answer"),
            (wrap("<a>"), "expected"),
            (wrap("&boom;"), "entity"),
            (format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{}", wrap("")), "document type"),
            (wrap(&"<a>".repeat(40)), "within each other"),
            (wrap(&format!("<a>{}</a>", "x".repeat(MAX_TEXT + 1))), "KiB"),
            (
                wrap(&format!(
                    "<reservationSet><item><instancesSet>{}</instancesSet></item></reservationSet>",
                    "<item/>".repeat(MAX_INSTANCES + 1)
                )),
                "machines",
            ),
        ] {
            let e = decode_instances(bad.as_bytes()).expect_err(why);
            assert!(e.contains(why), "{e:?} should say {why:?}");
        }
        assert!(decode_instances(&vec![b' '; MAX_BODY + 1]).is_err());
    }

    #[test]
    fn faults_are_read() {
        let xml = b"<Response><Errors><Error><Code>AuthFailure</Code><Message>no</Message></Error></Errors></Response>";
        let fault = decode_fault(xml).expect("a fault");
        assert_eq!((fault.code.as_str(), fault.message.as_str()), ("AuthFailure", "no"));
        assert!(decode_fault(b"<html>").is_none());
        assert!(is_instance_id("i-0123abcd") && !is_instance_id("i-../../x") && !is_instance_id("i-"));
    }
}
