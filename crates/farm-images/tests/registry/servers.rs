//! A registry that we did not write, and servers of a few lines that play what it cannot.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farm_testing::{Reply, Request, exchange, serve, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const ACCOUNT: &str = "123456789012";
pub const PASSWORD: &str = "a-password-of-ecr";
/// `AWS` and that password, as htpasswd writes them with bcrypt.
const HTPASSWD: &str = "AWS:$2b$04$FLm9optruIjgYQYdw16d9.ul2PQLFDi6SvBAl2nNCV4bqpSYEBH3W\n";

/// Debian's docker-registry. It ends with the test.
pub struct Registry {
    pub address: String,
    child: Child,
    _folder: TempDir,
}

impl Registry {
    /// None where this machine has none.
    pub fn start() -> Option<Self> {
        let program = tool("FARM_TEST_REGISTRY")?;
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let settings = json!({
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": at("storage")}},
            "http": {"addr": free.to_string()},
            "auth": {"htpasswd": {"realm": "test", "path": at("htpasswd")}},
        });
        std::fs::write(at("htpasswd"), HTPASSWD).expect("a file");
        // JSON is YAML as well.
        std::fs::write(at("config.yml"), settings.to_string()).expect("a file");
        let child = Command::new(program)
            .arg("serve")
            .arg(at("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the registry starts");
        let registry = Self { address: free.to_string(), child, _folder: folder };
        let begun = Instant::now();
        while TcpStream::connect(&registry.address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the registry does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(registry)
    }

    /// What the registry serves there.
    pub fn get(&self, path: &str) -> Vec<u8> {
        let password = STANDARD.encode(format!("AWS:{PASSWORD}"));
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {password}\r\nConnection: close\r\n\
             Accept: application/vnd.oci.image.manifest.v1+json\r\n",
            self.address
        );
        let answer = exchange(&self.address, &Request { head, body: Vec::new() });
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        answer[end + 4..].to_vec()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A server that plays AWS: it gives out `password` for the registry at `endpoint`.
pub fn aws(endpoint: &str, password: &str) -> String {
    let token = STANDARD.encode(format!("AWS:{password}"));
    let data = json!({"authorizationToken": token, "expiresAt": 1_900_000_000, "proxyEndpoint": endpoint});
    serve(move |request| {
        if request.head.contains("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken") {
            return json_reply(200, &json!({"authorizationData": [data]}));
        }
        assert!(
            String::from_utf8_lossy(&request.body).contains("Action=GetCallerIdentity"),
            "{}",
            request.head
        );
        let answer = format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{ACCOUNT}</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>"
        );
        Reply::Say(200, "Content-Type: text/xml\r\n".to_owned(), answer)
    })
}

/// An answer in AWS's JSON.
pub fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::Say(status, "Content-Type: application/x-amz-json-1.1\r\n".to_owned(), body.to_string())
}
