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
    /// Something that cannot be written as YAML.
    #[error("the template cannot be written as YAML")]
    Yaml(#[from] serde_yaml::Error),
}
