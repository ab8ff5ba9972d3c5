//! Uploads for the Blender that renders in no time, and what their frames must look like.

#[path = "head.rs"]
mod head;

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

/// The program: see there for how it is told to misbehave.
pub fn fake_blender() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/fake-blender")
}

/// Which frames misbehave.
#[derive(Debug, Clone, Default)]
pub struct Fake {
    /// Told apart from other files by this.
    pub name: String,
    /// Blender crashes, one time.
    pub crash: Vec<i32>,
    /// Blender runs out of memory, one time.
    pub hungry: Vec<i32>,
    /// What happens one time happens every time.
    pub always: bool,
    /// The frame cannot be rendered, ever.
    pub wrong: Vec<i32>,
    /// The picture has some 3 MB.
    pub heavy: Vec<i32>,
    /// The frame waits until there is a file `go` where things are noted.
    pub wait: Vec<i32>,
}

impl Fake {
    /// The file. `notes` is where it is noted what happened one time.
    pub fn blend(&self, notes: &Path) -> Vec<u8> {
        let mut bytes = head::head(405);
        bytes.extend(self.name.as_bytes());
        let once = (!self.always).then_some(notes);
        let told = json!({
            "once": once, "crash": self.crash, "hungry": self.hungry, "wrong": self.wrong, "heavy": self.heavy,
            "wait": self.wait,
        });
        bytes.extend(b"#FAKE");
        bytes.extend(told.to_string().as_bytes());
        bytes
    }
}

/// Whether a picture is that of the frame of this file, and no other's.
pub fn is_frame_of(picture: &[u8], blend: &[u8], frame: i32) -> bool {
    let Ok(picture) = image::load_from_memory(picture) else { return false };
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(blend));
    hash.update(frame.to_be_bytes());
    picture.to_rgb8().as_raw().starts_with(&hash.finalize())
}
