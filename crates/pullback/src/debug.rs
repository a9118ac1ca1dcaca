//! Looking into programs while they run.

use pullback_core::primitives::custom::callback::{CallbackKind, VmapMethod};
use pullback_core::{Array, Error, Result};

use crate::callbacks::called;
use crate::function::Outcome;
use crate::pytree::Pytree;

/// Calls a function of the host with a tree of arrays when a program gets there, once for each
/// entry where it is vectorised; derivatives pass it by.
///
/// ```
/// # use std::sync::Mutex;
/// # use pullback::{debug, prelude::*};
/// static SEEN: Mutex<Vec<f64>> = Mutex::new(vec![]);
/// let f = jit(|x: &Array| -> Result<Array> {
///     let y = x.square();
///     debug::callback(|y: &Array| -> Result<()> { Ok(SEEN.lock().unwrap().push(y.to_f64()?)) }, &y)?;
///     Ok(y)
/// });
/// assert_eq!(grad(f)(&3.0.into()), 6.0);
/// assert_eq!(*SEEN.lock().unwrap(), [9.0]);
/// ```
///
/// # Errors
/// Those of the function, where the program is run.
pub fn callback<A: Pytree, O: Outcome<Value = ()>>(
    f: impl Fn(&A) -> O + Send + Sync + 'static,
    args: &A,
) -> Result<()> {
    called(CallbackKind::Debug, "debug_callback", f, &(), args, VmapMethod::Sequential)
}

/// Prints a tree of arrays when a program gets there: each `{}` of the format stands for the next
/// array; `{{` and `}}` for braces.
///
/// ```
/// # use pullback::{debug, prelude::*};
/// let f = jit(|x: &Array| -> Result<Array> {
///     debug::print("x is {}", x)?;
///     Ok(x + 1.0)
/// });
/// assert_eq!(f(&1.0.into()), 2.0);
/// ```
///
/// # Errors
/// If there are more places in the format than arrays, or fewer.
pub fn print<A: Pytree>(format: &str, args: &A) -> Result<()> {
    let pieces = pieces(format)?;
    let (places, arrays) = (pieces.len() - 1, args.leaves().len());
    if places != arrays {
        return Err(Error::value_error(
            "debug.print",
            format!("the format {format:?} has {places} places, but there are {arrays} arrays"),
        ));
    }
    let show = move |args: &A| {
        let mut text = pieces[0].clone();
        for (array, piece) in args.leaves().iter().zip(&pieces[1..]) {
            text.push_str(&Array::to_string(array));
            text.push_str(piece);
        }
        println!("{text}");
    };
    callback(show, args)
}

/// The text between the places of a format.
fn pieces(format: &str) -> Result<Vec<String>> {
    let mut pieces = vec![];
    let mut piece = String::new();
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        match c {
            '{' if next == Some('}') => pieces.push(std::mem::take(&mut piece)),
            '{' | '}' if next == Some(c) => piece.push(c),
            '{' | '}' => {
                return Err(Error::value_error(
                    "debug.print",
                    format!("{format:?} is no format: a brace is written twice, a place as {{}}"),
                ));
            }
            _ => {
                piece.push(c);
                continue;
            }
        }
        rest.next();
    }
    pieces.push(piece);
    Ok(pieces)
}
