//! apt's configuration.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::format::apt;
use crate::host::Host;
use crate::parameter::{Scalar, Values};
use crate::want::Want;

/// A key of apt's configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AptProbe {
    /// The key with `::`.
    pub key: String,
    /// What it should be; `true`, `yes`, `on` and `1` are the same, and so are their opposites.
    pub want: Want,
    /// What holds where nothing is said.
    pub default: Scalar,
}

impl AptProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let mut files = host.drop_ins(&["/etc"], "apt/apt.conf.d", "")?;
        if let Some(text) = host.text("/etc/apt/apt.conf")? {
            files.push(("/etc/apt/apt.conf".into(), text));
        }
        let key = self.key.to_ascii_lowercase();
        let mut found = None;
        for (path, text) in files {
            for (k, value, line) in apt::parse(&text) {
                if k == key {
                    found = Some((value, path.clone(), line));
                }
            }
        }
        let expected = format!("{} {}", self.key, self.want.words(values));
        Ok(match found {
            Some((value, path, line)) => {
                let met = self.want.met(Some(plain(&value)), values);
                Outcome::of(met, format!("{} {value}", self.key)).at(path, Some(line))
            }
            None => {
                let default = self.default.to_string();
                let met = self.want.met(Some(plain(&default)), values);
                Outcome::of(met, format!("{} is not set, which means {default}", self.key))
            }
        }
        .expecting(expected))
    }
}

/// One word for each of apt's words for yes and no.
fn plain(value: &str) -> &str {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "with" | "enable" | "1" => "1",
        "false" | "no" | "off" | "without" | "disable" | "0" => "0",
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn words_for_no_are_one() {
        let run = |text: &str| {
            let (_dir, host) = world(&[("/etc/apt/apt.conf.d/99x", text)]);
            let probe = "key = \"APT::Get::AllowUnauthenticated\"\nwant = { is = 0 }\ndefault = \"false\"";
            toml::from_str::<AptProbe>(probe)
                .expect("a probe")
                .run(&host, &Values::default())
                .expect("runs")
                .verdict
        };
        assert_eq!(run(""), Verdict::Met);
        assert_eq!(run("APT::Get::AllowUnauthenticated \"no\";"), Verdict::Met);
        assert_eq!(run("APT { Get { AllowUnauthenticated \"1\"; }; };"), Verdict::Missed);
    }
}
