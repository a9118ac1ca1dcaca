//! Every public function against values computed by JAX.
//!
//! `tests/cases/*.txt` has a call a line: module, function, arguments by name, and what came out,
//! separated by tabs. Arrays are written `f32[2,3]:1 2 3 4 5 6`, with a star after a weak type;
//! the parts of a complex number with `|` between them.

use pullback::api::{ApiFn, Arg, Args, Kind, Value};
use pullback::numpy::indexing::{Access, Bounds, Index, Update, get_with, update};
use pullback::{Array, Bool, DType};

fn parse_number(text: &str) -> f64 {
    match text {
        "nan" => f64::NAN,
        "inf" => f64::INFINITY,
        "-inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap_or_else(|_| panic!("not a number: {text}")),
    }
}

/// An array of any type, from its text.
fn parse_array(text: &str) -> Array {
    let (aval, values) = text.split_once(':').expect("an array has elements");
    let (dtype, shape) = aval.split_once('[').expect("an array has a shape");
    let weak = dtype.ends_with('*');
    let dtype = DType::from_name(dtype.trim_end_matches('*')).expect("a known dtype");
    let shape: Vec<usize> = shape
        .trim_end_matches(']')
        .split(',')
        .filter(|size| !size.is_empty())
        .map(|size| size.parse().expect("a size"))
        .collect();
    let values: Vec<&str> = values.split_whitespace().collect();
    let wide = |text: &&str| text.parse::<i128>().expect("a whole number");
    macro_rules! whole {
        ($rust:ty) => {
            Array::from_slice(&values.iter().map(|v| wide(v) as $rust).collect::<Vec<_>>(), &shape)
        };
    }
    let array = match dtype {
        DType::Bool => {
            let values: Vec<Bool> = values.iter().map(|v| Bool::from(wide(v) != 0)).collect();
            Array::from_slice(&values, &shape)
        }
        DType::I8 => whole!(i8),
        DType::I16 => whole!(i16),
        DType::I32 => whole!(i32),
        DType::I64 => whole!(i64),
        DType::U8 => whole!(u8),
        DType::U16 => whole!(u16),
        DType::U32 => whole!(u32),
        DType::U64 => whole!(u64),
        DType::C64 | DType::C128 => {
            let parts: Vec<[f64; 2]> = values
                .iter()
                .map(|v| {
                    let (re, im) = v.split_once('|').expect("two parts");
                    [parse_number(re), parse_number(im)]
                })
                .collect();
            let part = |at: usize| {
                let values: Vec<f64> = parts.iter().map(|p| p[at]).collect();
                let x = Array::from_slice(&values, &shape).expect("memory");
                pullback::numpy::dtypes::astype(&x, Some(dtype.real()), false).expect("a cast")
            };
            pullback_core::primitives::rules::complex(&part(0), &part(1))
        }
        dtype => {
            let values: Vec<f64> = values.iter().map(|v| parse_number(v)).collect();
            let x = Array::from_slice(&values, &shape).expect("memory");
            pullback::numpy::dtypes::astype(&x, Some(dtype), false)
        }
    }
    .expect("an array");
    let tensor = array.into_tensor().expect("a concrete array");
    Array::with_weak(tensor, weak)
}

fn parse_arg(text: &str) -> Arg {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let ints = |text: &str| {
        text.split(',').filter(|v| !v.is_empty()).map(|v| v.parse().expect("an int")).collect()
    };
    match kind {
        "none" => Arg::None,
        "int" => Arg::Int(rest.parse().expect("an int")),
        "ints" => Arg::Ints(ints(rest)),
        "float" => Arg::Float(parse_number(rest)),
        "bool" => Arg::Bool(rest == "true"),
        "str" => Arg::Str(rest.to_string()),
        "dtype" => Arg::DType(DType::from_name(rest).expect("a known dtype")),
        "array" => Arg::Array(parse_array(rest)),
        "arrays" => {
            Arg::Arrays(rest.split(';').filter(|x| !x.is_empty()).map(parse_array).collect())
        }
        _ => panic!("not an argument: {text}"),
    }
}

