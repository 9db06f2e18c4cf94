//! Stored functions: called like the query's own, checked before they are kept, told apart in errors.

use palisade_kql::stored::{MAX_BODY, check, check_name, names_in};
use palisade_kql::{Diagnostic, FunctionDef, FunctionError, Program, WithFunctions};

use super::{NOW, catalogue};

fn def(name: &str, parameters: &str, body: &str) -> FunctionDef {
    FunctionDef { name: name.into(), parameters: parameters.into(), body: body.into() }
}

fn with(functions: &[FunctionDef], text: &str) -> Result<Program, Vec<Diagnostic>> {
    let catalogue = catalogue();
    palisade_kql::compile(text, &WithFunctions::new(&catalogue, functions), NOW)
}

fn columns(functions: &[FunctionDef], text: &str) -> Vec<String> {
    let program = with(functions, text).unwrap_or_else(|found| panic!("{text}: {found:?}"));
    program.schema().columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect()
}

/// Code, line, column and message of the first error.
fn first(functions: &[FunctionDef], text: &str) -> (String, u32, u32, String) {
    let found = with(functions, text).expect_err("an error");
    (found[0].code.clone(), found[0].line, found[0].column, found[0].message.clone())
}

fn some() -> Vec<FunctionDef> {
    vec![
        def(
            "Shells",
            "()",
            "DeviceProcessEvents | where FileName in ('bash', 'sh') | project DeviceId, FileName",
        ),
        def("Of", "(name: string, n: long = 5)", "Shells | where FileName == name | take n"),
        def("Twice", "(x: long)", "let two = 2; x * two"),
        def(
            "Busy",
            "(T: (DeviceId: string), least: long)",
            "T | summarize n = count() by DeviceId | where n > least",
        ),
        def("Odd", "(['odd one']: long)", "['odd one'] % 2 == 1"),
    ]
}

#[test]
fn they_are_called_like_the_querys_own() {
    let f = some();
    let shells = ["DeviceId:string", "FileName:string"];
    for text in
        ["Shells", "Shells()", "Of('bash')", "Of('bash', 3)", "Of(n=3, name='sh') | where FileName has 'b'"]
    {
        assert_eq!(columns(&f, text), shells, "{text}");
    }
    assert_eq!(columns(&f, "print a = Twice(21)"), ["a:long"]);
    assert_eq!(columns(&f, "DeviceProcessEvents | project b = Twice(ProcessId)"), ["b:long"]);
    assert_eq!(columns(&f, "DeviceProcessEvents | where Odd(ProcessId) | count"), ["Count:long"]);
    assert_eq!(columns(&f, "Busy(DeviceProcessEvents, 3)"), ["DeviceId:string", "n:long"]);
    assert_eq!(columns(&f, "DeviceInfo | invoke Busy(3)"), ["DeviceId:string", "n:long"]);
    assert_eq!(columns(&f, "union Shells, (Of('x')) | count"), ["Count:long"]);
    assert_eq!(
        columns(&f, "DeviceInfo | where DeviceId in (Shells | project DeviceId) | count"),
        ["Count:long"]
    );
    assert_eq!(
        columns(&f, "let s = Shells; s | join kind=inner Of('sh') on DeviceId | count"),
        ["Count:long"]
    );
    assert_eq!(columns(&f, "let g = () { Shells() }; g()"), shells);
}

#[test]
fn a_program_names_those_that_it_was_made_of() {
    let program = with(&some(), "Of('bash') | extend y = Twice(1)").unwrap();
    assert_eq!(program.functions, ["Of", "Shells", "Twice"]);
    assert_eq!(program.tables(), ["DeviceProcessEvents"]);
    assert_eq!(with(&some(), "DeviceInfo").unwrap().functions, Vec::<String>::new());
}

#[test]
fn names_of_the_query_win_and_are_not_seen_inside() {
    let f = some();
    assert_eq!(columns(&f, "let Shells = datatable(a: long) [1]; Shells"), ["a:long"]);
    assert_eq!(
        columns(&f, "let Shells = datatable(a: long) [1]; Of('x')"),
        ["DeviceId:string", "FileName:string"]
    );
    let seeing = [def("Seeing", "()", "print x = outer")];
    let (code, line, column, message) = first(&seeing, "let outer = 1;\nSeeing()");
    assert_eq!((code.as_str(), line, column), ("unknown_column", 2, 1));
    assert!(message.starts_with("in function Seeing, line 1, column 11: "), "{message}");
    // A wildcard means tables, and stored functions are none.
    let all = with(&f, "union Sh* | count").map(|p| p.functions).unwrap_or_default();
    assert_eq!(all, Vec::<String>::new());
    // A default is no place to reach out of the function either.
    let reaching = [def("Reaching", "(n: long = outer)", "print n")];
    assert!(with(&reaching, "let outer = 1; Reaching()").is_err());
}

