//! Blender as a release archive. Blender's own site cannot be reached from everywhere: a mirror on
//! loopback serves an archive of the same layout, with a program of a few lines for Blender.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use farm_testing::tool;

use crate::machine::{docker_command, told};

/// Makes the archive, says its hash, and serves it.
const MIRROR: &str = r#"
import hashlib, http.server, io, os, subprocess, sys, tarfile
folder = sys.argv[1]
os.makedirs(f"{folder}/Blender4.1")
source = '#include <stdio.h>\nint main(int n, char **a) { puts("Blender 4.1.1"); return 0; }\n'
program, library = f"{folder}/blender", f"{folder}/library"
subprocess.run(["cc", "-g", "-xc", "-", "-o", program], input=source, text=True, check=True)
subprocess.run(["cc", "-g", "-shared", "-xc", "-", "-o", library], input="int here(void) { return 1; }", text=True, check=True)
archive = f"{folder}/Blender4.1/blender-4.1.1-linux-x64.tar.xz"
texts = [
    "4.1/datafiles/locale/de.mo", "4.1/datafiles/fonts/Inter.woff2", "4.1/datafiles/colormanagement/config.ocio",
    "4.1/scripts/addons/cycles/__init__.py", "4.1/scripts/addons/cycles/lib/kernel_sm_75.cubin",
    "4.1/scripts/addons/cycles/shader/stdosl.h", "4.1/scripts/addons/rigify/__init__.py",
    "4.1/python/lib/python3.11/os.py", "4.1/python/lib/python3.11/test/test_os.py", "4.1/python/bin/python3.11",
    "4.1/python/lib/python3.11/site-packages/numpy/__init__.py", "blender.desktop", "blender-thumbnailer",
    "license/GPL-3.txt", "lib/libOpenImageDenoise_device_cuda.so.2.2.2",
]
with tarfile.open(archive, "w:xz") as tar:
    for name, path in (("blender", program), ("lib/libembree4.so.4", library)):
        tar.add(path, f"blender-4.1.1-linux-x64/{name}")
    for name in texts:
        entry = tarfile.TarInfo(f"blender-4.1.1-linux-x64/{name}")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
print(hashlib.sha256(open(archive, "rb").read()).hexdigest())
handler = lambda *a: http.server.SimpleHTTPRequestHandler(*a, directory=folder)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

struct Mirror {
    child: Child,
    hash: String,
    address: String,
}

impl Mirror {
    fn start(folder: &Path) -> Self {
        let mut python = Command::new(tool("FARM_TEST_PYTHON").unwrap());
        let mut child = python
            .args(["-c", MIRROR, folder.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let (hash, port) = (line(), line());
        Self { child, hash, address: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// What the image is built of, with another list of Blenders.
fn context(folder: &Path, blenders: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for name in ["render-task/image", "target/image"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let mut files = vec!["render-task/Dockerfile".to_owned()];
    for entry in std::fs::read_dir(root.join("render-task/image")).unwrap() {
        files.push(format!("render-task/image/{}", entry.unwrap().file_name().to_str().unwrap()));
    }
    for file in files {
        std::fs::copy(root.join(&file), folder.join(&file)).unwrap();
    }
    std::fs::write(folder.join("render-task/image/blenders"), blenders).unwrap();
    std::fs::write(folder.join("target/image/render-task"), "a program").unwrap();
}

fn build(docker: &Path, context: &Path, blender: &str, mirror: &str) -> Output {
    let mut build = docker_command(docker, &["build", "--progress=plain", "--network=host", "--tag", IMAGE]);
    build.args(["--file", "render-task/Dockerfile", "--build-arg", &format!("BLENDER={blender}")]);
    build.args(["--build-arg", &format!("BLENDER_MIRROR={mirror}"), "."]);
    build.current_dir(context).output().unwrap()
}

const IMAGE: &str = "farm-test-release:4.1";

#[test]
fn a_release_is_proven_and_trimmed_from_a_mirror_of_the_same_layout_and_not_from_blenders_site() {
    let Some(docker) = tool("FARM_TEST_CONTAINERS") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::start(&folder.path().join("mirror"));
    let place = folder.path().join("context");
    context(&place, &format!("4.1.1 archive {}\n4.1.0 archive {}\n", mirror.hash, mirror.hash));
    let built = build(&docker, &place, "4.1", &mirror.address);
    assert!(built.status.success(), "{}", told(&built));
    let run = |arguments: &[&str]| {
        let output = docker_command(&docker, arguments).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let said =
        run(&["run", "--rm", "--network=none", "--entrypoint", "/opt/blender/blender", IMAGE, "--version"]);
    assert_eq!(said, "Blender 4.1.1\n");
    let container = run(&["create", IMAGE]);
    let root = folder.path().join("root.tar");
    run(&["export", "--output", root.to_str().unwrap(), container.trim()]);
    let listed = Command::new("tar").arg("-tf").arg(&root).output().unwrap();
    run(&["rm", container.trim()]);
    let files = String::from_utf8(listed.stdout).unwrap();
    let has = |path: &str| files.lines().any(|line| line == format!("opt/blender/{path}"));
    for kept in [
        "blender",
        "lib/libembree4.so.4",
        "license/GPL-3.txt",
        "4.1/datafiles/fonts/Inter.woff2",
        "4.1/datafiles/colormanagement/config.ocio",
        "4.1/scripts/addons/cycles/__init__.py",
        "4.1/scripts/addons/cycles/shader/stdosl.h",
        "4.1/python/lib/python3.11/os.py",
        "4.1/python/lib/python3.11/site-packages/numpy/__init__.py",
    ] {
        assert!(has(kept), "{kept} is gone");
    }
    for gone in [
        "lib/libOpenImageDenoise_device_cuda.so.2.2.2",
        "4.1/datafiles/locale/de.mo",
        "4.1/scripts/addons/cycles/lib/kernel_sm_75.cubin",
        "4.1/scripts/addons/rigify/__init__.py",
        "4.1/python/lib/python3.11/test/test_os.py",
        "4.1/python/bin/python3.11",
        "blender.desktop",
        "blender-thumbnailer",
    ] {
        assert!(!has(gone), "{gone} is still there");
    }
    run(&["image", "rm", IMAGE]);

    // What cannot be: another archive than the pinned one, one that is not there, no such version.
    let refused = |blenders: &str, blender: &str, words: &[&str]| {
        context(&place, blenders);
        let output = build(&docker, &place, blender, &mirror.address);
        assert!(!output.status.success());
        for word in words {
            assert!(told(&output).contains(word), "`{word}` is not in: {}", told(&output));
        }
    };
    let other = "0".repeat(64);
    refused(
        &format!("4.1.1 archive {other}\n"),
        "4.1.1",
        &["is not Blender 4.1.1: its SHA-256 is", &mirror.hash, "hint: Try again, or another mirror"],
    );
    refused(
        &format!("4.1.7 archive {other}\n"),
        "4.1",
        &["Blender 4.1.7 cannot be fetched from", "--build-arg BLENDER_MIRROR="],
    );
    refused(&format!("4.1.1 archive {other}\n"), "4.0", &["there is no Blender 4.0", "Known are: 4.1.1"]);
}
