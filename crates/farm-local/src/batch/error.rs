//! The errors of the API, with Batch's own texts where they are known.

/// An error that a caller sees. Batch knows two kinds; the others are AWS's front door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub status: u16,
    /// The name by which an SDK tells errors apart.
    pub code: &'static str,
    pub message: String,
    /// Whether Batch wraps the text as "Error executing request, Exception : ..., RequestId: ...".
    pub wrapped: bool,
}

impl ApiError {
    /// A request that names something that is not there.
    pub fn client(message: impl Into<String>) -> Self {
        Self { status: 400, code: "ClientException", message: message.into(), wrapped: false }
    }

    /// A request that is not valid in itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { wrapped: true, ..Self::client(message) }
    }

    /// Nothing wrong with the request; an SDK will try again.
    pub fn server(message: impl Into<String>) -> Self {
        Self { status: 500, code: "ServerException", message: message.into(), wrapped: false }
    }

    /// Refused before it was read.
    pub fn refused(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), wrapped: false }
    }

    /// The text on the wire.
    pub fn text(&self, request_id: &str) -> String {
        if self.wrapped {
            format!("Error executing request, Exception : {}, RequestId: {request_id}", self.message)
        } else {
            self.message.clone()
        }
    }
}
