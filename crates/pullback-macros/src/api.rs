//! `#[api]`: a row of the table of public functions.

use std::collections::{HashMap, HashSet};

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Expr, FnArg, Ident, ItemFn, LitStr, MetaNameValue, Pat, Token, Type, TypeParamBound,
    parenthesized,
};

use crate::literal;

/// What the attribute says.
#[derive(Default)]
pub struct Options {
    name: Option<String>,
    aliases: Vec<String>,
    defaults: HashMap<String, Expr>,
    required: HashSet<String>,
    keyword_only: HashSet<String>,
    variadic: HashSet<String>,
    renamed: HashMap<String, String>,
    ignored: Vec<String>,
    order: Vec<String>,
    result: Vec<String>,
}

impl Parse for Options {
    fn parse(input: ParseStream) -> syn::Result<Options> {
        let mut options = Options::default();
        while !input.is_empty() {
            let word: Ident = input.parse()?;
            if word == "name" {
                input.parse::<Token![=]>()?;
                options.name = Some(input.parse::<LitStr>()?.value());
            } else {
                let list;
                parenthesized!(list in input);
                match word.to_string().as_str() {
                    "aliases" => {
                        let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?;
                        options.aliases = names.iter().map(LitStr::value).collect();
                    }
                    "result" => {
                        let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?;
                        options.result = names.iter().map(LitStr::value).collect();
                    }
                    "defaults" => options.defaults = named(&list)?.collect(),
                    "rename" => {
                        for (name, value) in named(&list)? {
                            let text = literal::python(&value)?;
                            options.renamed.insert(name, text.trim_matches('\'').to_string());
                        }
                    }
                    "ignored" => {
                        options.ignored = idents(&list)?.iter().map(literal::name_of).collect();
                    }
                    "order" => {
                        options.order = idents(&list)?.iter().map(literal::name_of).collect();
                    }
                    "required" => options.required = names(&list)?,
                    "keyword_only" => options.keyword_only = names(&list)?,
                    "variadic" => options.variadic = names(&list)?,
                    _ => return Err(syn::Error::new(word.span(), "not an option of #[api]")),
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

fn names(input: ParseStream) -> syn::Result<HashSet<String>> {
    Ok(idents(input)?.iter().map(literal::name_of).collect())
}

/// Names, keywords among them.
fn idents(input: ParseStream) -> syn::Result<Punctuated<Ident, Token![,]>> {
    use syn::ext::IdentExt;
    Punctuated::parse_terminated_with(input, Ident::parse_any)
}

fn named(input: ParseStream) -> syn::Result<impl Iterator<Item = (String, Expr)>> {
    let pairs = Punctuated::<MetaNameValue, Token![,]>::parse_terminated(input)?;
    Ok(pairs.into_iter().filter_map(|pair| {
        pair.path.get_ident().map(|name| (literal::name_of(name), pair.value.clone()))
    }))
}

/// The function and its row.
pub fn expand(options: &Options, function: &ItemFn) -> syn::Result<TokenStream> {
    let ident = &function.sig.ident;
    let name = options.name.clone().unwrap_or_else(|| literal::name_of(ident));
    let aliases = &options.aliases;
    let row = literal::ident(&format!("{}_API", literal::name_of(ident).to_uppercase()));
    let doc = literal::doc_of(&function.attrs);
    let row_doc = format!("The row of [`{}`] in the table of public functions.", ident);

    // For each parameter its name, what declares it, and what reads its argument.
    let mut params = vec![];
    let mut passes = vec![];
    let mut keyword_only = false;
    for argument in &function.sig.inputs {
        let FnArg::Typed(argument) = argument else {
            return Err(syn::Error::new_spanned(argument, "a public function takes no `self`"));
        };
        let Pat::Ident(pattern) = &*argument.pat else {
            return Err(syn::Error::new_spanned(&argument.pat, "a parameter must be a name"));
        };
        let variable = &pattern.ident;
        let parameter = literal::name_of(variable);
        if parameter == "options" {
            let ty = &argument.ty;
            let declared = quote! {
                params.extend(<#ty as crate::api::Keywords>::params());
            };
            let read = quote! {
                let options = <#ty as crate::api::Keywords>::from_args(args)?;
            };
            params.push((parameter, declared, read));
            passes.push(quote! { options });
            continue;
        }
        let shown = options.renamed.get(&parameter).unwrap_or(&parameter);
        let (owned, pass) = owned(&argument.ty, variable);
        let optional = literal::argument_of(&owned, "Option").is_some();
        let unit = matches!(&owned, Type::Tuple(tuple) if tuple.elems.is_empty());
        let (text, value) = match options.defaults.get(&parameter) {
            Some(value) => {
                let text = literal::python(value)?;
                let value = match optional {
                    true => quote! { Some((#value).into()) },
                    false => quote! { (#value).into() },
                };
                (quote! { Some(#text) }, quote! { Some(#value) })
            }
            None if (optional || unit) && !options.required.contains(&parameter) => {
                (quote! { Some("None") }, quote! { Some(Default::default()) })
            }
            None => (quote! { None }, quote! { None }),
        };
        keyword_only |= options.keyword_only.contains(&parameter);
        let kind = match options.variadic.contains(&parameter) {
            true => quote! { crate::api::Kind::Variadic },
            false => quote! { <#owned as crate::api::FromArg>::KIND },
        };
        let declared = quote! {
            params.push(crate::api::Param {
                name: #shown,
                kind: #kind,
                default: #text,
                keyword_only: #keyword_only,
            });
        };
        let read = quote! { let #variable: #owned = args.next(#shown, #value)?; };
        params.push((shown.clone(), declared, read));
        passes.push(pass);
    }

    for name in &options.ignored {
        // One that the order mentions can be given by position, as its neighbours can.
        let before = options.order.iter().position(|other| other == name);
        let keyword_only = match before.map(|at| &options.order[..at]) {
            Some(before) => before.iter().any(|other| options.keyword_only.contains(other)),
            None => true,
        };
        let declared = quote! {
            params.push(crate::api::Param {
                name: #name,
                kind: crate::api::Kind::Ignored,
                default: Some("None"),
                keyword_only: #keyword_only,
            });
        };
        params.push((name.clone(), declared, quote! { args.skip(); }));
    }
    if !options.order.is_empty() {
        // What the order leaves out keeps its place behind the rest.
        let place = |name: &String| options.order.iter().position(|other| other == name);
        params.sort_by_key(|(name, ..)| place(name).unwrap_or(options.order.len()));
    }
    let reads: Vec<_> = params.iter().map(|(_, _, read)| read).collect();
    let params: Vec<_> = params.iter().map(|(_, declared, _)| declared).collect();

    let returns = returned(&function.sig.output);
    let call = quote! { crate::api::Value::from(#ident(#(#passes),*)?) };
    let call = match options.result.split_first() {
        Some((name, fields)) => quote! { #call.named(#name, &[#(#fields),*]) },
        None => call,
    };

    Ok(quote! {
        #function

        #[doc = #row_doc]
        #[doc(hidden)]
        pub static #row: crate::api::ApiFn = crate::api::ApiFn {
            name: #name,
            aliases: &[#(#aliases),*],
            params: || {
                #[allow(unused_mut)]
                let mut params = Vec::new();
                #(#params)*
                params
            },
            doc: #doc,
            returns: #returns,
            call: |args| {
                let _ = &args;
                #(#reads)*
                Ok(#call)
            },
        };
    })
}

/// The text of the type that the function's `Result` holds.
fn returned(output: &syn::ReturnType) -> String {
    let syn::ReturnType::Type(_, ty) = output else { return String::new() };
    if let Type::Path(path) = &**ty
        && let Some(last) = path.path.segments.last()
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(inner) = arguments.args.first()
    {
        return quote! { #inner }.to_string();
    }
    quote! { #ty }.to_string()
}

/// The type that an argument is held as, and how it is passed on.
fn owned(ty: &Type, variable: &Ident) -> (Type, TokenStream) {
    let from = |tokens: TokenStream| Type::Verbatim(tokens);
    if let Some(target) = into_target(ty) {
        return (target.clone(), quote! { #variable });
    }
    if let Type::Reference(reference) = ty {
        let inner = &*reference.elem;
        return match inner {
            Type::Slice(slice) => {
                let element = &slice.elem;
                (from(quote! { Vec<#element> }), quote! { &#variable })
            }
            Type::Path(path) if path.path.is_ident("str") => {
                (from(quote! { String }), quote! { &#variable })
            }
            _ => (inner.clone(), quote! { &#variable }),
        };
    }
    if let Some(Type::Reference(reference)) = literal::argument_of(ty, "Option") {
        let inner = &*reference.elem;
        let (inner, pass) = match inner {
            Type::Path(path) if path.path.is_ident("str") => {
                (quote! { String }, quote! { #variable.as_deref() })
            }
            _ => (quote! { #inner }, quote! { #variable.as_ref() }),
        };
        let option: Type = syn::parse_quote! { Option<#inner> };
        return (option, pass);
    }
    (ty.clone(), quote! { #variable })
}

/// The `T` of `impl Into<T>`.
fn into_target(ty: &Type) -> Option<&Type> {
    let Type::ImplTrait(bounds) = ty else { return None };
    bounds.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let segment = bound.path.segments.last().filter(|segment| segment.ident == "Into")?;
            literal::first_argument(&segment.arguments)
        }
        _ => None,
    })
}
