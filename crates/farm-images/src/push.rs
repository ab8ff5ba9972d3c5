//! One image's way into the registry: read, compressed layer by layer, and sent meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};

use crate::account::Login;
use crate::archive::{Archive, Image, Layer};
use crate::cache::{Cache, Packed, Packing};
use crate::digest::Digest;
use crate::error::ImagesError;
use crate::names::{Repository, Tag};
use crate::news::{News, Told};
use crate::registry::{Blob, MANIFEST, Registry, Source};

/// How many layers are sent at once.
const AT_ONCE: usize = 3;
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// An image that is in the registry now.
#[derive(Debug, Serialize)]
pub struct Pushed {
    /// Its digest.
    pub digest: Digest,
    /// How much had to be sent.
    pub pushed_bytes: u64,
    /// Its layers, the lowest first.
    pub layers: Vec<PushedLayer>,
}

/// A layer that is in the registry now.
#[derive(Debug, Serialize)]
pub struct PushedLayer {
    /// What the image's configuration knows it by.
    pub diff_id: Digest,
    /// What the registry knows it by.
    pub digest: Digest,
    /// Its size there.
    pub size: u64,
    /// Whether it had to be sent.
    pub pushed: bool,
}

/// An image as the registry has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor<'a>,
    layers: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    media_type: &'static str,
    digest: &'a Digest,
    size: u64,
}

/// Where an image goes.
struct Target {
    registry: Registry,
    repository: Repository,
    told: Told,
    slots: Semaphore,
}

/// Puts the image that an archive holds under a tag.
///
/// What is kept in the folder `cache` is not compressed again, and what the registry has is not sent
/// again: the same call after one that failed goes on where that stopped.
///
/// # Errors
/// The archive is no image, the registry does not take it, or the tag is another image's.
pub async fn push(
    login: &Login,
    repository: &Repository,
    tag: &Tag,
    archive: impl Read + Send + 'static,
    cache: &Path,
    told: &Told,
) -> Result<Pushed, ImagesError> {
    told(News::Target { repository: login.full(repository), tag: tag.to_string() });
    let cache = Cache::open(cache)?;
    let spool = cache.spool()?;
    let image = read(archive, spool.path(), told).await?;
    let target = Arc::new(Target {
        registry: login.registry.clone(),
        repository: repository.clone(),
        told: Arc::clone(told),
        slots: Semaphore::new(AT_ONCE),
    });
    let there = target.layers(&image, &cache, spool.path()).await?;

    let layers: Vec<PushedLayer> = image
        .layers
        .iter()
        .map(|layer| {
            let (packed, pushed) = there.get(&layer.diff_id).ok_or(ImagesError::Stopped)?;
            let diff_id = layer.diff_id.clone();
            Ok(PushedLayer { diff_id, digest: packed.digest.clone(), size: packed.size, pushed: *pushed })
        })
        .collect::<Result<_, ImagesError>>()?;
    let config = Blob {
        what: "the image's configuration".to_owned(),
        digest: Digest::of(&image.config),
        size: image.config.len() as u64,
        source: Source::Bytes(image.config.into()),
    };
    let config_pushed = target.registry.push(repository, &config, told, |_| {}).await?;
    let digest = target.manifest(tag, &config, &layers).await?;

    let sent: BTreeMap<&str, u64> =
        layers.iter().filter(|layer| layer.pushed).map(|layer| (layer.digest.hex(), layer.size)).collect();
    let pushed_bytes = sent.values().sum::<u64>() + if config_pushed { config.size } else { 0 };
    Ok(Pushed { digest, pushed_bytes, layers })
}

/// Reads the archive, on a thread that may wait for it.
async fn read(from: impl Read + Send + 'static, spool: &Path, told: &Told) -> Result<Image, ImagesError> {
    let (spool, told) = (spool.to_owned(), Arc::clone(told));
    let image = spawn_blocking(move || {
        let archive = Archive::spool(from, &spool, |bytes| told(News::Reading { bytes }))?;
        let image = archive.image()?;
        let bytes = image.layers.iter().map(|layer| layer.size).sum();
        told(News::Read { layers: image.layers.len(), bytes });
        Ok::<_, ImagesError>(image)
    });
    image.await.map_err(|_| ImagesError::Stopped)?
}

