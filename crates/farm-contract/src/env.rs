//! Every environment variable that one program of the farm sets and another reads.

/// Bucket of the uploads (trigger-lambda).
pub const BUCKET_NAME: &str = "BUCKET_NAME";
/// Queue that render and zip jobs are submitted to (trigger-lambda).
pub const JOB_QUEUE_ARN: &str = "JOB_QUEUE_ARN";
/// Job definitions of render-task (trigger-lambda): one for each of [`BLENDER_VERSION`], in their order,
/// with spaces between them.
pub const JOB_DEFINITION_ARN: &str = "JOB_DEFINITION_ARN";
/// Job definitions of render-task with more memory, for children that ran out of it (trigger-lambda), as
/// those of [`JOB_DEFINITION_ARN`].
pub const LARGE_JOB_DEFINITION_ARN: &str = "LARGE_JOB_DEFINITION_ARN";
/// Job definition of zip-task (trigger-lambda).
pub const ZIP_JOB_DEFINITION_ARN: &str = "ZIP_JOB_DEFINITION_ARN";
/// Versions of the farm's Blenders as `major.minor`, with spaces between them: `4.5 4.1`
/// (trigger-lambda). A file is rendered by the oldest that is not older than the one that saved it.
pub const BLENDER_VERSION: &str = "FARM_BLENDER_VERSION";
/// vCPUs that all tasks together may have (trigger-lambda).
pub const MAX_VCPUS: &str = "FARM_MAX_VCPUS";
/// vCPUs of one render task, such as `4` or `0.5` (trigger-lambda). As many tasks as fit into
/// [`MAX_VCPUS`] can run at once: what `chunk=auto` spreads a render over. A template cannot
/// divide, so it says both.
pub const TASK_VCPUS: &str = "FARM_TASK_VCPUS";
/// US dollars for an hour of one render task (trigger-lambda), for `chunk=auto`: what its size costs on
/// Fargate, or on Fargate Spot where tasks start there. Nothing, on a machine of one's own.
pub const TASK_PRICE: &str = "FARM_TASK_PRICE";
/// Seconds from a task's start until its program runs (trigger-lambda), for `chunk=auto`: what pulling the
/// image and starting the container take. Unset: what they take on Fargate.
pub const START_SECONDS: &str = "FARM_START_SECONDS";
/// Seconds that one frame may take (trigger-lambda). A child may take as many times that as it has frames; where
/// 16 frames of an earlier render or more were measured, 16 times that, or a hundred times what it should take, if that is more. Unset:
/// [`DEFAULT_FRAME_SECONDS`].
pub const FRAME_SECONDS: &str = "FARM_FRAME_SECONDS";
/// Fifteen minutes a frame.
pub const DEFAULT_FRAME_SECONDS: u32 = 900;
/// The topic that is told how uploads end (trigger-lambda). Unset: nobody is.
pub const TOPIC_ARN: &str = "FARM_TOPIC_ARN";
/// Of which ends it is told, as [`crate::notify::Notify`] writes it (trigger-lambda). Unset: of all.
pub const NOTIFY: &str = "FARM_NOTIFY";
/// The executable that drives Blender (render-task): a `blender`, or a Python that has `bpy`.
pub const BLENDER: &str = "FARM_BLENDER";
/// Threads that Blender may use (render-task). Unset: as many as the task has CPUs.
pub const THREADS: &str = "FARM_THREADS";
/// MiB of memory that the task has (render-task), for its words when they are not enough. Unset: the
/// machine's.
pub const MEMORY: &str = "FARM_MEMORY";
/// Folder for the downloaded file and the frames in work (render-task), and for the film in work (zip-task). Unset:
/// the system's temporary folder.
pub const SCRATCH: &str = "FARM_SCRATCH";
/// ARN of the compute environment that is Fargate Spot (render-task): a task can tell by it where it runs. Unset: it
/// cannot tell.
pub const SPOT_ENVIRONMENT: &str = "FARM_SPOT_ENVIRONMENT";
/// The `ffmpeg` that makes moving pictures (zip-task). Unset: the one on PATH.
pub const FFMPEG: &str = "FARM_FFMPEG";

/// US dollars for an hour of a vCPU and of a GiB, on Fargate and on Fargate Spot, with spaces between them (render-task):
/// what a render with a limit of its cost is counted by.
pub const PRICES: &str = "FARM_PRICES";

/// Set by Fargate: where a task is told of itself.
pub const METADATA_URI: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// Set by Batch in each child of an array job; absent in a plain job, which is child 0.
pub const ARRAY_INDEX: &str = "AWS_BATCH_JOB_ARRAY_INDEX";
/// Set by Batch: the job's id, `parent:index` in a child.
pub const JOB_ID: &str = "AWS_BATCH_JOB_ID";
/// Set by Batch: 1 on the first attempt.
pub const JOB_ATTEMPT: &str = "AWS_BATCH_JOB_ATTEMPT";
