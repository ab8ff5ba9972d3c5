//! render-task
