//! Who may call the loopback services, with which key pair, and what each of them called.
//!
//! Every role of the template has a key pair of its own, as every task and function on AWS has
//! credentials of its own role. What is called with them is told to whoever listens, in the words
//! of IAM: so what a role is granted can be held against what its program does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::s3::Credentials;

/// The key pairs of a farm. Clones are the same ring.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    /// By access key id.
    keys: BTreeMap<String, Key>,
    listeners: Mutex<Vec<UnboundedSender<Call>>>,
}

struct Key {
    caller: Caller,
    secret: String,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// The person whose farm it is.
    Owner,
    /// A program, with the role of this ARN.
    Role(String),
}

/// Something that was called, as IAM is asked about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// Who called.
    pub caller: Caller,
    /// `s3:GetObject`.
    pub action: String,
    /// The ARN of what it was called on, or `*` where the action knows no narrower one.
    pub resource: String,
}

impl KeyRing {
    /// The owner's key pair, and one for each role.
    pub fn new(owner: Credentials, roles: impl IntoIterator<Item = (String, Credentials)>) -> Self {
        let roles = roles.into_iter().map(|(arn, credentials)| (Caller::Role(arn), credentials));
        let all = std::iter::once((Caller::Owner, owner)).chain(roles);
        let keys = all.map(|(caller, credentials)| {
            (credentials.access_key_id, Key { caller, secret: credentials.secret_access_key })
        });
        Self(Arc::new(Inner { keys: keys.collect(), listeners: Mutex::default() }))
    }

    /// The secret that requests with this access key id are signed with; none where it is not ours.
    pub(crate) fn secret(&self, access_key_id: &str) -> Option<&str> {
        self.0.keys.get(access_key_id).map(|key| key.secret.as_str())
    }

    /// Whether requests with this access key id are let in.
    pub(crate) fn admits(&self, access_key_id: &str) -> bool {
        self.0.keys.contains_key(access_key_id)
    }

    /// What is called from now on.
    pub fn calls(&self) -> UnboundedReceiver<Call> {
        let (sender, receiver) = unbounded_channel();
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Tells those who listen of a call. `what` is asked for only then.
    pub(crate) fn tell(&self, access_key_id: &str, what: impl FnOnce() -> Vec<(String, String)>) {
        let mut listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if listeners.is_empty() {
            return;
        }
        let Some(key) = self.0.keys.get(access_key_id) else { return };
        for (action, resource) in what() {
            let call = Call { caller: key.caller.clone(), action, resource };
            // A closed channel is a listener that has gone.
            listeners.retain(|listener| listener.send(call.clone()).is_ok());
        }
    }
}

/// A ring with the owner's key pair alone.
impl From<Credentials> for KeyRing {
    fn from(owner: Credentials) -> Self {
        Self::new(owner, [])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_is_told_with_its_caller() {
        let pair =
            |id: &str| Credentials { access_key_id: id.to_owned(), secret_access_key: format!("{id}!") };
        let ring = KeyRing::new(pair("owner"), [("arn:role".to_owned(), pair("task"))]);
        assert_eq!((ring.secret("task"), ring.secret("else")), (Some("task!"), None));
        ring.tell("task", || panic!("nobody listens"));
        let mut calls = ring.calls();
        ring.tell("task", || vec![("s3:GetObject".to_owned(), "arn:it".to_owned())]);
        ring.tell("owner", || vec![("s3:PutObject".to_owned(), "arn:it".to_owned())]);
        ring.tell("else", || vec![("s3:PutObject".to_owned(), "arn:it".to_owned())]);
        let callers = [calls.try_recv(), calls.try_recv()].map(|call| call.expect("told").caller);
        assert_eq!(callers, [Caller::Role("arn:role".to_owned()), Caller::Owner]);
        assert!(calls.try_recv().is_err(), "who is not let in has called nothing");
    }
}
