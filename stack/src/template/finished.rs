//! A template that is written, read back, and looked over: what may be handed to CloudFormation.

use super::{Capability, Document, DocumentError, Finding, Template, TemplateError, capabilities, check};

/// A template with nothing wrong with it, as far as its text tells.
#[derive(Debug)]
pub struct Finished {
    /// What CloudFormation reads.
    pub text: String,
    /// The same, for looking into it.
    pub document: Document,
    /// What CloudFormation wants to be allowed.
    pub capability: Option<Capability>,
}

/// Why a template is not to be handed to anybody.
#[derive(Debug, thiserror::Error)]
pub enum UnfinishedError {
    /// It cannot be written.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It cannot be read back.
    #[error("the template cannot be read back")]
    Document(#[from] DocumentError),
    /// It is wrong.
    #[error("the template is wrong:{}", .0.iter().map(|found| format!("\n  {found}")).collect::<String>())]
    Findings(Vec<Finding>),
}

impl Template {
    /// Writes it, reads it back, and looks it over.
    ///
    /// # Errors
    /// Something is wrong with it; whoever wrote the template has to mend that.
    pub fn finish(&self) -> Result<Finished, UnfinishedError> {
        let text = self.to_yaml()?;
        let document = Document::parse(&text)?;
        let findings = check(&document);
        if !findings.is_empty() {
            return Err(UnfinishedError::Findings(findings));
        }
        let capability = capabilities(&document);
        Ok(Finished { text, document, capability })
    }
}
