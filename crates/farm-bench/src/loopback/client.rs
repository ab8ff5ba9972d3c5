//! A plain S3 client: signed addresses, one connection a stream, files read and written as they come.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresignedRequest;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use bytes::{Bytes, BytesMut};
use futures::stream;
use http::{Request, Response, header};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::alone::{CHUNK, shared_out};
use super::farm::Farm;
use crate::measure::Measure;
use crate::s3::signed_for_a_day;

/// Bytes of a part, and from how many on there are parts: as the AWS CLI has both.
const PART: u64 = 8 << 20;
const WHOLE: u64 = 64 << 20;
/// Keys that S3 deletes in one call.
const DELETED: usize = 1000;

/// Files, and where they go in a farm's bucket.
pub struct Plain<'a> {
    farm: &'a Farm,
    sdk: Client,
    runtime: Runtime,
    objects: Vec<Object>,
}

struct Object {
    key: String,
    file: PathBuf,
    put: PresignedRequest,
    get: PresignedRequest,
    bytes: u64,
}

/// An object that goes up in parts.
struct Upload {
    id: String,
    parts: Vec<PresignedRequest>,
}

type Body = BoxBody<Bytes, std::io::Error>;

impl<'a> Plain<'a> {
    /// Signs the addresses of all objects ahead of time.
    ///
    /// # Errors
    /// A file is not there, or an address cannot be signed.
    pub fn new(farm: &'a Farm, files: &[PathBuf]) -> Result<Self> {
        let runtime = Runtime::new().context("cannot start threads")?;
        let (sdk, bucket) = (farm.client(), &farm.wires.bucket);
        let objects = runtime.block_on(async {
            let mut objects = Vec::new();
            for file in files {
                let key = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let put = sdk.put_object().bucket(bucket).key(&key).presigned(signed_for_a_day()?).await?;
                let get = sdk.get_object().bucket(bucket).key(&key).presigned(signed_for_a_day()?).await?;
                objects.push(Object { key, file: file.clone(), put, get, bytes: file.metadata()?.len() });
            }
            Ok::<_, anyhow::Error>(objects)
        })?;
        Ok(Self { farm, sdk, runtime, objects })
    }

    /// Puts all files into the bucket, some at once.
    ///
    /// # Errors
    /// The bucket does not take one.
    pub fn put(&self) -> Result<Measure> {
        self.clear()?;
        let uploads = self.objects.iter().map(|object| self.begin(object));
        let uploads = uploads.collect::<Result<Vec<_>>>()?;
        shared_out(
            self.objects.len(),
            || Stream::open(self.farm),
            |stream, index| {
                let object = &self.objects[index];
                match &uploads[index] {
                    None => stream.send(&object.put, &object.file, 0, object.bytes).map(drop),
                    Some(upload) => self.put_parts(stream, object, upload),
                }
            },
        )
    }

    /// Fetches all objects into files below `folder`, some at once.
    ///
    /// # Errors
    /// The bucket does not give one whole.
    pub fn get(&self, folder: &Path) -> Result<Measure> {
        shared_out(
            self.objects.len(),
            || Stream::open(self.farm),
            |stream, index| {
                let object = &self.objects[index];
                let written = stream.fetch(&object.get, &folder.join(index.to_string()))?;
                ensure!(written == object.bytes, "{} came with but {written} bytes", object.key);
                Ok(())
            },
        )
    }

    /// Empties the bucket of them.
    ///
    /// # Errors
    /// The bucket refuses.
    pub fn clear(&self) -> Result<()> {
        self.runtime.block_on(async {
            for some in self.objects.chunks(DELETED) {
                let keys = some.iter().map(|object| ObjectIdentifier::builder().key(&object.key).build());
                let delete = Delete::builder().set_objects(Some(keys.collect::<Result<_, _>>()?)).build()?;
                self.sdk.delete_objects().bucket(&self.farm.wires.bucket).delete(delete).send().await?;
            }
            Ok(())
        })
    }

