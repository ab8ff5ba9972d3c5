//! The heads of a file's blocks, one behind the other.

use crate::ByteOrder;
use crate::error::{BlendError, ReadError};
use crate::plain::Plain;
use crate::walk::{self, Layout};

/// The head of one block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    /// Two letters of a data-block and two zeros, or four letters of something else.
    pub(crate) code: [u8; 4],
    /// Where the block stood in the memory of the Blender that saved it: what pointers name it by.
    pub(crate) address: u64,
    /// Number of its struct in the file's DNA.
    pub(crate) kind: usize,
    /// Offset of its content.
    pub(crate) at: u64,
    /// Bytes of its content.
    pub(crate) length: u64,
}

impl Head {
    /// Where the next head stands.
    pub(crate) fn end(&self) -> u64 {
        self.at.saturating_add(self.length)
    }

    /// Whether it begins a data-block, to which the blocks behind it belong.
    pub(crate) fn is_data_block(&self) -> bool {
        let [a, b, 0, 0] = self.code else { return false };
        a.is_ascii_uppercase() && b.is_ascii_uppercase()
    }
}

/// The file header, and how long it is.
pub(crate) fn layout(plain: &mut Plain<'_>) -> Result<(Layout, u64), ReadError> {
    let size = plain.file_size();
    let bytes = plain.bytes(0, 17)?;
    match walk::file_header(&bytes) {
        Ok((layout, length)) => Ok((layout, length as u64)),
        Err(walk::Stop::OutOfBytes) => Err(BlendError::Truncated { size }.into()),
        Err(walk::Stop::Is(error)) => Err(error.into()),
    }
}

/// Bytes in a block's head.
pub(crate) fn head_size(layout: &Layout) -> usize {
    if layout.large_heads { 32 } else { 16 + usize::from(layout.pointer_size) }
}

/// The head at an offset.
pub(crate) fn head(plain: &mut Plain<'_>, layout: &Layout, at: u64) -> Result<Head, ReadError> {
    let size = plain.file_size();
    let bytes = plain.bytes(at, head_size(layout))?;
    parse(&bytes, layout, at)?.ok_or_else(|| BlendError::Truncated { size }.into())
}

/// The head in these bytes; none where they are too few.
pub(crate) fn parse(bytes: &[u8], layout: &Layout, at: u64) -> Result<Option<Head>, BlendError> {
    let order = layout.byte_order;
    let int = |from: usize| order.int(bytes, from, 4);
    let long = |from: usize| order.int(bytes, from, 8);
    let code = bytes.first_chunk::<4>().map(|code| match (code, order) {
        // The two letters are the lower half of a number.
        ([0, 0, a, b], ByteOrder::Big) => [*a, *b, 0, 0],
        _ => *code,
    });
    let (kind, address, length) = if layout.large_heads {
        (int(4), order.uint(bytes, 8, 8), long(16))
    } else {
        let pointer = usize::from(layout.pointer_size);
        (int(8 + pointer), order.uint(bytes, 8, pointer), int(4))
    };
    let whole = bytes.len() >= head_size(layout);
    let (Some(code), Some(kind), Some(address), Some(length), true) = (code, kind, address, length, whole)
    else {
        return Ok(None);
    };
    let impossible = BlendError::Damaged { what: "one of its blocks has an impossible length" };
    Ok(Some(Head {
        code,
        address,
        kind: usize::try_from(kind).unwrap_or(usize::MAX),
        at: at.saturating_add(head_size(layout) as u64),
        length: u64::try_from(length).map_err(|_| impossible)?,
    }))
}
