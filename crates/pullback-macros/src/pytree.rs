//! `#[derive(Pytree)]`: a struct of arrays as a tree of them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

/// The implementation of `Pytree`.
pub fn expand(item: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &item.data else {
        return Err(syn::Error::new_spanned(item, "only a struct can be a tree of arrays"));
    };
    let ident = &item.ident;
    let mut flatten = vec![];
    let mut unflatten = vec![];
    let mut structure = vec![];
    for (member, field) in data.fields.members().zip(&data.fields) {
        let mut fixed = false;
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("pytree")) {
            attribute.parse_nested_meta(|meta| match meta.path.is_ident("fixed") {
                true => {
                    fixed = true;
                    Ok(())
                }
                false => Err(meta.error("not an option of #[pytree]")),
            })?;
        }
        if fixed {
            unflatten.push(quote! { #member: self.#member.clone() });
            structure.push(quote! {
                key.push(::pullback::fingerprint(&format!("{:?}", self.#member)));
            });
        } else {
            flatten.push(quote! { ::pullback::Pytree::flatten(&self.#member, leaves); });
            unflatten.push(quote! {
                #member: ::pullback::Pytree::unflatten(&self.#member, leaves)
            });
            structure.push(quote! { ::pullback::Pytree::structure(&self.#member, key); });
        }
    }
    let mut generics = item.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(syn::parse_quote!(::pullback::Pytree));
    }
    let (generics, arguments, condition) = generics.split_for_impl();
    Ok(quote! {
        impl #generics ::pullback::Pytree for #ident #arguments #condition {
            fn flatten(&self, leaves: &mut Vec<::pullback::Array>) {
                let _ = &leaves;
                #(#flatten)*
            }

            fn unflatten(
                &self,
                leaves: &mut dyn Iterator<Item = ::pullback::Array>,
            ) -> Self {
                let _ = &leaves;
                Self { #(#unflatten),* }
            }

            fn structure(&self, key: &mut Vec<u64>) {
                let _ = &key;
                #(#structure)*
            }
        }
    })
}
