// The function as one writes it for Node.js: an upload event comes in, Batch jobs go out. It makes the same calls as
// trigger-lambda for an upload that is good, and has none of the rest: no retries of a claim, no finisher, no reading
// of a file beyond its beginning. `cargo xtask bench function` bundles it and measures it beside trigger-lambda.

import { createHash } from "node:crypto";
import { request } from "node:http";

import { BatchClient, SubmitJobCommand } from "@aws-sdk/client-batch";
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

const s3 = new S3Client({});
const batch = new BatchClient({});

const {
  BUCKET_NAME: bucket,
  JOB_QUEUE_ARN: queue,
  FARM_BLENDER_VERSION: versions,
  JOB_DEFINITION_ARN: definitions,
  ZIP_JOB_DEFINITION_ARN: zipDefinition,
  FARM_MAX_VCPUS: maxVcpus,
  FARM_TASK_VCPUS: taskVcpus,
  FARM_FRAME_SECONDS: frameSeconds,
} = process.env;

const BEGINNING = 256 * 1024;
const CHILDREN = 10_000;
const CHUNK = 16;
const ROUNDS = 4;

function digest(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(part)));
    hash.update(length).update(part);
  }
  return hash.digest("hex").slice(0, 20);
}

async function read(key, more) {
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...more }));
    return { body: await answer.Body.transformToByteArray(), etag: answer.ETag };
  } catch (error) {
    if (error.$metadata?.httpStatusCode === 404) return undefined;
    throw error;
  }
}

async function write(key, value, condition) {
  const Body = `${JSON.stringify(value, null, 2)}\n`;
  const ContentType = "application/json";
  const put = new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType, ...condition });
  return (await s3.send(put)).ETag;
}

// The Blender that saved the file, where its beginning is not compressed.
function savedBy(head) {
  const text = Buffer.from(head.subarray(0, 17)).toString("latin1");
  const match = /^BLENDER(?:[-_][vV](\d)(\d\d)|\d\d-\d\dv(\d\d)(\d\d))/.exec(text);
  return match ? `${Number(match[1] ?? match[3])}.${Number(match[2] ?? match[4])}` : undefined;
}

function count(frames) {
  const ranges = frames.split(" ").map((range) => /^(-?\d+)(?:-(-?\d+))?$/.exec(range));
  if (ranges.some((range) => !range)) throw new Error(`frames=${frames} cannot be read`);
  return ranges.reduce((sum, [, from, to]) => sum + Number(to ?? from) - Number(from) + 1, 0);
}

function layout(frames) {
  const parallel = Math.max(1, Math.floor(maxVcpus / taskVcpus));
  const even = Math.ceil(frames / (parallel * ROUNDS));
  const chunk = Math.max(Math.min(Math.max(even, 1), CHUNK), Math.ceil(frames / CHILDREN));
  return { chunk, children: Math.ceil(frames / chunk) };
}

async function submit(job) {
  const { name, definition, command, children, dependsOn, share, seconds } = job;
  const containers = [{ name: "task", command }];
  const answer = await batch.send(
    new SubmitJobCommand({
      jobName: name,
      jobQueue: queue,
      jobDefinition: definition,
      shareIdentifier: share,
      ecsPropertiesOverride: { taskProperties: [{ containers }] },
      ...(children > 1 && { arrayProperties: { size: children } }),
      ...(dependsOn && { dependsOn: dependsOn.map((jobId) => ({ jobId })) }),
      ...(seconds && { timeout: { attemptDurationSeconds: seconds } }),
    }),
  );
  return answer.jobId;
}

