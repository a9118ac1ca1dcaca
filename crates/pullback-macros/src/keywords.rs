//! `#[derive(Keywords)]`: a struct of optional arguments.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, LitStr};

use crate::literal;

/// The implementation of `Keywords`, and a method for each field that sets it.
pub fn expand(item: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &item.ident;
    let Data::Struct(data) = &item.data else {
        return Err(syn::Error::new_spanned(item, "optional arguments must be a struct"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(item, "optional arguments must have names"));
    };
    let mut params = vec![];
    let mut reads = vec![];
    let mut setters = vec![];
    let mut keyword_only = false;
    for field in &fields.named {
        let Some(variable) = &field.ident else { continue };
        let ty = &field.ty;
        let mut name = literal::name_of(variable);
        let mut default = literal::default_of(ty).map(str::to_string);
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("keyword")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("only") {
                    keyword_only = true;
                } else if meta.path.is_ident("default") {
                    default = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("name") {
                    name = meta.value()?.parse::<LitStr>()?.value();
                } else {
                    return Err(meta.error("not an option of #[keyword]"));
                }
                Ok(())
            })?;
        }
        let Some(default) = default else {
            return Err(syn::Error::new_spanned(field, "needs #[keyword(default = \"...\")]"));
        };
        params.push(quote! {
            crate::api::Param {
                name: #name,
                kind: <#ty as crate::api::FromArg>::KIND,
                default: Some(#default),
                keyword_only: #keyword_only,
            }
        });
        reads.push(quote! { #variable: args.next(#name, Some(default.#variable))? });
        let doc = literal::doc_of(&field.attrs);
        let doc = format!("Sets `{name}`: {}", lower_first(&doc));
        if matches!(ty, syn::Type::Tuple(_)) {
            continue;
        }
        let (argument, value) = match literal::argument_of(ty, "Option") {
            Some(inner) => (quote! { impl Into<#inner> }, quote! { Some(#variable.into()) }),
            None => (quote! { #ty }, quote! { #variable }),
        };
        setters.push(quote! {
            #[doc = #doc]
            pub fn #variable(mut self, #variable: #argument) -> Self {
                self.#variable = #value;
                self
            }
        });
    }
    Ok(quote! {
        impl crate::api::Keywords for #ident {
            fn params() -> Vec<crate::api::Param> {
                vec![#(#params),*]
            }

            fn from_args(args: &mut crate::api::Args) -> crate::api::Result<Self> {
                let default = Self::default();
                Ok(Self { #(#reads),* })
            }
        }

        impl #ident {
            /// The arguments with their defaults.
            pub fn new() -> Self {
                Self::default()
            }

            #(#setters)*
        }
    })
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
