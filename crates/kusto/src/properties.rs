//! What a client asks for beside its query: options and parameters.

use std::time::Duration;

use serde_json::{Map, Value};

/// How a dynamic is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicForm {
    /// As JSON itself.
    Json,
    /// As a text that holds JSON.
    Text,
}

/// The options that are known, and the parameters. Unknown options are passed over, as most only tune a
/// service; those that would change the rows and are not there are an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// `servertimeout`: how long the query may run.
    pub timeout: Option<Duration>,
    /// `norequesttimeout`: as long as is allowed.
    pub no_timeout: bool,
    /// `truncationmaxrecords`: an answer with more rows is a failure.
    pub max_records: Option<u64>,
    /// `notruncation`: as many rows as are allowed.
    pub no_truncation: bool,
    /// `query_take_max_records`: further rows are left out, which is no failure.
    pub take: Option<u64>,
    /// `query_now`: what `now()` means, as a KQL datetime.
    pub now: Option<String>,
    /// `deferpartialqueryfailures`: that rows are not all is said beside them only.
    pub deferred: bool,
    /// `response_dynamic_serialization`: how dynamics are written; by the version when absent.
    pub dynamic: Option<DynamicForm>,
    /// Values for `declare query_parameters`.
    pub parameters: Map<String, Value>,
}

/// An option that is wrong, or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyError {
    /// `invalid_argument` or `not_supported`.
    pub code: &'static str,
    /// One sentence that names it.
    pub message: String,
}

impl PropertyError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { code: "invalid_argument", message: message.into() }
    }
}

impl std::fmt::Display for PropertyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PropertyError {}

/// Options that change the rows and that are not there.
const MISSING: [&str; 4] = [
    "query_datetimescope_column",
    "query_datetimescope_from",
    "query_datetimescope_to",
    "query_results_cache_max_age",
];

impl Properties {
    /// Reads the request's `properties`: an object, a text that holds one, or nothing.
    ///
    /// # Errors
    /// An option that is wrong or not there; a text that is no object.
    pub fn read(properties: Option<&Value>) -> Result<Self, PropertyError> {
        let wrong = || PropertyError::invalid("properties must be an object with Options and Parameters");
        let parsed: Value;
        let object = match properties {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(Self::default()),
            Some(Value::String(text)) => {
                parsed = serde_json::from_str(text).map_err(|_| wrong())?;
                &parsed
            }
            Some(other) => other,
        };
        let mut read = Self::default();
        let part = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(part)) => Ok(Some(part)),
            Some(_) => Err(wrong()),
        };
        if !object.is_object() && !object.is_null() {
            return Err(wrong());
        }
        for (name, value) in part("Options")?.into_iter().flatten() {
            read.set(name, value)?;
        }
        if let Some(parameters) = part("Parameters")? {
            read.parameters.clone_from(parameters);
        }
        Ok(read)
    }

    /// Sets one option.
    ///
    /// # Errors
    /// When it is wrong or not there.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), PropertyError> {
        let wrong = |form: &str| PropertyError::invalid(format!("the option {name} must be {form}"));
        let flag = || truth(value).ok_or_else(|| wrong("true or false"));
        let number = || count(value).ok_or_else(|| wrong("a whole number of at least 0"));
        match name {
            _ if value.is_null() => {}
            "servertimeout" => {
                let read = span(value).ok_or_else(|| wrong("a timespan"))?;
                self.timeout = Some(read);
            }
            "norequesttimeout" => self.no_timeout = flag()?,
            "truncationmaxrecords" => self.max_records = Some(number()?),
            "notruncation" => self.no_truncation = flag()?,
            "query_take_max_records" => self.take = Some(number()?),
            "query_now" => {
                let text = value.as_str().ok_or_else(|| wrong("a datetime"))?;
                self.now = Some(inner(text, "datetime").trim_matches(['"', '\'']).to_owned());
            }
            "deferpartialqueryfailures" => self.deferred = flag()?,
            "response_dynamic_serialization" => {
                self.dynamic = Some(match value.as_str() {
                    Some("json") => DynamicForm::Json,
                    Some("string") => DynamicForm::Text,
                    _ => return Err(wrong("\"json\" or \"string\"")),
                });
            }
            "query_language" if !matches!(value.as_str(), Some("kql" | "csl" | "kusto")) => {
                let message = format!("the query language {value} is not here: queries are KQL");
                return Err(PropertyError { code: "not_supported", message });
            }
            missing if MISSING.contains(&missing) => {
                let message = format!("the option {missing} is not supported");
                return Err(PropertyError { code: "not_supported", message });
            }
            _ => {}
        }
        Ok(())
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Number(n) => n.as_i64().filter(|n| *n == 0 || *n == 1).map(|n| n == 1),
        Value::String(s) if s.eq_ignore_ascii_case("true") => Some(true),
        Value::String(s) if s.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// What stands in `name(…)`, or all of it.