fn find(module: &str, name: &str) -> Option<&'static ApiFn> {
    pullback::modules()
        .into_iter()
        .filter(|(m, _)| *m == module)
        .flat_map(|(_, functions)| functions)
        .find(|f| f.name == name || f.aliases.contains(&name))
        .copied()
}

fn results(value: Value) -> Vec<Array> {
    match value {
        Value::Array(x) if x.dtype() == DType::KeyThreefry => panic!("keys are not compared"),
        Value::Array(x) => vec![x],
        Value::Tuple(x) | Value::List(x) => x,
        Value::Named(_, fields) => fields.into_iter().map(|(_, x)| x).collect(),
        Value::Bool(x) => vec![Array::from(x)],
        Value::Int(x) => vec![Array::from(x as i32)],
        other => panic!("not arrays: {other:?}"),
    }
}

/// The elements as pairs of real and imaginary parts.
fn elements(x: &Array) -> Vec<[f64; 2]> {
    use pullback::numpy::floats::{imag, real};
    let part = |x: Array| {
        let x =
            pullback_core::primitives::rules::convert_element_type(&x, DType::F64).expect("a cast");
        x.to_vec::<f64>().expect("elements")
    };
    if x.dtype().is_complex() {
        let (re, im) = (part(real(x).expect("parts")), part(imag(x).expect("parts")));
        return re.into_iter().zip(im).map(|(re, im)| [re, im]).collect();
    }
    part(x.clone()).into_iter().map(|re| [re, 0.0]).collect()
}

fn tolerance(dtype: DType) -> f64 {
    match dtype.real() {
        DType::F64 => 1e-12,
        DType::F16 => 2e-3,
        DType::BF16 => 2e-2,
        DType::F32 => 2e-5,
        _ => 0.0,
    }
}

fn differ(got: &Array, expected: &Array) -> Option<String> {
    if got.shape() != expected.shape() || got.dtype() != expected.dtype() {
        return Some(format!("got {:?}, expected {:?}", got.aval(), expected.aval()));
    }
    if got.is_weak() != expected.is_weak() && got.dtype() != DType::Bool {
        return Some(format!("got {:?}, expected {:?} (weakness)", got.aval(), expected.aval()));
    }
    let tolerance = tolerance(got.dtype());
    let close = |x: f64, y: f64| {
        x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * (1.0 + y.abs())
    };
    let (x, y) = (elements(got), elements(expected));
    let same = x.iter().zip(&y).all(|(x, y)| close(x[0], y[0]) && close(x[1], y[1]));
    if same { None } else { Some(format!("got\n{got}\nexpected\n{expected}")) }
}

/// The parts of an index, separated by `|||`.
fn parse_index(text: &str) -> Vec<Index> {
    let part = |text: &str| {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        match kind {
            "new" => Index::NewAxis,
            "ellipsis" => Index::Ellipsis,
            "int" => Index::Int(rest.parse().expect("an int")),
            "slice" => {
                let bounds: Vec<Option<i64>> = rest.split(':').map(|v| v.parse().ok()).collect();
                Index::Slice { start: bounds[0], stop: bounds[1], step: bounds[2] }
            }
            "array" => Index::from(parse_array(rest)),
            _ => panic!("not an index: {text}"),
        }
    };
    text.split("|||").filter(|text| !text.is_empty()).map(part).collect()
}

