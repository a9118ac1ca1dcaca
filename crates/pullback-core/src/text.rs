//! How concrete arrays are shown.

use std::fmt;

use pullback_engine::{DType, Tensor};

use crate::jaxpr::print::scalar_text;

/// Which of the two common forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// `Array([1., 2.], dtype=float32)`
    Repr,
    /// `[1. 2.]`
    Str,
}

/// An array, to be shown.
pub struct ArrayText<'a> {
    /// The array.
    pub tensor: &'a Tensor,
    /// The form.
    pub style: Style,
}

/// Arrays of more elements are shown by their edges.
const THRESHOLD: usize = 1000;
const EDGE: usize = 3;
const WIDTH: usize = 75;

impl fmt::Display for ArrayText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = Body::new(self.tensor, self.style);
        match self.style {
            Style::Str => f.write_str(&body.text(0)),
            Style::Repr => {
                let head = "Array(";
                let text = body.text(head.len());
                let tail = match self.tensor.count() {
                    0 => format!(
                        ", shape={}, dtype={})",
                        crate::aval::ShapeText(self.tensor.shape()),
                        self.tensor.dtype()
                    ),
                    _ => format!(", dtype={})", self.tensor.dtype()),
                };
                let last = text.rsplit('\n').next().unwrap_or("").len();
                let first = if text.contains('\n') { 0 } else { head.len() };
                if first + last + tail.len() > WIDTH && self.tensor.rank() > 0 {
                    let pad = " ".repeat(head.len());
                    return write!(f, "{head}{text},\n{pad}{}", &tail[2..]);
                }
                write!(f, "{head}{text}{tail}")
            }
        }
    }
}

/// The elements as texts of one width.
struct Body<'a> {
    tensor: &'a Tensor,
    cells: Vec<String>,
    shape: Vec<usize>,
    cut: bool,
    style: Style,
}

