//! Procedural macros of `pullback`.
//!
//! `#[api]` makes a row of the table of public functions from an ordinary function,
//! `#[derive(Keywords)]` makes its optional arguments from an ordinary struct, and
//! `#[derive(Pytree)]` lets a struct of arrays be differentiated.

use proc_macro::TokenStream;

mod api;
mod keywords;
mod literal;
mod pytree;

/// Adds a row for a public function, `NAME_API`, and leaves the function as it is.
///
/// Parameters are taken from the signature and documentation from the doc comment. A last
/// parameter named `options` is a struct that derives [`Keywords`](derive@Keywords), whose fields
/// become parameters.
///
/// - `name = "true_divide"`: the name in the table, if it is not that of the function;
/// - `aliases("divide")`: further names;
/// - `defaults(axis = -1)`: defaults of parameters; those of type `Option` have `None`;
/// - `required(axis)`: parameters of type `Option` that have no default;
/// - `keyword_only(size)`: the first parameter that can be given by name only; all after it are;
/// - `variadic(operands)`: the parameter that takes all remaining positional arguments;
/// - `ignored(device)`: further keyword arguments, accepted and passed over;
/// - `order(a, overwrite_a, mode)`: the order in the table, with ignored ones among the others;
/// - `rename(object = "obj")`: names of parameters in the table;
/// - `result("QRResult", "Q", "R")`: names of the tuple of arrays that is returned, and its fields.
#[proc_macro_attribute]
pub fn api(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let options = syn::parse_macro_input!(attribute as api::Options);
    let function = syn::parse_macro_input!(item as syn::ItemFn);
    api::expand(&options, &function).unwrap_or_else(|error| error.into_compile_error()).into()
}

/// Makes the fields of a struct the optional arguments of public functions.
///
/// The struct must have `Default`. Each field gets a method of its name that sets it.
///
/// - `#[keyword(default = "50")]`: the default as Python writes it, where it cannot be told from
///   the type;
/// - `#[keyword(only)]`: this argument and those after it can be given by name only;
/// - `#[keyword(name = "ord")]`: the name, if it is not that of the field.
#[proc_macro_derive(Keywords, attributes(keyword))]
pub fn keywords(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    keywords::expand(&item).unwrap_or_else(|error| error.into_compile_error()).into()
}

/// Makes a struct of arrays, and of other trees of arrays, a tree itself.
///
/// A field marked `#[pytree(fixed)]` holds no arrays: it is part of the structure, and must have
/// `Clone` and `Debug`.
#[proc_macro_derive(Pytree, attributes(pytree))]
pub fn pytree(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    pytree::expand(&item).unwrap_or_else(|error| error.into_compile_error()).into()
}
