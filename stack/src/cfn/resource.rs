//! What every resource type of CloudFormation has in common, and what stands for one that is in
//! a template.

use std::marker::PhantomData;

use serde::Serialize;

use super::value::{Expression, Kind, List, Value};

/// A resource type. Generated for each of those that the farm uses.
pub trait Resource: Serialize {
    /// Its name: `AWS::S3::Bucket`.
    const TYPE: &'static str;
    /// What `!Ref` of it yields.
    type Ref: Kind;

    /// What is wrong with its literals: ranges, lengths, patterns, properties that exclude or
    /// need each other. One sentence each, with the path of the property.
    fn problems(&self) -> Vec<String>;
}

/// A resource that is in a template. Its references are typed.
#[derive(Debug)]
pub struct Handle<R> {
    id: String,
    of: PhantomData<R>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), of: PhantomData }
    }
}

impl<R> Handle<R> {
    /// The template makes these.
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), of: PhantomData }
    }

    /// Its logical id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `!GetAtt`, for the generated methods, which know the attributes and their kinds.
    pub(crate) fn attribute<T>(&self, name: &str) -> Value<T> {
        Value::Expression(self.get_att(name))
    }

    /// As [`Handle::attribute`], for attributes that are lists.
    pub(crate) fn attribute_list<T>(&self, name: &str) -> List<T> {
        List::Expression(self.get_att(name))
    }

    fn get_att(&self, name: &str) -> Expression {
        Expression::GetAtt(format!("{}.{name}", self.id))
    }
}

impl<R: Resource> Handle<R> {
    /// `!Ref` of it.
    pub fn reference(&self) -> Value<R::Ref> {
        Value::Expression(Expression::Ref(self.id.clone()))
    }
}

/// Whatever a reference yields is a text.
impl<R: Resource> From<&Handle<R>> for Value<String> {
    fn from(handle: &Handle<R>) -> Self {
        Self::Expression(Expression::Ref(handle.id.clone()))
    }
}
