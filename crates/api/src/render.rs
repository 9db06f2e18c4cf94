//! What a query's `render` asks a client to draw.

use palisade_kql::program;
use serde::Serialize;
use utoipa::ToSchema;

/// Where an axis begins or ends.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AxisBound {
    /// A number.
    Number(f64),
    /// An instant or whatever else is written there.
    Text(String),
}

/// A chart, as the query's `render` asks for it. The rows are the same without it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Render {
    /// Such as `timechart`, as it is written.
    visualization: String,
    /// The heading.
    #[schema(required = true)]
    title: Option<String>,
    /// The column of the x axis.
    #[schema(required = true)]
    x_column: Option<String>,
    /// What stands at the x axis.
    #[schema(required = true)]
    x_title: Option<String>,
    /// What stands at the y axis.
    #[schema(required = true)]
    y_title: Option<String>,
    /// The columns of the y axis; none where all numbers are meant.
    y_columns: Vec<String>,
    /// The columns whose values make one series each.
    series: Vec<String>,
    /// The columns whose points are marked as anomalies.
    anomaly_columns: Vec<String>,
    /// `default`, `unstacked`, `stacked`, `stacked100` or `map`.
    #[schema(required = true)]
    kind: Option<String>,
    /// `visible` or `hidden`.
    #[schema(required = true)]
    legend: Option<String>,
    /// `none`, `axes` or `panels`.
    #[schema(required = true)]
    y_split: Option<String>,
    /// Whether each value adds to those before.
    accumulate: bool,
    /// `linear` or `log`.
    #[schema(required = true)]
    x_axis: Option<String>,
    /// `linear` or `log`.
    #[schema(required = true)]
    y_axis: Option<String>,
    /// Where the x axis begins.
    #[schema(required = true)]
    x_min: Option<AxisBound>,
    /// Where it ends.
    #[schema(required = true)]
    x_max: Option<AxisBound>,
    /// Where the y axis begins.
    #[schema(required = true)]
    y_min: Option<AxisBound>,
    /// Where it ends.
    #[schema(required = true)]
    y_max: Option<AxisBound>,
}

impl From<program::Render> for Render {
    fn from(render: program::Render) -> Self {
        let mut out = Self { visualization: render.kind, ..Self::default() };
        for (name, value) in render.properties {
            let list = || value.split(", ").filter(|v| !v.is_empty()).map(str::to_owned).collect();
            let text = || Some(value.clone()).filter(|v| !v.is_empty());
            let word = || text().map(|v| v.to_ascii_lowercase());
            match name.to_ascii_lowercase().as_str() {
                "title" => out.title = text(),
                "xcolumn" => out.x_column = text(),
                "xtitle" => out.x_title = text(),
                "ytitle" => out.y_title = text(),
                "ycolumns" => out.y_columns = list(),
                "series" => out.series = list(),
                "anomalycolumns" => out.anomaly_columns = list(),
                "kind" => out.kind = word(),
                "legend" => out.legend = word(),
                "ysplit" => out.y_split = word(),
                "accumulate" => out.accumulate = matches!(word().as_deref(), Some("true" | "1")),
                "xaxis" => out.x_axis = word(),
                "yaxis" => out.y_axis = word(),
                "xmin" => out.x_min = bound(&value),
                "xmax" => out.x_max = bound(&value),
                "ymin" => out.y_min = bound(&value),
                "ymax" => out.y_max = bound(&value),
                // Clients are told what they may know of; what nobody knows says nothing.
                _ => {}
            }
        }
        out
    }
}

/// A number, or the text within `datetime(…)` and the like.
fn bound(value: &str) -> Option<AxisBound> {
    let inner = value.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(value);
    let inner = inner.trim().trim_matches(['"', '\'']);
    match inner.parse::<f64>() {
        _ if inner.is_empty() => None,
        Ok(number) if number.is_finite() => Some(AxisBound::Number(number)),
        _ => Some(AxisBound::Text(inner.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use palisade_kql::SchemaCatalogue;
    use serde_json::json;

    use super::*;

    fn told(render: &str) -> serde_json::Value {
        let text = format!("DeviceInfo | summarize n = count() by OSPlatform | render {render}");
        let program = palisade_kql::compile(&text, &SchemaCatalogue, 0).expect("it compiles");
        let mut told = serde_json::to_value(program.render.map(Render::from)).expect("JSON");
        if let Some(map) = told.as_object_mut() {
            map.retain(|_, v| !v.is_null() && *v != json!([]) && *v != json!(false));
        }
        told
    }

    #[test]
    fn every_property_has_its_field() {
        assert_eq!(told("piechart"), json!({"visualization": "piechart"}));
        let all = "timechart with (title='By platform', xcolumn=OSPlatform, xtitle='P', ytitle='N', ycolumns=n, m, \
            series=OSPlatform, anomalycolumns=a, kind=Stacked, legend=hidden, ysplit=panels, accumulate=true, \
            xaxis=log, yaxis=linear, ymin=-1, ymax=2.5, xmin=datetime(2026-01-01), xmax=10)";
        assert_eq!(
            told(all),
            json!({
                "visualization": "timechart", "title": "By platform", "x_column": "OSPlatform", "x_title": "P",
                "y_title": "N", "y_columns": ["n", "m"], "series": ["OSPlatform"], "anomaly_columns": ["a"],
                "kind": "stacked", "legend": "hidden", "y_split": "panels", "accumulate": true, "x_axis": "log",
                "y_axis": "linear", "y_min": -1.0, "y_max": 2.5, "x_min": "2026-01-01", "x_max": 10.0,
            })
        );
    }

    #[test]
    fn what_is_unknown_says_nothing() {
        assert_eq!(told("card with (colour=red, title='')"), json!({"visualization": "card"}));
    }
}
