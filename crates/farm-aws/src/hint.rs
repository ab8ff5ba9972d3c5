//! What helps against what AWS says to anybody: of who calls, and how often. A program with hints of
//! its own puts them between [`caller`] and [`patience`], which takes in much.

/// Variables that send calls elsewhere.
const ENDPOINTS: [&str; 9] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_BATCH",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_ECR",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "AWS_ENDPOINT_URL_SERVICE_QUOTAS",
];

/// What helps, by AWS's code and words. None where nothing better is known than those words.
pub fn any(told: &str) -> Option<String> {
    caller(told).or_else(|| patience(told))
}

/// What helps where it is about who calls: what he may do, and whether he is known.
pub fn caller(told: &str) -> Option<String> {
    if let Some(action) = denied_action(told) {
        return Some(format!(
            "Whoever deploys lacks the right `{action}`. Add it to that user or role, then run the same command again."
        ));
    }
    let text = if has(told, &["accessdenied", "access denied", "not authorized", "unauthorizedoperation"]) {
        "Whoever deploys lacks a right. Deploy as an administrator of the account, or add what is named above."
    } else if has(
        told,
        &["expiredtoken", "expired token", "token has expired", "token included in the request is expired"],
    ) {
        "Log in to AWS again, then run the same command."
    } else if has(told, &["unrecognizedclient", "invalidclienttoken", "invalidsignature", "security token"]) {
        "AWS does not know these credentials. Log in to AWS again, then run the same command."
    } else {
        return None;
    };
    Some(text.to_owned())
}

/// What helps where AWS was asked too often.
pub fn patience(told: &str) -> Option<String> {
    has(told, &["throttl", "rate exceeded", "toomanyrequests"])
        .then(|| "AWS asked for patience. Run the same command again in a minute.".to_owned())
}

/// What helps who is not logged in.
pub(crate) fn logged_out() -> String {
    let how = "`aws login`, `aws sso login` or `aws configure`";
    match std::env::var("AWS_PROFILE") {
        Ok(profile) => format!(
            "AWS_PROFILE is `{profile}`: see that there is a profile of that name, and log in with it ({how}). Then run \
             the same command again."
        ),
        Err(_) => format!("Log in to AWS ({how}), or set AWS_PROFILE, then run the same command again."),
    }
}

/// What helps where no answer came.
pub(crate) fn unreachable() -> String {
    let elsewhere = ENDPOINTS.into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    match elsewhere {
        // What stands on one's own machine is most likely a farm that was not started.
        Some((name, address))
            if ["//127.", "//localhost", "//[::1]"].iter().any(|here| address.contains(here)) =>
        {
            format!(
                "{name} sends calls to {address}, on this machine: see that it runs (`cargo xtask local --serve` starts a farm \
             here), or unset it to reach AWS."
            )
        }
        Some((name, address)) => format!("{name} sends calls to {address}. Unset it to reach AWS."),
        None => "Check the network, and that the region's name is right.".to_owned(),
    }
}

fn has(told: &str, parts: &[&str]) -> bool {
    let told = told.to_lowercase();
    parts.iter().any(|part| told.contains(part))
}

/// The action in "... is not authorized to perform: ACTION on ...", as IAM and most services say it.
fn denied_action(told: &str) -> Option<&str> {
    let (_, rest) = told.split_once("not authorized to perform: ")?;
    let action = rest.split([' ', ',', ')', ';']).next()?;
    action.contains(':').then_some(action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_says_why_and_the_hint_says_what_helps() {
        for (told, hint_has) in [
            (
                "AccessDeniedException: User: arn:aws:iam::1:user/x is not authorized to perform: \
                 ecr:GetAuthorizationToken on resource: *",
                "`ecr:GetAuthorizationToken`",
            ),
            ("AccessDeniedException: no", "lacks a right"),
            ("ExpiredTokenException: The security token included in the request is expired", "again"),
            (
                "UnrecognizedClientException: The security token included in the request is invalid.",
                "not know",
            ),
            ("ThrottlingException: Rate exceeded", "patience"),
        ] {
            let hint = any(told).unwrap_or_default();
            assert!(hint.contains(hint_has), "{told}: {hint}");
        }
        assert_eq!(any(": Something that nobody has seen"), None);
    }
}