/// Reading and updating are not in the table; each front end has its own way to write them.
fn index_call<'a>(name: &str, fields: impl Iterator<Item = &'a str>) -> pullback::Result<Value> {
    let (mut x, mut y, mut index, mut access) = (None, None, vec![], Access::default());
    for field in fields {
        match field.split_once('=') {
            Some(("index", text)) => index = parse_index(text),
            Some(("mode", text)) => {
                let name = text.trim_start_matches("str ");
                access.mode = Some(Bounds::from_name("indexing", name)?);
            }
            Some(("x", text)) => x = Some(parse_array(text.trim_start_matches("array "))),
            Some(("y", text)) => y = Some(parse_array(text.trim_start_matches("array "))),
            _ => panic!("not an argument: {field}"),
        }
    }
    let x = x.expect("an array");
    let Some(y) = y else { return get_with(&x, &index, &access).map(Value::Array) };
    let op = match name {
        "set" => Update::Set,
        "add" => Update::Add,
        "subtract" => Update::Subtract,
        "multiply" => Update::Multiply,
        "divide" => Update::Divide,
        "power" => Update::Power,
        "min" => Update::Min,
        "max" => Update::Max,
        _ => panic!("not an update: {name}"),
    };
    update(&x, &index, op, &y, &access).map(Value::Array)
}

fn check(line: &str) -> Result<(), String> {
    let (call, expected) = line.split_once("\t=>\t").ok_or("no result")?;
    if let Some(rest) = call.strip_prefix("indexing\t") {
        let (name, fields) = rest.split_once('\t').unwrap_or((rest, ""));
        let call = std::panic::AssertUnwindSafe(|| index_call(name, fields.split('\t')));
        let outcome = std::panic::catch_unwind(call).map_err(|_| "panicked")?;
        return compare(outcome, expected);
    }
    let mut fields = call.split('\t');
    let (module, name) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
    let function = find(module, name).ok_or("not in the table")?;
    let mut given: Vec<(&str, &str)> = vec![];
    for field in fields {
        given.push(field.split_once('=').ok_or("an argument without a name")?);
    }
    let params = (function.params)();
    let mut values = vec![];
    for param in &params {
        let found = given.iter().position(|(name, _)| *name == param.name);
        values.push(match found {
            Some(at) => parse_arg(given.remove(at).1),
            None if param.kind == Kind::Variadic => Arg::Arrays(vec![]),
            None => Arg::Missing,
        });
    }
    if let Some((name, _)) = given.first() {
        return Err(format!("no parameter named {name}"));
    }
    let call =
        std::panic::AssertUnwindSafe(|| (function.call)(&mut Args::new(function.name, values)));
    let outcome = std::panic::catch_unwind(call).map_err(|_| "panicked")?;
    compare(outcome, expected)
}

fn compare(outcome: pullback::Result<Value>, expected: &str) -> Result<(), String> {
    if let Some(text) = expected.strip_prefix("error ") {
        return match outcome {
            Err(_) => Ok(()),
            Ok(value) => Err(format!("got {value:?}, expected an error: {text}")),
        };
    }
    let got = results(outcome.map_err(|error| format!("error: {error}"))?);
    let expected: Vec<Array> =
        expected.split(';').filter(|x| !x.is_empty()).map(parse_array).collect();
    if got.len() != expected.len() {
        return Err(format!("got {} results, expected {}", got.len(), expected.len()));
    }
    match got.iter().zip(&expected).find_map(|(got, expected)| differ(got, expected)) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

fn check_file(name: &str) {
    pullback::config::set_enable_x64(false);
    let path = format!("{}/tests/cases/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the cases");
    let mut failures = vec![];
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        count += 1;
        if let Err(message) = check(line) {
            failures.push(format!("{line}\n    {message}"));
        }
    }
    assert!(count > 0, "no cases in {path}");
    assert!(
        failures.is_empty(),
        "{} of {count} cases failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

macro_rules! files {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check_file(stringify!($name));
        })*
    };
}

files! {
    elementwise, creation, reductions, manipulation, products, nn, special, indexing, search,
    random_partitionable,
}

#[test]
fn random_original() {
    pullback::config::set_threefry_partitionable(false);
    check_file("random_original");
}
