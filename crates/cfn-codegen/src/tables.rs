//! What literals are held to, as tables that `cfn::check` reads: one for each object that has
//! anything to check.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::emit::Used;
use crate::model::{Check, Group, Resource, Struct};
use crate::names;

/// The tables of a resource. `SHAPE` is its own.
pub fn of_resource(resource: &Resource, used: &mut Used) -> Result<TokenStream> {
    let objects: BTreeMap<&str, &Struct> =
        resource.structs.iter().chain(&resource.unions).map(|one| (one.name.as_str(), one)).collect();
    let needed = needed(&objects);
    used.extend(["check", "check::Shape"].map(str::to_owned));
    let mut tables = Vec::new();
    for (name, object) in &objects {
        let own = *name == resource.name;
        if !own && !needed.contains(name) {
            continue;
        }
        let fields: Vec<_> = object
            .fields
            .iter()
            .filter_map(|field| {
                let check = of_check(&field.check, &needed)?;
                let name = &field.name;
                Some(quote!((#name, &#check)))
            })
            .collect();
        let groups: Vec<_> = object.groups.iter().map(of_group).collect();
        if !fields.is_empty() {
            used.insert("check::Check".to_owned());
        }
        if !groups.is_empty() {
            used.insert("check::Group".to_owned());
        }
        let table = if own { syn::parse_str("SHAPE")? } else { table(name)? };
        tables
            .push(quote!(static #table: Shape = Shape { fields: &[#(#fields),*], groups: &[#(#groups),*] };));
    }
    Ok(quote!(#(#tables)*))
}

fn table(name: &str) -> Result<syn::Ident> {
    Ok(syn::parse_str(&format!("{}_SHAPE", names::of_table(name)))?)
}

/// Names of the objects that have anything to check, themselves or further below.
fn needed<'a>(objects: &BTreeMap<&'a str, &'a Struct>) -> BTreeSet<&'a str> {
    let mut needed = BTreeSet::new();
    loop {
        let before = needed.len();
        for (name, object) in objects {
            let checks = object.fields.iter().any(|field| of_check(&field.check, &needed).is_some());
            if checks || !object.groups.is_empty() {
                needed.insert(*name);
            }
        }
        if needed.len() == before {
            return needed;
        }
    }
}

fn of_check(check: &Check, needed: &BTreeSet<&str>) -> Option<TokenStream> {
    Some(match check {
        Check::Nothing => return None,
        Check::Text(least, most, pattern) => {
            let (least, most, pattern) = (whole(*least), whole(*most), option(pattern.as_deref()));
            quote!(Check::Text(#least, #most, #pattern))
        }
        Check::Number(least, most, only) => {
            let (least, most) =
                (option(least.map(Literal::f64_unsuffixed)), option(most.map(Literal::f64_unsuffixed)));
            let only = only.iter().copied().map(Literal::i64_unsuffixed);
            quote!(Check::Number(#least, #most, &[#(#only),*]))
        }
        Check::List(least, most, unique, item) => {
            let item = of_check(item, needed);
            if least.is_none() && most.is_none() && !unique && item.is_none() {
                return None;
            }
            let item = nested(item);
            let (least, most) = (whole(*least), whole(*most));
            quote!(Check::List(#least, #most, #unique, #item))
        }
        Check::Map(keys, values) => {
            let values = of_check(values, needed);
            if keys.is_none() && values.is_none() {
                return None;
            }
            let (keys, values) = (option(keys.as_deref()), nested(values));
            quote!(Check::Map(#keys, #values))
        }
        Check::Object(name) => {
            if !needed.contains(name.as_str()) {
                return None;
            }
            let table = table(name).ok()?;
            quote!(Check::Object(&#table))
        }
    })
}

fn nested(check: Option<TokenStream>) -> TokenStream {
    match check {
        Some(check) => quote!(Some(&#check)),
        None => quote!(None),
    }
}

fn whole(value: Option<u64>) -> TokenStream {
    option(value.map(Literal::u64_unsuffixed))
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}

fn of_group(group: &Group) -> TokenStream {
    let names = |names: &BTreeSet<String>| {
        let names = names.iter();
        quote!(&[#(#names),*])
    };
    match group {
        Group::ExactlyOne(of) => {
            let of = names(of);
            quote!(Group::ExactlyOne(#of))
        }
        Group::AtLeastOne(of) => {
            let of = names(of);
            quote!(Group::AtLeastOne(#of))
        }
        Group::Excludes(with, others) => {
            let others = names(others);
            quote!(Group::Excludes(#with, #others))
        }
        Group::Needs(with, others) => {
            let others = names(others);
            quote!(Group::Needs(#with, #others))
        }
    }
}