impl<'a> Body<'a> {
    fn new(tensor: &'a Tensor, style: Style) -> Body<'a> {
        let cut = tensor.count() > THRESHOLD;
        let shape: Vec<usize> = tensor.shape().to_vec();
        let shown: Vec<Vec<usize>> = shape
            .iter()
            .map(|&n| match cut && n > 2 * EDGE {
                true => (0..EDGE).chain(n - EDGE..n).collect(),
                false => (0..n).collect(),
            })
            .collect();
        let mut elements = vec![];
        collect(tensor, &shown, &mut elements);
        Body {
            tensor,
            cells: format_cells(&elements, tensor.dtype(), tensor.rank(), style),
            shape,
            cut,
            style,
        }
    }

    fn text(&self, indent: usize) -> String {
        if self.shape.is_empty() {
            return self.cells.first().cloned().unwrap_or_default();
        }
        if self.tensor.count() == 0 {
            return "[]".into();
        }
        let mut next = 0;
        self.level(0, indent, &mut next)
    }

    fn level(&self, axis: usize, indent: usize, next: &mut usize) -> String {
        let size = self.shape[axis];
        let gap = self.cut && size > 2 * EDGE;
        let count = if gap { 2 * EDGE } else { size };
        let comma = if self.style == Style::Repr { "," } else { "" };
        let inner = indent + 1;
        if axis + 1 == self.shape.len() {
            let mut lines = vec![String::new()];
            let mut column = inner;
            let mut push = |cell: &str, more: bool| {
                let width = cell.len() + comma.len() * more as usize;
                let line = lines.last().map_or(0, String::len);
                if line > 0 && column + 1 + width > WIDTH {
                    lines.push(String::new());
                    column = inner;
                } else if line > 0 {
                    if let Some(line) = lines.last_mut() {
                        line.push(' ');
                    }
                    column += 1;
                }
                if let Some(line) = lines.last_mut() {
                    line.push_str(cell);
                    if more {
                        line.push_str(comma);
                    }
                }
                column += width;
            };
            for at in 0..count {
                if gap && at == EDGE {
                    push("...", true);
                }
                push(&self.cells[*next], at + 1 < count);
                *next += 1;
            }
            return format!("[{}]", lines.join(&format!("\n{}", " ".repeat(inner))));
        }
        let blank = "\n".repeat(self.shape.len() - axis - 1);
        let separator = format!("{comma}{blank}{}", " ".repeat(inner));
        let mut parts = vec![];
        for at in 0..count {
            if gap && at == EDGE {
                parts.push("...".to_string());
            }
            parts.push(self.level(axis + 1, inner, next));
        }
        format!("[{}]", parts.join(&separator))
    }
}

fn collect(tensor: &Tensor, shown: &[Vec<usize>], elements: &mut Vec<Tensor>) {
    match shown.split_first() {
        None => elements.push(tensor.clone()),
        Some((indices, rest)) => {
            for &index in indices {
                if let Ok(entry) = tensor.index(0, index) {
                    collect(&entry, rest, elements);
                }
            }
        }
    }
}

/// A real element in the shortest form that reads back as the same element.
fn real_text(tensor: &Tensor) -> String {
    let shortest = match tensor.dtype() {
        DType::F32 => tensor.item::<f32>().map(|v| format!("{v:e}")),
        DType::F16 => tensor.item::<half::f16>().map(|v| format!("{:e}", v.to_f32())),
        DType::BF16 => tensor.item::<half::bf16>().map(|v| format!("{:e}", v.to_f32())),
        DType::F64 => tensor.item::<f64>().map(|v| format!("{v:e}")),
        _ => None,
    };
    let Some(text) = shortest else { return scalar_text(tensor) };
    match text.as_str() {
        "NaN" => return "nan".into(),
        "inf" | "-inf" => return text,
        _ => {}
    }
    text
}

/// Texts of one width for elements of one type, as NumPy aligns them.
fn format_cells(elements: &[Tensor], dtype: DType, rank: usize, style: Style) -> Vec<String> {
    if dtype.is_complex() || !dtype.is_float() {
        let cells: Vec<String> = elements.iter().map(scalar_text).collect();
        let width = cells.iter().map(String::len).max().unwrap_or(0);
        return cells.into_iter().map(|cell| format!("{cell:>width$}")).collect();
    }
    let texts: Vec<String> = elements.iter().map(real_text).collect();
    let parts: Vec<Option<(bool, String, i32)>> = texts.iter().map(|text| decimal(text)).collect();
    let number = |text: &String| match dtype {
        DType::F64 => text.parse::<f64>().ok(),
        _ => text.parse::<f32>().ok().map(f64::from),
    };
    let magnitudes: Vec<f64> = texts
        .iter()
        .filter_map(number)
        .map(f64::abs)
        .filter(|v| v.is_finite() && *v != 0.0)
        .collect();
    let (low, high) =
        magnitudes.iter().fold((f64::MAX, 0.0f64), |(low, high), &v| (low.min(v), high.max(v)));
    let scientific = match (style, elements) {
        // A number on its own follows the precision of its type.
        (Style::Str, [_]) if rank == 0 => {
            let great = match dtype {
                DType::F16 => 1e3,
                DType::F32 => 1e6,
                _ => 1e16,
            };
            low < 1e-4 || high >= great
        }
        // The least number is compared in its own type, where 1e-4 may be a little less.
        _ => low < 1e-4 * (1.0 - 1e-7) || high >= 1e8 || high / low > 1000.0,
    };
    let longest = match scientific {
        true => parts.iter().flatten().map(|part| part.1.len()).max().unwrap_or(1),
        false => 1,
    };
    let bodies: Vec<String> = texts
        .iter()
        .zip(&parts)
        .map(|(text, part)| match part {
            None => text.clone(),
            Some((negative, digits, exponent)) => {
                let sign = if *negative { "-" } else { "" };
                match scientific {
                    true => {
                        let zeros = longest - digits.len();
                        let fraction = format!("{}{:0<zeros$}", &digits[1..], "");
                        let e = if *exponent < 0 { '-' } else { '+' };
                        format!("{sign}{}.{fraction}e{e}{:02}", &digits[..1], exponent.abs())
                    }
                    false => format!("{sign}{}", positional(digits, *exponent)),
                }
            }
        })
        .collect();
    if rank == 0 {
        return bodies;
    }
    let split = |body: &str| body.find('.').map_or((body.len(), 0), |dot| (dot, body.len() - dot));
    let left = bodies.iter().map(|body| split(body).0).max().unwrap_or(0);
    let right = bodies.iter().map(|body| split(body).1).max().unwrap_or(0);
    bodies
        .iter()
        .map(|body| match body.contains('.') {
            true => {
                let (before, after) = split(body);
                format!("{}{body}{}", " ".repeat(left - before), " ".repeat(right - after))
            }
            false => format!("{body:>width$}", width = left + right),
        })
        .collect()
}

/// Sign, digits without leading zeros, and the decimal exponent of the first digit.
fn decimal(text: &str) -> Option<(bool, String, i32)> {
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent = exponent.parse().ok()?;
    let negative = mantissa.starts_with('-');
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    Some((negative, digits, exponent))
}

fn positional(digits: &str, exponent: i32) -> String {
    if exponent < 0 {
        return format!("0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let whole = exponent as usize + 1;
    match digits.len() <= whole {
        true if digits == "0" => "0.".into(),
        true => format!("{digits}{}.", "0".repeat(whole - digits.len())),
        false => format!("{}.{}", &digits[..whole], &digits[whole..]),
    }
}

#[cfg(test)]
mod tests {
    use crate::Array;

    #[test]
    fn shown_as_numpy_shows_them() {
        let x = Array::from_slice(&[1.0f32, -2.5, 0.125], &[3]).unwrap();
        assert_eq!(format!("{x:?}"), "Array([ 1.   , -2.5  ,  0.125], dtype=float32)");
        assert_eq!(format!("{x}"), "[ 1.    -2.5    0.125]");
        assert_eq!(format!("{:?}", Array::scalar(3.0f32)), "Array(3., dtype=float32)");
        let x = Array::from_slice(&[1i32, 20, 3, 4], &[2, 2]).unwrap();
        assert_eq!(format!("{x}"), "[[ 1 20]\n [ 3  4]]");
    }
}