    /// Begins the upload of a large object; none is needed for another.
    fn begin(&self, object: &Object) -> Result<Option<Upload>> {
        if object.bytes < WHOLE {
            return Ok(None);
        }
        let (sdk, bucket, key) = (&self.sdk, &self.farm.wires.bucket, &object.key);
        self.runtime.block_on(async {
            let begun = sdk.create_multipart_upload().bucket(bucket).key(key).send().await?;
            let id = begun.upload_id().context("an upload has an id")?.to_owned();
            let mut parts = Vec::new();
            for number in 1..=i32::try_from(object.bytes.div_ceil(PART))? {
                let part = sdk.upload_part().bucket(bucket).key(key).upload_id(&id).part_number(number);
                parts.push(part.presigned(signed_for_a_day()?).await?);
            }
            Ok(Some(Upload { id, parts }))
        })
    }

    fn put_parts(&self, stream: &mut Stream, object: &Object, upload: &Upload) -> Result<()> {
        let mut parts = Vec::new();
        for (number, part) in (1..).zip(&upload.parts) {
            let from = (number as u64 - 1) * PART;
            let etag = stream.send(part, &object.file, from, PART.min(object.bytes - from))?;
            parts.push(CompletedPart::builder().part_number(number).set_e_tag(etag).build());
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.sdk.complete_multipart_upload().bucket(&self.farm.wires.bucket).key(&object.key);
        self.runtime.block_on(complete.upload_id(&upload.id).multipart_upload(parts).send())?;
        Ok(())
    }
}

/// A connection, on a thread of its own.
struct Stream {
    runtime: Runtime,
    sender: http1::SendRequest<Body>,
    host: String,
}

impl Stream {
    fn open(farm: &Farm) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let host = farm.s3.clone();
        let sender = runtime.block_on(async {
            let stream = TcpStream::connect(&host).await.context("cannot reach the farm's S3")?;
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            Ok::<_, anyhow::Error>(sender)
        })?;
        Ok(Self { runtime, sender, host })
    }

    /// Sends bytes of a file; gives the ETag.
    fn send(
        &mut self,
        signed: &PresignedRequest,
        file: &Path,
        from: u64,
        bytes: u64,
    ) -> Result<Option<String>> {
        let mut file = File::open(file)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from))?;
        // The thread is this stream's alone: nothing waits while it reads.
        let chunks = stream::try_unfold(file.take(bytes), |mut file| async move {
            let mut chunk = BytesMut::zeroed(CHUNK);
            let read = file.read(&mut chunk)?;
            chunk.truncate(read);
            Ok((read > 0).then(|| (Frame::data(chunk.freeze()), file)))
        });
        let answer = self.ask(signed, BodyExt::boxed(StreamBody::new(chunks)), Some(bytes))?;
        let etag = answer.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        self.runtime.block_on(answer.into_body().collect())?;
        Ok(etag)
    }

    /// Writes the answer's body to a file; gives its bytes.
    fn fetch(&mut self, signed: &PresignedRequest, file: &Path) -> Result<u64> {
        let empty = http_body_util::Empty::new().map_err(|never| match never {});
        let mut body = self.ask(signed, BodyExt::boxed(empty), None)?.into_body();
        let mut file = File::create_new(file)?;
        let mut written = 0;
        self.runtime.block_on(async {
            while let Some(frame) = body.frame().await {
                if let Ok(data) = frame?.into_data() {
                    file.write_all(&data)?;
                    written += data.len() as u64;
                }
            }
            Ok(written)
        })
    }

    fn ask(
        &mut self,
        signed: &PresignedRequest,
        body: Body,
        bytes: Option<u64>,
    ) -> Result<Response<Incoming>> {
        let uri: http::Uri = signed.uri().parse()?;
        let path = uri.path_and_query().context("an address has a path")?.as_str();
        let mut request =
            Request::builder().method(signed.method()).uri(path).header(header::HOST, &self.host);
        if let Some(bytes) = bytes {
            request = request.header(header::CONTENT_LENGTH, bytes);
        }
        let request = request.body(body)?;
        let answer = self.runtime.block_on(async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let said = self.runtime.block_on(answer.into_body().collect())?.to_bytes();
        Err(anyhow::anyhow!("the farm's S3 refuses: {status} {}", String::from_utf8_lossy(&said)))
    }
}
