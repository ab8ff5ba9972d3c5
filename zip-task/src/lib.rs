//! zip-task