impl Target {
    /// Compresses one layer after another, each with all of the machine, and sends them meanwhile.
    /// Returns each layer as it is in the registry, and whether it had to be sent.
    async fn layers(
        self: &Arc<Self>,
        image: &Image,
        cache: &Cache,
        spool: &Path,
    ) -> Result<HashMap<Digest, (Packed, bool)>, ImagesError> {
        let mut there = HashMap::new();
        let mut begun: Vec<&Digest> = Vec::new();
        // It ends what it runs when it is dropped.
        let mut uploads = JoinSet::new();
        for (number, layer) in (1..).zip(&image.layers) {
            // A layer may come more than once.
            if begun.contains(&&layer.diff_id) {
                continue;
            }
            begun.push(&layer.diff_id);
            let packing = self.pack(number, layer, cache, spool);
            tokio::pin!(packing);
            // What fails on the way up is told before the next layer is done.
            let packed = loop {
                tokio::select! {
                    packed = &mut packing => break packed?,
                    Some(upload) = uploads.join_next() => {
                        let (diff_id, outcome) = upload.map_err(|_| ImagesError::Stopped)??;
                        there.insert(diff_id, outcome);
                    }
                }
            };
            let (target, diff_id, of) = (Arc::clone(self), layer.diff_id.clone(), image.layers.len());
            uploads.spawn(async move {
                let pushed = target.send(number, of, &packed).await?;
                Ok::<_, ImagesError>((diff_id, (packed, pushed)))
            });
        }
        while let Some(upload) = uploads.join_next().await {
            let (diff_id, outcome) = upload.map_err(|_| ImagesError::Stopped)??;
            there.insert(diff_id, outcome);
        }
        Ok(there)
    }

    async fn pack(
        &self,
        number: usize,
        layer: &Layer,
        cache: &Cache,
        spool: &Path,
    ) -> Result<Packed, ImagesError> {
        let (layer, cache, spool) = (layer.clone(), cache.clone(), spool.to_owned());
        let told = Arc::clone(&self.told);
        let packed = spawn_blocking(move || {
            cache.pack(&layer, &spool, |what| match what {
                Packing::Damaged => told(News::Damaged { layer: number }),
                Packing::Done(done) => told(News::Compressing { layer: number, done, of: layer.size }),
            })
        });
        packed.await.map_err(|_| ImagesError::Stopped)?
    }

    async fn send(&self, number: usize, of: usize, packed: &Packed) -> Result<bool, ImagesError> {
        let _slot = self.slots.acquire().await.map_err(|_| ImagesError::Stopped)?;
        let blob = Blob {
            what: format!("layer {number}"),
            digest: packed.digest.clone(),
            size: packed.size,
            source: Source::File(packed.path.clone()),
        };
        let (told, size) = (Arc::clone(&self.told), packed.size);
        let sent = move |done| told(News::Pushing { layer: number, done, of: size });
        let pushed = self.registry.push(&self.repository, &blob, &self.told, sent).await?;
        (self.told)(News::Layer { layer: number, of, size, pushed });
        Ok(pushed)
    }

    /// Puts the manifest under the tag, which may have it already.
    async fn manifest(
        &self,
        tag: &Tag,
        config: &Blob,
        layers: &[PushedLayer],
    ) -> Result<Digest, ImagesError> {
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            config: Descriptor { media_type: CONFIG, digest: &config.digest, size: config.size },
            layers: layers
                .iter()
                .map(|layer| Descriptor { media_type: LAYER, digest: &layer.digest, size: layer.size })
                .collect(),
        };
        let text = serde_json::to_vec(&manifest).map_err(|_| ImagesError::Stopped)?;
        let digest = Digest::of(&text);
        let (registry, repository, told) = (&self.registry, &self.repository, &self.told);
        let there = match registry.digest(repository, tag, told).await? {
            Some(there) if there != digest => {
                return Err(ImagesError::Taken { tag: tag.to_string(), there, this: digest });
            }
            there => there.is_some(),
        };
        if !there {
            registry.put_manifest(repository, tag, &text, told).await?;
        }
        told(News::Done { digest: digest.to_string(), there });
        Ok(digest)
    }
}