#[test]
fn what_is_wrong_inside_is_told_at_the_call_with_its_place_inside() {
    let f = [
        def("Inner", "()", "DeviceInfo\n| where Nme == 'x'"),
        def("Outer", "()", "print 1;\nInner() | count"),
        def("Broken", "()", "DeviceInfo\n| whre x"),
    ];
    let (code, line, column, message) = first(&f, "DeviceInfo\n| union Inner()");
    assert_eq!((code.as_str(), line, column), ("unknown_column", 2, 9));
    assert!(message.starts_with("in function Inner, line 2, column 9: "), "{message}");
    let found = with(&f, "DeviceInfo | union (Inner())").unwrap_err();
    assert_eq!(found[0].suggestion, None, "it would replace the call");

    let (_, line, column, message) = first(&f[..2], "Outer");
    assert_eq!((line, column), (1, 1));
    assert!(message.contains("in function Outer") || message.contains("in function Inner"), "{message}");

    let (code, line, column, message) = first(&f, "DeviceInfo | union Broken()");
    assert_eq!((code.as_str(), line, column), ("function_invalid", 1, 20));
    assert!(message.starts_with("in function Broken, line 2, column 3: "), "{message}");

    // What is wrong with the value that a function gave is said of the call.
    let (_, line, column, message) =
        first(&[def("Text", "()", "strcat('a', 'b')")], "DeviceInfo\n| where Text()");
    assert_eq!((line, column), (2, 9), "{message}");
    let (code, line, column, _) = first(&some(), "print 1 + Twice('a', 2)");
    assert_eq!((code.as_str(), line, column), ("wrong_arguments", 1, 11));
    assert_eq!(with(&some(), "Shels").unwrap_err()[0].suggestion.as_deref(), Some("Shells"));
    assert_eq!(with(&some(), "print Twise(1)").unwrap_err()[0].suggestion.as_deref(), Some("Twice"));
}

#[test]
fn circles_and_long_rows_of_calls_end_with_an_error() {
    let f = [def("A", "()", "B()"), def("B", "()", "C() | take 1"), def("C", "()", "A() | take 1")];
    let (code, _, _, message) = first(&f, "A() | take 1");
    assert_eq!(code, "function_cycle");
    assert!(message.ends_with("functions call each other in a circle: A → B → C → A"), "{message}");
    let own = [def("S", "(x: long)", "S(x - 1)")];
    assert_eq!(first(&own, "print S(3)").0, "function_cycle");

    let row = |n: usize| -> Vec<FunctionDef> {
        (0..n).map(|i| def(&format!("f{i}"), "()", &format!("f{}() | take 1", i + 1))).collect()
    };
    let mut long = row(31);
    long.push(def("f31", "()", "DeviceInfo"));
    assert_eq!(with(&long, "f0()").unwrap().functions.len(), 32);
    let mut too_long = row(40);
    too_long.push(def("f40", "()", "DeviceInfo"));
    assert_eq!(first(&too_long, "f0()").0, "too_deep");
}

#[test]
fn functions_that_grow_are_bounded() {
    let mut f = vec![def("g0", "(x: long)", "x + x")];
    for i in 1..30 {
        f.push(def(&format!("g{i}"), "(x: long)", &format!("g{}(x) + g{}(x)", i - 1, i - 1)));
    }
    assert_eq!(first(&f, "print g29(1)").0, "query_too_complex");
}

#[test]
fn a_query_is_bound_again_with_the_same_functions() {
    let f = [def("Bags", "()", "print b = dynamic({\"a\": 1}) | evaluate bag_unpack(b)")];
    let program = with(&f, "Bags | extend z = 1").unwrap();
    let open = program.open.expect("its columns are not known yet");
    let mut schema = palisade_kql::Schema::default();
    schema.columns.push(palisade_kql::Column { name: "a".into(), ty: palisade_kql::Type::Long });
    let whole = open.again(schema).unwrap();
    assert_eq!(whole.schema().names().collect::<Vec<_>>(), ["a", "z"]);
    assert_eq!(whole.functions, ["Bags"]);
}

