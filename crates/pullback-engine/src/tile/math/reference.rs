//! Values of functions to more than double precision, and errors measured against them.
//!
//! The points are those of `scripts/reference.py`, which also says how they are written.

/// The points of one function and width.
pub struct Function<'a> {
    pub name: &'a str,
    pub bits: usize,
    pub points: Vec<Point>,
}

/// Arguments and the exact value there.
pub struct Point {
    pub x: f64,
    /// The second argument, if there is one.
    pub y: f64,
    nearest: f64,
    /// What the value is more than the nearest float, in units in the last place of that.
    rest: f64,
    /// The size of terms that cancel, or zero.
    terms: f64,
}

/// The functions of a file of points, in its order.
pub fn functions(text: &str) -> Vec<Function<'_>> {
    let mut functions: Vec<Function> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let [name, width] = words[..]
            && let Some(bits) = width.strip_prefix('f')
        {
            let bits = bits.parse().expect("a width after the name of a function");
            functions.push(Function { name, bits, points: Vec::new() });
            continue;
        }
        let function = functions.last_mut().expect("a name before the first point");
        function.points.push(point(&words, function.bits).expect("arguments and a value"));
    }
    functions
}

fn point(words: &[&str], bits: usize) -> Option<Point> {
    let number = |word: &str| match bits {
        32 => Some(f32::from_bits(u32::from_str_radix(word, 16).ok()?) as f64),
        _ => Some(f64::from_bits(u64::from_str_radix(word, 16).ok()?)),
    };
    // The rest is the first word with a sign.
    let at = words.iter().position(|word| word.starts_with(['+', '-']))?;
    let x = number(words.first()?)?;
    let y = if at == 3 { number(words[1])? } else { 0.0 };
    let nearest = number(words[at - 1])?;
    let rest = words[at].parse().ok()?;
    let terms = words.get(at + 1).map_or(Some(0.0), |word| word.parse().ok())?;
    Some(Point { x, y, nearest, rest, terms })
}

impl Point {
    /// The error of a result, in units in the last place of the exact value or, where they are
    /// larger, of the terms that cancel.
    pub fn error(&self, result: f64, bits: usize) -> f64 {
        if !result.is_finite() {
            return f64::INFINITY;
        }
        let (digits, least) = if bits == 32 { (23, -126) } else { (52, -1022) };
        // Powers of two are taken off in two steps, since one may be out of range.
        let unit = exponent(self.nearest).max(least) - digits;
        let scaled = |x: f64| x * power_of_two(-unit / 2) * power_of_two(-unit - -unit / 2);
        let error = (scaled(result) - scaled(self.nearest) - self.rest).abs();
        let larger = (exponent(self.terms).max(least) - digits - unit).max(0);
        error * power_of_two(-larger)
    }
}

/// The exponent of the binade.
fn exponent(x: f64) -> i32 {
    (x.abs().to_bits() >> 52) as i32 - 1023
}

fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((1023 + n.max(-1022)) as u64) << 52)
}

/// The most that an error may be, in units in the last place.
pub fn bound(name: &str) -> f64 {
    match name {
        "erf" | "erfc" | "erf_inv" | "lgamma" | "digamma" => 4.0,
        "bessel_i0e" | "bessel_i1e" => 4.0,
        _ => 2.0,
    }
}
