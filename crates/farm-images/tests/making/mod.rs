//! Archives as container engines write them, made by hand.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// An archive in the making.
pub struct Making(Builder<Vec<u8>>);

impl Making {
    pub fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    pub fn file(&mut self, name: &str, bytes: &[u8]) {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        self.0.append_data(&mut header, name, bytes).expect("a file");
    }

    pub fn json(&mut self, name: &str, value: &Value) {
        self.file(name, value.to_string().as_bytes());
    }

    pub fn folder(&mut self, name: &str) {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        self.0.append_data(&mut header, name, std::io::empty()).expect("a folder");
    }

    pub fn link(&mut self, kind: EntryType, name: &str, target: &str) {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        self.0.append_link(&mut header, name, target).expect("a link");
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("an archive")
    }
}

/// A layer's tar with one file in it.
pub fn layer(name: &str, content: &[u8]) -> Vec<u8> {
    let mut making = Making::new();
    making.file(name, content);
    making.bytes()
}

/// A layer that changes nothing.
pub fn empty() -> Vec<u8> {
    vec![0; 1024]
}

pub fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("it packs");
    encoder.finish().expect("it packs")
}

/// The configuration of an image of these layers.
pub fn config(layers: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<String> = layers.iter().map(|layer| format!("sha256:{}", hex(layer))).collect();
    json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    })
    .to_string()
    .into_bytes()
}

/// What Docker wrote before 25: a folder for each layer, links for one that comes again.
pub fn classic(layers: &[Vec<u8>]) -> Vec<u8> {
    let mut making = Making::new();
    let mut names: Vec<String> = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let folder = hex(format!("folder {number}").as_bytes());
        making.folder(&format!("{folder}/"));
        making.file(&format!("{folder}/VERSION"), b"1.0");
        making.json(&format!("{folder}/json"), &json!({"id": folder}));
        let name = format!("{folder}/layer.tar");
        match layers.iter().take(number).position(|earlier| earlier == layer) {
            Some(earlier) => making.link(EntryType::Symlink, &name, &format!("../{}", names[earlier])),
            None => making.file(&name, layer),
        }
        names.push(name);
    }
    let config = config(layers);
    let name = format!("{}.json", hex(&config));
    making.file(&name, &config);
    making.json("manifest.json", &json!([{"Config": name, "RepoTags": ["render:4.5"], "Layers": names}]));
    making.json("repositories", &json!({"render": {"4.5": "x"}}));
    making.bytes()
}

/// What Docker writes since 25: a layout of OCI, and a manifest of its own. Layers may be packed.
pub fn oci(layers: &[Vec<u8>], pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut making = Making::new();
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", hex(bytes));
    making.folder("blobs/");
    making.folder("blobs/sha256/");
    let config = config(layers);
    let manifest = json!({"schemaVersion": 2}).to_string().into_bytes();
    making.file(&blob(&config), &config);
    let mut names: Vec<String> = Vec::new();
    for layer in layers {
        let packed = pack(layer);
        let name = blob(&packed);
        if !names.contains(&name) {
            making.file(&name, &packed);
        }
        names.push(name);
    }
    making.file(&blob(&manifest), &manifest);
    making.json("index.json", &json!({"schemaVersion": 2, "manifests": []}));
    making.json(
        "manifest.json",
        &json!([{"Config": blob(&config), "RepoTags": null, "Layers": names, "LayerSources": {}}]),
    );
    making.json("oci-layout", &json!({"imageLayoutVersion": "1.0.0"}));
    making.bytes()
}

/// What podman writes: layers by their digests, and old names that link to them.
pub fn podman(layers: &[Vec<u8>]) -> Vec<u8> {
    let mut making = Making::new();
    let mut names: Vec<String> = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let name = format!("{}.tar", hex(layer));
        if !names.contains(&name) {
            making.file(&name, layer);
        }
        let folder = hex(format!("folder {number}").as_bytes());
        making.link(EntryType::Symlink, &format!("{folder}/layer.tar"), &format!("../{name}"));
        names.push(name);
    }
    let config = config(layers);
    let name = format!("{}.json", hex(&config));
    making.file(&name, &config);
    making.json("manifest.json", &json!([{"Config": name, "RepoTags": null, "Layers": names}]));
    making.bytes()
}