async function upload(record, requestId) {
  const { object } = record.s3;
  const key = decodeURIComponent(object.key.replaceAll("+", " "));
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  const etag = head.ETag;
  if (etag.replaceAll('"', "") !== object.eTag) return;
  const render = digest("render", bucket, key, object.eTag, object.sequencer);
  const planKey = `.farm/renders/${render}/plan.json`;
  if (await read(planKey)) return;

  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }));
  const tags = Object.fromEntries(TagSet.map((tag) => [tag.Key, tag.Value]));
  const end = Math.min(head.ContentLength, BEGINNING) - 1;
  const beginning = await read(key, { IfMatch: etag, Range: `bytes=0-${end}` });
  const saved_by = savedBy(beginning.body) ?? tags.blender;
  const blender = tags.blender ?? saved_by;
  const at = versions.split(" ").indexOf(blender);
  if (at < 0) throw new Error(`the farm has no Blender ${blender}`);
  const frames = count(tags.frames);
  const reportKey = `${key}/report.json`;
  const earlier = await read(reportKey);
  const measured = earlier && JSON.parse(Buffer.from(earlier.body).toString()).measured;
  const { chunk, children } = layout(frames);

  const source = { etag, size: head.ContentLength, id: digest("source", key, object.eTag, blender), saved_by };
  const plan = {
    version: 1,
    render,
    bucket,
    key,
    sequencer: object.sequencer,
    source,
    frames: tags.frames,
    chunk,
    blender,
    claimed_by: requestId,
    claimed_at: Date.now(),
    arrays: [{ first_child: 0, children }],
    warnings: [],
  };
  let planEtag = await write(planKey, plan, { IfNoneMatch: "*" });

  const now = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  if (now.ETag !== etag) return;
  const old = await read(reportKey);
  const report = {
    version: 1,
    state: "accepted",
    message: `Rendering ${frames} frames (${tags.frames}) with Blender ${blender} in ${children} tasks.`,
    bucket,
    key,
    etag,
    render,
    sequencer: object.sequencer,
    frames: { planned: tags.frames, count: frames, done: 0, seconds: 0 },
    measured,
    written_at: Date.now(),
  };
  await write(reportKey, report, old ? { IfMatch: old.etag } : { IfNoneMatch: "*" });

  const share = `render${render}`;
  const flags = (pairs) => Object.entries(pairs).map(([name, value]) => `--${name}=${value}`);
  const first = await submit({
    name: `farm-${render}-render-0`,
    definition: definitions.split(" ")[at],
    command: flags({
      bucket,
      blend: key,
      render,
      source: source.id,
      etag,
      frames: tags.frames,
      chunk,
      "first-child": 0,
      missing: tags.missing,
      scripts: tags.scripts,
    }),
    children,
    share,
    seconds: Math.min(Math.max(frameSeconds * chunk, 60), 14 * 24 * 60 * 60),
  });
  plan.arrays[0].job_id = first;
  planEtag = await write(planKey, plan, { IfMatch: planEtag });

  plan.zip_job_id = await submit({
    name: `farm-${render}-zip`,
    definition: zipDefinition,
    command: flags({ bucket, folder: `${key}/`, render }),
    dependsOn: [first],
    share,
  });
  await write(planKey, plan, { IfMatch: planEtag });
  console.log(JSON.stringify({ level: "INFO", message: "submitted", key, render, frames: tags.frames }));
}

async function handler(event, context) {
  for (const record of event.Records) await upload(record, context.requestId);
  return null;
}

// What AWS's runtime for Node.js does: ask for an event, hand it to the handler, send its answer.
const api = process.env.AWS_LAMBDA_RUNTIME_API;

function call(method, path, body) {
  const [host, port] = api.split(":");
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, method, path: `/2018-06-01/runtime/${path}` }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(pieces).toString() }));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function serve() {
  for (;;) {
    const { headers, body } = await call("GET", "invocation/next");
    const requestId = headers["lambda-runtime-aws-request-id"];
    try {
      const answer = await handler(JSON.parse(body), { requestId });
      await call("POST", `invocation/${requestId}/response`, JSON.stringify(answer));
    } catch (error) {
      const told = { errorType: error.name, errorMessage: error.message };
      await call("POST", `invocation/${requestId}/error`, JSON.stringify(told));
    }
  }
}

serve();
