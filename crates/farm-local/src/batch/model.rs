//! The JSON of the API, as far as this service has it.
//!
//! Requests take every member as optional and leave the judgement to [`validate`](super::validate),
//! so that a caller gets Batch's own error and not a parser's. Members of Batch that this
//! service lacks are read too, in order to be refused aloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::job::{Counts, JobStatus};
use super::retry::EvaluateOnExit;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubmitJobRequest {
    pub job_name: Option<String>,
    pub job_queue: Option<String>,
    pub job_definition: Option<String>,
    pub share_identifier: Option<String>,
    pub array_properties: Option<ArrayPropertiesRequest>,
    pub depends_on: Option<Vec<JobDependency>>,
    pub parameters: Option<BTreeMap<String, String>>,
    pub ecs_properties_override: Option<serde_json::Value>,
    pub retry_strategy: Option<RetryStrategyRequest>,
    pub timeout: Option<TimeoutRequest>,
    pub tags: Option<BTreeMap<String, String>>,
    pub propagate_tags: Option<bool>,
    // Not in this service.
    pub scheduling_priority_override: Option<IgnoredAny>,
    pub container_overrides: Option<IgnoredAny>,
    pub node_overrides: Option<IgnoredAny>,
    pub eks_properties_override: Option<IgnoredAny>,
    pub consumable_resource_properties_override: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ArrayPropertiesRequest {
    pub size: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobDependency {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EcsPropertiesOverrideRequest {
    pub task_properties: Option<Vec<TaskPropertiesOverrideRequest>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct TaskPropertiesOverrideRequest {
    pub containers: Option<Vec<TaskContainerOverridesRequest>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskContainerOverridesRequest {
    pub name: Option<String>,
    pub command: Option<Vec<String>>,
    pub environment: Option<Vec<KeyValuePairRequest>>,
    pub resource_requirements: Option<Vec<ResourceRequirement>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct KeyValuePairRequest {
    pub name: Option<String>,
    pub value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResourceRequirement {
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetryStrategyRequest {
    pub attempts: Option<i64>,
    pub evaluate_on_exit: Option<Vec<EvaluateOnExitRequest>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvaluateOnExitRequest {
    pub on_exit_code: Option<String>,
    pub on_reason: Option<String>,
    pub on_status_reason: Option<String>,
    pub action: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimeoutRequest {
    pub attempt_duration_seconds: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubmitJobResponse {
    pub job_arn: String,
    pub job_id: String,
    pub job_name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct DescribeJobsRequest {
    pub jobs: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(super) struct DescribeJobsResponse {
    pub jobs: Vec<JobDetail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListJobsRequest {
    pub job_queue: Option<String>,
    pub array_job_id: Option<String>,
    pub multi_node_job_id: Option<IgnoredAny>,
    pub job_status: Option<String>,
    pub max_results: Option<i64>,
    pub next_token: Option<String>,
    pub filters: Option<Vec<KeyValuesPair>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct KeyValuesPair {
    pub name: Option<String>,
    pub values: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListJobsResponse {
    pub job_summary_list: Vec<JobSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// `CancelJob` and `TerminateJob`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StopJobRequest {
    pub job_id: Option<String>,
    pub reason: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Empty {}

/// A job as `DescribeJobs` and the events show it. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobDetail {
    pub job_arn: String,
    pub job_name: String,
    pub job_id: String,
    pub job_queue: String,
    pub status: JobStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_identifier: Option<Arc<str>>,
    pub attempts: Vec<AttemptDetail>,
    pub created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<i64>,
    pub retry_strategy: RetryStrategyDetail,
    pub depends_on: Vec<JobDependency>,
    pub job_definition: String,
    pub parameters: BTreeMap<String, String>,
    pub ecs_properties: EcsPropertiesDetail,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_properties: Option<ArrayPropertiesDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeoutDetail>,
    pub tags: BTreeMap<String, String>,
    pub propagate_tags: bool,
    pub is_cancelled: bool,
    pub is_terminated: bool,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttemptDetail {
    pub task_properties: [Task<AttemptTaskContainerDetail>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    pub stopped_at: i64,
    pub status_reason: Arc<str>,
}

/// What Batch puts around containers, of which a task has one here.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Task<C> {
    pub containers: [C; 1],
}

impl<C> From<C> for Task<C> {
    fn from(container: C) -> Self {
        Self { containers: [container] }
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EcsPropertiesDetail {
    pub task_properties: [Task<TaskContainerDetail>; 1],
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttemptTaskContainerDetail {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    pub log_stream_name: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetryStrategyDetail {
    pub attempts: u32,
    pub evaluate_on_exit: Vec<EvaluateOnExit>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskContainerDetail {
    pub name: String,
    pub command: Vec<String>,
    pub environment: Vec<KeyValuePair>,
    pub resource_requirements: Vec<ResourceRequirement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct KeyValuePair {
    pub name: String,
    pub value: String,
}

/// A parent has a size and a summary, a child has its index.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArrayPropertiesDetail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_summary: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_summary_last_updated_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimeoutDetail {
    pub attempt_duration_seconds: u64,
}

/// A job as `ListJobs` shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobSummary {
    pub job_arn: String,
    pub job_id: String,
    pub job_name: String,
    pub job_definition: String,
    pub status: JobStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_identifier: Option<Arc<str>>,
    pub created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<i64>,
    pub container: ContainerSummary,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_properties: Option<ArrayPropertiesDetail>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerSummary {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}
