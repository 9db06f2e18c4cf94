use super::{lines, run_plain};

const PLACES: &str = r#"declare pattern place = (country: string)[city: string] {
    ("USA").["New York"] = { print State = "NY" };
    ("Canada").["Alberta"] = { datatable(State: string)["AB", "BC"] | where State == first };
    };"#;

#[tokio::test]
async fn a_pattern_stands_for_the_query_of_its_case() {
    let of = |query: &str| format!("let first = 'AB'; {PLACES} {query}");
    assert_eq!(lines(&of("place('Canada').Alberta")).await, [r#"["AB"]"#]);
    assert_eq!(lines(&of("place('USA').['New York'] | extend n = 1")).await, [r#"["NY",1]"#]);
    let union = "let c = 'Canada'; union place('USA')['New York'], place(c).Alberta | sort by State asc";
    assert_eq!(lines(&of(union)).await, [r#"["AB"]"#, r#"["NY"]"#]);
    assert_eq!(lines(&of("let T = place('Canada').Alberta; T | count")).await, ["[1]"]);
    let error = run_plain(&of("place('Canada').Quebec")).await.err().unwrap();
    assert_eq!(error.0, "unknown_pattern");
    assert!(error.1.contains("place('Canada').['Quebec']"), "{}", error.1);
    // Names that come later are not seen by a case.
    let error =
        run_plain(&format!("{PLACES} let first = 'AB'; place('Canada').Alberta")).await.err().unwrap();
    assert_eq!(error.0, "unknown_column");
}

#[tokio::test]
async fn views_are_looked_into_and_other_functions_are_not() {
    let lets = "let A = view () { range n from 1 to 10 step 1 }; let B = view () { print n = 5, m = 'five' }; \
        let C = () { print n = 5 };";
    assert_eq!(
        lines(&format!("{lets} search n == 5 | sort by $table asc")).await,
        [r#"["A",5,""]"#, r#"["B",5,"five"]"#]
    );
    assert_eq!(lines(&format!("{lets} search 'five' | project $table")).await, [r#"["B"]"#]);
    assert_eq!(lines(&format!("{lets} union * | count")).await, ["[11]"]);
    assert_eq!(
        lines(&format!("{lets} union withsource=w * | distinct w | sort by w asc")).await,
        [r#"["A"]"#, r#"["B"]"#]
    );
}
