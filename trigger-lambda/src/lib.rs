//! trigger-lambda
