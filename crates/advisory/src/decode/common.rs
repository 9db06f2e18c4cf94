//! What decoders share: texts, days, names of vulnerabilities.

use palisade_types::TimeMicros;

use crate::model::Severity;

/// Longest summary or title, bytes.
pub(super) const SUMMARY: usize = 512;
/// Longest description, bytes.
pub(super) const DESCRIPTION: usize = 4096;
/// Most addresses of further reading.
pub(super) const REFERENCES: usize = 32;

/// The text, one blank between words, cut at a letter's end.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for word in text.split_whitespace() {
        let gap = usize::from(!out.is_empty());
        let taken = word.floor_char_boundary(most.saturating_sub(out.len() + gap));
        if taken == 0 {
            break;
        }
        if gap == 1 {
            out.push(' ');
        }
        out.push_str(&word[..taken]);
        if taken < word.len() {
            break;
        }
    }
    out
}

/// An instant as feeds write it: RFC 3339, `2023-06-27 00:00:00`, `2022-07-08`, `20221018`,
/// `02 Nov 2023`. The year 1 is what some write for "unknown".
pub(super) fn instant(text: &str) -> Option<TimeMicros> {
    let text = text.trim();
    if text.starts_with("0001-") {
        return None;
    }
    if let Ok(time) = text.parse::<TimeMicros>() {
        return Some(time);
    }
    let (day, rest) = match text.split_once(['T', ' ']) {
        Some((day, rest)) if day.contains('-') => (day, rest),
        _ => (text, ""),
    };
    let clock = rest.trim().trim_end_matches("UTC").trim_end_matches('Z').trim();
    let clock = match clock.split(':').count() {
        1 => "00:00:00".to_owned(),
        2 => format!("{clock}:00"),
        _ => clock.split(['+', '-']).next().unwrap_or_default().to_owned(),
    };
    format!("{}T{clock}Z", date(day)?).parse().ok()
}

/// A day as `2022-07-08`.
fn date(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
    }
    if text.contains('-') {
        return Some(text.to_owned());
    }
    // `02 Nov 2023` and `August 26th, 2005`.
    let words: Vec<&str> = text.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    let month = words.iter().find_map(|w| {
        let start = w.get(..3)?.to_ascii_lowercase();
        MONTHS.iter().position(|m| *m == start)
    })?;
    let mut numbers = words.iter().filter_map(|w| {
        let digits: String = w.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    let (day, year) = (numbers.next()?, numbers.next()?);
    Some(format!("{year:04}-{:02}-{day:02}", month + 1))
}

/// Whether it is an id of a CVE: `CVE-2024-3094`.
pub(super) fn is_cve(id: &str) -> bool {
    let Some((year, number)) = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    year.len() == 4 && digits(year) && (4..=19).contains(&number.len()) && digits(number)
}

/// The ids of CVEs within a text, each once, in order.
pub(super) fn cves_in(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (at, _) in text.match_indices("CVE-") {
        let rest = &text[at..];
        let length = 4 + rest[4..].bytes().take_while(|b| b.is_ascii_digit() || *b == b'-').count();
        let id = rest[..length].trim_end_matches('-');
        if is_cve(id) && !out.iter().any(|o| o == id) {
            out.push(id.to_owned());
        }
    }
    out
}

/// Sorted, each once, none empty.
pub(super) fn unique(mut list: Vec<String>) -> Vec<String> {
    list.retain(|t| !t.is_empty());
    list.sort_unstable();
    list.dedup();
    list
}

/// Adds a severity if the vector is one; feeds have broken ones, which say nothing.
pub(super) fn push_vector(severities: &mut Vec<Severity>, by: &str, vector: &str) {
    if let Ok(severity) = Severity::vector(by, vector)
        && !severities.contains(&severity)
    {
        severities.push(severity);
    }
}

/// Adds a severity that is a word.
pub(super) fn push_word(severities: &mut Vec<Severity>, by: &str, word: &str) {
    let word = word.trim();
    if !word.is_empty() && !word.eq_ignore_ascii_case("none") {
        severities.push(Severity::word(by, &cut(word, 64)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_is_never_longer_than_asked() {
        for (text, most, expected) in [
            ("  one \n two  ", 7, "one two"),
            ("one two", 6, "one tw"),
            ("one two three", 3, "one"),
            ("one two", 4, "one"),
            ("ééé", 5, "éé"),
            ("one ééé x", 5, "one"),
            ("", 5, ""),
        ] {
            assert_eq!(cut(text, most), expected, "{text:?} at {most}");
        }
    }

    #[test]
    fn days_as_feeds_write_them() {
        for (text, expected) in [
            ("2022-09-21T11:15:00Z", "2022-09-21T11:15:00.000000Z"),
            ("2023-06-27 00:00:00", "2023-06-27T00:00:00.000000Z"),
            ("2018-01-11 21:05", "2018-01-11T21:05:00.000000Z"),
            ("2023-12-18 15:00:00 UTC", "2023-12-18T15:00:00.000000Z"),
            ("2004-10-23T01:17:50", "2004-10-23T01:17:50.000000Z"),
            ("2022-02-04T00:00:00+0000", "2022-02-04T00:00:00.000000Z"),
            ("2022-07-08", "2022-07-08T00:00:00.000000Z"),
            ("20221018", "2022-10-18T00:00:00.000000Z"),
            ("02 Nov 2023", "2023-11-02T00:00:00.000000Z"),
            ("August 26th, 2005", "2005-08-26T00:00:00.000000Z"),
        ] {
            assert_eq!(instant(text).map(|t| t.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["0001-01-01T00:00:00Z", "", "soon", "2022-13-40", "é-é-é"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn ids_are_found_in_texts() {
        assert_eq!(
            cves_in("Fix CVE-2024-3094, CVE-2024-3094 (CVE-2023-12345-)CVE-20-1"),
            ["CVE-2024-3094", "CVE-2023-12345"]
        );
        assert_eq!(cut("  a\n b  ", 10), "a b");
    }
}
