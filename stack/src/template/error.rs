//! What can be wrong while a template is written.

/// A template that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Two things of one name.
    #[error("the name `{0}` stands twice in the template")]
    Taken(String),
    /// A name that CloudFormation does not take.
    #[error("`{0}` cannot be a logical name: CloudFormation takes 1 to 255 letters and digits")]
    Name(String),
    /// Literals that their resources do not take, one sentence each.
    #[error("the template holds values that AWS does not take:\n  {}", .0.join("\n  "))]
    Literals(Vec<String>),
    /// A null, or a number without end, at this place.
    #[error("{0} has no value that a template can hold; leave the property out")]
    NoValue(String),
    /// A key that is not a text, in the mapping at this place.
    #[error("{0} has a key that is not a text; CloudFormation takes texts only")]
    Key(String),
    /// A function right behind another's tag, at this place.
    #[error("{0} has two tags on one value; YAML takes one, so put the inner function into a list")]
    TagOnTag(String),
    /// Something that cannot be written as YAML.
    #[error("the template cannot be written as YAML")]
    Yaml(#[from] serde_yaml::Error),
}
