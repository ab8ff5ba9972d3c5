//! The key pair of a loopback farm.

use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::s3::Credentials;

impl Credentials {
    /// A key pair that nobody else knows: other users of this machine can reach the port too.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; 28];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        Ok(Self {
            access_key_id: format!("FARM{}", hex(&bytes[..8])),
            secret_access_key: hex(&bytes[8..]).to_lowercase(),
        })
    }

    /// The key pair kept in `file`, which only its owner can read; a random one is put there
    /// first where there is none. So a client's settings stay good when the farm starts again.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds something else.
    pub fn kept_in(file: &Path) -> std::io::Result<Self> {
        match std::fs::read_to_string(file) {
            Ok(text) => {
                let damaged = || {
                    let text = format!("{} is damaged; delete it to get new credentials", file.display());
                    Error::new(ErrorKind::InvalidData, text)
                };
                let (id, secret) = text.trim_end().split_once('\n').ok_or_else(damaged)?;
                if id.is_empty() || secret.is_empty() || secret.contains('\n') {
                    return Err(damaged());
                }
                Ok(Self { access_key_id: id.to_owned(), secret_access_key: secret.to_owned() })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let new = Self::random()?;
                let mut options = std::fs::OpenOptions::new();
                let mut file = options.write(true).create_new(true).mode(0o600).open(file)?;
                writeln!(file, "{}\n{}", new.access_key_id, new.secret_access_key)?;
                Ok(new)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn credentials_are_kept_for_their_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("credentials");
        let first = Credentials::kept_in(&file).expect("made");
        let again = Credentials::kept_in(&file).expect("read");
        assert_eq!(first.secret_access_key, again.secret_access_key);
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, "half").expect("written");
        let damaged = Credentials::kept_in(&file).err().expect("damaged");
        assert!(damaged.to_string().contains("delete it"));
    }
}
