//! The same bytes read and written by a client that does nothing else: what no archiver can be faster than.
//!
//! Frames are fetched whole, some ahead, over connections that stay open; the pieces of their bodies become those of
//! the parts as they are, without a copy. Nothing is hashed or checked, and no header of an archive is made.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{Request, Uri};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Runtime;

use super::render::Render;
use crate::measure::Measure;
use crate::s3::{BUCKET, Loopback, signed_for_a_day};

/// Bytes of a part.
const PART: usize = 8 << 20;
/// Frames fetched ahead, at most this many and this many bytes of them.
const AHEAD: usize = 32;
const AHEAD_BYTES: usize = 64 << 20;
/// Parts sent at once, as zip-task does.
pub const PARTS_AT_ONCE: usize = 4;

type Body = BoxBody<Bytes, std::convert::Infallible>;

/// The client, and the addresses that it reads from.
pub struct Floor {
    /// Runs the client.
    pub runtime: Runtime,
    /// For the calls that move no bytes.
    pub sdk: Client,
    /// Where each frame is fetched.
    pub frames: Vec<Uri>,
    /// Key of the archive.
    pub key: String,
    http: legacy::Client<HttpConnector, Body>,
    ahead: usize,
}

impl Floor {
    /// Signs the addresses of all frames ahead of time.
    ///
    /// # Errors
    /// One cannot be signed.
    pub fn new(loopback: &Loopback, render: &Render) -> Result<Self> {
        let runtime = Runtime::new().context("cannot start threads")?;
        let sdk = loopback.client();
        let frames = runtime.block_on(async {
            let mut frames = Vec::new();
            for key in &render.frames {
                let signed = sdk.get_object().bucket(BUCKET).key(key).presigned(signed_for_a_day()?).await?;
                frames.push(signed.uri().parse::<Uri>()?);
            }
            Ok::<_, anyhow::Error>(frames)
        })?;
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        let ahead = (AHEAD_BYTES / render.bytes).clamp(2, AHEAD);
        Ok(Self { runtime, sdk, http, frames, ahead, key: render.key.frames_zip() })
    }

    /// Moves the bytes once.
    ///
    /// # Errors
    /// The bucket did not give or take them.
    pub fn run(&self) -> Result<Measure> {
        let begun = Instant::now();
        self.runtime.block_on(self.copy())?;
        Ok(Measure { seconds: begun.elapsed().as_secs_f64(), memory: 0 })
    }

    async fn copy(&self) -> Result<()> {
        let created = self.sdk.create_multipart_upload().bucket(BUCKET).key(&self.key).send().await?;
        let id = created.upload_id().context("an upload has an id")?;
        let fetched = stream::iter(&self.frames).map(|uri| self.fetch(uri)).buffered(self.ahead);
        let parts = stream::try_unfold((Box::pin(fetched), false), |(mut fetched, ended)| async move {
            if ended {
                return Ok::<_, anyhow::Error>(None);
            }
            let (mut part, mut bytes) = (Vec::new(), 0);
            while bytes < PART {
                let Some(frame) = fetched.try_next().await? else {
                    return Ok((bytes > 0).then_some(((part, bytes), (fetched, true))));
                };
                bytes += frame.iter().map(Bytes::len).sum::<usize>();
                part.extend(frame);
            }
            Ok(Some(((part, bytes), (fetched, false))))
        });
        let numbered =
            parts.zip(stream::iter(1..)).map(|(part, number)| Ok::<_, anyhow::Error>((part?, number)));
        let sent = numbered.map_ok(|((part, bytes), number)| self.send(id, number, part, bytes));
        let parts: Vec<CompletedPart> = sent.try_buffered(PARTS_AT_ONCE).try_collect().await?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.sdk.complete_multipart_upload().bucket(BUCKET).key(&self.key).upload_id(id);
        complete.multipart_upload(parts).send().await?;
        Ok(())
    }

    /// A frame, in the pieces that it came in.
    ///
    /// # Errors
    /// The bucket did not give it.
    pub async fn fetch(&self, uri: &Uri) -> Result<Vec<Bytes>> {
        let answer = self.http.get(uri.clone()).await?;
        ensure!(answer.status().is_success(), "a frame is not given: {}", answer.status());
        Ok(answer.into_body().into_data_stream().try_collect().await?)
    }

    /// Sends a part of the archive.
    ///
    /// # Errors
    /// The bucket did not take it.
    pub async fn send(&self, id: &str, number: i32, part: Vec<Bytes>, bytes: usize) -> Result<CompletedPart> {
        let upload = self.sdk.upload_part().bucket(BUCKET).key(&self.key).upload_id(id).part_number(number);
        let signed = upload.presigned(signed_for_a_day()?).await?;
        let body = StreamBody::new(stream::iter(part.into_iter().map(|piece| Ok(Frame::data(piece)))));
        let mut request = Request::put(signed.uri()).header(http::header::CONTENT_LENGTH, bytes);
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        let answer = self.http.request(request.body(BodyExt::boxed(body))?).await?;
        let status = answer.status();
        let etag =
            answer.headers().get(http::header::ETAG).and_then(|etag| Some(etag.to_str().ok()?.to_owned()));
        let said = answer.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "a part is not taken: {status} {}", String::from_utf8_lossy(&said));
        Ok(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
    }
}
