//! Lines of a file.

use serde::{Deserialize, Serialize};

use super::{Missing, Outcome, Probed};
use crate::host::Host;
use crate::want::like;

/// How many lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinesWant {
    /// At least one.
    Some,
    /// None.
    None,
}

/// Lines of a file, without comments, blanks made one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesProbe {
    /// The files.
    pub files: Vec<String>,
    /// What a line is like; `*` stands for anything. Case does not count.
    pub like: Vec<String>,
    /// How many are wanted.
    pub want: LinesWant,
    /// What a comment begins with.
    #[serde(default = "hash")]
    pub comment: String,
    /// What it says that none of the files is there.
    #[serde(default)]
    pub missing: Missing,
}

fn hash() -> String {
    "#".into()
}

impl LinesProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let files = host.texts(&self.files)?;
        if files.is_empty() {
            return Ok(self.missing.outcome(format!("{} is not there", self.files.join(", "))));
        }
        let like_any: Vec<String> = self.like.iter().map(|l| l.to_lowercase()).collect();
        let mut found = None;
        'files: for (path, text) in &files {
            for (line, n) in text.lines().zip(1u32..) {
                let line = line.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
                if line.is_empty() || !self.comment.is_empty() && line.starts_with(&self.comment) {
                    continue;
                }
                if like_any.iter().any(|l| like(l, &line)) {
                    found = Some((path, n));
                    break 'files;
                }
            }
        }
        let expected = match self.want {
            LinesWant::Some => format!("a line like {}", self.like.join(" or ")),
            LinesWant::None => format!("no line like {}", self.like.join(" or ")),
        };
        let met = (self.want == LinesWant::Some) == found.is_some();
        Ok(match found {
            // The line itself may hold what nobody else should see.
            Some((path, n)) => Outcome::of(met, format!("line {n} of {path}")).at(path, Some(n)),
            None => files.iter().take(5).fold(Outcome::of(met, "no such line"), |o, (p, _)| o.at(p, None)),
        }
        .expecting(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn blanks_case_and_comments_do_not_count() {
        let (_dir, host) = world(&[("/etc/x.conf", "# Deny all\n  $FileCreateMode\t0640\n")]);
        let run = |like: &str, want: &str| {
            let text = format!("files = [\"/etc/*.conf\"]\nlike = [\"{like}\"]\nwant = \"{want}\"");
            toml::from_str::<LinesProbe>(&text).expect("a probe").run(&host).expect("runs").verdict
        };
        assert_eq!(run("$filecreatemode 06?0", "some"), Verdict::Met);
        assert_eq!(run("*deny*", "none"), Verdict::Met);
        assert_eq!(run("*0640", "none"), Verdict::Missed);
    }
}
