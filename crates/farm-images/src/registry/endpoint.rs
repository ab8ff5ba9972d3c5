//! Where the registry is, and whether it may be talked to.

use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// The address of a registry that the password may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
}

/// An address that is no registry's, or not one that is talked to.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// No address.
    #[error("AWS names `{0}` as the registry, which is no address")]
    NoAddress(String),
    /// In plain text over a network.
    #[error("AWS names `{0}` as the registry, where everybody on the way could read the password")]
    Plain(String),
}

impl EndpointError {
    /// What helps.
    pub fn hint(&self) -> String {
        "Only a registry on this machine may be talked to without TLS. See where AWS_ENDPOINT_URL sends calls."
            .to_owned()
    }
}

impl Endpoint {
    /// Reads an address such as `https://123456789012.dkr.ecr.eu-west-1.amazonaws.com`.
    ///
    /// # Errors
    /// It is none, or one in plain text that is not on this machine.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let bad = || EndpointError::NoAddress(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(bad());
        };
        let bare = parts.path_and_query.is_none_or(|path| path == "/");
        if !bare || authority.as_str().contains('@') || !(scheme == Scheme::HTTPS || scheme == Scheme::HTTP) {
            return Err(bad());
        }
        if scheme == Scheme::HTTP && !is_loopback(authority.host()) {
            return Err(EndpointError::Plain(text.to_owned()));
        }
        Ok(Self { scheme, authority })
    }

    /// Whose it is, where it is a registry of AWS's.
    pub fn account(&self) -> Option<&str> {
        let (account, rest) = self.authority.host().split_once(".dkr.ecr.")?;
        let (region, domain) = rest.split_once('.')?;
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let aws = domain == "amazonaws.com" || domain == "amazonaws.com.cn";
        (digits && aws && !region.is_empty() && self.scheme == Scheme::HTTPS).then_some(account)
    }

    /// Its host and port.
    pub fn host(&self) -> &str {
        self.authority.as_str()
    }

    /// Whether it is on this machine, and talked to in plain text.
    pub fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    /// The address of something in it.
    pub fn uri(&self, path: &str) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
    }

    /// Where an answer sends us; none where that is another registry, which the password is not for.
    pub fn follow(&self, location: &str) -> Option<Uri> {
        if location.starts_with('/') && !location.starts_with("//") {
            return self.uri(location).ok();
        }
        let uri: Uri = location.parse().ok()?;
        (uri.scheme() == Some(&self.scheme) && uri.authority() == Some(&self.authority)).then_some(uri)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_s_registry_says_whose_it_is() {
        let account = |text: &str| Endpoint::parse(text).expect("an address").account().map(str::to_owned);
        for known in [
            "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "https://123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/",
        ] {
            assert_eq!(account(known).as_deref(), Some("123456789012"), "{known}");
        }
        for other in [
            "http://127.0.0.1:5057",
            "https://12345.dkr.ecr.eu-west-1.amazonaws.com",
            "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.org",
            "https://registry.example.org",
        ] {
            assert_eq!(account(other), None, "{other}");
        }
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for good in ["http://127.0.0.1:5057", "http://127.9.9.9", "http://[::1]:80", "http://localhost:1"] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://example.org",
            "http://localhost.example.org",
            "http://127.0.0.1.nip.io",
        ] {
            assert!(matches!(Endpoint::parse(bad), Err(EndpointError::Plain(_))), "{bad}");
        }
        for bad in
            ["", "ftp://127.0.0.1", "127.0.0.1:80", "https://a@b.c", "https://a.b/c", "http://u@127.0.0.1"]
        {
            assert!(matches!(Endpoint::parse(bad), Err(EndpointError::NoAddress(_))), "{bad}");
        }
    }

    #[test]
    fn the_password_follows_to_the_same_registry_only() {
        let endpoint = Endpoint::parse("https://a.example.org").expect("an address");
        let follow = |location: &str| endpoint.follow(location).map(|uri| uri.to_string());
        assert_eq!(follow("/v2/x?y=z").as_deref(), Some("https://a.example.org/v2/x?y=z"));
        assert_eq!(follow("https://a.example.org/v2/x").as_deref(), Some("https://a.example.org/v2/x"));
        for elsewhere in ["https://b.example.org/v2/x", "http://a.example.org/v2/x", "//b.example.org/x", "x"]
        {
            assert_eq!(follow(elsewhere), None, "{elsewhere}");
        }
    }
}
