//! How Python writes what Rust writes.

use proc_macro2::Span;
use syn::{Expr, GenericArgument, Ident, Lit, PathArguments, Type, UnOp};

/// A literal as Python writes it.
pub fn python(expr: &Expr) -> syn::Result<String> {
    match expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Bool(value) => Ok(if value.value { "True" } else { "False" }.to_string()),
            Lit::Int(value) => Ok(value.base10_digits().to_string()),
            Lit::Float(value) => Ok(value.base10_digits().to_string()),
            Lit::Str(value) => Ok(format!("'{}'", value.value())),
            other => Err(syn::Error::new_spanned(other, "a default must be a literal")),
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            Ok(format!("-{}", python(&unary.expr)?))
        }
        Expr::Tuple(tuple) if tuple.elems.is_empty() => Ok("()".to_string()),
        other => Err(syn::Error::new_spanned(other, "a default must be a literal")),
    }
}

/// The default that a type has, as Python writes it.
pub fn default_of(ty: &Type) -> Option<&'static str> {
    if argument_of(ty, "Option").is_some() {
        return Some("None");
    }
    match ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => Some("None"),
        Type::Path(path) => match path.path.segments.last()?.ident.to_string().as_str() {
            "bool" => Some("False"),
            "i64" => Some("0"),
            "f64" => Some("0.0"),
            "String" => Some("''"),
            _ => None,
        },
        _ => None,
    }
}

/// The argument of a generic type of the given name: the `T` of `Option<T>`.
pub fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    first_argument(&segment.arguments)
}

/// The first type among the arguments of a generic type or trait.
pub fn first_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// The name of an identifier, without the mark of a raw one.
pub fn name_of(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_string).unwrap_or(name)
}

/// The text of the doc comments among attributes, a line each.
pub fn doc_of(attributes: &[syn::Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta.require_name_value().ok()?.value {
            Expr::Lit(syn::ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        })
        .map(|line| line.strip_prefix(' ').map(str::to_string).unwrap_or(line))
        .collect();
    // Examples are in Rust, and of no use to the other language.
    let mut in_example = false;
    let prose = lines.iter().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_example ^= fence;
        !fence && !in_example
    });
    prose.map(String::as_str).collect::<Vec<_>>().join("\n").trim().to_string()
}

/// An identifier made from a name, raw where it has to be.
pub fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