pub(crate) fn inner<'t>(text: &'t str, name: &str) -> &'t str {
    let text = text.trim();
    let wrapped = text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let rest = text.get(name.len()..).unwrap_or_default().trim();
    match rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
        Some(within) if wrapped => within.trim(),
        _ => text,
    }
}

/// A timespan as clients write it: `[d.]h:mm:ss[.f]`, `N day[s], h:mm:ss`, or a number with a unit. A bare
/// number is milliseconds, as the Node.js client counts.
fn span(value: &Value) -> Option<Duration> {
    if let Some(number) = value.as_u64() {
        return Some(Duration::from_millis(number));
    }
    let text = inner(inner(value.as_str()?, "time"), "timespan");
    let (days, clock) = match text.split_once(',') {
        Some((days, clock)) => {
            let number = days.trim_end_matches(['s', 'y', 'a', 'd', ' ']);
            (number.trim().parse::<u64>().ok()?, clock.trim())
        }
        None => match text.split_once(':').and_then(|(head, _)| head.split_once('.')) {
            Some((days, _)) => (days.parse::<u64>().ok()?, text.get(days.len() + 1..)?),
            None => (0, text),
        },
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let seconds = match parts.as_slice() {
        [hours, minutes, seconds] => {
            let whole = hours
                .parse::<u64>()
                .ok()?
                .checked_mul(3600)?
                .checked_add(minutes.parse::<u64>().ok()? * 60)?;
            Duration::from_secs(whole).checked_add(seconds_of(seconds)?)?
        }
        [one] => {
            let digits = one.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            let (number, unit) = one.split_at(digits);
            let per = match unit.trim() {
                "d" => 86_400.0,
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
            Duration::try_from_secs_f64(number.parse::<f64>().ok()? * per).ok()?
        }
        _ => return None,
    };
    seconds.checked_add(Duration::from_secs(days.checked_mul(86_400)?))
}

fn seconds_of(text: &str) -> Option<Duration> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Duration::try_from_secs_f64(text.parse::<f64>().ok().filter(|_| plain)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_read_as_each_client_writes_them() -> Result<(), PropertyError> {
        // Python sends a text.
        let python =
            r#"{"Options": {"servertimeout": "0:05:00", "notruncation": true}, "Parameters": {"n": 5}}"#;
        let read = Properties::read(Some(&json!(python)))?;
        assert_eq!((read.timeout, read.no_truncation), (Some(Duration::from_secs(300)), true));
        assert_eq!(read.parameters["n"], 5);
        let node = json!({"Options": {"servertimeout": "00:01:00.500", "truncationmaxrecords": 5,
            "query_now": "datetime(2026-01-01)", "response_dynamic_serialization": "string", "unknown": {}}});
        let read = Properties::read(Some(&node))?;
        assert_eq!(read.timeout, Some(Duration::from_millis(60_500)));
        assert_eq!((read.max_records, read.now.as_deref()), (Some(5), Some("2026-01-01")));
        assert_eq!(read.dynamic, Some(DynamicForm::Text));
        assert_eq!(Properties::read(None)?, Properties::default());
        assert_eq!(Properties::read(Some(&json!({})))?, Properties::default());
        Ok(())
    }

    #[test]
    fn timespans_have_many_forms() {
        for (text, seconds) in [
            ("1 day, 0:00:01", 86_401),
            ("2 days, 1:00:00", 176_400),
            ("1.00:00:00", 86_400),
            ("10m", 600),
            ("time(1h)", 3600),
        ] {
            assert_eq!(span(&json!(text)), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(span(&json!(1500)), Some(Duration::from_millis(1500)));
        for bad in ["", "x", "1:2", "1:2:3:4", "-1:00:00", "5", "99999999999999999999d", "1:00:nan"] {
            assert_eq!(span(&json!(bad)), None, "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_or_missing_is_named() {
        let refused = |options: Value| {
            Properties::read(Some(&json!({"Options": options}))).err().map(|e| (e.code, e.message))
        };
        for options in [
            json!({"servertimeout": "soon"}),
            json!({"notruncation": 7}),
            json!({"truncationmaxrecords": -1}),
        ] {
            assert_eq!(refused(options).map(|e| e.0), Some("invalid_argument"));
        }
        let missing = refused(json!({"query_datetimescope_from": "datetime(2020-01-01)"}));
        assert!(
            missing
                .is_some_and(|(code, m)| code == "not_supported" && m.contains("query_datetimescope_from"))
        );
        assert!(refused(json!({"query_language": "sql"})).is_some());
        assert!(refused(json!("x")).is_some());
        assert!(Properties::read(Some(&json!("no json"))).is_err());
    }
}
