//! Who may call the function: without a permission, neither S3 nor a rule reaches it.

use serde::Deserialize;

use super::{BlueprintError, Read, View};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Permission {
    action: String,
    function_name: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
}

/// Whether `principal` may invoke the function on behalf of the resource `source`. `arn_has_account`
/// is false for a bucket, which then must be named together with the account.
pub(super) fn granted(
    view: &View<'_>,
    function: &str,
    principal: &str,
    source: &str,
    arn_has_account: bool,
) -> Result<bool, BlueprintError> {
    let permissions: Vec<Read<Permission>> = view.of("AWS::Lambda::Permission")?;
    Ok(permissions.iter().map(|read| &read.properties).any(|permission| {
        let account = permission.source_account.as_deref();
        permission.action == "lambda:InvokeFunction"
            && permission.function_name == function
            && permission.principal == principal
            && permission.source_arn.as_deref() == Some(source)
            && (account == Some(view.account) || (arn_has_account && account.is_none()))
    }))
}