#[test]
fn a_check_tells_what_a_function_gives() {
    let f = some();
    let tables = catalogue();
    let all = WithFunctions::new(&tables, &f);
    let shape = |f: &FunctionDef| check(f, &all, NOW).unwrap_or_else(|e| panic!("{f:?}: {e:?}"));
    let names = |f: &FunctionDef| shape(f).columns.map(|c| c.into_iter().map(|c| c.name).collect::<Vec<_>>());
    assert_eq!(names(&f[0]), Some(vec!["DeviceId".to_owned(), "FileName".to_owned()]));
    assert_eq!((shape(&f[1]).tabular, shape(&f[1]).columns), (true, None), "it needs an argument");
    assert_eq!((shape(&f[2]).tabular, shape(&f[2]).columns), (false, None));
    let with_default = def("D", "(n: long = 5)", "Of('a', n)");
    assert_eq!(names(&with_default).map(|c| c.len()), Some(2));
    let any = def("Any", "(T: (*))", "T | where Whatever > 1 | summarize count() by Something");
    assert_eq!((shape(&any).tabular, shape(&any).columns), (true, None));
}

#[test]
fn a_check_refuses_with_places_of_the_body() {
    let f = some();
    let tables = catalogue();
    let all = WithFunctions::new(&tables, &f);
    let body = |f: &FunctionDef| match check(f, &all, NOW) {
        Err(FunctionError::Body(found)) => found,
        other => panic!("{f:?}: {other:?}"),
    };
    let found = body(&def("New", "(n: long)", "DeviceInfo\n| where OSPlatfrm == 'x'"));
    assert_eq!((found[0].code.as_str(), found[0].line, found[0].column), ("unknown_column", 2, 9));
    assert_eq!(found[0].suggestion.as_deref(), Some("OSPlatform"));
    assert_eq!(body(&def("New", "()", "DeviceInfo | whre x"))[0].code, "unknown_operator");
    assert_eq!(body(&def("New", "()", "  "))[0].code, "empty_query");
    assert_eq!(body(&def("New", "(T: (*))", "T | join Nowhere on x"))[0].code, "unknown_table");
    // By itself, and through one that calls it already.
    assert_eq!(body(&def("New", "()", "New() | take 1"))[0].code, "function_cycle");
    let found = body(&def("Shells", "()", "DeviceInfo\n| where DeviceId in (Of('a') | project DeviceId)"));
    assert_eq!((found[0].code.as_str(), found[0].line, found[0].column), ("function_cycle", 2, 22));
    assert!(found[0].message.contains("Shells → Of → Shells"), "{}", found[0].message);

    let code = |f: &FunctionDef| check(f, &all, NOW).map_err(|e| (e.code(), e.to_string()));
    let told = code(&def("New", "(n: lng)", "print n")).unwrap_err();
    assert_eq!(told.0, "function_parameters_invalid");
    assert!(told.1.starts_with("the parameters, column 5: "), "{}", told.1);
    for parameters in ["", "n: long", "(n: long) x", "(n: long, n: long)", "(DeviceInfo: long)"] {
        let told = code(&def("New", parameters, "print 1")).unwrap_err();
        assert_eq!(told.0, "function_parameters_invalid", "{parameters}");
    }
    let long = format!("print {}1", " ".repeat(MAX_BODY));
    assert_eq!(code(&def("New", "()", &long)).unwrap_err().0, "query_too_long");
}

#[test]
fn names_that_mean_something_are_refused() {
    let tables = catalogue();
    let code = |name: &str| check_name(name, &tables).map_err(|e| e.code());
    assert_eq!(code("MyFunction_2"), Ok(()));
    for bad in ["", "2x", "a b", "a-b", "ä", "a;drop", &"x".repeat(129)] {
        assert_eq!(code(bad), Err("function_name_invalid"), "{bad}");
    }
    for taken in [
        "DeviceInfo",
        "strcat",
        "count",
        "where",
        "tostring",
        "FileProfile",
        "AssignedIPAddresses",
        "series_stats",
        "let",
        "materialize",
        "iff",
    ] {
        assert_eq!(code(taken), Err("function_name_taken"), "{taken}");
    }
}

#[test]
fn names_in_a_text_are_found_wherever_they_stand() {
    let names =
        names_in("let x = Shells(); // Comment\n union x, ['Of']('a') | where a.b == 'Twice' | invoke F()");
    for name in ["Shells", "Of", "F", "x"] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    for name in ["Comment", "Twice"] {
        assert!(!names.contains(name), "{name}: {names:?}");
    }
}
